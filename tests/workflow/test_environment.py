"""The conda environments agree with pyproject.toml and with what the code uses."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
# Names on conda-forge that differ from those on PyPI.
CONDA_NAMES = {"torch": "pytorch", "soundfile": "pysoundfile", "soxr": "soxr-python", "snakemake": "snakemake-minimal"}
PIP_ONLY = {"emd-signal", "vmdpy", "ewtpy", "pocketsphinx", "av"}
PIP_ONLY |= {f"snakemake-executor-plugin-{name}" for name in ("slurm", "cluster-generic")}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def split(requirement):
    """('numpy', '>=2.0') from either spelling."""
    name, bounds = re.fullmatch(r"([A-Za-z0-9_-]+)\s*(.*)", requirement).groups()
    return name.lower(), bounds.replace(" ", "")


def packages(path):
    """{name: bounds} from an environment file, pip's packages included."""
    listed = yaml.safe_load((ROOT / path).read_text())["dependencies"]
    plain = [item for item in listed if isinstance(item, str)]
    pip = [package for item in listed if isinstance(item, dict) for package in item["pip"]]
    assert {split(package)[0] for package in pip} <= PIP_ONLY
    return dict(map(split, [*plain, *pip]))


def required(*groups):
    optional = [item for group in groups for item in PROJECT["optional-dependencies"][group]]
    pairs = map(split, [*PROJECT["dependencies"], *optional])
    return {CONDA_NAMES.get(name, name): bounds for name, bounds in pairs}


def test_the_environment_has_every_requirement_with_the_same_bounds():
    found = packages("environment.yml")
    assert required("workflow", "test").items() <= found.items()
    extra = found.keys() - required("workflow", "test").keys()
    assert {name for name in extra if not name.startswith("r-")} == {"python", "pip"}


def test_the_environment_of_the_stages_is_the_library_without_the_workflow():
    found = packages("workflow/envs/python.yaml")
    assert {name: bounds for name, bounds in found.items() if name not in ("python", "pip")} == required()


def test_the_environment_of_the_figures_is_that_of_the_whole():
    whole, figures = packages("environment.yml"), packages("workflow/envs/r.yaml")
    assert figures.items() <= whole.items()
    assert {name for name in whole if name.startswith("r-")} - figures.keys() == {"r-lintr", "r-testthat"}


def test_every_r_package_in_use_is_in_the_environment():
    text = "".join(path.read_text() for path in (ROOT / "visualize_R").glob("*.R"))
    used = set(re.findall(r"(?:library\(|\b)([a-zA-Z][a-zA-Z0-9.]+)(?:\)|::)", text))
    known = {"ggplot2", "dplyr", "tidyr", "readr", "patchwork", "cowplot", "ggrepel", "ragg", "scales", "viridisLite"}
    mentioned = used & (known | {"jsonlite", "arrow", "viridis", "gridExtra", "ggbreak", "svglite", "ggridges"})
    assert mentioned, "the pattern no longer finds any package"
    assert {f"r-{name.lower()}" for name in mentioned} <= packages("workflow/envs/r.yaml").keys()


@pytest.mark.parametrize("path", ["environment.yml", "workflow/envs/python.yaml", "workflow/envs/r.yaml"])
def test_one_channel_without_prefixes(path):
    content = yaml.safe_load((ROOT / path).read_text())
    assert content["channels"] == ["conda-forge"]
    assert "prefix" not in content


def test_the_python_version_is_one_that_the_project_supports():
    assert packages("environment.yml")["python"] == "=3.11"
    assert PROJECT["requires-python"].startswith(">=3.11")


def test_the_container_has_the_packages_of_the_set_up():
    recipe, setup = (ROOT / "workflow/envs/Dockerfile").read_text(), (ROOT / "setup.sh").read_text()
    (torch,) = re.findall(r"^TORCH_VERSION=(.*)$", setup, re.MULTILINE)
    assert f"torch=={torch}+cpu" in recipe
    assert set(re.findall(r"r-cran-(\w+)", recipe)) == {
        name.removeprefix("r-") for name in packages("workflow/envs/r.yaml") if name != "r-base"
    }
    copied = re.findall(r"^COPY (.*) \S+$", recipe, re.MULTILINE)
    assert all((ROOT / name).exists() for names in copied for name in names.split())
