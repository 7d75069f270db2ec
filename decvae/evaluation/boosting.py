"""The trees behind DCI: scikit-learn's GradientBoostingClassifier, and the same algorithm on LightGBM's histograms.

Both grow, per stage and class, a regression tree of depth 3 on the residuals ``onehot(y) - softmax(F)`` by the largest
reduction of their squared error, then set each leaf by one Newton step (Friedman 2001, algorithm 6); importance is that
reduction, summed over trees. LightGBM's own multi-class objective splits by Newton gains instead, whose importances
differ; here it gets the residuals as gradients with unit hessians, for which its gain *is* the reduction of the squared
error, and the leaf values are set outside. What remains is the rounding of codes to histogram bins.
"""

from __future__ import annotations

import lightgbm
import numpy as np
from scipy.special import softmax
from sklearn.ensemble import GradientBoostingClassifier

N_TREES, DEPTH, LEARNING_RATE = 100, 3, 0.1
_GROWTH = {
    "objective": "none",
    "learning_rate": 1.0,
    "max_depth": DEPTH,
    "num_leaves": 2**DEPTH,
    "min_data_in_bin": 1,
    "min_data_in_leaf": 1,  # this and the next as in GradientBoostingClassifier
    "min_sum_hessian_in_leaf": 0.0,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbose": -1,
}


def fit_sklearn(z: np.ndarray, labels: np.ndarray, n_classes: int, seed: int):
    """Importance ``(n_codes,)`` (sums to one) and ``predict`` of GradientBoostingClassifier."""
    model = GradientBoostingClassifier(
        n_estimators=N_TREES, max_depth=DEPTH, learning_rate=LEARNING_RATE, random_state=seed
    ).fit(z, labels)
    return model.feature_importances_, model.predict


def fit_lightgbm(z: np.ndarray, labels: np.ndarray, n_classes: int, seed: int):
    """As :func:`fit_sklearn` on histograms, one thread.

    255 bins, or 1023 for up to 2000 samples, where that is nearly one bin per value and costs little.

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
    """
    binary = n_classes == 2  # one tree per stage, on the log-odds
    target = labels[:, None].astype(np.float64) if binary else (labels[:, None] == np.arange(n_classes)) * 1.0
    n_trees = target.shape[1]
    bins = 255 if len(z) > 2000 else 1023
    parameters = {**_GROWTH, "max_bin": bins, "num_class": n_trees, "seed": seed}
    booster = lightgbm.Booster(parameters, lightgbm.Dataset(z, labels, params=parameters))
    prior = target.mean(axis=0)
    start = np.log(prior / (1 - prior)) if binary else np.log(prior)
    score = np.tile(start, (len(z), 1))
    values = []
    for stage in range(N_TREES):
        probability = 1 / (1 + np.exp(-score)) if binary else softmax(score, axis=1)
        residual = target - probability
        if booster.update(fobj=lambda *_, residual=residual: _gradient(-residual)):
            break  # no tree can be split any more
        leaves = _leaves(booster, z, stage, n_trees, 1)[:, 0]
        values.append(_newton_steps(leaves, residual, probability))
        score += np.take_along_axis(values[-1], leaves, axis=0)

    def predict(codes: np.ndarray) -> np.ndarray:
        total = np.tile(start, (len(codes), 1))
        leaves = _leaves(booster, codes, 0, n_trees, len(values))
        for stage, steps in enumerate(values):
            total += np.take_along_axis(steps, leaves[:, stage], axis=0)
        return (total[:, 0] > 0).astype(np.int64) if binary else total.argmax(axis=1)

    return booster.feature_importance("gain"), predict


def _gradient(gradient: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gradients and unit hessians in the layout that LightGBM expects of a single- or multi-class objective."""
    gradient = gradient[:, 0] if gradient.shape[1] == 1 else gradient
    return gradient, np.ones_like(gradient)


def _leaves(booster: lightgbm.Booster, z: np.ndarray, first: int, n_trees: int, n_stages: int) -> np.ndarray:
    """Leaf ``(n, n_stages, n_trees)`` that each sample reaches in the trees of the stages from ``first`` on."""
    leaves = booster.predict(z, start_iteration=first, num_iteration=n_stages, pred_leaf=True, num_threads=1)
    return leaves.reshape(len(z), n_stages, n_trees).astype(np.int64)


def _newton_steps(leaves: np.ndarray, residual: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """Scaled value of every leaf ``(n_leaves, n_trees)``: one Newton step of the deviance, times the learning rate."""
    n_trees = residual.shape[1]
    share = 1.0 if n_trees == 1 else (n_trees - 1) / n_trees
    curvature = probability * (1 - probability)
    steps = np.zeros((2**DEPTH, n_trees))
    for k in range(n_trees):
        gradient = np.bincount(leaves[:, k], residual[:, k], minlength=2**DEPTH)
        hessian = np.bincount(leaves[:, k], curvature[:, k], minlength=2**DEPTH)
        found = hessian > 1e-150
        steps[found, k] = LEARNING_RATE * share * gradient[found] / hessian[found]
    return steps


BACKENDS = {"lightgbm": fit_lightgbm, "sklearn": fit_sklearn}
