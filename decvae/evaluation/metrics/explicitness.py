"""Explicitness (Ridgeway and Mozer, NeurIPS 2018): how well a linear classifier reads the factors from the codes."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from decvae.evaluation.metrics.checks import check_train_test

MAX_ITERATIONS = 1000


@dataclass(frozen=True)
class Explicitness:
    """How well linear classifiers rank the test part.

    Attributes
    ----------
    score : float or None
        ``(mean AUC - 1/2) / (1/2)``: 1 is perfect, 0 is chance; None if no factor has two classes in the test part.
    converged : float
        Share of the logistic regressions that converged.
    """

    score: float | None
    converged: float


def compute_explicitness(
    z_train: np.ndarray,
    y_train: np.ndarray,
    z_test: np.ndarray,
    y_test: np.ndarray,
    max_iterations: int = MAX_ITERATIONS,
) -> Explicitness:
    """Explicitness from one logistic regression (L2, C = 1) per factor on codes z-scored by the training part.

    The area under the ROC curve is the macro mean of one class against the rest over the classes that occur in the
    test part. A test class that the training part lacks gets the AUC of a constant score, 1/2.

    Parameters
    ----------
    z_train, z_test : (n, n_codes)
        Codes that are constant in the training part are dropped.
    y_train, y_test : (n, n_factors) int
        Negative where a label is missing.
    max_iterations : int
        Of the optimiser (100 in the paper, too few for many samples).

    Raises
    ------
    ValueError
        For malformed codes or factors, constant codes only, or a factor with one training class.
    """
    z_train, y_train, z_test, y_test = check_train_test(z_train, y_train, z_test, y_test)
    areas, converged = [], []
    for labels_train, labels_test in zip(y_train.T, y_test.T, strict=True):
        known, known_test = labels_train >= 0, labels_test >= 0
        labels_train, labels_test = labels_train[known], labels_test[known_test]
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=max_iterations))
        with warnings.catch_warnings(), threadpool_limits(1):
            warnings.simplefilter("ignore", ConvergenceWarning)  # reported as `converged`
            model.fit(z_train[known], labels_train)
        converged.append(model[-1].n_iter_.max() < max_iterations)
        areas.append(_macro_auc(model.predict_proba(z_test[known_test]), labels_test, model.classes_))
    defined = [area for area in areas if area is not None]
    score = float((np.mean(defined) - 0.5) / 0.5) if defined else None
    return Explicitness(score, float(np.mean(converged)))


def explicitness_over_factors(results: Sequence[Explicitness]) -> Explicitness:
    """Mean over factors of the explicitness of each on parts of its own; undefined ones have no say."""
    defined = [one.score for one in results if one.score is not None]
    score = float(np.mean(defined)) if defined else None
    return Explicitness(score, float(np.mean([one.converged for one in results])))


def _macro_auc(probability: np.ndarray, labels: np.ndarray, classes: np.ndarray) -> float | None:
    """Macro one-vs-rest AUC over the classes in ``labels``; None if there is only one."""
    present = np.unique(labels)
    if len(present) < 2:
        return None
    score = np.zeros((len(labels), len(present)))
    known = np.isin(present, classes)
    score[:, known] = probability[:, np.searchsorted(classes, present[known])]
    return float(roc_auc_score(labels[:, None] == present, score, average="macro"))
