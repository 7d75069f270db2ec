"""Scores of one code matrix under the sound protocol, in units that can run side by side.

Groups are never divided (see :mod:`decvae.evaluation.protocols`), every choice is made inside the training part, and
each score has a 95 % interval: bootstrap over groups for classification and clustering, delete-a-group jackknife for
statistics of the codes, Student's interval over test folds for scores on test parts.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from decvae.evaluation.classification import cross_validated_accuracy, groups_per_class
from decvae.evaluation.clustering import kmeans_accuracy
from decvae.evaluation.codes import Codes
from decvae.evaluation.intervals import (
    BY_CLASS,
    OVERALL,
    Intervals,
    Scores,
    bootstrap_scores,
    confusion_by_group,
    jackknife_interval,
    mean_interval,
    rows_of_scores,
)
from decvae.evaluation.metrics.checks import TrainTest, joint_split
from decvae.evaluation.metrics.dci import DCI
from decvae.evaluation.metrics.registry import metrics_of, statistics
from decvae.evaluation.parts import Part, Row, score

logger = logging.getLogger(__name__)


def sound_units(codes: Codes) -> list[Callable[[], Part]]:
    """The work on one code matrix, in the order of the rows that it gives."""
    found: list[Callable[[], Part]] = []
    if codes.space == "mu":
        found.append(partial(_statistics, codes))
        found += [partial(_fold, codes, index) for index in range(_n_folds(codes))]
    for name in codes.factors:
        found += [partial(_task, codes, name, classifier) for classifier in codes.settings.classifiers]
        if codes.settings.kmeans_seeds:
            found.append(partial(_clusters, codes, name))
    return found


# ---- Metrics ---------------------------------------------------------------------------------------------------------


def _statistics(codes: Codes) -> Part:
    """Metrics without a training part, on all rows and without each fifth of the utterances."""
    y, metrics = codes.y, metrics_of("sound", codes.settings, codes.seed)
    blocks = next((factor.splits for factor in codes.factors.values()), [])
    without = (
        [statistics(metrics, codes.z[train], y[train]) for train, _ in blocks]
        if y is not None and len(blocks) > 2
        else []
    )
    joint = {name for metric in metrics if metric.needs == "factors" for name in metric.scores}
    rows = []
    for name, value in statistics(metrics, codes.z, y).items():
        left = [values[name] for values in without]
        complete = left and None not in left
        interval = jackknife_interval(value, np.array(left)) if value is not None and complete else None
        rows.append(score(name, value, codes.joint if name in joint else "", interval=interval))
    return Part(rows)


def _n_folds(codes: Codes) -> int:
    """Folds that every factor has; none if the codes are constant in a training part."""
    factors = codes.factors.values()
    n_folds = min((len(factor.splits) for factor in factors), default=0)
    for factor in factors:
        for train, _ in factor.splits[:n_folds]:
            if np.all(np.ptp(codes.z[train], axis=0) == 0):
                message = "%s: codes are constant in a fold of %s, DCI, explicitness, SAP and votes are left out"
                logger.warning(message, codes.name, factor.name)
                return 0
    return n_folds


def _fold(codes: Codes, index: int) -> Part:
    """Metrics with a training part on one fold.

    Each factor is split by its own groups. Metrics of all factors at once take the split of the first; they are
    undefined where another one has too few labels there.
    """
    splits = [factor.splits[index] for factor in codes.factors.values()]
    varies = np.all([np.ptp(codes.z[train], axis=0) > 0 for train, _ in splits], axis=0)
    z, part = codes.z[:, varies], Part()
    factors = zip([factor.scored for factor in codes.factors.values()], splits, strict=True)
    of_each = [TrainTest(z[train], y[train], z[test], y[test]) for y, (train, test) in factors]
    of_all = joint_split(z, codes.y, *splits[0])
    for metric in metrics_of("sound", codes.settings, codes.seed):
        if metric.needs == "split":
            part.fold |= metric.values(metric.compute(of_all) if of_all else None)
        elif metric.needs == "splits":
            result = metric.compute(*of_each)
            part.fold |= metric.values(result)
            if getattr(result, "converged", 1) < 1:
                logger.warning("%s: a fit of %s did not converge", codes.name, "+".join(metric.scores))
            if isinstance(result, DCI):
                part.importance = np.zeros((len(varies), result.importance.shape[1]))
                part.importance[varies] = result.importance
    return part


def joined_folds(codes: Codes, parts: Sequence[Part]) -> list[Row]:
    """Rows of the scores that the folds of one code matrix hold."""
    folds = [part.fold for part in parts if part.fold]
    metrics = metrics_of("sound", codes.settings, codes.seed)
    jackknifed = frozenset().union(*(metric.jackknifed for metric in metrics))
    rows = []
    for name in folds[0] if folds else ():
        values = np.array([fold[name] for fold in folds if fold[name] is not None])
        if not len(values):
            continue
        if name in jackknifed:
            interval = jackknife_interval(values.mean(), values) if len(values) > 2 else None
        else:
            interval = mean_interval(values)
        rows.append(score(name, float(values.mean()), codes.joint, values=values, interval=interval))
    return rows


# ---- Tasks -----------------------------------------------------------------------------------------------------------


def _task(codes: Codes, name: str, classifier: str) -> Part:
    """Classification of one factor: scores, and what happens to each class."""
    settings, codes = codes.settings, _learnable(codes.labelled(name), name)
    factor = codes.factors[name]
    y, groups = factor.y, factor.grouping.groups
    found = cross_validated_accuracy(
        codes.z,
        y,
        groups,
        classifier=classifier,
        folds=max(2, min(settings.folds, *groups_per_class(y, groups).values())),
        seeds=settings.seeds,
        leave_one_out=factor.grouping.leave_one_out,
        scored_as=factor.scored_as,
    )
    if found.converged < 1:
        logger.warning("%s: %.0f %% of %s fits for %s converged", codes.name, 100 * found.converged, classifier, name)
    classes, counts = confusion_by_group(found.truth, found.predicted, groups)
    pooled, intervals = bootstrap_scores(counts, settings.bootstrap, codes.seed)
    rows = []
    for metric in OVERALL:
        value, values = getattr(found, metric), getattr(found, f"{metric}_per_fold")
        # Of the pooled predictions, moved to the mean over folds that is reported.
        interval = None
        if metric in intervals:
            low, high = (float(bound - pooled[metric] + value) for bound in intervals[metric])
            interval = low, high
        rows.append(score(metric, value, name, classifier, values, interval))
    cell: Row = {"factor": name, "classifier": classifier, "protocol": "sound"}
    names = [factor.classes[code] for code in classes]
    return Part(rows, [cell | row for row in _class_rows(names, counts.sum(axis=0), pooled, intervals)])


def _learnable(codes: Codes, name: str) -> Codes:
    """Without the classes of a factor that occur in one group only: they cannot be on both sides of a split.

    Where each group is left out once they stay: whoever is trained without them takes them for something else.
    """
    factor = codes.factors[name]
    if factor.grouping.leave_one_out:
        return codes
    lonely = [code for code, count in groups_per_class(factor.y, factor.grouping.groups).items() if count < 2]
    if lonely:
        names = ", ".join(factor.classes[code] for code in lonely)
        by = factor.grouping.by
        logger.warning("%s: %s: in one %s only, not classified: %s", codes.name, name, by, names)
    return codes.restricted(~np.isin(factor.y, lonely))


def _class_rows(names: list[str], counts: np.ndarray, pooled: Scores, intervals: Intervals) -> list[Row]:
    """Recall, precision and F1 of each class, and every cell of the confusion matrix ``(n_classes, n_classes)``."""
    rows: list[Row] = []
    for place, truth in enumerate(names):
        same: Row = {"class": truth, "n": int(counts[place].sum())}
        rows += [same | {"predicted": ""} | row for row in rows_of_scores(BY_CLASS, pooled, intervals, place)]
        for predicted, count in zip(names, counts[place], strict=True):
            row: Row = {"predicted": predicted, "metric": "count", "value": float(count)}
            rows.append(same | row | {"ci_low": np.nan, "ci_high": np.nan})
    return rows


def _clusters(codes: Codes, name: str) -> Part:
    """k-means of all rows, matched to the classes of one factor."""
    codes = codes.labelled(name)
    factor, settings = codes.factors[name], codes.settings
    found = kmeans_accuracy(codes.z, factor.y, n_seeds=settings.kmeans_seeds, scored_as=factor.scored_as)
    # Every sample has a cluster, matched or not: unmatched ones count as a class of their own.
    predicted = np.where(found.predicted < 0, factor.y.max() + 1, found.predicted)
    _, counts = confusion_by_group(factor.scored, predicted, factor.grouping.groups)
    _, intervals = bootstrap_scores(counts, settings.bootstrap, codes.seed)
    interval = None
    if intervals:
        low, high = map(float, intervals["accuracy"])
        interval = low, high
    return Part([score("kmeans_accuracy", found.accuracy, name, "", found.accuracy_per_seed, interval)])
