"""Modularity (Ridgeway and Mozer, NeurIPS 2018) on adjusted mutual information."""

from __future__ import annotations

import numpy as np

from decvae.evaluation.metrics.checks import check_matrix, varying_codes
from decvae.evaluation.metrics.discretise import discretise
from decvae.evaluation.metrics.mutual_information import adjusted_mutual_information
from decvae.evaluation.metrics.registry import Metric


def modularity(mi: np.ndarray) -> float | None:
    """Modularity of an information matrix ``(n_codes, n_factors)``; None for one factor or no code.

    Mean over codes of ``1 - sum_{k != k*} mi_k^2 / (mi_k*^2 (K - 1))``, k* the code's best factor; a code without
    information counts 0.

    Raises
    ------
    ValueError
        If the matrix is not 2-D or not finite.
    """
    mi = check_matrix(mi, "mi")
    n_codes, n_factors = mi.shape
    if n_factors < 2 or n_codes < 1:
        return None
    squared = mi**2
    best = squared.max(axis=1)
    informative = best > 0
    others = squared.sum(axis=1) - best
    per_code = np.zeros(n_codes)
    per_code[informative] = 1 - others[informative] / (best[informative] * (n_factors - 1))
    return float(per_code.mean())


def compute_modularity(z: np.ndarray, y: np.ndarray, n_bins: int = 30) -> float | None:
    """Modularity of codes ``(n_samples, n_codes)`` for factors ``(n_samples, n_factors)`` int.

    Constant codes are dropped.

    Returns
    -------
    float or None
        In 0..1, higher is better; None for one factor or if every code is constant. Pure noise scores far above 0 (0.5
        to 0.75 with two factors): read it beside the score of shuffled labels.

    Raises
    ------
    ValueError
        For malformed codes or factors (see :mod:`decvae.evaluation.metrics.checks`).
    """
    z, y = varying_codes(z, y)
    return modularity(adjusted_mutual_information(discretise(z, n_bins), y)) if z.shape[1] else None


METRIC = Metric(
    ("modularity",),
    "factors",
    compute_modularity,
    sound=lambda settings, seed: {"n_bins": settings.n_bins},
    published=lambda settings, seed: {},
)
