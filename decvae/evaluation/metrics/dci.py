"""Disentanglement, completeness and informativeness (Eastwood and Williams, ICLR 2018) with boosted trees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import entropy
from threadpoolctl import threadpool_limits

from decvae.evaluation.metrics.boosting import BACKENDS
from decvae.evaluation.metrics.checks import check_matrix, check_train_test


@dataclass(frozen=True)
class DCI:
    """Scores in 0..1 (higher is better); None where undefined.

    Attributes
    ----------
    disentanglement : float or None
        Does each code serve one factor? None for one factor.
    completeness : float or None
        Is each factor served by one code? None for one code.
    informativeness : float
        Accuracy on the test part, mean over factors.
    importance : (n_codes, n_factors)
        Share of each varying code in the prediction of each factor; columns sum to one (or are zero).
    """

    disentanglement: float | None
    completeness: float | None
    informativeness: float
    importance: np.ndarray


def _specificity(importance: np.ndarray) -> float | None:
    """Mean over rows, weighted by their sums, of ``1 - H(row) / log n_columns``; None for one column or no row."""
    n_rows, n_columns = importance.shape
    if n_columns < 2 or n_rows < 1:
        return None
    per_row = 1 - entropy(importance + 1e-11, base=n_columns, axis=1)
    total = importance.sum()
    weights = importance.sum(axis=1) / total if total > 0 else np.full(n_rows, 1 / n_rows)
    return float(np.clip(weights @ per_row, 0, 1))


def disentanglement(importance: np.ndarray) -> float | None:
    """Disentanglement of an importance matrix ``(n_codes, n_factors)``; None for one factor.

    ``sum_i rho_i (1 - H_K(R_i.))``, with rho_i the share of code i in all importance (Eastwood and Williams, eq. 2).

    Raises
    ------
    ValueError
        If the matrix is not 2-D, not finite or has negative entries.
    """
    return _specificity(check_matrix(importance, "importance", at_least=0))


def completeness(importance: np.ndarray) -> float | None:
    """Completeness of an importance matrix ``(n_codes, n_factors)``; None for one code.

    ``sum_k rho'_k (1 - H_d(R_.k))`` with rho'_k the share of factor k in all importance; raises as
    :func:`disentanglement`.
    """
    return _specificity(check_matrix(importance, "importance", at_least=0).T)


def compute_dci(
    z_train: np.ndarray,
    y_train: np.ndarray,
    z_test: np.ndarray,
    y_test: np.ndarray,
    backend: str = "histogram",
    seed: int = 0,
) -> DCI:
    """DCI scores from one boosted-tree classifier per factor.

    100 trees of depth 3, learning rate 0.1, gain importance.

    Parameters
    ----------
    z_train, z_test : (n, n_codes)
        Codes that are constant in the training part are dropped.
    y_train, y_test : (n, n_factors) int
        A test class that the training part lacks cannot be predicted: its samples count as errors. Samples with a
        negative code, a missing label, are left out for that factor.
    backend : {"histogram", "sklearn"}
        The same algorithm (see :mod:`decvae.evaluation.metrics.boosting`) on histograms, or the many times slower
        GradientBoostingClassifier of the paper.

    Raises
    ------
    ValueError
        For malformed codes or factors, an unknown backend, constant codes only, or a factor with one training class.
    """
    if backend not in BACKENDS:
        raise ValueError(f"unknown DCI backend {backend!r}; choose from {sorted(BACKENDS)}")
    z_train, y_train, z_test, y_test = check_train_test(z_train, y_train, z_test, y_test)
    importances, accuracies = [], []
    for labels, truth in zip(y_train.T, y_test.T, strict=True):
        known, known_test = labels >= 0, truth >= 0
        classes, encoded = np.unique(labels[known], return_inverse=True)
        with threadpool_limits(1):
            gain, predict = BACKENDS[backend](z_train[known], encoded, len(classes), seed)
            predicted = classes[predict(z_test[known_test])]
        total = gain.sum()
        importances.append(gain / total if total > 0 else np.zeros_like(gain))
        accuracies.append(float(np.mean(predicted == truth[known_test])))
    return _scores(np.stack(importances, axis=1), accuracies)


def dci_over_factors(results: Sequence[DCI]) -> DCI:
    """DCI of several factors from that of each on parts of its own; the codes are the same."""
    return _scores(np.hstack([one.importance for one in results]), [one.informativeness for one in results])


def _scores(importance: np.ndarray, accuracies: Sequence[float]) -> DCI:
    return DCI(disentanglement(importance), completeness(importance), float(np.mean(accuracies)), importance)
