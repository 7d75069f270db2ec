"""The trees behind DCI: scikit-learn's GradientBoostingClassifier, and the same algorithm on histograms.

Both grow, per stage and class, a regression tree of depth 3 on the residuals ``onehot(y) - softmax(F)`` by the largest
reduction of their squared error, then set each leaf by one Newton step (Friedman 2001, algorithm 6); importance is that
reduction, summed over trees. Boosting libraries split by Newton gains instead, whose importances differ. What the
histograms round is where a code may be split: at 255 places, exactly scikit-learn's if a code has at most 256 values.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import expit, softmax
from sklearn.ensemble import GradientBoostingClassifier

from decvae.evaluation.metrics.histogram_trees import (
    DEPTH,
    N_LEAVES,
    bin_edges,
    gradient_scale,
    grow_stage,
    reached_leaves,
    to_bins,
)

N_TREES, LEARNING_RATE = 100, 0.1
Predict = Callable[[np.ndarray], np.ndarray]  # codes (n, n_codes) to labels (n,)


def fit_sklearn(z: np.ndarray, labels: np.ndarray, n_classes: int, seed: int) -> tuple[np.ndarray, Predict]:
    """Importance ``(n_codes,)`` (sums to one) and ``predict`` of GradientBoostingClassifier."""
    model = GradientBoostingClassifier(
        n_estimators=N_TREES, max_depth=DEPTH, learning_rate=LEARNING_RATE, random_state=seed
    ).fit(z, labels)
    return model.feature_importances_, model.predict


def fit_histogram(z: np.ndarray, labels: np.ndarray, n_classes: int, seed: int) -> tuple[np.ndarray, Predict]:
    """As :func:`fit_sklearn` on histograms, one thread; nothing is drawn, so ``seed`` is not used.

    Parameters
    ----------
    z : (n_samples, n_codes)
    labels : (n_samples,) int
        Every class 0..n_classes-1 occurs.

    Returns
    -------
    importance : (n_codes,)
        Total reduction of the squared error by splits on each code.
    predict : function
        Codes ``(n, n_codes)`` to labels ``(n,)``.

    Raises
    ------
    ValueError
        For more samples than :func:`decvae.evaluation.metrics.histogram_trees.gradient_scale` takes.
    """
    edges = [bin_edges(code) for code in z.T]
    bins, n_bins = to_bins(z, edges), np.array([len(edge) + 1 for edge in edges])
    binary = n_classes == 2  # one tree per stage, on the log-odds
    target = (labels == np.arange(n_classes)[1 if binary else 0 :, None]).astype(np.float64)
    prior = target.mean(axis=1)
    start = np.log(prior / (1 - prior)) if binary else np.log(prior)
    scale, importance = gradient_scale(len(z)), np.zeros(len(edges))
    score, stages = np.repeat(start[:, None], len(z), axis=1), []
    for _ in range(N_TREES):
        probability = expit(score) if binary else softmax(score, axis=0)
        residual = target - probability
        features, cuts, leaves = grow_stage(bins, n_bins, np.rint(scale * residual).astype(np.int32), importance)
        if np.all(features[:, 0] < 0):
            break  # no tree can be split any more
        steps = _newton_steps(leaves, residual, probability)
        score += np.take_along_axis(steps, leaves, axis=1)
        stages.append((features, cuts, steps))

    def predict(codes: np.ndarray) -> np.ndarray:
        found, total = to_bins(codes, edges), np.repeat(start[:, None], len(codes), axis=1)
        for features, cuts, steps in stages:
            total += np.take_along_axis(steps, reached_leaves(found, features, cuts), axis=1)
        return (total[0] > 0).astype(np.int64) if binary else total.argmax(axis=0)

    return importance / scale**2, predict


def _newton_steps(leaves: np.ndarray, residual: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Scaled value of every leaf ``(n_trees, n_leaves)``: one Newton step of the deviance, times the learning rate."""
    n_trees = len(residual)
    share = 1.0 if n_trees == 1 else (n_trees - 1) / n_trees
    curvature = probability * (1 - probability)
    steps = np.zeros((n_trees, N_LEAVES))
    for k in range(n_trees):
        gradient = np.bincount(leaves[k], residual[k], minlength=N_LEAVES)
        hessian = np.bincount(leaves[k], curvature[k], minlength=N_LEAVES)
        found = hessian > 1e-150
        steps[k, found] = LEARNING_RATE * share * gradient[found] / hessian[found]
    return steps


BACKENDS = {"histogram": fit_histogram, "sklearn": fit_sklearn}
