import numpy as np
import pytest

from decvae.evaluation.metrics.discretise import discretise
from decvae.evaluation.metrics.modularity import compute_modularity, modularity
from decvae.evaluation.metrics.mutual_information import adjusted_mutual_information


def test_matrices_known_by_hand():
    assert modularity(np.diag([0.2, 3.0, 1.0])) == 1
    assert modularity(np.vstack([np.eye(3), np.eye(3)])) == 1  # redundant codes are modular
    assert modularity(np.zeros((5, 3))) == 0
    assert modularity(np.ones((5, 3))) == 0
    assert modularity(np.array([[1.0, 0.5], [0.0, 2.0]])) == pytest.approx((0.75 + 1) / 2)
    assert modularity(np.array([[1.0, -0.5, 0.5]])) == pytest.approx(1 - 0.5 / 2)
    assert modularity(np.array([[1.0, 0.0], [0.0, 0.0]])) == 0.5  # a code without information counts 0


def test_undefined_for_one_factor():
    assert modularity(np.ones((3, 1))) is None
    assert compute_modularity(np.ones((6, 3)), np.arange(12).reshape(6, 2)) is None


def test_bad_matrix_is_refused():
    with pytest.raises(ValueError, match="finite matrix"):
        modularity(np.array([[1.0, np.nan]]))


def test_codes_that_are_factors():
    rng = np.random.default_rng(0)
    y = np.stack([rng.integers(5, size=900), rng.integers(4, size=900)], axis=1)
    assert compute_modularity(np.insert(y.astype(float), 1, 3.0, axis=1), y) == pytest.approx(1, abs=1e-3)
    assert adjusted_mutual_information(discretise(y), y) == pytest.approx(np.eye(2), abs=0.02)
    entangled = compute_modularity((y[:, :1] + 0.9 * y[:, 1:]) + 0.0, y)
    assert entangled < 0.5
