"""Explicitness (Ridgeway and Mozer, NeurIPS 2018): how well a linear classifier reads the factors from the codes."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from decvae.evaluation.logistic import fit_logistic
from decvae.evaluation.metrics.checks import TrainTest, by_factor
from decvae.evaluation.metrics.registry import Metric


@dataclass(frozen=True)
class Explicitness:
    """How well linear classifiers rank the test part.

    Attributes
    ----------
    explicitness : float or None
        ``(mean AUC - 1/2) / (1/2)``: 1 is perfect, 0 is chance; None if no factor has two classes in the test part.
    converged : float
        Share of the logistic regressions that converged.
    """

    explicitness: float | None
    converged: float


def compute_explicitness(*splits: TrainTest, max_iterations: int | None = None) -> Explicitness:
    """Explicitness from one logistic regression (L2, C = 1) per factor on codes z-scored by the training part.

    The area under the ROC curve is the macro mean of one class against the rest over the classes that occur in the
    test part. A test class that the training part lacks gets the AUC of a constant score, 1/2.

    Parameters
    ----------
    *splits : TrainTest
        One for all factors, or one per factor, whose scores are averaged.
    max_iterations : int, optional
        Of scikit-learn's L-BFGS (100 in the paper, too few for many samples); by default the optimum is found.
    """
    scores, converged = [], []
    for split in splits:
        areas = []
        for z, labels, z_test, truth in by_factor([split]):
            classes, labels = np.unique(labels, return_inverse=True)
            probability, done = _read(z, labels, z_test, max_iterations)
            converged.append(done)
            area = _macro_auc(probability, truth, classes)
            areas += [area] if area is not None else []
        scores += [(np.mean(areas) - 0.5) / 0.5] if areas else []
    return Explicitness(float(np.mean(scores)) if scores else None, float(np.mean(converged)))


def _read(
    z_train: np.ndarray, y_train: np.ndarray, z_test: np.ndarray, max_iterations: int | None
) -> tuple[np.ndarray, bool]:
    """Probabilities ``(n_test, n_classes)`` of the test part, and whether the fit converged."""
    scaler = StandardScaler().fit(z_train)
    z_train, z_test = scaler.transform(z_train), scaler.transform(z_test)
    with warnings.catch_warnings(), threadpool_limits(1):
        if max_iterations is None:
            fit = fit_logistic(z_train.astype(np.float64), y_train, int(y_train.max()) + 1)
            return fit.predict_proba(z_test), fit.converged
        warnings.simplefilter("ignore", ConvergenceWarning)  # reported as `converged`
        model = LogisticRegression(max_iter=max_iterations).fit(z_train, y_train)
        return model.predict_proba(z_test), bool(model.n_iter_.max() < max_iterations)


def _macro_auc(probability: np.ndarray, labels: np.ndarray, classes: np.ndarray) -> float | None:
    """Macro one-vs-rest AUC over the classes in ``labels``; None if there is only one."""
    present = np.unique(labels)
    if len(present) < 2:
        return None
    score = np.zeros((len(labels), len(present)))
    known = np.isin(present, classes)
    score[:, known] = probability[:, np.searchsorted(classes, present[known])]
    return float(roc_auc_score(labels[:, None] == present, score, average="macro"))


METRIC = Metric(
    ("explicitness",), "splits", compute_explicitness, published=lambda settings, seed: {"max_iterations": 100}
)
