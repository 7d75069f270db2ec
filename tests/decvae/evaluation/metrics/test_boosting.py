import numpy as np
import pytest

from decvae.evaluation.metrics.boosting import BACKENDS


def classes(n_classes, n_samples=900, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.choice(n_classes, p=np.arange(1, n_classes + 1) / np.arange(1, n_classes + 1).sum(), size=n_samples)
    z = np.stack([y, y % 2, 0 * y, 0 * y], axis=1) + 0.8 * rng.normal(size=(n_samples, 4))
    return z, y


@pytest.mark.parametrize("n_classes", [2, 3, 7])
def test_histograms_grow_the_trees_of_scikit_learn(n_classes):
    # Multiples of 1/8: fewer values than bins, so histograms lose nothing.
    z, y = classes(n_classes)
    z = np.round(8 * z) / 8
    gain, predict = BACKENDS["histogram"](z[:600], y[:600], n_classes, seed=0)
    exact, predict_exact = BACKENDS["sklearn"](z[:600], y[:600], n_classes, seed=0)
    assert gain / gain.sum() == pytest.approx(exact, abs=0.02)
    assert np.mean(predict(z[600:]) == predict_exact(z[600:])) > 0.93


def test_pure_classes_stop_early_and_are_still_predicted():
    y = np.repeat([0, 1, 2], 20)
    z = y[:, None] * 1.0
    gain, predict = BACKENDS["histogram"](z, y, 3, seed=0)
    assert gain[0] > 0 and np.array_equal(predict(z), y)


@pytest.mark.parametrize("n_classes", [2, 5])
def test_more_values_than_bins_cost_little(n_classes):
    z, y = classes(n_classes, n_samples=1500, seed=1)
    gain, predict = BACKENDS["histogram"](z[:1200], y[:1200], n_classes, seed=0)
    exact, predict_exact = BACKENDS["sklearn"](z[:1200], y[:1200], n_classes, seed=0)
    assert gain / gain.sum() == pytest.approx(exact, abs=0.02)
    accuracy, expected = (np.mean(found(z[1200:]) == y[1200:]) for found in (predict, predict_exact))
    assert accuracy == pytest.approx(expected, abs=0.03)
