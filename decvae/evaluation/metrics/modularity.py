"""Modularity (Ridgeway and Mozer, NeurIPS 2018) on adjusted mutual information."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from decvae.evaluation.metrics.checks import check_factors, check_matrix, drop_constant
from decvae.evaluation.metrics.discretise import discretise
from decvae.evaluation.metrics.mutual_information import adjusted_mutual_information


@dataclass(frozen=True)
class Modularity:
    """``score`` in 0..1 (higher is better; None for one factor or if every code is constant).

    Attributes
    ----------
    score : float or None
        Pure noise scores far above 0 (0.5 to 0.75 with two factors): read it beside the score of shuffled labels.
    information : (n_codes, n_factors)
        Adjusted mutual information of each varying code and each factor.
    """

    score: float | None
    information: np.ndarray


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


def compute_modularity(z: np.ndarray, y: np.ndarray, n_bins: int = 30) -> Modularity:
    """Modularity of codes ``(n_samples, n_codes)`` for factors ``(n_samples, n_factors)`` int.

    Constant codes are dropped.

    Raises
    ------
    ValueError
        For malformed codes or factors (see :mod:`decvae.evaluation.metrics.checks`).
    """
    z = drop_constant(z)
    y = check_factors(y, len(z))
    if z.shape[1] == 0:
        return Modularity(None, np.empty((0, y.shape[1])))
    information = adjusted_mutual_information(discretise(z, n_bins), y)
    return Modularity(modularity(information), information)
