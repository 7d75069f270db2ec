"""The table of classification heads, against scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

from decvae.evaluation.supervised import COLUMNS, classifier_scores

NAMES = ["a", "e", "I", "o"]
PLACE = {"split": "test", "branch": "Z", "factor": "vowel", "head": "mlp"}


def _table(bootstrap=200):
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 300)
    predicted = np.where(rng.random(300) < 0.7, truth, rng.integers(0, 3, 300))
    table = classifier_scores(truth, predicted, np.arange(300) // 10, NAMES, PLACE, bootstrap=bootstrap, seed=0)
    return truth, predicted, table


def test_scores_equal_scikit_learn():
    truth, predicted, table = _table()
    assert list(table.columns) == list(COLUMNS) and set(table["head"]) == {"mlp"}
    overall = table[table["class"] == ""].set_index("metric")
    assert overall.value["accuracy"] == pytest.approx(accuracy_score(truth, predicted))
    assert overall.value["f1_macro"] == pytest.approx(f1_score(truth, predicted, average="macro"))
    assert overall.value["unweighted_accuracy"] == pytest.approx(recall_score(truth, predicted, average="macro"))
    assert (overall.ci_low < overall.value).all() and (overall.value < overall.ci_high).all()
    assert set(overall.n) == {300}
    by_class = table[table["class"] != ""].pivot_table(index="class", columns="metric", values="value")
    for metric, score in (("recall", recall_score), ("precision", precision_score), ("f1", f1_score)):
        np.testing.assert_allclose(by_class.loc[NAMES[:3], metric], score(truth, predicted, average=None))
    assert set(by_class.index) == set(NAMES[:3])  # the fourth class neither occurs nor is predicted


def test_without_resamples_there_are_no_intervals():
    *_, table = _table(bootstrap=0)
    assert table[["ci_low", "ci_high"]].isna().all(axis=None) and table["value"].notna().all()


def test_a_class_that_is_only_predicted_has_no_recall():
    table = classifier_scores(np.zeros(4, int), np.array([0, 0, 3, 0]), np.arange(4), NAMES, PLACE, bootstrap=0, seed=0)
    found = {(row["class"], row["metric"]): row["value"] for _, row in table.iterrows()}
    assert ("o", "recall") not in found and found["o", "precision"] == 0.0 and found["", "accuracy"] == 0.75


def test_phonemes_that_are_scored_as_one_are_no_confusion():
    names, place = ["sil", "vcl", "cl", "iy"], PLACE | {"factor": "phoneme"}
    truth, predicted = np.array([0, 1, 2, 3, 3]), np.array([2, 0, 1, 3, 2])
    table = classifier_scores(truth, predicted, np.arange(5), names, place, bootstrap=0, seed=0)
    found = {(row["class"], row["metric"]): (row["value"], row["n"]) for _, row in table.iterrows()}
    assert (
        found["", "accuracy"] == (0.8, 5) and found["sil", "recall"] == (1.0, 3) and found["iy", "recall"] == (0.5, 2)
    )
    assert {name for name, _ in found} == {"", "sil", "iy"}
