import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score
from sklearn.svm import LinearSVC

from decvae.evaluation.metrics.checks import TrainTest
from decvae.evaluation.metrics.sap import REGULARISATION, code_accuracies, compute_sap, linear_machines, sap

RNG = np.random.default_rng(0)
Y = np.stack([RNG.integers(2, size=400), RNG.integers(2, size=400)], axis=1)


def score(z, y=Y):
    return compute_sap(TrainTest(z[:300], y[:300], z[300:], y[300:]))


def accuracy(z, factor, n=300):
    return code_accuracies(z[:n], factor[:n], z[n:], factor[n:])


def test_machines_are_those_of_liblinear():
    labels = RNG.choice(3, p=[0.6, 0.3, 0.1], size=500)
    code = labels + 0.8 * RNG.normal(size=500)
    code = (code - code.mean()) / code.std()
    weight, bias = linear_machines(code, labels, np.bincount(labels))
    for k in range(3):
        peer = LinearSVC(C=REGULARISATION, class_weight="balanced", tol=1e-8, max_iter=100_000)
        peer.fit(code[:, None], labels == k)
        assert weight[k] == pytest.approx(peer.coef_[0, 0], abs=1e-3)
        assert bias[k] == pytest.approx(peer.intercept_[0], abs=1e-3)


def test_accuracy_is_that_of_liblinear():
    z = Y @ np.array([[1.0, 0.2], [0.1, 1.0]]) + 0.5 * RNG.normal(size=Y.shape)
    found = np.stack([accuracy(z, factor) for factor in Y.T], axis=1)
    for i in range(2):
        code = (z[:, [i]] - z[:300, [i]].mean()) / z[:300, [i]].std()
        for k in range(2):
            peer = LinearSVC(C=REGULARISATION, class_weight="balanced").fit(code[:300], Y[:300, k])
            assert found[i, k] == pytest.approx(balanced_accuracy_score(Y[300:, k], peer.predict(code[300:])), abs=0.02)


def test_identity_leaves_the_gap_between_certainty_and_chance():
    z = Y + 0.02 * RNG.normal(size=Y.shape)
    assert [accuracy(z, factor)[k] for k, factor in enumerate(Y.T)] == pytest.approx([1, 1])
    assert score(z) == pytest.approx(0.5, abs=0.08)


def test_redundant_codes_and_noise_score_nothing():
    identity = Y + 0.02 * RNG.normal(size=Y.shape)
    assert score(np.hstack([identity, identity])) == pytest.approx(0, abs=1e-12)
    assert score(RNG.normal(size=(400, 6))) < 0.1


def test_scale_and_constant_codes_change_nothing():
    z = Y + 0.5 * RNG.normal(size=Y.shape)
    plain, mapped = score(z), score(np.insert(z * [1e-3, 40] + 7, 1, 2.0, axis=1))
    assert mapped == pytest.approx(plain)


def test_matrix_by_hand():
    assert sap(np.array([[0.9, 0.5], [0.6, 0.7], [0.4, 0.65]])) == pytest.approx((0.3 + 0.05) / 2)
    assert sap(np.array([[0.8, 0.6]])) == pytest.approx(0.7)
    with pytest.raises(ValueError, match=r"found shape \(3,\)"):
        sap(np.ones(3))


def test_one_class_is_refused():
    with pytest.raises(ValueError, match=r"factor\(s\) \[1\] have one class"):
        score(Y.astype(float), np.stack([Y[:, 0], np.zeros(400, dtype=int)], axis=1))


def test_many_samples_score_as_some_of_them(monkeypatch):
    y = RNG.integers(3, size=6000)
    z = y[:, None] + 0.8 * RNG.normal(size=(6000, 2))
    capped = accuracy(z, y, 5000)
    monkeypatch.setattr("decvae.evaluation.metrics.sap.MAX_ROWS", 10_000)
    assert accuracy(z, y, 5000) == pytest.approx(capped, abs=0.02)
