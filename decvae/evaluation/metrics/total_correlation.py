"""Total correlation of codes under a Gaussian model (Watanabe 1960; disentanglement_lib, unsupervised metrics)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from decvae.evaluation.metrics.checks import check_matrix, drop_constant
from decvae.evaluation.metrics.registry import Metric


@dataclass(frozen=True)
class TotalCorrelation:
    """Dependence between codes (lower is better); None where it is undefined.

    Attributes
    ----------
    total_correlation : float or None
        Gaussian total correlation in nats, at least 0; None if the sample covariance is singular.
    total_correlation_norm : float or None
        The paper's normalisation, over ``n_codes |log(mean variance + 1e-8)|``. It depends on the scale of the codes
        and diverges at unit variance: do not compare it between models.
    total_correlation_corr : float or None
        ``-1/2 log det Corr / n_codes``: nats per code, free of scale.
    """

    total_correlation: float | None
    total_correlation_norm: float | None
    total_correlation_corr: float | None


def gaussian_total_correlation(covariance: np.ndarray) -> float | None:
    """Total correlation of a Gaussian with the given covariance ``(d, d)``, in nats.

    ``KL(p || prod_i p_i) = 1/2 (sum_i log Sigma_ii - log det Sigma)``, evaluated on the correlation matrix, which has
    the same value and is well scaled. None if the matrix is singular (redundant codes, or not more samples than codes):
    the total correlation is then infinite or not estimable.

    Raises
    ------
    ValueError
        If the matrix is not square or not finite, or a variance is not positive.
    """
    covariance = check_matrix(covariance, "covariance")
    if covariance.shape[0] != covariance.shape[1]:
        raise ValueError(f"covariance must be a square matrix, found shape {covariance.shape}")
    variance = np.diag(covariance)
    if np.any(variance <= 0):
        raise ValueError(f"variances must be positive, found {variance.min():g}: drop constant codes first")
    scale = np.sqrt(variance)
    eigenvalues = np.linalg.eigvalsh(covariance / np.outer(scale, scale))
    if eigenvalues[0] <= eigenvalues[-1] * len(eigenvalues) * np.finfo(np.float64).eps:
        return None
    return max(0.0, float(-0.5 * np.log(eigenvalues).sum()))


def total_correlation_scores(z: np.ndarray) -> TotalCorrelation:
    """Total correlation of codes ``(n_samples, n_codes)`` from their sample covariance (ddof 1).

    Constant codes are dropped.

    Raises
    ------
    ValueError
        If ``z`` is malformed (see :func:`decvae.evaluation.metrics.checks.check_codes`).
    """
    z = drop_constant(z)
    n_samples, n_codes = z.shape
    if n_codes == 0:
        return TotalCorrelation(None, None, None)
    covariance = np.atleast_2d(np.cov(z.astype(np.float64), rowvar=False))
    tc = gaussian_total_correlation(covariance) if n_samples > n_codes else None
    scale = n_codes * abs(np.log(np.diag(covariance).mean() + 1e-8))
    tc_norm = None if tc is None or scale == 0 else float(tc / scale)
    tc_corr = None if tc is None else tc / n_codes
    return TotalCorrelation(tc, tc_norm, tc_corr)


METRIC = Metric(
    ("total_correlation", "total_correlation_norm"),
    "codes",
    total_correlation_scores,
    published=lambda settings, seed: {},
)
PER_CODE = Metric(("total_correlation_corr",), "codes", total_correlation_scores)
