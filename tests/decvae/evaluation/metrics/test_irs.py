import numpy as np
import pytest

from decvae.evaluation.metrics.irs import compute_irs, robustness


def grid():
    y = np.stack(np.meshgrid(np.arange(5), np.arange(4), indexing="ij"), axis=-1).reshape(-1, 2)
    return np.repeat(y, 30, axis=0)


def test_identity_is_perfectly_robust():
    y = grid()
    assert compute_irs(y.astype(float), y) == pytest.approx(1)
    matrix = robustness(y - y.mean(axis=0), y, 0.99)
    assert matrix.shape == (2, 2) and np.diag(matrix) == pytest.approx(1)


@pytest.mark.parametrize("standardise", [True, False])
def test_four_samples_by_hand(standardise):
    # Code 0 at the values of factor 0: (0, 0) and (2, 4), means 0 and 3, largest distances 0 and 1: A = 1/2; mean 1.5,
    # m = 2.5. Factor 1: (0, 2) and (0, 4): A = 3/2. Code 1 is factor 0 itself: m = 1/2.
    z = np.array([[0.0, 0], [0, 0], [2, 1], [4, 1]])
    y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    score = compute_irs(z, y, diff_quantile=1.0, standardise=standardise)
    assert robustness(z - z.mean(axis=0), y, 1.0) == pytest.approx(np.array([[1 - 0.5 / 2.5, 1 - 1.5 / 2.5], [1, 0]]))
    largest = np.array([2.5, 0.5]) / (z.std(axis=0) if standardise else 1)
    assert score == pytest.approx((largest[0] * 0.8 + largest[1]) / largest.sum())


def test_standardised_score_ignores_scale_and_the_plain_one_does_not():
    y = grid()
    z = np.stack([y[:, 0] + 0.0, np.random.default_rng(0).normal(size=len(y))], axis=1)
    wide = z * [1, 100]
    assert compute_irs(wide, y) == pytest.approx(compute_irs(z, y))
    assert compute_irs(wide, y, standardise=False) < compute_irs(z, y, standardise=False) - 0.2


def test_constant_codes_are_dropped():
    y = grid()
    z = y + 0.02 * np.random.default_rng(0).normal(size=y.shape)
    assert compute_irs(np.insert(z, 0, 1.0, axis=1), y) == compute_irs(z, y)
    assert compute_irs(np.ones((600, 3)), y) is None


def test_bad_calls_are_refused():
    with pytest.raises(ValueError, match="y has 600 rows, the codes have 599"):
        compute_irs(np.random.default_rng(0).normal(size=(599, 2)), grid())
    with pytest.raises(ValueError, match="diff_quantile"):
        compute_irs(grid().astype(float), grid(), diff_quantile=99)
