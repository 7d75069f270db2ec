import numpy as np
import pytest

from decvae.evaluation.metrics.checks import TrainTest, by_factor, check_factors, check_matrix, drop_constant


def test_constant_codes_are_dropped():
    z = np.stack([np.zeros(5), np.arange(5.0), np.full(5, 7.0)], axis=1)
    assert np.array_equal(drop_constant(z), z[:, 1:2])


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
        TrainTest(z, y, z[:, :1], y)
    with pytest.raises(ValueError, match=r"factor\(s\) \[1\] have one class"):
        TrainTest(z, np.stack([y, 0 * y], 1), z, np.stack([y, y], 1))
    with pytest.raises(ValueError, match="all codes are constant"):
        TrainTest(0 * z, y, z, y)


def test_factors_come_one_by_one_on_the_rows_that_have_their_label():
    z = np.stack([np.arange(6.0), np.ones(6)], axis=1)
    y = np.array([[0, 1], [1, -1], [0, 0], [1, 1], [-1, 0], [0, 1]])
    split = TrainTest(z[:4], y[:4], z[4:], y[4:])
    assert split.z_train.shape == (4, 1)  # the constant code is left out
    first, second = by_factor([split])
    assert [part.tolist() for part in first] == [[[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1], [[5.0]], [0]]
    assert [part.tolist() for part in second] == [[[0.0], [2.0], [3.0]], [1, 0, 1], [[4.0], [5.0]], [0, 1]]
    assert len(list(by_factor([split, split]))) == 4


def test_bad_matrices_are_named():
    assert check_matrix([[1, 2]], "importance", at_least=0).dtype == np.float64
    for bad in (np.ones(3), np.array([[1.0, np.nan]])):
        with pytest.raises(ValueError, match="information must be a finite matrix, found shape"):
            check_matrix(bad, "information")
    with pytest.raises(ValueError, match=r"importance must be a finite matrix >= 0, found shape \(1, 2\)"):
        check_matrix(np.array([[1.0, -1.0]]), "importance", at_least=0)
