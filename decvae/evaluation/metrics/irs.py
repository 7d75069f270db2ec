"""Interventional robustness score (Suter, Miladinovic, Schölkopf and Bauer, ICML 2019)."""

from __future__ import annotations

import numpy as np

from decvae.evaluation.metrics.checks import classes_of, varying_codes
from decvae.evaluation.metrics.registry import Metric


def compute_irs(z: np.ndarray, y: np.ndarray, diff_quantile: float = 0.99, standardise: bool = True) -> float | None:
    """How little a code moves when everything but its own factor changes.

    For code i and factor k: A is the mean over the factor's values of the ``diff_quantile`` of the distance of the code
    to its mean at that value, m_i its largest distance to its overall mean, ``IRS[i, k] = 1 - A / m_i``; the score is
    the mean of ``max_k IRS[i, k]`` weighted by m_i. Every value of a factor weighs the same whatever its count.

    Parameters
    ----------
    z : (n_samples, n_codes)
        Constant codes are dropped.
    y : (n_samples, n_factors) int
        Negative where a label is missing.
    standardise : bool
        Z-score the codes first. Without it (as disentanglement_lib and the paper) the weights m_i make the score depend
        on the scale of each code.

    Returns
    -------
    float or None
        At most 1, higher is better; None if every code is constant.

    Raises
    ------
    ValueError
        For malformed codes or factors, or a quantile outside (0, 1].
    """
    if not 0 < diff_quantile <= 1:
        raise ValueError(f"diff_quantile must lie in (0, 1], found {diff_quantile}")
    z, y = varying_codes(z, y)
    if z.shape[1] == 0:
        return None
    z = z.astype(np.float64)
    z = z - z.mean(axis=0)
    if standardise:
        z = z / z.std(axis=0)
    largest = np.abs(z).max(axis=0)
    matrix = robustness(z, y, diff_quantile)
    return float(largest @ matrix.max(axis=1) / largest.sum())


def robustness(z: np.ndarray, y: np.ndarray, quantile: float) -> np.ndarray:
    """``IRS[i, k]`` ``(n_codes, n_factors)`` of centred codes that vary, and factors; see :func:`compute_irs`."""
    deviation = np.stack([_within_deviation(z, factor, quantile) for factor in y.T], axis=1)
    return 1 - deviation / np.abs(z).max(axis=0)[:, None]


def _within_deviation(z: np.ndarray, factor: np.ndarray, quantile: float) -> np.ndarray:
    """Mean over the values of one factor of the quantile of the distance ``(n_codes,)`` to the mean at that value."""
    groups = [z[factor == value] for value in classes_of(factor)]
    return np.mean([np.quantile(np.abs(group - group.mean(axis=0)), quantile, axis=0) for group in groups], axis=0)


METRIC = Metric(
    ("irs",),
    "factors",
    compute_irs,
    sound=lambda settings, seed: {"diff_quantile": settings.irs_quantile},
    published=lambda settings, seed: {"standardise": False},
)
