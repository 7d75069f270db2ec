"""Disentanglement, completeness and informativeness (Eastwood and Williams, ICLR 2018) with boosted trees."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from joblib import Parallel, delayed
from scipy.stats import entropy
from threadpoolctl import threadpool_limits

from decvae.evaluation.metrics.boosting import BACKENDS
from decvae.evaluation.metrics.discretise import check_train_test


@dataclass(frozen=True)
class DCI:
    """Scores in 0..1 (higher is better); None where undefined.

    Attributes
    ----------
    disentanglement : float or None
        Does each code serve one factor? None for one factor.
    completeness : float or None
        Is each factor served by one code? None for one code.
    informativeness_train, informativeness_test : float
        Accuracy, mean over factors.
    importance : (n_codes, n_factors)
        Share of each varying code in the prediction of each factor; columns sum to one (or are zero).
    n_constant : int
        Constant codes that were dropped.
    """

    disentanglement: float | None
    completeness: float | None
    informativeness_train: float
    informativeness_test: float
    importance: np.ndarray
    n_constant: int


def _check_importance(importance: np.ndarray) -> np.ndarray:
    importance = np.asarray(importance, dtype=np.float64)
    if importance.ndim != 2 or not np.all(np.isfinite(importance)) or np.any(importance < 0):
        raise ValueError(f"importance must be (n_codes, n_factors), finite and >= 0, found shape {importance.shape}")
    return importance


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
    return _specificity(_check_importance(importance))


def completeness(importance: np.ndarray) -> float | None:
    """Completeness of an importance matrix ``(n_codes, n_factors)``; None for one code.

    ``sum_k rho'_k (1 - H_d(R_.k))`` with rho'_k the share of factor k in all importance; raises as
    :func:`disentanglement`.
    """
    return _specificity(_check_importance(importance).T)


def _score_factor(z_train, y_train, z_test, y_test, *, backend: str, seed: int) -> tuple[np.ndarray, float, float]:
    """Importance ``(n_codes,)``, training and test accuracy for one factor."""
    z_train, z_test = z_train[y_train >= 0], z_test[y_test >= 0]
    y_train, y_test = y_train[y_train >= 0], y_test[y_test >= 0]
    classes, labels = np.unique(y_train, return_inverse=True)
    with threadpool_limits(1):
        gain, predict = BACKENDS[backend](z_train, labels, len(classes), seed)
        train_accuracy = np.mean(classes[predict(z_train)] == y_train)
        test_accuracy = np.mean(classes[predict(z_test)] == y_test)
    total = gain.sum()
    return gain / total if total > 0 else np.zeros_like(gain), float(train_accuracy), float(test_accuracy)


def compute_dci(
    z_train: np.ndarray,
    y_train: np.ndarray,
    z_test: np.ndarray,
    y_test: np.ndarray,
    backend: str = "histogram",
    seed: int = 0,
    n_jobs: int = 2,
) -> DCI:
    """DCI scores from one boosted-tree classifier per factor.

    100 trees of depth 3, learning rate 0.1, gain importance.

    Parameters
    ----------
    z_train, z_test : (n, n_codes)
        Codes that are constant in the training part are dropped and counted.
    y_train, y_test : (n, n_factors) int
        A test class that the training part lacks cannot be predicted: its samples count as errors. Samples with a
        negative code, a missing label, are left out for that factor.
    backend : {"histogram", "sklearn"}
        The same algorithm (see :mod:`decvae.evaluation.metrics.boosting`) on histograms, or the many times slower
        GradientBoostingClassifier of the paper.
    n_jobs : int
        Factors fitted in parallel, one thread each. The result does not depend on it.

    Raises
    ------
    ValueError
        For malformed codes or factors, an unknown backend, constant codes only, or a factor with one training class.
    """
    if backend not in BACKENDS:
        raise ValueError(f"unknown DCI backend {backend!r}; choose from {sorted(BACKENDS)}")
    z_train, y_train, z_test, y_test, n_constant = check_train_test(z_train, y_train, z_test, y_test)
    score = delayed(partial(_score_factor, backend=backend, seed=seed))
    # The factor with most classes has most trees to grow: start it first.
    order = np.argsort([-len(np.unique(column)) for column in y_train.T], kind="stable")
    results = Parallel(n_jobs=min(n_jobs, len(order)))(
        score(z_train, y_train[:, k], z_test, y_test[:, k]) for k in order
    )
    importances, train, test = zip(*(results[position] for position in np.argsort(order)), strict=True)
    importance = np.stack(importances, axis=1)
    return DCI(
        disentanglement(importance),
        completeness(importance),
        float(np.mean(train)),
        float(np.mean(test)),
        importance,
        n_constant,
    )
