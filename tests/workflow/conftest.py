"""Snakemake as the user calls it, on a copy of the project."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "workflow" / "lib"))  # for `import source`
CODE = ("workflow", "decvae", "visualize_R", "config")


class Project:
    """A copy of the project's code with results of its own."""

    def __init__(self, root):
        self.root = root

    def snakemake(self, *arguments, check=True):
        """Run Snakemake here, without the user's own profile; returns the finished process."""
        command = [sys.executable, "-m", "snakemake", *arguments]
        environment = {name: value for name, value in os.environ.items() if name != "SNAKEMAKE_PROFILE"}
        done = subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)
        if check and done.returncode:
            raise AssertionError(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")
        return done

    def planned(self, *arguments):
        """Jobs by rule that a dry-run would start, without the target rules; `draw_figure` by the family of figures."""
        done = self.snakemake(*arguments, "-n", "--cores", "2")
        table = re.search(r"^job +count\n-[- ]+\n(.*?)^total", done.stdout + done.stderr, re.MULTILINE | re.DOTALL)
        rows = (line.split() for line in table.group(1).splitlines()) if table else ()
        targets = {"figures", "metrics", "latents", "all"}
        plan = Counter({rule: int(count) for rule, count in rows if rule not in targets})
        drawn = re.findall(r"^rule draw_figure:\n +input: (.*)$", done.stdout, re.MULTILINE)
        scripts = (re.search(r"visualize_R/(\w+)\.R", inputs) for inputs in drawn)  # the first is that of the family
        families = Counter(found.group(1) for found in scripts)
        assert families.total() == plan.pop("draw_figure", 0)
        return plan + families

    def outputs(self, *arguments):
        """Files that a dry-run would write."""
        text = self.snakemake(*arguments, "-n", "--cores", "2").stdout
        return [path for line in re.findall(r"^ +output: (.*)$", text, re.MULTILINE) for path in line.split(", ")]

    def finish(self, *arguments):
        """Run the workflow with its own rules, but for what they execute: every output is a line of text."""
        write = '    shell:\n        "for file in {output}; do echo $file > $file; done"\n'
        for path in (self.root / "workflow/rules").glob("*.smk"):
            path.write_text(re.sub(r"    (script|shell):\n.*\n", write, path.read_text()))
        self.snakemake(*arguments, "--cores", "4", "--quiet")
        assert not self.planned(*arguments)

    def edit(self, path, old, new):
        """Replace text that must be there."""
        file = self.root / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))


@pytest.fixture
def project(tmp_path):
    """An untouched copy of the code."""
    for name in CODE:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return Project(tmp_path)


@pytest.fixture(scope="session")
def finished_study(tmp_path_factory):
    """The default study, finished; copied by `finished`."""
    root = tmp_path_factory.mktemp("finished")
    for name in CODE:
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    study = Project(root)
    study.finish("figures")
    return study


@pytest.fixture
def finished(finished_study):
    """The finished default study; what a test changes in its code is put back afterwards, byte for byte."""
    files = [path for name in CODE for path in (finished_study.root / name).rglob("*") if path.is_file()]
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files if "__pycache__" not in path.parts}
    yield finished_study
    for path, (content, time) in before.items():
        if path.read_bytes() != content or path.stat().st_mtime_ns != time:
            path.write_bytes(content)
            os.utime(path, ns=(time, time))
