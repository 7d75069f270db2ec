"""Beside scikit-learn's solvers at their optimum, and the closed form of codes that tell nothing."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from decvae.evaluation import logistic
from decvae.evaluation.logistic import Curvature, fit_logistic


def correlated(n=600, n_codes=30, n_classes=6, seed=0):
    """Codes of falling variance, rotated and standardised, and classes that they tell well but not wholly."""
    rng = np.random.default_rng(seed)
    y = rng.integers(n_classes, size=n)
    z = rng.normal(size=(n, n_codes)) + 1.5 * rng.normal(size=(n_classes, n_codes))[y]
    z = (z * np.geomspace(1, 0.02, n_codes)) @ np.linalg.qr(rng.normal(size=(n_codes, n_codes)))[0]
    return (z - z.mean(axis=0)) / z.std(axis=0), y


@pytest.mark.parametrize("regularisation", [0.01, 1.0, 10.0])
@pytest.mark.parametrize("n_classes", [2, 6])
def test_probabilities_are_those_of_scikit_learn_at_its_optimum(regularisation, n_classes):
    z, y = correlated(n_classes=n_classes)
    fit = fit_logistic(z, y, n_classes, regularisation)
    assert fit.converged
    exact = LogisticRegression(C=regularisation, solver="newton-cg", tol=1e-10, max_iter=1000)
    expected = exact.fit(z, y).predict_proba(z)
    np.testing.assert_allclose(fit.predict_proba(z), expected, atol=1e-4)
    assert np.array_equal(fit.predict(z), expected.argmax(axis=1))
    np.testing.assert_allclose(fit.weights[:-1].sum(axis=1), 0, atol=1e-6)  # of all optima the one of least weight


def test_more_codes_than_samples_and_directions_outside_the_coupled_ones(monkeypatch):
    monkeypatch.setattr(logistic, "COUPLED", 60)
    z, y = correlated(n=80, n_codes=120)
    fit = fit_logistic(z, y, 6)
    assert fit.converged
    expected = LogisticRegression(solver="newton-cg", tol=1e-10, max_iter=1000).fit(z, y).predict_proba(z)
    np.testing.assert_allclose(fit.predict_proba(z), expected, atol=1e-4)


def test_neither_the_start_nor_the_curvature_changes_the_optimum():
    z, y = correlated()
    other, labels = correlated(seed=1)
    far = fit_logistic(other, labels, 6, 10.0)
    fits = [fit_logistic(z, y, 6), fit_logistic(z, y, 6, start=far.weights, curvature=far.curvature)]
    np.testing.assert_allclose(fits[0].predict_proba(z), fits[1].predict_proba(z), atol=2e-5)
    single = fit_logistic(z.astype(np.float32), y, 6, tolerance=1e-6)
    assert single.converged
    np.testing.assert_allclose(single.predict_proba(z), fits[0].predict_proba(z), atol=5e-3)


def test_codes_that_tell_nothing_give_the_frequencies():
    y = np.repeat([0, 1, 2], [10, 20, 70])
    fit = fit_logistic(np.zeros((100, 4)), y, 3)
    np.testing.assert_allclose(fit.predict_proba(np.zeros((1, 4))), [[0.1, 0.2, 0.7]], atol=1e-5)


def test_the_hessian_is_that_of_the_objective():
    z, y = correlated(n=50, n_codes=3, n_classes=3)
    weights = np.random.default_rng(0).normal(size=(4, 3))
    curvature = Curvature(z, weights, 0.1, np.eye(3))
    for place in np.ndindex(weights.shape):
        shift = np.zeros(weights.shape)
        shift[place] = 1e-5
        up, down = (logistic._objective(z, y, weights + sign * shift, 0.1)[1] for sign in (1, -1))
        expected = np.zeros(weights.shape)
        expected[place] = 1
        if place[0] == 3:  # a change of all intercepts changes nothing
            expected[3] -= 1 / 3
        found = curvature.solve((up - down) / 2e-5)
        if place[0] == 3:
            found[3] -= found[3].mean()
        np.testing.assert_allclose(found, expected, atol=2e-3)


def test_too_few_steps_are_reported(monkeypatch):
    monkeypatch.setattr(logistic, "MAX_STEPS", 2)
    assert not fit_logistic(*correlated(), 6).converged
