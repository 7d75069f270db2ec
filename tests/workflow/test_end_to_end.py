"""The real workflow, from simulation to figures and report, on a corpus of seconds (minutes on two cores)."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from figures import study_figures
from PIL import Image

from tests.workflow.test_figures import study_of

TINY = Path(__file__).with_name("tiny.yaml")
RUNS = ["β-DecVAE FD centred", "β-DecVAE FD corrected", "VAE", "raw mel"]
COLUMNS = [
    *[
        "run",
        "label",
        "setting",
        "model",
        "objective",
        "corpus",
        "decomposition",
        "n_components",
        "input",
        "beta_z",
        "beta_s",
    ],
    *["seed", "adaptation", "start_from", "checkpoint", "epoch", "branch", "space", "aggregation", "n_codes"],
    *["factors", "metric", "classifier"],
    *["protocol", "value", "spread", "ci_low", "ci_high", "n"],
]


@pytest.mark.slow
def test_the_whole_study(project):
    overlay = ["--configfile", str(TINY)]
    figures = [path for path in project.outputs("figures", *overlay) if path.startswith("results/figures/")]
    project.snakemake("all", "--cores", str(min(os.cpu_count(), 4)), *overlay)
    assert not project.planned("all", *overlay)

    described = [path.removesuffix(".json") for path in figures if path.endswith(".json")]
    assert set(figures) == {f"{name}.{suffix}" for name in described for suffix in ("json", "pdf", "png")}
    assert {name.removeprefix("results/figures/") for name in described} == set(study_figures(study_of(TINY)))
    starts = {".pdf": b"%PDF", ".png": b"\x89PNG", ".json": b'{\n "fami'}
    for path in figures:
        start = (project.root / path).read_bytes()[:8]
        assert start.startswith(starts[Path(path).suffix]), path
        if path.endswith(".png"):
            shades = np.asarray(Image.open(project.root / path).convert("L"))
            assert shades.std() > 5, f"{path} is blank"

    metrics = pd.read_csv(project.root / "results/metrics/metrics.csv")
    assert list(metrics.columns) == COLUMNS
    assert sorted(metrics["label"].unique()) == sorted(RUNS)
    assert metrics["value"].notna().all()
    states = metrics.groupby("label")["checkpoint"].unique().map(sorted)
    assert states.to_dict() == {label: ["best"] if label == "raw mel" else ["best", "init"] for label in RUNS}
    assert pd.read_parquet(project.root / "results/metrics/metrics.parquet").shape == metrics.shape

    classes = pd.read_csv(project.root / "results/metrics/classes.csv")
    assert set(classes["label"]) == set(RUNS) and set(classes["metric"]) == {"recall", "precision", "f1", "count"}
    assert pd.read_csv(project.root / "results/metrics/seeds.csv").empty  # one seed each

    evidence = pd.read_csv(project.root / "results/metrics/evidence.csv")
    assert {"all", "alone", "loss_without", "importance", "orthogonality"} <= set(evidence["evidence"])
    assert (pd.read_csv(project.root / "results/metrics/ranking.csv")["models"] == 4).any()

    (table,) = (project.root / "results/tables").glob("*.md")
    assert all(label in table.read_text() for label in RUNS) and "**" in table.read_text()

    history = pd.read_csv(project.root / "results/runs/history.csv")
    assert set(history["label"]) == set(RUNS) - {"raw mel"}

    for name in metrics["run"].unique():
        folder = project.root / "results/runs" / name
        record = json.loads((folder / "run.json").read_text())
        assert record["settings"]["model"] == metrics.loc[metrics["run"] == name, "model"].iloc[0]
        named = json.loads((folder / "checkpoints.json").read_text())["names"]
        assert all((folder / "checkpoints" / place / "model.safetensors").is_file() for place in named.values())

    project.snakemake("all", "--cores", "1", *overlay, "--report", "report.html")
    assert "metrics_scatter" in (project.root / "report.html").read_text()
