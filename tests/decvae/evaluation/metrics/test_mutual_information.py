import time

import numpy as np
import pytest
from sklearn.metrics import adjusted_mutual_info_score

from decvae.evaluation.metrics.discretise import discretise
from decvae.evaluation.metrics.mutual_information import adjusted_mutual_information, mutual_information_score


def codes(n_samples=400, n_codes=6, seed=0):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n_samples, n_codes))
    z[:, 1] += z[:, 0]  # dependent
    z[:, 2] = np.exp(3 * z[:, 2])  # most samples in one bin
    z[:, 3] = rng.integers(3, size=n_samples)  # few values
    return z


@pytest.mark.parametrize("n_samples", [3, 50, 2000])
def test_score_is_the_mean_of_scikit_learns_pairs(n_samples):
    z = codes(n_samples)
    bins = discretise(z)
    expected = np.mean([adjusted_mutual_info_score(bins[:, i], bins[:, j]) for i in range(6) for j in range(i)])
    result = mutual_information_score(z)
    assert result == pytest.approx(expected, abs=1e-9)


def test_information_with_factors_is_scikit_learns():
    rng = np.random.default_rng(1)
    bins = discretise(codes(800))
    y = np.stack([rng.integers(-1, 4, size=800), bins[:, 0] // 10, np.zeros(800, dtype=int)], axis=1)
    # A negative code is a missing label.
    expected = [
        [adjusted_mutual_info_score(factor[factor >= 0], code[factor >= 0]) for factor in y.T] for code in bins.T
    ]
    assert adjusted_mutual_information(bins, y) == pytest.approx(np.array(expected), abs=1e-9)


def test_copies_share_everything_and_independent_codes_nothing():
    z = np.random.default_rng(2).normal(size=(3000, 1))
    assert mutual_information_score(np.hstack([z, 3 * z + 1])) == pytest.approx(1)
    independent = np.random.default_rng(3).normal(size=(3000, 8))
    assert abs(mutual_information_score(independent)) < 0.003


def test_constant_codes_do_not_count():
    z = codes()
    padded = np.insert(z, 2, 5.0, axis=1)
    result = mutual_information_score(padded)
    assert result == mutual_information_score(z)


def test_undefined_for_one_code():
    assert mutual_information_score(codes()[:, :1]) is None
    assert mutual_information_score(np.ones((10, 3))) is None


def test_wide_codes_take_seconds():
    z = np.random.default_rng(4).normal(size=(10000, 192)).astype(np.float32)
    start = time.process_time()
    assert abs(mutual_information_score(z)) < 1e-3
    assert time.process_time() - start < 15  # scikit-learn needs minutes of the 18 336 pairs
