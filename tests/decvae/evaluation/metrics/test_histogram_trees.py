"""One stage of trees against scikit-learn's regression trees."""

import numpy as np
import pytest
from sklearn.tree import DecisionTreeRegressor

from decvae.evaluation.metrics.histogram_trees import (
    DEPTH,
    MAX_SAMPLES,
    bin_edges,
    gradient_scale,
    grow_stage,
    reached_leaves,
    to_bins,
)

N, N_CLASSES = 700, 11  # more classes than are summed at once


def grown(z, gradient):
    edges = [bin_edges(code) for code in z.T]
    bins, n_bins = to_bins(z, edges), np.array([len(edge) + 1 for edge in edges])
    scale, importance = gradient_scale(len(z)), np.zeros(z.shape[1])
    features, cuts, leaves = grow_stage(bins, n_bins, np.rint(scale * gradient).astype(np.int32), importance)
    return bins, features, cuts, leaves, importance / scale**2


def test_trees_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    z = np.round(8 * rng.normal(size=(N, 5))) / 8  # fewer values than bins
    gradient = np.clip(rng.normal(size=(N_CLASSES, N)) + 0.3 * np.arange(N_CLASSES)[:, None] * z[:, 0], -9, 9) / 10
    bins, features, cuts, leaves, importance = grown(z, gradient)
    np.testing.assert_array_equal(reached_leaves(bins, features, cuts), leaves)
    expected = np.zeros(5)
    for k in range(N_CLASSES):
        tree = DecisionTreeRegressor(max_depth=DEPTH).fit(z, gradient[k])
        expected += N * tree.tree_.compute_feature_importances(normalize=False)
        pairs = set(zip(tree.apply(z), leaves[k], strict=True))
        assert len(pairs) == len(set(leaves[k])) == tree.get_n_leaves()  # the same samples share a leaf
    assert importance == pytest.approx(expected, rel=1e-6)


def test_thresholds_lie_half_way_between_values():
    z = np.array([0.0, 0.0, 1.0, 3.0])[:, None]
    assert bin_edges(z[:, 0]).tolist() == [0.5, 2.0]
    assert to_bins(np.array([[0.5], [0.6], [9.0]]), [np.array([0.5, 2.0])]).tolist() == [[0, 1, 2]]


def test_many_values_are_cut_evenly_and_in_gaps():
    many = np.random.default_rng(1).normal(size=10_000)
    many[many > 0.3] += 0.01
    edges = bin_edges(many)
    counts = np.bincount(to_bins(many[:, None], [edges])[0])
    assert 250 <= len(counts) <= 256 and counts.max() <= 80  # twice the mean
    assert np.any((edges > many[many < 0.305].max()) & (edges < many[many > 0.305].min()))


def test_nothing_to_gain_is_no_split():
    z = np.arange(20.0)[:, None]
    _, features, _, leaves, importance = grown(z, np.full((1, 20), 1 / 3))
    assert (features == -1).all() and (leaves == 0).all() and importance.item() == 0


def test_too_many_samples_are_refused():
    assert gradient_scale(MAX_SAMPLES) * MAX_SAMPLES < 2**40
    with pytest.raises(ValueError, match="at most 2097151 samples can be boosted, found 2097152"):
        gradient_scale(MAX_SAMPLES + 1)
