"""Separated attribute predictability (Kumar, Sattigeri and Balakrishnan, ICLR 2018)."""

from __future__ import annotations

import numba
import numpy as np
from sklearn.preprocessing import StandardScaler

from decvae.evaluation.metrics.checks import TrainTest, by_factor, check_matrix
from decvae.evaluation.metrics.registry import Metric

REGULARISATION = 0.01  # C of the support vector machines, as disentanglement_lib
MAX_STEPS = 50
MAX_ROWS = 4000  # of the training part: more do not move a classifier of two parameters


def sap(accuracy: np.ndarray) -> float:
    """SAP of an accuracy matrix ``(n_codes, n_factors)``; the runner-up of a single code is an accuracy of zero.

    Raises
    ------
    ValueError
        If the matrix is not 2-D or not finite.
    """
    accuracy = check_matrix(accuracy, "accuracy")
    ranked = np.sort(np.vstack([np.zeros(accuracy.shape[1]), accuracy]), axis=0)
    return float(np.mean(ranked[-1] - ranked[-2]))


def compute_sap(*splits: TrainTest) -> float:
    """SAP from a linear support vector machine per code and factor.

    Parameters
    ----------
    *splits : TrainTest
        One for all factors, or one per factor, all with the same codes.

    Returns
    -------
    float in 0..1
        Mean over factors of the gap between the two codes that predict it best.
    """
    return sap(np.stack([code_accuracies(*factor) for factor in by_factor(splits)], axis=1))


def code_accuracies(z: np.ndarray, labels: np.ndarray, z_test: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Balanced test accuracy ``(n_codes,)`` of one linear classifier of a factor per code.

    One-versus-rest squared hinge loss, C = 0.01, classes weighted inversely to their frequency: the problem of
    ``LinearSVC(C=0.01, class_weight="balanced")``, solved for all classes at once. Codes are z-scored by the training
    part, so that their scale does not act as regularisation (disentanglement_lib does not). At most 4000 training
    samples are used, drawn with a fixed seed.

    Parameters
    ----------
    z, z_test : (n, n_codes)
    labels, truth : (n,) int
        Of the training and the test part.
    """
    scaler = StandardScaler().fit(z.astype(np.float64))
    first, second = scaler.transform(z.astype(np.float64)), scaler.transform(z_test.astype(np.float64))
    if len(labels) > MAX_ROWS:
        rows = np.sort(np.random.default_rng(0).permutation(len(labels))[:MAX_ROWS])
        first, labels = first[rows], labels[rows]
    classes, encoded, counts = np.unique(labels, return_inverse=True, return_counts=True)
    accuracies = []
    for code, tested in zip(first.T, second.T, strict=True):
        weight, bias = linear_machines(np.ascontiguousarray(code), encoded, counts)
        predicted = classes[np.argmax(tested[:, None] * weight + bias, axis=1)]
        # Mean recall: an uninformative code scores chance whatever the balance of the classes.
        accuracies.append(np.mean([np.mean(predicted[truth == label] == label) for label in np.unique(truth)]))
    return np.array(accuracies)


@numba.njit(cache=True)
def linear_machines(code: np.ndarray, labels: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weight and bias ``(n_classes,)`` of one-versus-rest machines on one code, by Newton's method.

    Minimises ``(w^2 + b^2) / 2 + C sum_n c_n max(0, 1 - t_n (w z_n + b))^2``, t_n being 1 in the class, else -1, and
    c_n inversely proportional to the frequency of ``t_n``. The loss is piecewise quadratic: Newton ends exactly at
    the minimum once the set of samples inside the margin stays the same; steps that would raise the loss are halved.
    In the order of the code those samples are the first or the last, so that sums over them are looked up.

    Parameters
    ----------
    code : (n_samples,) float64
    labels : (n_samples,) int
        Classes, 0 to ``n_classes - 1``.
    counts : (n_classes,)
        Samples of each class.
    """
    n, n_classes = len(code), len(counts)
    order = np.argsort(code)
    z = code[order]
    weights, biases = np.zeros(n_classes), np.zeros(n_classes)
    inside, outside = np.zeros((n + 1, 3)), np.zeros((n + 1, 3))  # sums of 1, z, z^2 up to a place: the class, the rest
    for k in range(n_classes):
        for place in range(n):
            inside[place + 1], outside[place + 1] = inside[place], outside[place]
            own = inside[place + 1] if labels[order[place]] == k else outside[place + 1]
            own[0], own[1], own[2] = own[0] + 1, own[1] + z[place], own[2] + z[place] ** 2
        costs = REGULARISATION * n / counts[k], REGULARISATION * n / (n - counts[k])
        weight = bias = 0.0
        value, slope_w, slope_b, ww, wb, bb = _loss(weight, bias, z, inside, outside, costs)
        for _ in range(MAX_STEPS):
            determinant = ww * bb - wb**2
            step_w, step_b = (bb * slope_w - wb * slope_b) / determinant, (ww * slope_b - wb * slope_w) / determinant
            size, before = 1.0, value
            for _ in range(20):
                found = _loss(weight - size * step_w, bias - size * step_b, z, inside, outside, costs)
                if found[0] <= value:
                    break
                size /= 2
            if found[0] < value:
                weight, bias = weight - size * step_w, bias - size * step_b
                value, slope_w, slope_b, ww, wb, bb = found
            if before - value <= 1e-9 * before:
                break
        weights[k], biases[k] = weight, bias
    return weights, biases


@numba.njit(cache=True)
def _loss(
    weight: float, bias: float, z: np.ndarray, inside: np.ndarray, outside: np.ndarray, costs: tuple[float, float]
) -> tuple[float, float, float, float, float, float]:
    """Value, both slopes and the Hessian (ww, wb, bb) of the loss of one machine; ``z`` (n_samples,) ascends."""
    value, slope_w, slope_b = (weight**2 + bias**2) / 2, weight, bias
    ww, wb, bb = 1.0, 0.0, 1.0
    for side, sums in ((1.0, inside), (-1.0, outside)):
        cost = costs[0] if side > 0 else costs[1]
        start, stop = 0, len(z)
        if weight == 0:
            stop = len(z) if side * bias < 1 else 0
        elif side * weight > 0:  # violated below the margin
            stop = int(np.searchsorted(z, (side - bias) / weight))
        else:
            start = int(np.searchsorted(z, (side - bias) / weight, side="right"))
        count, total, square = sums[stop] - sums[start]
        offset = bias - side  # the error of a sample is weight * z + offset
        value += cost / 2 * (weight**2 * square + 2 * weight * offset * total + offset**2 * count)
        slope_w += cost * (weight * square + offset * total)
        slope_b += cost * (weight * total + offset * count)
        ww, wb, bb = ww + cost * square, wb + cost * total, bb + cost * count
    return value, slope_w, slope_b, ww, wb, bb


METRIC = Metric(("sap",), "splits", compute_sap)
