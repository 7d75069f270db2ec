"""The files that a rule's code consists of."""

import ast
from pathlib import Path

import pytest
import source

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted(path.name for path in (ROOT / "workflow/scripts").glob("[!_]*.py"))


def names(script):
    return [str((ROOT / path).relative_to(ROOT)) for path in source.code_of(script)]


@pytest.mark.parametrize("script", SCRIPTS)
def test_code_is_unique_existing_and_starts_with_the_script(script):
    files = [ROOT / path for path in source.code_of(script)]
    assert files[0] == ROOT / "workflow/scripts" / script
    assert len(set(files)) == len(files)
    assert all(path.is_file() for path in files)


def test_paths_are_those_within_the_project_and_absolute_elsewhere(tmp_path, monkeypatch):
    theme = ROOT / "visualize_R/theme.R"
    monkeypatch.chdir(ROOT)
    assert source.as_input(theme) == "visualize_R/theme.R"
    monkeypatch.chdir(tmp_path)
    assert source.as_input(theme) == str(theme)


def test_a_script_brings_what_it_imports_and_what_that_imports():
    found = names("simulate_corpus.py")
    assert {
        "workflow/scripts/_job.py",
        "decvae/__init__.py",
        "decvae/artifacts.py",
        "decvae/corpora/__init__.py",
        "decvae/corpora/simvowels.py",
        "decvae/corpora/store.py",
        "decvae/framing.py",
        "decvae/settings/__init__.py",
        "decvae/settings/base.py",
        "decvae/settings/corpora.py",
    } == set(found) - {"workflow/scripts/simulate_corpus.py"}


def test_narrow_rules_do_not_depend_on_the_rest():
    assert "decvae/training/trainer.py" in names("pretrain_model.py")
    assert "decvae/training/trainer.py" not in names("score_checkpoint.py")
    assert "decvae/decomposition/vmd.py" in names("decompose_split.py")
    assert "decvae/decomposition/vmd.py" not in names("simulate_corpus.py")
    assert not any(name.startswith(("decvae/models", "decvae/corpora")) for name in names("merge_metrics.py"))


@pytest.mark.parametrize("script", SCRIPTS)
def test_what_a_job_loads_is_what_its_rule_lists(script):
    """The configuration and the schema are for planning: no job may depend on them."""
    assert not {"decvae/study/configuration.py", "decvae/study/runs.py"} & set(names(script))


def test_imports_of_every_form_are_found(tmp_path, monkeypatch):
    package = tmp_path / "decvae"
    (package / "inner").mkdir(parents=True)
    (tmp_path / "workflow/scripts").mkdir(parents=True)
    files = {
        "decvae/__init__.py": "",
        "decvae/a.py": "import decvae.b\n",
        "decvae/b.py": "def f():\n    from decvae import c\n",
        "decvae/c.py": "from .inner import d\n",
        "decvae/inner/__init__.py": "",
        "decvae/inner/d.py": "from ..e import thing\nfrom . import f as other\n",
        "decvae/inner/f.py": "import numpy, decvae.a\n",
        "decvae/e.py": "",
        "decvae/unused.py": "",
        "workflow/scripts/_help.py": "",
        "workflow/scripts/start.py": "import json\nfrom _help import x\nwith open('f'):\n    from decvae.a import y\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(source, "ROOT", tmp_path)
    monkeypatch.setattr(source, "SCRIPTS", tmp_path / "workflow/scripts")
    source.code_of.cache_clear()
    monkeypatch.chdir(tmp_path)
    found = set(source.code_of("start.py"))
    source.code_of.cache_clear()
    assert found == set(files) - {"decvae/unused.py"}


def imported_by_syntax(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))


def test_imports_of_all_files_are_those_of_their_syntax():
    for path in (*ROOT.glob("decvae/**/*.py"), *ROOT.glob("workflow/scripts/*.py")):
        files = {file for name in imported_by_syntax(path) for file in source._files_of(name)}
        assert set(source.imported_files(path)) == files, path


def test_unknown_scripts_are_errors():
    with pytest.raises(FileNotFoundError, match=r"typo\.py"):
        source.code_of("typo.py")
    with pytest.raises(FileNotFoundError, match=r"typo\.R"):
        source.r_code("typo.R")


def test_a_figure_brings_what_its_script_shares():
    shared = ["figure.R", "save.R", "scales.R", "tables.R", "theme.R"]
    files = [Path(path) for path in source.r_code("metrics_bars.R")]
    assert files[0].name == "metrics_bars.R" and all(path.is_file() for path in files)
    assert sorted(path.name for path in files[1:]) == sorted([*shared, "scores.R"])
    assert [Path(path).name for path in source.r_code("corpus.R")] == ["corpus.R", *shared]


def test_scripts_only_unpack_call_and_write():
    for script in SCRIPTS:
        tree = ast.parse((ROOT / "workflow/scripts" / script).read_text())
        assert ast.get_docstring(tree), script
        assert not [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))], script
        assert isinstance(tree.body[-1], ast.With), f"{script} runs inside its log"
