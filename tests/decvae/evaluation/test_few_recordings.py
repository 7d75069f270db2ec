"""A handful of recordings, lopsided and meaningless factors: what can be scored is, the rest is named."""

import numpy as np
import pytest

from decvae.evaluation.latents import LatentTable
from decvae.evaluation.scores import score_table
from decvae.settings.evaluation import EvaluationSettings

SETTINGS = EvaluationSettings(
    disentanglement_folds=2,
    subspace_evidence=True,
    protocols=("sound", "published"),
    aggregations=("all",),
    feature_aggregations=("all",),
    classifiers=("logistic_regression", "knn"),
    kmeans_seeds=1,
    bootstrap=20,
)


def make_table(n_utterances, per_utterance=12, **factors):
    """Random codes of X and two components; a factor is a function of the utterance, or a row of labels."""
    rng = np.random.default_rng(0)
    utterance = np.repeat(np.arange(n_utterances), per_utterance)
    n = len(utterance)
    factors = {name: np.asarray(own(utterance) if callable(own) else own) for name, own in factors.items()}
    return LatentTable(
        branch="Z",
        subspaces=["X", "OC1", "OC2"],
        mu=rng.normal(size=(n, 3, 2)).astype(np.float32),
        features=rng.normal(size=(n, 3, 4)).astype(np.float32),
        utterance=utterance,
        frame=np.tile(np.arange(per_utterance), n_utterances),
        overlap=np.zeros(n, dtype=bool),
        factors=factors,
        class_names={name: [f"c{k}" for k in range(own.max(initial=0) + 1)] for name, own in factors.items()},
        present=np.ones((n, 2), dtype=bool),
        split=(utterance >= n_utterances // 2).astype(int),
    )


def joint_factors(table):
    found = score_table(table, SETTINGS, n_jobs=1).scores
    rows = found[(found.metric == "informativeness") & (found.protocol == "sound") & (found.aggregation == "all")]
    return rows.factors.item() if len(rows) else None


def vowel(utterance):
    return np.random.default_rng(1).integers(3, size=len(utterance))


def speaker(utterance):
    return utterance % 5


def test_one_man_among_five_speakers_is_left_out_alone(caplog):
    table = make_table(20, vowel=vowel, speaker=speaker, gender=lambda utterance: (utterance % 5 == 0).astype(int))
    assert joint_factors(table) == "vowel+speaker"
    assert "factor gender is not scored: 1 of its 2 classes occur in more than one speaker" in caplog.text


@pytest.mark.parametrize("distinct", [20, 17])
def test_free_text_is_left_out_alone(caplog, distinct):
    table = make_table(20, vowel=vowel, speaker=speaker, remark=lambda utterance: utterance % distinct)
    assert joint_factors(table) == "vowel+speaker"
    assert "factor remark is not scored" in caplog.text


@pytest.mark.parametrize(
    ("n_utterances", "n_classes", "n_speakers"),
    [(2, 1, 1), (2, 2, 2), (2, 5, 3), (3, 2, 1), (3, 5, 3), (4, 5, 2), (6, 2, 3), (6, 5, 1), (10, 2, 2)],
)
def test_no_study_is_too_small(n_utterances, n_classes, n_speakers):
    table = make_table(
        n_utterances,
        per_utterance=6,
        vowel=lambda utterance: np.random.default_rng(2).integers(n_classes, size=len(utterance)),
        speaker=lambda utterance: utterance % n_speakers,
        mood=lambda utterance: utterance % 2,
        emotion=lambda utterance: utterance % 2,
    )
    found = score_table(table, SETTINGS, n_jobs=1)
    assert {"mutual_information", "total_correlation_corr"} <= set(found.scores.metric)
    assert np.isfinite(found.scores.value).all()
