"""Unsupervised classification: k-means clusters matched to classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.metrics.cluster import contingency_matrix
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from decvae.evaluation.metrics.checks import check_factors, drop_constant


@dataclass(frozen=True)
class ClusteringScore:
    """Accuracy of matched clusters in 0..1.

    Attributes
    ----------
    accuracy : float
        Mean over seeds.
    accuracy_per_seed : (n_seeds,)
        They differ by the start of k-means, not by the data.
    predicted : (n_seeds, n_samples)
        Class matched to the sample's cluster (what it is scored as); -1 for none.
    """

    accuracy: float
    accuracy_per_seed: np.ndarray
    predicted: np.ndarray


def matched_classes(y: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    """Class ``(n_samples,)`` of each sample's cluster in the best one-to-one matching; -1 for unmatched clusters.

    The matching with the largest share of samples (Hungarian method).

    Raises
    ------
    ValueError
        If the two label vectors differ in length.
    """
    if len(y) != len(clusters):
        raise ValueError(f"y has {len(y)} rows, clusters {len(clusters)}")
    classes, (names, encoded) = np.unique(y), np.unique(clusters, return_inverse=True)
    rows, columns = linear_sum_assignment(contingency_matrix(y, clusters), maximize=True)
    matched = np.full(len(names), -1, dtype=np.int64)
    matched[columns] = classes[rows]
    return matched[encoded]


def kmeans_accuracy(
    z: np.ndarray, y: np.ndarray, *, n_seeds: int = 10, scored_as: np.ndarray | None = None
) -> ClusteringScore:
    """Accuracy of k-means (k = number of classes, z-scored codes, one k-means++ start per seed 0..n_seeds-1).

    Parameters
    ----------
    z : (n_samples, n_codes)
        Constant codes are dropped.
    y : (n_samples,) int
    scored_as : (n_classes,) int or None
        Class that each class counts as once clusters are matched, if not as itself.

    Raises
    ------
    ValueError
        For malformed arrays, no seed, a single class, or constant codes only.
    """
    if n_seeds < 1:
        raise ValueError(f"n_seeds must be at least 1, found {n_seeds}")
    z = drop_constant(z)
    y = check_factors(y, len(z))[:, 0]
    n_classes = len(np.unique(y))
    if n_classes < 2 or z.shape[1] == 0:
        raise ValueError(f"k-means needs two classes and a code that varies, found {n_classes} and {z.shape[1]}")
    z = StandardScaler().fit_transform(z).astype(np.float32)
    starts = (KMeans(n_classes, n_init=1, random_state=seed) for seed in range(n_seeds))
    with threadpool_limits(1):
        predicted = np.stack([matched_classes(y, start.fit_predict(z)) for start in starts])
    if scored_as is not None:
        y, predicted = scored_as[y], np.where(predicted < 0, -1, scored_as[predicted])
    accuracy = np.mean(predicted == y, axis=1)
    return ClusteringScore(float(accuracy.mean()), accuracy, predicted)
