"""Mutual information gap (Chen, Li, Grosse and Duvenaud, NeurIPS 2018)."""

from __future__ import annotations

import numpy as np
from scipy.special import xlogy

from decvae.evaluation.metrics.checks import check_matrix, varying_codes
from decvae.evaluation.metrics.discretise import discretise
from decvae.evaluation.metrics.registry import Metric

N_BINS = 20  # as disentanglement_lib


def mutual_information_matrix(bins: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Mutual information ``(n_codes, n_factors)`` in nats of integer columns ``(n_samples, .)``.

    Each factor on the samples that have a label of it (``y >= 0``).
    """
    return np.stack([_information_with(bins[factor >= 0], factor[factor >= 0]) for factor in y.T], axis=1)


def _information_with(bins: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Mutual information ``(n_codes,)`` of every column of ``bins`` (integers >= 0) and one factor."""
    n_samples, n_codes = bins.shape
    classes, labels = np.unique(factor, return_inverse=True)
    n_bins = bins.max() + 1
    cells = (labels[:, None] * n_bins + bins) * n_codes + np.arange(n_codes)
    joint = np.bincount(cells.ravel(), minlength=len(classes) * n_bins * n_codes)
    joint = joint.reshape(len(classes), n_bins, n_codes) / n_samples
    marginal = joint.sum(axis=0), joint[:, :, :1].sum(axis=1)[:, 0]
    information = xlogy(joint, joint).sum(axis=(0, 1)) - xlogy(marginal[0], marginal[0]).sum(axis=0)
    return np.maximum(0, information - xlogy(marginal[1], marginal[1]).sum())


def gap(information: np.ndarray, entropies: np.ndarray) -> float | None:
    """MIG of an information matrix ``(n_codes, n_factors)`` and the factors' entropies ``(n_factors,)``.

    With a single code the second one tells nothing. None without a code or without a factor of positive entropy.
    """
    information, entropies = check_matrix(information, "information"), np.asarray(entropies, dtype=np.float64)
    if entropies.shape != information.shape[1:]:
        raise ValueError(
            f"expected (n_codes, n_factors) and (n_factors,), found {information.shape}, {entropies.shape}"
        )
    varying = entropies > 0
    if information.shape[0] < 1 or not varying.any():
        return None
    ranked = np.sort(np.vstack([np.zeros(information.shape[1]), information]), axis=0)
    return float(np.mean((ranked[-1] - ranked[-2])[varying] / entropies[varying]))


def compute_mig(z: np.ndarray, y: np.ndarray) -> float | None:
    """MIG of codes ``(n_samples, n_codes)`` for factors ``(n_samples, n_factors)`` int.

    Codes are cut into 20 equal-width bins; constant codes are dropped. The plug-in estimate of mutual information is
    biased upwards by about ``(n_bins - 1)(n_classes - 1) / 2 n_samples`` for every code, which the gap cancels in part.

    Returns
    -------
    float or None
        In 0..1, higher is better: mean over the factors that vary of the gap between the two codes that tell most about
        it, over its entropy. None if every code is constant or every factor has one class.

    Raises
    ------
    ValueError
        For malformed codes or factors (see :mod:`decvae.evaluation.metrics.checks`).
    """
    z, y = varying_codes(z, y)
    if z.shape[1] == 0:
        return None
    information = mutual_information_matrix(discretise(z, N_BINS), y)
    shares = [np.unique(factor[factor >= 0], return_counts=True)[1] / np.sum(factor >= 0) for factor in y.T]
    entropies = np.array([-xlogy(share, share).sum() for share in shares])
    return gap(information, entropies)


METRIC = Metric(("mig",), "factors", compute_mig)
