"""Disentanglement, completeness and informativeness (Eastwood and Williams, ICLR 2018) with boosted trees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import entropy
from threadpoolctl import threadpool_limits

from decvae.evaluation.metrics.boosting import BACKENDS
from decvae.evaluation.metrics.checks import TrainTest, by_factor, check_matrix
from decvae.evaluation.metrics.registry import Metric
from decvae.settings.evaluation import EvaluationSettings


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


def compute_dci(*splits: TrainTest, backend: str = "histogram", seed: int = 0) -> DCI:
    """DCI from one gradient-boosted classifier of each factor on all codes.

    100 trees of depth 3, learning rate 0.1, gain importance. A test class that the training part lacks cannot be
    predicted: its samples count as errors.

    Parameters
    ----------
    *splits : TrainTest
        One for all factors, or one per factor, all with the same codes.
    backend : {"histogram", "sklearn"}
        The same algorithm (see :mod:`decvae.evaluation.metrics.boosting`) on histograms, or the many times slower
        GradientBoostingClassifier of the paper.

    Raises
    ------
    ValueError
        For an unknown backend.
    """
    if backend not in BACKENDS:
        raise ValueError(f"unknown DCI backend {backend!r}; choose from {sorted(BACKENDS)}")
    importances, accuracies = [], []
    for z, labels, z_test, truth in by_factor(splits):
        classes, encoded = np.unique(labels, return_inverse=True)
        with threadpool_limits(1):
            gain, predict = BACKENDS[backend](z, encoded, len(classes), seed)
            predicted = classes[predict(z_test)]
        total = gain.sum()
        importances.append(gain / total if total > 0 else np.zeros_like(gain))
        accuracies.append(float(np.mean(predicted == truth)))
    importance = np.stack(importances, axis=1)
    return DCI(disentanglement(importance), completeness(importance), float(np.mean(accuracies)), importance)


def _arguments(settings: EvaluationSettings, seed: int) -> dict[str, object]:
    return {"backend": settings.dci_backend, "seed": seed}


METRIC = Metric(
    ("disentanglement", "completeness", "informativeness"),
    "splits",
    compute_dci,
    sound=_arguments,
    published=_arguments,
    jackknifed=frozenset({"disentanglement", "completeness"}),
)
