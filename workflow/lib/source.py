"""The code that a rule depends on: its script and every project module that the script imports, however indirectly.

Snakemake compares these files by content when a rule lists them as input, so that an edit makes stale exactly the rules
whose code it reaches, while a new time stamp (a clone, a checkout, a touch) reruns nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "workflow" / "scripts"
FIGURES = ROOT / "visualize_R"
PACKAGE = "decvae"
# Names in parentheses may take several lines. Parsing all modules would take longer than the rest of planning.
IMPORT = re.compile(r"^[ \t]*(?:from +([\w.]+) +)?import +(\([^)]*\)|.*)", re.MULTILINE)
R_FILE = re.compile(r'"(\w+\.R)"')


def as_input(path: Path) -> str:
    """A file of the project as a rule's input: as seen from the project, so that results may be copied along with it.

    With ``--directory`` Snakemake works elsewhere, and the path is absolute.
    """
    return str(path.relative_to(ROOT) if Path.cwd() == ROOT else path)


@cache
def code_of(script: str, *modules: str) -> list[str]:
    """Paths of ``workflow/scripts/SCRIPT`` and of the project modules behind it, sorted, the script first.

    ``modules`` are those that the script imports by a name that it is given, and that cannot be read from its text.

    Raises
    ------
    FileNotFoundError
        If there is no such script.
    """
    start = SCRIPTS / script
    if not start.is_file():
        raise FileNotFoundError(f"there is no script {start}")
    named = [path for module in modules for path in _files_of(module)]
    found, waiting = {start, *named}, [start, *named]
    while waiting:
        for path in imported_files(waiting.pop()):
            if path not in found:
                found.add(path)
                waiting.append(path)
    return [as_input(start), *sorted(as_input(path) for path in found - {start})]


@cache
def imported_files(path: Path) -> tuple[Path, ...]:
    """Project files that ``path`` imports itself, at its top or inside a function; packages include ``__init__.py``."""
    files: dict[Path, None] = {}
    for name in _imported_names(path):
        files.update(dict.fromkeys(_files_of(name)))
    return tuple(files)


def _imported_names(path: Path) -> Iterator[str]:
    """Absolute dotted names that a file imports; of ``from a import b`` also ``a.b``, as b may be a module."""
    for base, names in IMPORT.findall(path.read_text(encoding="utf-8")):
        module = base.lstrip(".")
        if dots := len(base) - len(module):
            module = ".".join([*path.relative_to(ROOT).parts[:-dots], module]).rstrip(".")
        yield module
        yield from (f"{module}.{name}".lstrip(".") for name in re.findall(r"[\w.]+", names))


def _files_of(name: str) -> Iterator[Path]:
    """Files that importing a module of the package, or a helper beside the scripts, executes."""
    parts = name.split(".")
    if parts[0] == PACKAGE:
        for length in range(1, len(parts) + 1):
            place = ROOT.joinpath(*parts[:length])
            for file in (place / "__init__.py", place.with_suffix(".py")):
                if file.is_file():
                    yield file
    elif (helper := SCRIPTS / f"{parts[0]}.py").is_file():
        yield helper


@cache
def r_code(script: str) -> list[str]:
    """Paths of ``visualize_R/SCRIPT`` and of the files there that it names, however indirectly; the script first.

    Raises
    ------
    FileNotFoundError
        If there is no such script.
    """
    if not (FIGURES / script).is_file():
        raise FileNotFoundError(f"there is no script {FIGURES / script}")
    found, waiting = {script: None}, [script]
    while waiting:
        named = R_FILE.findall((FIGURES / waiting.pop()).read_text(encoding="utf-8"))
        waiting += [name for name in named if name not in found]
        found |= dict.fromkeys(named)
    return [as_input(FIGURES / name) for name in (script, *sorted(found.keys() - {script}))]
