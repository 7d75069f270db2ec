import numpy as np
import pytest

from decvae.evaluation.metrics.discretise import check_factors, check_train_test, discretise, drop_constant


def test_bins_equal_the_reference_expression():
    z = np.random.default_rng(0).normal(size=(500, 4))
    expected = [np.digitize(code, np.histogram(code, 30)[1][:-1]) for code in z.T]
    assert np.array_equal(discretise(z), np.stack(expected, axis=1))


def test_bins_run_from_one_to_n_bins():
    bins = discretise(np.linspace(-1, 3, 101)[:, None], n_bins=4)[:, 0]
    assert bins.tolist() == [1] * 25 + [2] * 25 + [3] * 25 + [4] * 26


def test_float32_and_float64_codes_share_their_bins():
    z = np.random.default_rng(1).normal(size=(1000, 3)).astype(np.float32)
    assert np.array_equal(discretise(z), discretise(z.astype(np.float64)))


def test_constant_codes_are_dropped_and_counted():
    z = np.stack([np.zeros(5), np.arange(5.0), np.full(5, 7.0)], axis=1)
    kept, n_constant = drop_constant(z)
    assert np.array_equal(kept, z[:, 1:2]) and n_constant == 2


def test_bad_codes_are_named():
    z = np.zeros((4, 5))
    z[1, 3] = np.nan
    z[2, 4] = np.inf
    with pytest.raises(ValueError, match=r"z holds NaN or infinite values in code\(s\) \[3, 4\]"):
        drop_constant(z)
    with pytest.raises(ValueError, match=r"found shape \(4,\)"):
        drop_constant(np.zeros(4))


def test_bad_factors_are_named():
    with pytest.raises(ValueError, match="y has 3 rows, the codes have 4"):
        check_factors(np.zeros(3, dtype=int), 4)
    with pytest.raises(ValueError, match="integer class codes, found float64"):
        check_factors(np.zeros(4), 4)


def test_parts_must_match():
    z, y = np.random.default_rng(0).normal(size=(6, 2)), np.arange(6) % 2
    with pytest.raises(ValueError, match="2 and 1 codes"):
        check_train_test(z, y, z[:, :1], y)
    with pytest.raises(ValueError, match=r"factor\(s\) \[1\] have one class"):
        check_train_test(z, np.stack([y, 0 * y], 1), z, np.stack([y, y], 1))
    with pytest.raises(ValueError, match="all codes are constant"):
        check_train_test(0 * z, y, z, y)
