"""Every command in the project's pages and comments can be given: Snakemake parses it, its files and modules exist."""

import ast
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


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="files are counted by git")
def test_the_table_of_sizes_is_of_this_code():
    """To a tenth: else give CONTRIBUTING.md what its command prints."""
    text = (ROOT / "CONTRIBUTING.md").read_text().partition("## Size")[2]
    script = re.search(r"```bash\n(.*?)```", text, re.DOTALL).group(1)
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    counted = {folder: int(lines) for lines, folder in map(str.split, done.stdout.splitlines())}
    written = {folder: int(lines) for folder, lines in re.findall(r"^\| `(\S+)` \| (\d+) \|$", text, re.MULTILINE)}
    assert written.keys() == counted.keys()
    for folder, lines in counted.items():
        assert written[folder] == pytest.approx(lines, rel=0.1, abs=50), folder


def test_groups_of_the_profile_are_rules():
    profile = yaml.safe_load((ROOT / "workflow/profiles/slurm/config.yaml").read_text())
    grouped = {rule.split("=")[0] for rule in profile["groups"]}
    texts = {path.stem: path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk")}
    rules = {name: set(re.findall(r"^rule (\w+):", text, re.MULTILINE)) for name, text in texts.items()}
    assert grouped == rules["figures"] | rules["traversals"]


# ---- What pages and comments name is there: modules, files, links, results, keys ----

WRITTEN = [
    *(page for page in PAGES if page.suffix == ".md"),
    *(ROOT / name for name in ("CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md")),
]
CODE = (".py", ".smk")
OTHERS = [
    *(page for page in PAGES if page.suffix != ".md"),
    *sorted((ROOT / "workflow/report").glob("*.rst")),
    *sorted((ROOT / "visualize_R").glob("*.R")),
    *(path for folder in ("workflow", "decvae") for path in sorted((ROOT / folder).rglob("*")) if path.suffix in CODE),
]
FOLDERS = "decvae|workflow|config|visualize_R|docs|benchmarks|examples|tests"
OWN = re.compile(r"[A-Z][A-Z0-9_]+")  # stands for a name of the reader's own
BUILT = ("results/(mini_corpora|festvox_ru|asterisk_en)",)  # by commands, not by rules
REMOVED = {"other_frames", "variance_floor", "positive_gradient"}  # whose results docs/method.md keeps


def named(pattern, pages):
    """(page, what it names), each once."""
    found = {(page, text) for page in pages for text in re.findall(pattern, page.read_text())}
    return sorted((page.relative_to(ROOT).as_posix(), text) for page, text in found)


def snippets(language):
    return [(page, text) for page, text in named(rf"(?s)```{language}\n(.*?)```", WRITTEN)]


def imported_names():
    for page, text in snippets("python"):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("decvae"):
                yield from ((page, f"{node.module}.{alias.name}") for alias in node.names)


@pytest.mark.parametrize(
    ("page", "name"),
    [*named(r"\bdecvae(?:\.\w+)+", WRITTEN), *named(r"`~?(decvae(?:\.\w+)+)", OTHERS), *imported_names()],
)
def test_the_name_is_in_the_library(page, name):
    """``decvae.models.auto.load_model``: the module is there, and what it is said to hold."""
    place, parts = ROOT, name.split(".")
    while parts and (place / parts[0]).is_dir():
        place /= parts.pop(0)
    file = place / f"{parts.pop(0)}.py" if parts and (place / f"{parts[0]}.py").is_file() else place / "__init__.py"
    missing = [part for part in parts if not re.search(rf"\b{part}\b", file.read_text())]
    assert not missing, f"{file.relative_to(ROOT)} has no {missing}"


@pytest.mark.parametrize(("page", "path"), named(rf"(?<![\w./}}-])((?:{FOLDERS})/[\w./*-]*\w)", [*WRITTEN, *OTHERS]))
def test_the_file_is_there(page, path):
    path = OWN.sub("*", path)
    assert list(ROOT.glob(path)) or list(ROOT.glob(f"{path}.*"))


@pytest.mark.parametrize(("page", "name"), named(r"`([\w-]+\.(?:py|R|smk|rst))`", WRITTEN))
def test_the_file_is_somewhere(page, name):
    folders = [ROOT / folder for folder in FOLDERS.split("|")]
    assert OWN.match(name) or any(next(folder.rglob(name), None) for folder in folders)


@pytest.mark.parametrize(("page", "link"), named(r"\]\(([^)\s]+)\)", WRITTEN))
def test_the_link_leads_somewhere(page, link):
    path, _, heading = link.partition("#")
    if not path.startswith("http"):
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists()
        headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE) if heading else []
        assert not heading or heading in [re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings]


