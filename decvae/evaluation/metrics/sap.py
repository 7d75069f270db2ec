"""Separated attribute predictability (Kumar, Sattigeri and Balakrishnan, ICLR 2018)."""

from __future__ import annotations

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
    target = np.where(encoded[:, None] == np.arange(len(classes)), 1.0, -1.0)
    accuracies = []
    for code, tested in zip(first.T, second.T, strict=True):
        weight, bias = linear_machines(code, target, counts)
        predicted = classes[np.argmax(tested[:, None] * weight + bias, axis=1)]
        # Mean recall: an uninformative code scores chance whatever the balance of the classes.
        accuracies.append(np.mean([np.mean(predicted[truth == label] == label) for label in np.unique(truth)]))
    return np.array(accuracies)


def linear_machines(code: np.ndarray, target: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weight and bias ``(n_classes,)`` of one-versus-rest machines on one code, by Newton's method.

    Minimises ``(w^2 + b^2) / 2 + C sum_n c_n max(0, 1 - t_n (w z_n + b))^2`` with c_n inversely proportional to the
    frequency of ``t_n``. The loss is piecewise quadratic: Newton ends exactly at the minimum once the set of samples
    inside the margin stays the same; steps that would raise the loss are halved.

    Parameters
    ----------
    code : (n_samples,)
    target : (n_samples, n_classes)
        1 in the class of the sample, -1 elsewhere.
    counts : (n_classes,)
        Samples of each class.
    """
    n_samples, n_classes = target.shape
    balanced = np.where(target > 0, n_samples / (2 * counts), n_samples / (2 * (n_samples - counts)))
    cost = 2 * REGULARISATION * balanced
    code = code[:, None]

    def loss(weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
        violation = np.maximum(0, 1 - target * (code * weight + bias))
        return (weight**2 + bias**2) / 2 + (cost * violation**2).sum(axis=0) / 2

    weight, bias = np.zeros(n_classes), np.zeros(n_classes)
    value = loss(weight, bias)
    for _ in range(MAX_STEPS):
        error = code * weight + bias - target
        active = cost * (target * error < 0)
        slope = weight + (active * error * code).sum(axis=0), bias + (active * error).sum(axis=0)
        ww, wb, bb = 1 + (active * code**2).sum(axis=0), (active * code).sum(axis=0), 1 + active.sum(axis=0)
        determinant = ww * bb - wb**2
        step = (bb * slope[0] - wb * slope[1]) / determinant, (ww * slope[1] - wb * slope[0]) / determinant
        size = np.ones(n_classes)
        for _ in range(20):
            found = loss(weight - size * step[0], bias - size * step[1])
            worse = found > value
            if not worse.any():
                break
            size[worse] /= 2
        better = found < value
        weight, bias = np.where(better, weight - size * step[0], weight), np.where(better, bias - size * step[1], bias)
        if np.all(value - np.minimum(found, value) <= 1e-9 * value):
            break
        value = np.minimum(found, value)
    return weight, bias


METRIC = Metric(("sap",), "splits", compute_sap)
