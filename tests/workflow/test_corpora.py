"""Corpora from files in the workflow: made, described, drawn, and stale if their files change."""

import os

import numpy as np
import pandas as pd
import pytest
import soundfile
import yaml
from PIL import Image


@pytest.fixture
def overlay(project):
    """A folder of nine recordings of three speakers, and a configuration with one run on it; returns the arguments."""
    rng = np.random.default_rng(0)
    rows = []
    root = project.root / "recordings"
    root.mkdir()
    for number in range(9):
        soundfile.write(root / f"{number}.wav", 0.1 * rng.standard_normal(4000), 8000)
        rows.append({"path": f"{number}.wav", "speaker": f"s{number % 3}", "mood": "ab"[number % 2]})
    pd.DataFrame(rows).to_csv(root / "manifest.csv", index=False)
    config = {
        "corpora": {"mine": {"kind": "folder", "root": "recordings", "content": "mood", "split_by": "recording"}},
        "runs": [{"corpus": "mine", "model": "vae", "label": "own"}, {"model": "vae", "label": "other"}],
        "embeddings": {"runs": ["own", "other"]},
    }
    (project.root / "mine.yaml").write_text(yaml.safe_dump(config))
    return ["--configfile", "mine.yaml"]


def test_every_figure_of_two_corpora_is_planned(project, overlay):
    plan = project.planned("figures", *overlay)
    assert plan["ingest_corpus"] == plan["simulate_corpus"] == plan["corpus"] == 1
    outputs = project.outputs("figures", *overlay)
    assert {"results/figures/mine/metrics_bars.png", "results/figures/corpora/mine.png"} <= set(outputs)
    # The shown corpus is that of the first run: what only a generator knows is not drawn.
    assert "describe_generator" not in plan and plan["metrics_bars"] == 2
    assert {
        "results/figures/fig2/metrics_bars.png",
        "results/figures/fig2/embedding_inputs.png",
        "results/figures/fig2/embedding_latents-other.png",
        "results/figures/mine/embedding_latents-own.png",
    } <= set(outputs)


def test_a_corpus_without_root_takes_no_part(project, overlay):
    project.edit("mine.yaml", "root: recordings", "root: null")
    plan = project.planned("figures", *overlay)
    assert "ingest_corpus" not in plan and plan["pretrain_model"] == plan["embed_latents"] == 1
    project.edit("mine.yaml", "- label: other\n  model: vae\n", "")
    done = project.snakemake("-n", *overlay, check=False)
    assert "`corpora.mine.root` is not set" in done.stdout + done.stderr


def test_a_corpus_is_read_described_drawn_and_follows_its_files(project, overlay):
    target = "results/figures/corpora/mine.png"
    project.snakemake(target, "--cores", "1", *overlay)
    assert np.asarray(Image.open(project.root / target).convert("L")).std() > 5
    (path,) = (project.root / "results/corpora").glob("mine-*-summary.csv")
    table = pd.read_csv(path).set_index(["split", "quantity"])["value"]
    assert table.xs("utterances", level="quantity").sum() == 9
    assert table.xs("seconds", level="quantity").sum() == pytest.approx(4.5)
    assert not project.planned(target, *overlay)

    audio = project.root / "recordings/3.wav"
    os.utime(audio)
    assert not project.planned(target, *overlay)
    soundfile.write(audio, 0.1 * np.ones(5000), 8000)
    assert project.planned(target, *overlay)["ingest_corpus"] == 1


def test_names_that_no_corpus_has_stop_the_plan(project, overlay):
    project.edit("mine.yaml", "content: mood", "content: moood")
    done = project.snakemake("-n", "figures", *overlay, check=False)
    assert done.returncode != 0
    assert "`corpora.mine.content` has 'moood', which is no factor or label of it. Did you mean `mood`?" in (
        done.stdout + done.stderr
    )


def test_problems_of_the_files_are_reported(project, overlay):
    (project.root / "recordings/3.wav").write_bytes(b"")
    (project.root / "recordings/4.wav").unlink()
    done = project.snakemake("results/figures/corpora/mine.png", "--cores", "1", *overlay, check=False)
    (log,) = (project.root / "results/logs/ingest_corpus").glob("*.log")
    assert done.returncode != 0
    assert "missing file (1)" in log.read_text() and "3.wav: 0 bytes" in log.read_text()
