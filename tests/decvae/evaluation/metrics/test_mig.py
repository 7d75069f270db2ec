import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

from decvae.evaluation.metrics.discretise import discretise
from decvae.evaluation.metrics.mig import compute_mig, gap, mutual_information_matrix

GRID = np.stack(np.meshgrid(np.arange(5), np.arange(4), np.arange(30), indexing="ij"), axis=-1).reshape(-1, 3)[:, :2]


def test_information_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    y = rng.integers(4, size=(300, 2))
    bins = discretise(y @ rng.normal(size=(2, 3)) + 0.5 * rng.normal(size=(300, 3)), 20)
    expected = [[mutual_info_score(bins[:, i], y[:, k]) for k in range(2)] for i in range(3)]
    assert mutual_information_matrix(bins, y) == pytest.approx(np.array(expected), abs=1e-12)


def test_identity_is_perfect_and_redundancy_leaves_no_gap():
    z = GRID.astype(float)
    assert compute_mig(z, GRID) == pytest.approx(1)
    assert compute_mig(np.hstack([z, z]), GRID) == pytest.approx(0)
    # Factor 1 is missed: its gap is 0, that of factor 0 is whole.
    assert compute_mig(z[:, :1], GRID) == pytest.approx(0.5)


def test_one_code_for_two_factors_serves_both():
    code = (GRID[:, 0] * 4 + GRID[:, 1])[:, None].astype(float)
    assert compute_mig(code, GRID) == pytest.approx(1)  # the gap cannot see entanglement; DCI does


def test_shuffled_codes_score_nothing():
    z = np.random.default_rng(0).permutation(GRID.astype(float))
    assert compute_mig(z, GRID) < 0.02


def test_constant_codes_and_factors():
    z = np.insert(GRID.astype(float), 1, 3.0, axis=1)
    assert compute_mig(z, GRID) == pytest.approx(1)
    assert compute_mig(np.ones((600, 2)), GRID) is None
    assert compute_mig(z, np.zeros((600, 1), dtype=int)) is None
    # A factor with one class has no entropy and no say.
    assert compute_mig(z, np.hstack([GRID, np.zeros((600, 1), dtype=int)])) == pytest.approx(1)


def test_gap_by_hand():
    assert gap(np.array([[0.6, 0.1], [0.2, 0.4]]), np.array([1.0, 0.5])) == pytest.approx((0.4 + 0.6) / 2)
    with pytest.raises(ValueError, match=r"found \(2, 2\), \(3,\)"):
        gap(np.ones((2, 2)), np.ones(3))


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="y has 599 rows, the codes have 600"):
        compute_mig(GRID.astype(float), GRID[:-1])
    z = GRID.astype(float)
    z[3, 1] = np.nan
    with pytest.raises(ValueError, match=r"NaN or infinite values in code\(s\) \[1\]"):
        compute_mig(z, GRID)
