"""Unsupervised disentanglement ranking (Duan et al., ICLR 2020): model selection without labels, over seeds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata

from decvae.evaluation.metrics.checks import active_codes, check_codes, check_matrix


def similarity(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Absolute Spearman correlation ``(n_first, n_second)`` of the varying codes of two models."""
    ranks = [rankdata(codes, axis=0) for codes in (first, second)]
    ranks = [(rank - rank.mean(axis=0)) / rank.std(axis=0) for rank in ranks]
    return np.clip(np.abs(ranks[0].T @ ranks[1]) / len(first), 0, 1)


def agreement(matrix: np.ndarray) -> float | None:
    """How close a similarity matrix is to a permutation (Duan et al., eq. 3); None without a positive entry.

    ``(sum_b r_b^2 / R_b + sum_a r_a^2 / R_a) / (n_a + n_b)`` with r the largest and R the sum of a column or row.
    """
    matrix = check_matrix(matrix, "similarity", at_least=0)
    if matrix.size == 0 or matrix.max() == 0:
        return None
    total = 0.0
    for axis in (0, 1):
        largest, total_of = matrix.max(axis=axis), matrix.sum(axis=axis)
        positive = total_of > 0
        total += (largest[positive] ** 2 / total_of[positive]).sum()
    return float(total / sum(matrix.shape))


def compute_udr(codes: Sequence[np.ndarray]) -> np.ndarray:
    """UDR (Spearman variant) of models that differ by seed only.

    Parameters
    ----------
    codes : sequence of (n_samples, n_codes)
        Codes of the same samples by every model; constant codes are left out, as are those of the original that do not
        deviate from the prior.

    Returns
    -------
    (n_models,) in 0..1, higher is better
        Median over the other models of the pairwise agreement.

    Raises
    ------
    ValueError
        For fewer than two models, malformed codes, different samples, or a model without a varying code.
    """
    if len(codes) < 2:
        raise ValueError(f"UDR compares models of several seeds, found {len(codes)}")
    varying = []
    for place, one in enumerate(codes):
        one = check_codes(one, f"codes of model {place}").astype(np.float64)
        if len(one) != len(codes[0]):
            raise ValueError(f"model {place} has {len(one)} samples, model 0 has {len(codes[0])}")
        varying.append(one[:, active_codes(one)])
        if varying[-1].shape[1] == 0:
            raise ValueError(f"every code of model {place} is constant")
    n_models = len(codes)
    pairs = np.full((n_models, n_models), np.nan)
    for i in range(n_models):
        for j in range(i):
            pairs[i, j] = pairs[j, i] = agreement(similarity(varying[i], varying[j]))
    return np.nanmedian(pairs, axis=1)
