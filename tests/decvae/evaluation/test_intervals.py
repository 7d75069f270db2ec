import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

from decvae.evaluation.intervals import (
    bootstrap_scores,
    confusion_by_group,
    jackknife_interval,
    mean_interval,
    scores_of_confusion,
)

RNG = np.random.default_rng(0)


def test_mean_interval_is_students():
    values = RNG.normal(size=7)
    expected = stats.t.interval(0.95, 6, loc=values.mean(), scale=stats.sem(values))
    assert mean_interval(values) == pytest.approx(expected)
    assert mean_interval(values[:1]) is None


def test_jackknife_of_the_mean_is_the_standard_error_of_block_means():
    blocks = RNG.normal(size=(6, 50))
    without = np.array([np.delete(blocks, i, axis=0).mean() for i in range(6)])
    low, high = jackknife_interval(blocks.mean(), without)
    expected = stats.t.interval(0.95, 5, loc=blocks.mean(), scale=stats.sem(blocks.mean(axis=1)))
    assert (low, high) == pytest.approx(expected)
    assert jackknife_interval(0.5, without[:1]) is None


def test_scores_are_those_of_scikit_learn():
    truth, predicted = RNG.integers(4, size=300), RNG.integers(4, size=300)
    classes, counts = confusion_by_group(truth * 2, predicted[None] * 2, RNG.integers(10, size=300))
    assert classes.tolist() == [0, 2, 4, 6] and counts.shape == (10, 4, 4) and counts.sum() == 300
    scores = scores_of_confusion(counts.sum(axis=0))
    assert scores["accuracy"] == pytest.approx(accuracy_score(truth, predicted))
    assert scores["unweighted_accuracy"] == pytest.approx(recall_score(truth, predicted, average="macro"))
    assert scores["f1_macro"] == pytest.approx(f1_score(truth, predicted, average="macro"))
    assert scores["precision"] == pytest.approx(precision_score(truth, predicted, average=None))
    assert scores["f1"] == pytest.approx(f1_score(truth, predicted, average=None))


def test_a_class_that_is_only_predicted_has_no_recall_and_counts_in_f1():
    truth, predicted = np.array([0, 0, 1, 1]), np.array([[0, 2, 1, 1]])
    scores = scores_of_confusion(confusion_by_group(truth, predicted, np.arange(4))[1].sum(axis=0))
    assert np.isnan(scores["recall"][2]) and scores["unweighted_accuracy"] == pytest.approx(0.75)
    assert scores["f1_macro"] == pytest.approx(f1_score(truth, predicted[0], average="macro"))


def test_predictions_of_several_seeds_add_up_and_missing_ones_do_not_count():
    truth = np.array([0, 1, 1])
    counts = confusion_by_group(truth, np.array([[0, 1, 0], [0, -1, 1]]), np.array([5, 5, 9]))[1]
    assert counts.sum(axis=(1, 2)).tolist() == [3, 2]
    assert counts.sum(axis=0).tolist() == [[2, 0], [1, 2]]


def test_groups_widen_the_interval_as_their_variance_says():
    # 40 groups of 50 samples, each group right or wrong as a whole: the evidence is 40 coin flips, not 2000.
    hit = np.repeat(RNG.permutation(np.arange(40) % 2), 50)
    groups = np.repeat(np.arange(40), 50)
    truth = np.zeros(2000, dtype=int)
    _, intervals = bootstrap_scores(confusion_by_group(truth, 1 - hit[None], groups)[1], 4000, seed=0)
    low, high = intervals["accuracy"]
    assert (high - low) / 2 == pytest.approx(1.96 * np.sqrt(0.25 / 40), rel=0.1)
    _, naive = bootstrap_scores(confusion_by_group(truth, 1 - hit[None], np.arange(2000))[1], 1000, seed=0)
    assert (naive["accuracy"][1] - naive["accuracy"][0]) < (high - low) / 5


def test_one_group_or_no_resamples_give_no_interval():
    counts = confusion_by_group(np.array([0, 1]), np.array([[0, 1]]), np.array([3, 3]))[1]
    assert bootstrap_scores(counts, 100, seed=0)[1] == {}
    pooled, intervals = bootstrap_scores(np.repeat(counts, 3, axis=0), 0, seed=0)
    assert pooled["accuracy"] == 1 and intervals == {}
    assert np.shape(bootstrap_scores(np.repeat(counts, 3, axis=0), 50, seed=0)[1]["recall"]) == (2, 2)
