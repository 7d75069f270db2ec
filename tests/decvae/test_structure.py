"""The plan of the house: which rooms there are, that imports go one way without a circle, and that plans stay light."""

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# A module imports from its own room and from those on floors below; on the ground floor also from its neighbours.
FLOORS = (
    {"artifacts", "framing", "names", "settings"},
    {"corpora", "study"},
    {"decomposition"},
    {"features"},
    {"models"},
    {"evaluation"},
    {"analysis", "training"},
    {"reporting"},
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
PLANNING = ("names", "settings", "study")
HEAVY = ("torch", "transformers", "accelerate", "sklearn", "pandas", "umap", "numba", "librosa", "matplotlib")


def name_of(path: Path) -> str:
    """``decvae.models.norms`` of its path; a package is named as its ``__init__``."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted((ROOT / "decvae").rglob("*.py"))}


def imports_of(path: Path) -> set[str]:
    """Modules of ``decvae`` that a file imports, anywhere in it and for type checkers, too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: import by the whole name, as all others do"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else node.module for name in names}
    return {name for name in found if name.partition(".")[0] == "decvae"}


IMPORTS = {name: imports_of(path) for name, path in MODULES.items()}


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def test_the_rooms_are_those_of_the_plan():
    assert {room_of(name) for name in MODULES} - {""} == set(FLOOR_OF)
    modules = {path.stem for path in (ROOT / "decvae").glob("*.py")}
    assert modules == {"__init__", "artifacts", "framing"}


def test_imports_go_one_way():
    upward = [
        f"{name} imports {other}"
        for name, others in IMPORTS.items()
        for other in others
        if (mine := room_of(name)) != (theirs := room_of(other)) and theirs and mine
        if FLOOR_OF[theirs] > FLOOR_OF[mine] or (FLOOR_OF[theirs] == FLOOR_OF[mine] and FLOOR_OF[mine] > 0)
    ]
    assert not upward


def test_no_circle():
    graphlib.TopologicalSorter(IMPORTS).prepare()  # raises CycleError, which names the circle


def test_no_circle_of_rooms():
    rooms: dict[str, set[str]] = {room: set() for room in FLOOR_OF}
    for name, others in IMPORTS.items():
        if room := room_of(name):
            rooms[room] |= {room_of(other) for other in others} - {room, ""}
    graphlib.TopologicalSorter(rooms).prepare()


def test_internal_code_imports_from_narrow_modules():
    packages = {name_of(path.parent / "__init__.py") for path in MODULES.values() if path.name == "__init__.py"}
    broad = [
        f"{name} imports from {other}"
        for name, others in IMPORTS.items()
        for other in others
        if other in packages and other != "decvae" and name not in packages
    ]
    assert not broad


def test_the_library_knows_no_workflow():
    for path in MODULES.values():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        roots = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        roots |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not {root for root in roots if root.split(".")[0] in ("snakemake", "workflow")}, path


def loaded_by(modules: list[str]) -> str:
    """Heavy libraries that importing the modules, one after the other, brings, and which of them does it."""
    lines = [
        "import sys",
        f"for name in {modules}:",
        "    __import__(name)",
        f"    heavy = [other for other in {HEAVY} if other in sys.modules]",
        "    if heavy: print(name, heavy); break",
    ]
    found = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return found.stdout.strip()


def test_what_plans_imports_nothing_heavy():
    planning = [name for name in MODULES if room_of(name) in PLANNING]
    assert loaded_by(["decvae", *planning]) == ""


def test_packages_are_light():
    """An ``__init__`` loads nothing heavy by itself, whatever lies in its folder."""
    assert loaded_by([name for name, path in MODULES.items() if path.name == "__init__.py"]) == ""


@pytest.mark.parametrize(
    ("module", "most", "without"),
    [  # modules, not seconds, which differ by machine
        ("decvae.evaluation.encode", 3300, ("sklearn", "scipy.signal", "numba", "pandas")),
        ("decvae.training.pretrain", 3700, ("sklearn", "scipy.signal", "numba")),
        ("decvae.evaluation.scores", 2300, ("torch", "transformers", "scipy.signal")),
        ("decvae.decomposition.cache", 1500, ("torch", "sklearn", "pandas")),
    ],
)
def test_a_job_imports_what_it_computes_with(module, most, without):
    program = f"import sys, {module}; print(len(sys.modules), *(n for n in {without} if n in sys.modules))"
    found = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    count, *heavy = found.stdout.split()
    assert not heavy, f"import {module} loads {heavy}"
    assert int(count) < most