def results_of_rules():
    """Expressions for the artifacts of workflow/lib/paths.py, also without suffix, and for their folders."""
    text = (ROOT / "workflow/lib/paths.py").read_text()
    for pattern in re.findall(r'"(results/[^"]+)"', text):
        parts = [re.sub(r"{\w+}", "[^/]+", part) for part in pattern.replace("{figure}", "{place}/{figure}").split("/")]
        yield from ("/".join(parts[:depth]) for depth in range(2, len(parts) + 1))
        yield "/".join(parts).rpartition(".")[0]
    yield from ("results/runs/[^/]+/(checkpoints|state|tensorboard|wandb)", "results/pages/.+", *BUILT)


RESULTS = re.compile("|".join(results_of_rules()))


@pytest.mark.parametrize(("page", "path"), named(r"(?<![\w./])results/[\w./*-]*[\w*]", [*WRITTEN, ROOT / "Makefile"]))
def test_the_result_has_a_rule(page, path):
    assert RESULTS.fullmatch(OWN.sub("x", path.partition("..")[0]))


def known_keys():
    """Every key of the table in config/README.md, split at its dots."""
    rows = re.findall(r"^\| `([^`]+)` \|", (ROOT / "config/README.md").read_text(), re.MULTILINE)
    return [re.sub(r"\[\w+\]", "", row).split(".") for row in rows]


KEYS = known_keys()
SECTIONS = {part for key in KEYS for part in key[:-1]} - {"NAME"}


def is_key(parts, whole=False):
    """``branch_z.beta`` is the end of a key, or a section."""
    starts = [(key, start) for key in KEYS for start in (range(1) if whole else range(len(key)))]
    fits = (key[start : start + len(parts)] for key, start in starts)
    return any(
        len(found) == len(parts) and all(b in (a, "NAME") for a, b in zip(parts, found, strict=True)) for found in fits
    )


def keys_within(value, above=()):
    """The keys of nested sections, whole; those of a run as ``run_defaults`` has them."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "decomposition_overrides":
                yield from keys_within(inner, ("decomposition",))
            elif name == "runs":
                for entry in inner:
                    yield from keys_within(entry, ("run_defaults",))
            else:
                yield (*above, name)
                if name != "scheduler_kwargs":  # which are of transformers
                    yield from keys_within(inner, (*above, name))


KEYS_OF_SECTIONS = rf"(?<![\w./-])((?:{'|'.join(sorted(SECTIONS))})(?:\.\w+)+)"


@pytest.mark.parametrize(
    ("page", "key"),
    named(KEYS_OF_SECTIONS, [page for page in [*WRITTEN, *OTHERS] if page.suffix in (".md", ".rst", ".yaml")]),
)
def test_the_key_is_known(page, key):
    if page != "CHANGELOG.md" and not key.endswith((".md", ".py")):  # the changelog names keys of before
        assert is_key(key.split("."))


@pytest.mark.parametrize(("page", "text"), snippets("yaml"))
def test_the_section_is_a_configuration(page, text):
    assert not [key for key in keys_within(yaml.safe_load(text)) if not is_key(key, whole=True)]


@pytest.mark.parametrize(("page", "text"), named(r"`([a-z_]\w*: [^`\n]+)`", WRITTEN))
def test_the_setting_is_known(page, text):
    keys = [key for key in keys_within(yaml.safe_load(text)) if not is_key(key)]
    assert {key[0] for key in keys} <= REMOVED


def test_no_key_ends_in_a_branch():
    """Keys of one branch stand in its section, ``branch_z.beta``."""
    found = {text for page, text in named(r"`([a-z_]+_[zs])`", WRITTEN) if page != "CHANGELOG.md"}
    assert found <= {"branch_z", "branch_s", "encoder_z", "project_z", "subspaces_z"}
