"""The study of the miniature corpora: as it is planned, and the whole way with models of a few weights."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from decvae.corpora.store import Corpus
from tests.corpora.build import NAMES
from tests.workflow.described import Described

OVERLAY = ["--configfile", "config/mini_corpora.yaml"]
SMALL = str(Path(__file__).with_name("mini.yaml"))


@pytest.fixture
def with_miniatures(project, mini_corpus):
    """The project with the miniature corpora where the study expects them."""
    for name in NAMES:
        shutil.copytree(mini_corpus(name), project.root / "results/mini_corpora" / name)
    return project


def test_every_experiment_is_planned_and_has_its_figures(with_miniatures):
    project = with_miniatures
    jobs = project.planned("figures", *OVERLAY)
    study = Described("config/mini_corpora.yaml")
    made = study.made()
    assert made.keys() == {"pretrain_model", "adopt_checkpoint"} and made <= jobs
    assert jobs["ingest_corpus"] == len({run.settings["corpus"] for run in study.runs} - {"sim_vowels"})
    drawn = {(run.corpus_id, name) for run, name in study.traversals() if name != "traversal"}
    assert jobs["draw_controlled_set"] == len(drawn) and jobs["traverse_latents"] == len(study.traversals())
    figures = {
        path.split("results/figures/")[1] for path in project.outputs("figures", *OVERLAY) if "/figures/" in path
    }
    places = {"timit": "fig3", "voc_als": "fig4", "iemocap_1f": "fig5"}
    places |= {name: name for name in ("iemocap_2m", "folder", "pulse")}
    for name, place in places.items():
        assert {f"corpora/{name}.pdf", f"{place}/metrics_bars.pdf", f"{place}/embedding_inputs.png"} <= figures
        assert any(path.startswith(f"{place}/embedding_latents-") for path in figures)
    assert {
        "si18/latent_responses-decvae_simvowels.png",
        "fig6/latent_responses-phoneme_speaker-decvae_timit.png",
        "fig6/latent_responses-phoneme_king_stage-decvae_voc_als_from_simvowels.png",
        "fig6/response_maps-nonverbal_emotion-decvae_iemocap_1f_from_timit.png",
    } <= figures
    # One figure alone makes no more than it shows.
    alone = project.planned("results/figures/fig4/embedding_latents-decvae_voc_als_from_timit.png", *OVERLAY)
    assert alone["ingest_corpus"] == 2 and alone["pretrain_model"] == 1 and alone["adopt_checkpoint"] == 1


@pytest.mark.slow
def test_every_kind_of_corpus_goes_the_whole_way(with_miniatures):
    project, overlay = with_miniatures, [*OVERLAY, SMALL]
    figures = {path for path in project.outputs("all", *overlay) if path.startswith("results/figures/")}
    project.snakemake("all", "--cores", str(min(os.cpu_count(), 4)), *overlay)
    assert not project.planned("all", *overlay)
    pngs = [path for path in figures if path.endswith(".png")]
    assert len(pngs) > 30
    for path in pngs:
        assert np.asarray(Image.open(project.root / path).convert("L")).std() > 5, f"{path} is blank"

    metrics = pd.read_csv(project.root / "results/metrics/metrics.csv")
    assert set(metrics["label"]) == {"timit", "zero-shot", "pca", "adapted", "folder", "pulse"}
    assert metrics["value"].notna().all()
    factors = metrics[metrics["metric"] == "accuracy"].groupby("label")["factors"].unique()
    assert {"phoneme", "king_stage", "disease_duration", "group"} <= set(factors["zero-shot"])
    assert {"phoneme", "emotion", "speaker"} <= set(factors["adapted"]) and "rhythm" in factors["pulse"]

    # The controlled sets hold what their names say, and responses have every cell.
    for path in (project.root / "results/corpora").glob("*-traversal_*.h5"):
        with Corpus(path) as corpus:
            (split,) = corpus.splits
            assert split == path.stem.split("-")[-1] and len(corpus[split]) > 20
    (path,) = (project.root / "results/traversals").glob("timit-*/best/traversal_phoneme_speaker.json")
    content = json.loads(path.read_text())
    assert content["factors"] == ["phoneme", "speaker"] and len(content["cells"]) == 9 * 10
    assert all(None not in row for own in content["subspaces"].values() for row in own["mean"])
    # Even a hardly trained encoder answers to the phone (by chance about 0.002).
    assert np.mean(content["subspaces"]["X"]["eta_squared"]["phoneme"]) > 0.015
