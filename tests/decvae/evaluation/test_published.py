import numpy as np
import pandas as pd
import pytest

from decvae.evaluation.latents import LatentTable
from decvae.evaluation.published import greedy_accuracy, published_splits
from decvae.evaluation.scores import score_table
from decvae.settings.evaluation import EvaluationSettings

BOTH = EvaluationSettings(
    protocols=("sound", "published"),
    aggregations=("X",),
    feature_aggregations=(),
    classifiers=("logistic_regression", "dummy"),
    kmeans_seeds=2,
    bootstrap=50,
    disentanglement_folds=1,
)


def fingerprints(seed=0):
    """Codes that tell the utterance and nothing about the vowel, of which every utterance has one."""
    rng = np.random.default_rng(seed)
    utterance = np.repeat(np.arange(60), 12)
    mu = rng.normal(size=(60, 1, 8))[utterance] + 0.05 * rng.normal(size=(720, 1, 8))
    return LatentTable(
        branch="Z",
        subspaces=["X"],
        mu=mu.astype(np.float32),
        logvar=None,
        features=None,
        utterance=utterance,
        frame=np.tile(np.arange(12), 60),
        overlap=np.zeros(720, dtype=bool),
        factors={"vowel": rng.permutation(np.arange(60) % 3)[utterance], "speaker": utterance % 4},
        class_names={"vowel": ["a", "e", "u"], "speaker": ["1", "2", "3", "4"]},
        split=(utterance >= 30).astype(int),
    )


@pytest.fixture(scope="module")
def scores():
    return score_table(fingerprints(), BOTH, n_jobs=1).scores


def pick(frame, metric, protocol, factors="vowel", classifier="logistic_regression"):
    rows = frame[(frame.metric == metric) & (frame.protocol == protocol) & (frame.factors == factors)]
    rows = rows[rows.classifier == classifier]
    assert len(rows) == 1, rows
    return rows.iloc[0]


def test_both_protocols_in_one_table_show_what_leakage_is_worth(scores):
    assert set(scores.protocol) == {"sound", "published"}
    leaked, honest = (pick(scores, "accuracy", protocol).value for protocol in ("published", "sound"))
    assert leaked > honest + 0.15 and honest < 0.5
    informed, blind = (
        pick(scores, "informativeness", protocol, "vowel+speaker", "").value for protocol in ("published", "sound")
    )
    assert informed > blind + 0.2


def test_the_headline_is_the_best_on_test_data(scores):
    published = scores[(scores.protocol == "published") & (scores.metric == "accuracy")]
    for _, group in published.groupby("factors"):
        best = group[group.classifier == "best"].value.item()
        assert best == group[group.classifier != "best"].value.max()


def test_intervals_are_those_of_the_paper(scores):
    row = pick(scores, "accuracy", "published")
    assert row.n == 5 and row.ci_high - row.value == pytest.approx(1.96 * row.spread / np.sqrt(5))


def test_metrics_that_the_paper_lacks_are_absent(scores):
    found = set(scores[scores.protocol == "published"].metric)
    assert not found & {"mig", "sap", "factor_vae", "beta_vae", "total_correlation_corr"}
    assert {"f1_weighted", "irs", "modularity", "explicitness", "kmeans_accuracy"} <= found


def test_same_seed_same_table(scores):
    pd.testing.assert_frame_equal(score_table(fingerprints(), BOTH, n_jobs=2).scores, scores)


def test_simvowels_is_split_once_by_rows_and_other_corpora_in_five_folds():
    table = fingerprints()
    ((train, test),) = published_splits(table.factors)
    assert len(test) == 144 and set(table.utterance[test]) <= set(table.utterance[train])
    speakers = table.factors["speaker"]
    assert np.bincount(speakers[test]).tolist() == [36, 36, 36, 36]
    other = {"phoneme": table.factors["vowel"], "speaker": speakers}
    folds = published_splits(other)
    assert len(folds) == 5
    assert np.array_equal(np.sort(np.concatenate([test for _, test in folds])), np.arange(720))


def test_greedy_matching_takes_the_largest_cell_first():
    y = np.array([0] * 5 + [1] * 4)
    clusters = np.array([0] * 3 + [1] * 2 + [0] * 4)
    # Cell (1, 0) holds 4 and is taken first, which leaves (0, 1) with 2.
    assert greedy_accuracy(y, clusters) == pytest.approx(6 / 9)
    # Greed: 4 + 0; the best matching is 3 + 3.
    assert greedy_accuracy(np.array([0] * 7 + [1] * 3), np.array([0] * 4 + [1] * 3 + [0] * 3)) == pytest.approx(0.4)
