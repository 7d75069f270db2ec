"""Unsupervised classification: k-means clusters matched to classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.metrics.cluster import contingency_matrix
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from decvae.evaluation.metrics.discretise import check_factors, drop_constant


@dataclass(frozen=True)
class ClusteringScore:
    """Accuracy of matched clusters in 0..1.

    Attributes
    ----------
    accuracy, std : float
        Mean and standard deviation (ddof 1; None for one seed) over seeds: the spread of k-means, not of the data.
    accuracy_per_seed : (n_seeds,)
    predicted : (n_seeds, n_samples)
        Class matched to the sample's cluster (what it is scored as); -1 for none.
    n_constant : int
        Constant codes that were dropped.
    """

    accuracy: float
    std: float | None
    accuracy_per_seed: np.ndarray
    predicted: np.ndarray
    n_constant: int


def matched_accuracy(y: np.ndarray, clusters: np.ndarray) -> float:
    """Share of samples in the best one-to-one matching of clusters and classes (Hungarian method).

    Raises
    ------
    ValueError
        If the two label vectors differ in length.
    """
    return float(np.mean(matched_classes(y, clusters) == y))


def matched_classes(y: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """Class ``(n_samples,)`` of each sample's cluster in the best one-to-one matching; -1 for unmatched clusters."""
    if len(y) != len(clusters):
        raise ValueError(f"y has {len(y)} rows, clusters {len(clusters)}")
    classes, (names, encoded) = np.unique(y), np.unique(clusters, return_inverse=True)
    rows, columns = linear_sum_assignment(contingency_matrix(y, clusters), maximize=True)
    matched = np.full(len(names), -1, dtype=np.int64)
    matched[columns] = classes[rows]
    return matched[encoded]


def kmeans_accuracy(
    z: np.ndarray, y: np.ndarray, *, n_seeds: int = 10, scored_as: np.ndarray | None = None, n_jobs: int = 2
) -> ClusteringScore:
    """Accuracy of k-means (k = number of classes, z-scored codes, one k-means++ start per seed 0..n_seeds-1).

    Parameters
    ----------
    z : (n_samples, n_codes)
        Constant codes are dropped and counted.
    y : (n_samples,) int
    scored_as : (n_classes,) int or None
        Class that each class counts as once clusters are matched, if not as itself.
    n_jobs : int
        Seeds run in parallel, one thread each.

    Raises
    ------
    ValueError
        For malformed arrays, no seed, a single class, or constant codes only.
    """
    if n_seeds < 1:
        raise ValueError(f"n_seeds must be at least 1, found {n_seeds}")
    z, n_constant = drop_constant(z)
    y = check_factors(y, len(z))[:, 0]
    n_classes = len(np.unique(y))
    if n_classes < 2 or z.shape[1] == 0:
        raise ValueError(f"k-means needs two classes and a code that varies, found {n_classes} and {z.shape[1]}")
    z = StandardScaler().fit_transform(z).astype(np.float32)
    predicted = np.stack(Parallel(n_jobs=n_jobs)(delayed(_one_seed)(z, y, n_classes, seed) for seed in range(n_seeds)))
    if scored_as is not None:
        y, predicted = scored_as[y], np.where(predicted < 0, -1, scored_as[predicted])
    accuracy = np.mean(predicted == y, axis=1)
    std = float(accuracy.std(ddof=1)) if n_seeds > 1 else None
    return ClusteringScore(float(accuracy.mean()), std, accuracy, predicted, n_constant)


def _one_seed(z: np.ndarray, y: np.ndarray, n_classes: int, seed: int) -> np.ndarray:
    with threadpool_limits(1):
        return matched_classes(y, KMeans(n_classes, n_init=1, random_state=seed).fit_predict(z))
