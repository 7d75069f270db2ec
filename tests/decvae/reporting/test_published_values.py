import numpy as np
import pandas as pd
import pytest

from decvae.reporting.published_values import (
    COLUMNS,
    beside_paper,
    paper_table,
    paper_values,
    published,
    published_trend,
)

SHOWN = {"kind": "sim_vowels", "corpus": "c", "checkpoint": "best", "aggregation": "all"}


def metrics():
    rows = []

    def add(run, model, metric, value, factors="vowel+speaker", classifier="", **other):
        base = {"run": run, "label": run, "model": model, "corpus": "c", "checkpoint": "best", "branch": "Z"}
        base |= {"space": "mu", "protocol": "published", "input": "mel", "start_from": None, "aggregation": "X"}
        base |= {"decomposition": "filter", "beta_z": np.nan, "objective": None}
        rows.append(base | {"metric": metric, "value": value, "factors": factors, "classifier": classifier} | other)

    add("PCA", "pca", "disentanglement", 0.25)
    add("PCA", "pca", "mutual_information", 0.01, factors="")
    add("PCA", "pca", "accuracy", 0.9, "vowel", "best")
    add("PCA", "pca", "accuracy", 0.8, "vowel", "knn")
    add("PCA", "pca", "accuracy", 0.6, "speaker", "best")
    add("PCA", "pca", "kmeans_accuracy", 0.4, "speaker")
    add("PCA", "pca", "disentanglement", 0.7, protocol="sound")
    add("PCA wav", "pca", "disentanglement", 0.02, input="waveform")
    decvae = {"aggregation": "all", "objective": "published", "beta_z": 0.1}
    add("β-DecVAE", "decvae", "disentanglement", 0.5, **decvae)
    add("β-DecVAE", "decvae", "disentanglement", 0.1, **decvae | {"aggregation": "X"})
    add("centred", "decvae", "disentanglement", 0.5, **decvae | {"objective": "centred"})
    add("other beta", "decvae", "disentanglement", 0.5, **decvae | {"beta_z": 4.0})
    add("adapted", "decvae", "disentanglement", 0.5, **decvae | {"start_from": "PCA"})
    return pd.DataFrame(rows)


def test_values_are_those_of_the_papers_tables():
    """Rows of PCA, VAE and β-DecVAE FD in the table of SimVowels, PCA in that of TIMIT."""
    vowels = paper_values("sim_vowels")
    mel = vowels[vowels.input == "mel"].set_index(["model", "decomposition", "score"])
    assert mel.value["pca", "", "disentanglement"].item() == 0.230
    assert mel.value["vae", "", "completeness"].item() == 0.578
    beta = mel[mel.beta_z == 0.1].value
    assert beta["decvae", "filter", "irs"].item() == 0.600
    assert beta["decvae", "filter", "kmeans_accuracy_speaker"].item() == 0.536
    timit = paper_values("timit").set_index(["model", "score"]).value
    assert timit["pca", "accuracy_phoneme"].item() == pytest.approx(0.431, abs=5e-4)
    assert paper_values("folder").empty


def test_what_is_no_score_of_ours_is_left_out():
    names = set(published("scores")["score"])
    assert "total_correlation_norm" in names and not {name for name in names if name.startswith("f1_emotion")}


def test_the_papers_trends_are_those_of_its_figures():
    beta = published_trend("beta").set_index(["score", "setting"])["value"]
    settings = ("0", "0.1", "1", "5", "10")
    assert [beta["disentanglement", setting] for setting in settings] == [0.526, 0.526, 0.618, 0.607, 0.458]
    assert set(published_trend("n_components")["setting"]) == {"2", "3", "4"}
    assert published_trend("temperature").empty


def test_runs_stand_beside_the_papers_model_of_the_same_kind():
    found = beside_paper(metrics(), **SHOWN)
    assert tuple(found.columns) == COLUMNS
    pairs = {(row.run, row.score): (row.value, row.paper) for row in found.itertuples()}
    assert pairs == {
        ("PCA", "disentanglement"): (0.25, 0.23),
        ("PCA", "mutual_information"): (0.01, 0.004),
        ("PCA", "accuracy_vowel"): (0.9, 0.974),
        ("PCA", "accuracy_speaker"): (0.6, 0.741),
        ("PCA", "kmeans_accuracy_speaker"): (0.4, 0.499),
        ("PCA wav", "disentanglement"): (0.02, 0.01),
        ("β-DecVAE", "disentanglement"): (0.5, 0.526),
    }
    assert beside_paper(metrics(), **{**SHOWN, "kind": "folder"}).empty


def test_markdown_has_a_dash_where_a_model_has_no_score():
    lines = paper_table(beside_paper(metrics(), **SHOWN)).splitlines()
    assert lines[2] == "| model | MI | D | vowel acc. | speaker acc. | speaker k-means |"
    assert lines[4] == "| PCA | 0.010 / 0.004 | 0.250 / 0.230 | 0.900 / 0.974 | 0.600 / 0.741 | 0.400 / 0.499 |"
    assert lines[6] == "| β-DecVAE | - | 0.500 / 0.526 | - | - | - |" and len(lines) == 7
    assert paper_table(beside_paper(metrics(), **{**SHOWN, "kind": "folder"})) == ""
