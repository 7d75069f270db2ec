import dataclasses

import numpy as np
import pytest

from decvae.evaluation.metrics.checks import TrainTest
from decvae.evaluation.metrics.dci import completeness, compute_dci, disentanglement


def noisy_factors(n_samples=400, seed=0):
    """Codes 0 and 1 follow factors 0 (3 classes) and 1 (2 classes), code 2 is noise."""
    rng = np.random.default_rng(seed)
    y = np.stack([rng.integers(3, size=n_samples), rng.integers(2, size=n_samples)], axis=1)
    z = np.concatenate([y + 0.1 * rng.normal(size=y.shape), rng.normal(size=(n_samples, 1))], axis=1)
    return z[:300], y[:300], z[300:], y[300:]


def test_diagonal_importance_is_perfect():
    importance = np.diag([5.0, 1.0, 2.0])
    assert disentanglement(importance) == pytest.approx(1, abs=1e-6)
    assert completeness(importance) == pytest.approx(1, abs=1e-6)


def test_no_importance_scores_zero():
    assert disentanglement(np.zeros((10, 3))) == pytest.approx(0, abs=1e-9)
    assert completeness(np.zeros((10, 3))) == pytest.approx(0, abs=1e-9)


def test_redundant_codes_are_disentangled_but_incomplete():
    importance = np.vstack([np.eye(3), np.eye(3)])  # each factor is spread over 2 of 6 codes
    assert disentanglement(importance) == pytest.approx(1, abs=1e-6)
    assert completeness(importance) == pytest.approx(1 - np.log(2) / np.log(6), abs=1e-6)


def test_one_code_for_two_factors_is_complete_but_entangled():
    importance = np.zeros((4, 3))
    importance[0, :2] = 1  # code 0 serves factors 0 and 1
    importance[1, 2] = 1
    # Code 0 has 2/3 of all importance and 1 - log 2 / log 3, code 1 has 1/3 and 1.
    assert disentanglement(importance) == pytest.approx(1 - 2 / 3 * np.log(2) / np.log(3), abs=1e-6)
    assert completeness(importance) == pytest.approx(1, abs=1e-6)


def test_weighted_rows_by_hand():
    importance = np.array([[3.0, 1.0], [0.0, 4.0]])
    entropy_bits = -(0.75 * np.log2(0.75) + 0.25 * np.log2(0.25))
    assert disentanglement(importance) == pytest.approx(0.5 * (1 - entropy_bits) + 0.5, abs=1e-6)
    column_bits = -(0.2 * np.log2(0.2) + 0.8 * np.log2(0.8))
    assert completeness(importance) == pytest.approx(3 / 8 + 5 / 8 * (1 - column_bits), abs=1e-6)


def test_undefined_scores_are_none():
    assert disentanglement(np.ones((4, 1))) is None
    assert completeness(np.ones((4, 1))) == pytest.approx(0, abs=1e-9)
    assert completeness(np.ones((1, 4))) is None


def test_bad_importance_is_refused():
    with pytest.raises(ValueError, match=r"found shape \(3,\)"):
        disentanglement(np.ones(3))
    with pytest.raises(ValueError, match=">= 0"):
        completeness(np.array([[1.0, -1.0]]))


@pytest.mark.parametrize("backend", ["histogram", "sklearn"])
def test_disentangled_codes_score_high(backend):
    scores = compute_dci(TrainTest(*noisy_factors()), backend=backend)
    assert scores.disentanglement > 0.95 and scores.completeness > 0.95
    assert scores.informativeness == 1
    assert scores.importance.argmax(axis=0).tolist() == [0, 1]
    assert scores.importance.sum(axis=0) == pytest.approx(np.ones(2))


def test_backends_agree_on_overlapping_classes():
    rng = np.random.default_rng(0)
    y = np.stack([rng.integers(3, size=900), rng.integers(2, size=900)], axis=1)
    z = np.stack([y[:, 0], y[:, 1], y.sum(axis=1), 0 * y[:, 0]], axis=1) + 0.7 * rng.normal(size=(900, 4))
    parts = z[:700], y[:700], z[700:], y[700:]
    ours, exact = (compute_dci(TrainTest(*parts), backend=backend) for backend in ("histogram", "sklearn"))
    assert ours.importance == pytest.approx(exact.importance, abs=0.03)
    assert ours.disentanglement == pytest.approx(exact.disentanglement, abs=0.03)
    assert ours.completeness == pytest.approx(exact.completeness, abs=0.03)
    assert ours.informativeness == pytest.approx(exact.informativeness, abs=0.02)


def test_same_seed_same_result():
    first, second = (compute_dci(TrainTest(*noisy_factors()), seed=3) for _ in range(2))
    for field in dataclasses.fields(first):
        assert np.array_equal(getattr(first, field.name), getattr(second, field.name)), field.name


def test_constant_codes_change_nothing():
    z_train, y_train, z_test, y_test = noisy_factors()
    plain = compute_dci(TrainTest(z_train, y_train, z_test, y_test))
    padded = compute_dci(
        TrainTest(np.insert(z_train, 1, 4.0, axis=1), y_train, np.insert(z_test, 1, 4.0, axis=1), y_test)
    )
    assert padded.disentanglement == plain.disentanglement and padded.completeness == plain.completeness
    assert padded.importance.shape == (3, 2)


def test_unseen_test_class_counts_as_errors():
    z_train, y_train, z_test, y_test = noisy_factors()
    y_test = y_test.copy()
    y_test[:20, 1] = 7
    scores = compute_dci(TrainTest(z_train, y_train, z_test, y_test))
    assert scores.informativeness == pytest.approx((1 + 0.8) / 2)


def test_bad_calls_are_refused():
    parts = noisy_factors()
    with pytest.raises(ValueError, match="unknown DCI backend 'xgboost'"):
        compute_dci(TrainTest(*parts), backend="xgboost")
    with pytest.raises(ValueError, match="y_test has 99 rows, the codes have 100"):
        TrainTest(*parts[:3], parts[3][:-1])
