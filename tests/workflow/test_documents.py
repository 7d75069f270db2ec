"""Every command in the project's pages and comments can be given: Snakemake parses it, its files and modules exist."""

import importlib.util
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml
from snakemake.cli import parse_args

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *(
        ROOT / name
        for name in ("README.md", "config/README.md", "Makefile", "workflow/Snakefile", "workflow/lib/why.py")
    ),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "config").glob("*.yaml")),
    *sorted((ROOT / "workflow/profiles").glob("*/config.yaml")),
    *sorted((ROOT / "benchmarks").glob("*.py")),
    *sorted((ROOT / "examples").glob("*")),
]
STARTS = (
    "snakemake ",
    "make ",
    "python -m ",
    "python benchmarks/",
    "python examples/",
    "python workflow/",
    "tests/cluster/",
)
MAKE = re.compile(r"^[a-z-]+$")


def commands(start):
    """(page, command): lines that are commands, and what stands between backticks or after a colon in comments."""
    found = {}
    for page in PAGES:
        for line in page.read_text().replace("\\\n", " ").splitlines():
            plain = re.sub(r"^(#\s*|\$ )?", "", line.strip())
            texts = [plain, *re.findall(r"`([^`]+)`", line), *re.findall(r": (snakemake .*)$", plain)]
            for text in texts:
                if text.startswith(start) and "$(" not in text:  # but for the recipes of the Makefile
                    command = re.split(r"\s+# |\s{2,}", text)[0].strip()
                    found[(page.relative_to(ROOT).as_posix(), command)] = None
    return sorted(found)


def words(command):
    return [word for word in shlex.split(command) if not word.startswith("[")]


@pytest.mark.parametrize(("page", "command"), commands("snakemake "))
def test_snakemake_parses_it(page, command, monkeypatch):
    """``figures`` after ``--resources``, for instance, would be taken for a resource."""
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("SNAKEMAKE_PROFILE", raising=False)
    _, arguments = parse_args(words(command)[1:])
    targets = [word for word in words(command)[1:2] if not word.startswith("-")]
    assert set(targets) <= set(arguments.targets)
    for path in arguments.configfile or []:
        assert Path(path).is_file() or Path(path).name == "paths.yaml", path


@pytest.mark.parametrize(("page", "command"), commands("make "))
def test_make_knows_the_target(page, command):
    target = words(command)[1]
    if not MAKE.match(target) or f"\n{target}:" not in (ROOT / "Makefile").read_text():
        assert page != "README.md" and page != "Makefile"  # a sentence with the verb, not a command
        return
    done = subprocess.run(["make", "-n", *words(command)[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_make_figures_is_the_documented_command():
    done = subprocess.run(
        ["make", "-n", "figures", "CORES=8", "GPUS=2"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "snakemake figures --cores 8 --resources gpu=2" in done.stdout


@pytest.mark.parametrize(("page", "command"), commands("python -m "))
def test_the_module_is_there(page, command):
    assert importlib.util.find_spec(words(command)[2])


@pytest.mark.parametrize(("page", "command"), [item for start in STARTS[3:] for item in commands(start)])
def test_the_script_is_there(page, command):
    path = next(word for word in words(command) if "/" in word)
    assert (ROOT / path).is_file()


def test_commands_are_found():
    found = {command for start in STARTS for _, command in commands(start)}
    assert {
        "snakemake figures --cores 8 --resources gpu=2",
        "snakemake figures --profile workflow/profiles/slurm",
        "make figures CORES=8 GPUS=2 CONFIG=config/paper.yaml",
        "python -m decvae.reporting.costs",
        "tests/cluster/slurm.sh",
    } <= found


def test_groups_of_the_profile_are_rules():
    profile = yaml.safe_load((ROOT / "workflow/profiles/slurm/config.yaml").read_text())
    grouped = {rule.split("=")[0] for rule in profile["groups"]}
    texts = {path.stem: path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk")}
    rules = {name: set(re.findall(r"^rule (\w+):", text, re.MULTILINE)) for name, text in texts.items()}
    assert grouped == rules["figures"] | rules["traversals"]
