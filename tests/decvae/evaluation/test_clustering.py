import itertools

import numpy as np
import pytest

from decvae.evaluation.clustering import kmeans_accuracy, matched_classes


def greedy_accuracy(y, clusters):
    counts = np.array([[np.sum((y == a) & (clusters == b)) for b in np.unique(clusters)] for a in np.unique(y)])
    matched = 0
    while counts.size and counts.max() > 0:
        row, column = np.unravel_index(counts.argmax(), counts.shape)
        matched += counts[row, column]
        counts = np.delete(np.delete(counts, row, axis=0), column, axis=1)
    return matched / len(y)


def test_matching_is_the_best_permutation_and_beats_greed():
    rng = np.random.default_rng(0)
    better = 0
    for _ in range(30):
        y, clusters = rng.integers(4, size=60), rng.integers(4, size=60)
        best = max(np.mean(np.array(order)[clusters] == y) for order in itertools.permutations(range(4)))
        accuracy = np.mean(matched_classes(y, clusters) == y)
        assert accuracy == pytest.approx(best)
        assert accuracy >= greedy_accuracy(y, clusters) - 1e-12
        better += accuracy > greedy_accuracy(y, clusters) + 1e-12
    assert better > 0


def test_relabelled_clusters_are_perfect():
    y = np.array([0, 0, 5, 5, 9])
    assert np.array_equal(matched_classes(y, np.array([2, 2, 0, 0, 1])), y)
    assert matched_classes(y, np.array([2, 2, 0, 3, 1])).tolist().count(-1) == 1
    with pytest.raises(ValueError, match="y has 5 rows, clusters 4"):
        matched_classes(y, np.zeros(4))


def test_separate_blobs_are_found_whatever_their_scale():
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(3), 100)
    z = np.stack([y * 1e-3, rng.normal(size=300)], axis=1) + np.array([1e-5, 0.0]) * rng.normal(size=(300, 2))
    z = np.insert(z, 1, 7.0, axis=1)
    score = kmeans_accuracy(np.hstack([z, z[:, :1], z[:, :1]]), y, n_seeds=4)
    assert score.accuracy_per_seed.max() == 1
    assert score.accuracy == pytest.approx(score.accuracy_per_seed.mean()) and score.predicted.shape == (4, 300)


def test_noise_is_near_chance():
    rng = np.random.default_rng(1)
    score = kmeans_accuracy(rng.normal(size=(2000, 5)), rng.integers(4, size=2000), n_seeds=1)
    assert 0.25 <= score.accuracy < 0.32


def test_bad_calls_are_refused():
    with pytest.raises(ValueError, match="found 1 and 2"):
        kmeans_accuracy(np.eye(2), np.zeros(2, dtype=int))
    with pytest.raises(ValueError, match="n_seeds"):
        kmeans_accuracy(np.eye(2), np.arange(2), n_seeds=0)


def test_classes_that_count_as_one_are_matched_apart_and_scored_together():
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=300)
    z = np.stack([np.minimum(y, 1) * 10.0, np.zeros(300)], axis=1) + rng.normal(size=(300, 2))
    apart = kmeans_accuracy(z, y, n_seeds=3)
    together = kmeans_accuracy(z, y, n_seeds=3, scored_as=np.array([0, 1, 1]))
    merged = np.where(apart.predicted == 2, 1, apart.predicted)
    assert np.array_equal(together.predicted, merged)
    assert together.accuracy == pytest.approx(np.mean(merged == np.minimum(y, 1)))
    assert together.accuracy > apart.accuracy
