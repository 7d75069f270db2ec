"""95 % confidence intervals that respect groups: frames of one recording are not independent evidence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import t

from decvae.evaluation.parts import Row

LEVEL = 0.95
OVERALL = ("accuracy", "unweighted_accuracy", "f1_macro")
BY_CLASS = ("recall", "precision", "f1")
Scores = dict[str, np.ndarray]  # by name, each over all classes or one value per class
Intervals = dict[str, tuple[np.ndarray, np.ndarray]]


def mean_interval(values: np.ndarray) -> tuple[float, float] | None:
    """Student's interval of the mean of scores on disjoint test parts (or of runs with different seeds).

    None for fewer than two values. Folds share training samples, so the interval of a cross-validation is somewhat
    narrow (Bengio and Grandvalet 2004).
    """
    values = np.asarray(values, dtype=np.float64)
    if len(values) < 2:
        return None
    half = t.ppf((1 + LEVEL) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean() - half), float(values.mean() + half)


def jackknife_interval(value: float, without: np.ndarray) -> tuple[float, float] | None:
    """Interval of a statistic from its values without each of k blocks of groups (delete-a-group jackknife).

    The variance is ``(k - 1) / k sum_i (theta_i - mean theta)^2`` (Kott 2001). For statistics that resampling would
    bias: a bootstrap repeats samples, and repeated samples look like dependence between codes.

    Parameters
    ----------
    value : float
        The statistic that the interval is centred on.
    without : (k,)
        None is returned for fewer than two.
    """
    without = np.asarray(without, dtype=np.float64)
    k = len(without)
    if k < 2:
        return None
    half = t.ppf((1 + LEVEL) / 2, k - 1) * np.sqrt((k - 1) * without.var())
    return float(value - half), float(value + half)


def confusion_by_group(truth: np.ndarray, predicted: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Classes that occur, and the confusion matrix ``(n_groups, n_classes, n_classes)`` of every group.

    Parameters
    ----------
    truth, groups : (n,) int
    predicted : (n_seeds, n) int
        Samples without a prediction (-1) are left out; seeds add up.

    Returns
    -------
    classes : (n_classes,)
        Ascending, of truth and predictions.
    counts : (n_groups, n_classes, n_classes)
        Truth in rows.
    """
    seeds, rows = np.nonzero(predicted >= 0)
    labels = np.stack([truth[rows], predicted[seeds, rows]])
    classes, encoded = np.unique(labels, return_inverse=True)
    names, group = np.unique(groups, return_inverse=True)
    encoded = encoded.reshape(labels.shape)
    shape = len(names), len(classes), len(classes)
    cells = np.ravel_multi_index((group[rows], *encoded), shape)
    return classes, np.bincount(cells, minlength=np.prod(shape)).reshape(shape)


def scores_of_confusion(counts: np.ndarray) -> Scores:
    """Scores of confusion matrices ``(..., n_classes, n_classes)``, truth in rows.

    Returns
    -------
    dict
        ``OVERALL`` of shape ``(...)``; ``BY_CLASS`` of shape ``(..., n_classes)``. Unweighted accuracy is over the
        classes with samples; precision is 0 where nothing is predicted, recall NaN where there is no sample.
    """
    hits = np.diagonal(counts, axis1=-2, axis2=-1).astype(np.float64)
    truth, predicted = counts.sum(axis=-1), counts.sum(axis=-2)
    with np.errstate(invalid="ignore", divide="ignore"):
        recall = hits / truth
        precision = np.where(predicted > 0, hits / predicted, 0.0)
        f1 = 2 * hits / (truth + predicted)
        unweighted = np.nansum(recall, axis=-1) / (truth > 0).sum(axis=-1)
    occurs = truth + predicted > 0
    return {
        "accuracy": hits.sum(axis=-1) / counts.sum(axis=(-2, -1)),
        "unweighted_accuracy": unweighted,
        "f1_macro": np.where(occurs, np.nan_to_num(f1), 0).sum(axis=-1) / occurs.sum(axis=-1),
        "recall": recall,
        "precision": precision,
        "f1": np.where(occurs, np.nan_to_num(f1), 0),
    }


def bootstrap_scores(counts: np.ndarray, n_resamples: int, seed: int) -> tuple[Scores, Intervals]:
    """Scores of all groups together, and their percentile intervals when groups are drawn with replacement.

    Parameters
    ----------
    counts : (n_groups, n_classes, n_classes)
        Of :func:`confusion_by_group`.
    n_resamples : int

    Returns
    -------
    pooled : dict of :func:`scores_of_confusion`
    intervals : {score: (low, high)}
        Shaped as the scores; empty for fewer than two groups. Resamples without a class leave it out of its recall.
    """
    pooled = scores_of_confusion(counts.sum(axis=0))
    n_groups = len(counts)
    if n_groups < 2 or n_resamples < 2:
        return pooled, {}
    draws = np.random.default_rng(seed).multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=n_resamples)
    resampled = (draws @ counts.reshape(n_groups, -1)).reshape(n_resamples, *counts.shape[1:])
    levels = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    intervals = {}
    for name, values in scores_of_confusion(resampled).items():
        flat = values.reshape(n_resamples, -1)
        present = ~np.isnan(flat).all(axis=0)
        bounds = np.full((2, flat.shape[1]), np.nan)
        bounds[:, present] = np.nanquantile(flat[:, present], levels, axis=0)
        low, high = bounds.reshape(2, *values.shape[1:])
        intervals[name] = low, high
    return pooled, intervals


def rows_of_scores(names: Sequence[str], scores: Scores, intervals: Intervals, place: int | None = None) -> list[Row]:
    """Rows of a table (metric, value, ci_low, ci_high) of scores over all classes, or of the class at ``place``.

    Undefined scores have no row; bounds without an interval are NaN.
    """
    rows: list[Row] = []
    for name in names:
        found = (scores[name], *intervals.get(name, np.full((2, *scores[name].shape), np.nan)))
        value, low, high = (float(one if place is None else one[place]) for one in found)
        if not np.isnan(value):
            rows.append({"metric": name, "value": value, "ci_low": low, "ci_high": high})
    return rows
