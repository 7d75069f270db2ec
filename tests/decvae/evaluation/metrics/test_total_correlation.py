import numpy as np
import pytest
from scipy.stats import multivariate_normal

from decvae.evaluation.metrics.total_correlation import (
    gaussian_total_correlation,
    total_correlation_scores,
)


def random_covariance(d=5, seed=0):
    factor = np.random.default_rng(seed).normal(size=(d, d))
    return factor @ factor.T + 0.1 * np.eye(d)


def test_two_gaussians_have_the_closed_form():
    rho = 0.6
    covariance = np.array([[4.0, rho * 2 * 3], [rho * 2 * 3, 9.0]])
    assert gaussian_total_correlation(covariance) == pytest.approx(-0.5 * np.log(1 - rho**2))


def test_it_is_the_sum_of_marginal_entropies_minus_the_joint_entropy():
    covariance = random_covariance()
    marginals = sum(multivariate_normal(cov=v).entropy() for v in np.diag(covariance))
    assert gaussian_total_correlation(covariance) == pytest.approx(
        marginals - multivariate_normal(cov=covariance).entropy()
    )


def test_independent_codes_have_the_expected_bias():
    d, n = 20, 2000
    values = [
        total_correlation_scores(np.random.default_rng(seed).normal(size=(n, d))).total_correlation
        for seed in range(10)
    ]
    assert np.mean(values) == pytest.approx(d * (d - 1) / (4 * n), rel=0.1)


def test_scale_changes_only_the_published_normalisation():
    z = np.random.default_rng(0).multivariate_normal(np.zeros(4), random_covariance(4), size=500)
    plain, scaled = total_correlation_scores(z), total_correlation_scores(z * [3, 0.1, 7, 1] + 5)
    assert scaled.total_correlation == pytest.approx(plain.total_correlation)
    assert scaled.total_correlation_corr == pytest.approx(plain.total_correlation_corr)
    assert scaled.total_correlation_norm != pytest.approx(plain.total_correlation_norm, rel=0.1)
    mean_variance = z.var(axis=0, ddof=1).mean()
    assert plain.total_correlation_norm == pytest.approx(
        plain.total_correlation / (4 * abs(np.log(mean_variance + 1e-8)))
    )
    correlation = np.corrcoef(z, rowvar=False)
    assert plain.total_correlation_corr == pytest.approx(-0.5 * np.linalg.slogdet(correlation)[1] / 4)


def test_constant_codes_change_nothing():
    z = np.random.default_rng(0).normal(size=(200, 3))
    padded = total_correlation_scores(np.insert(z, 1, 2.0, axis=1))
    assert padded.total_correlation == pytest.approx(total_correlation_scores(z).total_correlation)


def test_undefined_values_are_none():
    z = np.random.default_rng(0).normal(size=(50, 3))
    redundant = total_correlation_scores(np.hstack([z, z[:, :1] + z[:, 1:2]]))
    few = total_correlation_scores(np.random.default_rng(0).normal(size=(10, 12)))
    for scores in (redundant, few, total_correlation_scores(np.ones((10, 2)))):
        assert (
            scores.total_correlation is None
            and scores.total_correlation_norm is None
            and scores.total_correlation_corr is None
        )
    assert total_correlation_scores(z[:, :1]).total_correlation == 0


def test_bad_covariances_are_refused():
    with pytest.raises(ValueError, match="drop constant codes"):
        gaussian_total_correlation(np.diag([1.0, 0.0]))
    with pytest.raises(ValueError, match=r"square matrix, found shape \(2, 3\)"):
        gaussian_total_correlation(np.ones((2, 3)))
