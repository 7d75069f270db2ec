"""Codes cut into equal-width bins: what metrics of information count."""

from __future__ import annotations

import numpy as np

from decvae.evaluation.metrics.checks import check_codes


def discretise(z: np.ndarray, n_bins: int = 30) -> np.ndarray:
    """Cut every code into equal-width bins over its own range.

    Parameters
    ----------
    z : (n_samples, n_codes)
    n_bins : int
        30 in the paper, 20 in disentanglement_lib.

    Returns
    -------
    (n_samples, n_codes) int64
        Index 1..n_bins of the bin, counted from its left edge; the maximum belongs to the last bin. As
        ``np.digitize(code, np.histogram(code, n_bins)[1][:-1])`` of disentanglement_lib.
    """
    if n_bins < 2:
        raise ValueError(f"n_bins must be at least 2, found {n_bins}")
    z = check_codes(z).astype(np.float64)
    edges = [np.histogram_bin_edges(code, n_bins)[:-1] for code in z.T]
    return np.stack([np.digitize(code, edge) for code, edge in zip(z.T, edges, strict=True)], axis=1)
