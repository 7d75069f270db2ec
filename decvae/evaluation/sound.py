"""Scores of one code matrix under the sound protocol, in units that can run side by side.

Groups are never divided (see :mod:`decvae.evaluation.protocols`), every choice is made inside the training part, and
each score has a 95 % interval: bootstrap over groups for classification and clustering, delete-a-group jackknife for
statistics of the codes, Student's interval over test folds for scores on test parts.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from decvae.evaluation.classification import cross_validated_accuracy, groups_per_class
from decvae.evaluation.clustering import kmeans_accuracy
from decvae.evaluation.intervals import bootstrap_scores, confusion_by_group, jackknife_interval, mean_interval
from decvae.evaluation.metrics.beta_vae import beta_vae_score
from decvae.evaluation.metrics.dci import completeness, compute_dci, disentanglement
from decvae.evaluation.metrics.discretise import classes_of, discretise
from decvae.evaluation.metrics.explicitness import compute_explicitness
from decvae.evaluation.metrics.factor_vae import factor_vae_score
from decvae.evaluation.metrics.irs import compute_irs
from decvae.evaluation.metrics.mig import compute_mig
from decvae.evaluation.metrics.modularity import modularity
from decvae.evaluation.metrics.mutual_information import adjusted_mutual_information, mean_pairwise_information
from decvae.evaluation.metrics.sap import compute_sap, sap
from decvae.evaluation.metrics.total_correlation import total_correlation_scores
from decvae.evaluation.protocols import Grouping
from decvae.settings.evaluation import EvaluationSettings

logger = logging.getLogger(__name__)

JOINT = ("irs", "modularity", "mig", "disentanglement", "completeness", "informativeness", "explicitness", "sap")
JOINT += ("factor_vae", "beta_vae")
JACKKNIFED = ("disentanglement", "completeness")  # statistics of a training part; the others are scores on a test part
TASK_SCORES = ("accuracy", "unweighted_accuracy", "f1_macro")


@dataclass(frozen=True)
class Codes:
    """The varying codes of one aggregation with all that scoring them needs.

    Attributes
    ----------
    z : (n, n_codes)
    columns : (n_codes,) int
        Place of each code in the aggregation, which also has the constant ones.
    factors : {name: (n,) int}
        Each with at least two classes; negative where a label is missing.
    groupings : {name: Grouping}
    splits : {name: list of (train, test)}
        Of the metrics with a training part, by factor; one entry per fold that is fitted.
    utterance : (n,) int
    """

    z: np.ndarray
    columns: np.ndarray
    factors: dict[str, np.ndarray]
    groupings: dict[str, Grouping]
    splits: dict[str, list[tuple[np.ndarray, np.ndarray]]]
    scored_as: dict[str, np.ndarray | None]
    class_names: dict[str, list[str]]
    utterance: np.ndarray
    branch: str
    space: str
    aggregation: str
    settings: EvaluationSettings
    seed: int
    split: np.ndarray | None = None

    @property
    def name(self) -> str:
        return f"branch {self.branch}, {self.space}, {self.aggregation}"

    @property
    def scored(self) -> dict[str, np.ndarray]:
        """The factors by the classes that they are scored as: 39 phonemes where 48 are trained."""
        return {name: as_scored(y, self.scored_as[name]) for name, y in self.factors.items()}

    @property
    def y(self) -> np.ndarray:
        return np.stack(list(self.scored.values()), axis=1)

    @property
    def joint(self) -> str:
        return "+".join(self.factors)

    def labelled(self, name: str) -> Codes:
        """The rows that have a label of one factor, to score that factor alone."""
        return self.restricted(name, self.factors[name] >= 0)

    def restricted(self, name: str, keep: np.ndarray) -> Codes:
        """The rows of a mask, to score one factor; the splits of all rows do not go along."""
        if keep.all():
            return self
        grouping = self.groupings[name]
        return replace(
            self,
            z=self.z[keep],
            factors={key: y[keep] for key, y in self.factors.items()},
            groupings={name: replace(grouping, groups=grouping.groups[keep])},
            splits={},
            utterance=self.utterance[keep],
            split=None if self.split is None else self.split[keep],
        )


def as_scored(y: np.ndarray, scored_as: np.ndarray | None) -> np.ndarray:
    """Class that each class of a factor counts as; missing labels stay negative."""
    return y if scored_as is None else np.where(y < 0, y, scored_as[y])


@dataclass
class Part:
    """What one unit of work found: rows of scores and of classes, or the scores of one fold, to be joined later.

    Attributes
    ----------
    importance : (n_codes, n_factors) or None
        DCI importance of the fold; 0 for codes that are constant in its training part.
    """

    rows: list[dict] = field(default_factory=list)
    classes: list[dict] = field(default_factory=list)
    fold: dict[str, float | None] = field(default_factory=dict)
    importance: np.ndarray | None = None


def score(metric, value, factors="", classifier="", spread=None, n=1, interval=None, protocol="sound") -> dict:
    """One row of the table of scores."""
    low, high = interval or (np.nan, np.nan)
    spread = np.nan if spread is None else spread
    cell = {"factors": factors, "metric": metric, "classifier": classifier, "protocol": protocol, "value": value}
    return cell | {"spread": spread, "ci_low": low, "ci_high": high, "n": n}


def units(codes: Codes) -> list[Callable[[], Part]]:
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


# ---- Statistics of the codes -----------------------------------------------------------------------------------------


def _statistics(codes: Codes) -> Part:
    """Metrics without a training part, on all rows and without each fifth of the utterances."""
    whole = _statistics_of(codes, slice(None))
    blocks = next(iter(codes.splits.values()), [])
    without = [_statistics_of(codes, train) for train, _ in blocks] if len(blocks) > 2 else []
    rows = []
    for metric, value in whole.items():
        left = [values[metric] for values in without]
        complete = value is not None and left and None not in left
        interval = jackknife_interval(value, np.array(left)) if complete else None
        rows.append(score(metric, value, codes.joint if metric in JOINT else "", interval=interval))
    return Part(rows)


def _statistics_of(codes: Codes, rows) -> dict[str, float | None]:
    z, settings = codes.z[rows], codes.settings
    z = z[:, z.max(axis=0) > z.min(axis=0)]
    bins = discretise(z, settings.n_bins)
    correlation = total_correlation_scores(z)
    found = {
        "mutual_information": mean_pairwise_information(bins),
        "total_correlation": correlation.tc,
        "total_correlation_norm": correlation.tc_norm,
        "total_correlation_corr": correlation.tc_corr,
    }
    if codes.factors:
        y = codes.y[rows]
        found["irs"] = compute_irs(z, y, settings.irs_quantile).score
        found["modularity"] = modularity(adjusted_mutual_information(bins, y))
        found["mig"] = compute_mig(z, y).score
    return found


# ---- Metrics with a training and a test part -------------------------------------------------------------------------


def _n_folds(codes: Codes) -> int:
    """Folds that every factor has; none if a training part has a single class or constant codes."""
    if not codes.factors:
        return 0
    n_folds = min(len(splits) for splits in codes.splits.values())
    for name, splits in codes.splits.items():
        for train, test in splits[:n_folds]:
            y = codes.factors[name]
            few = np.sum(y[test] >= 0) < 2 or len(classes_of(y[train])) < 2
            if few or np.all(np.ptp(codes.z[train], axis=0) == 0):
                logger.warning(
                    "%s: too few groups to split for %s, DCI, explicitness, SAP and votes are left out",
                    codes.name,
                    name,
                )
                return 0
    return n_folds


def _fold(codes: Codes, index: int) -> Part:
    """DCI, explicitness, SAP and the votes of one fold; each factor is split by its own groups."""
    splits = {name: found[index] for name, found in codes.splits.items()}
    varies = np.all([np.ptp(codes.z[train], axis=0) > 0 for train, _ in splits.values()], axis=0)
    z = codes.z[:, varies]
    dci, auc, accuracy = [], [], []
    for name, y in codes.scored.items():
        train, test = splits[name]
        parts = z[train], y[train], z[test], y[test]
        dci.append(compute_dci(*parts, backend=codes.settings.dci_backend, seed=codes.seed, n_jobs=1))
        auc.append(compute_explicitness(*parts))
        accuracy.append(compute_sap(*parts).accuracy)
        if auc[-1].converged < 1:
            logger.warning("%s: the explicitness fit of %s did not converge", codes.name, name)
    importance = np.hstack([one.importance for one in dci])
    defined = [one.test for one in auc if one.test is not None]
    train, test = next(iter(splits.values()))
    votes = z[train], codes.y[train], z[test], codes.y[test]
    several = all(len(classes_of(y[train])) > 1 and np.any(y[test] >= 0) for y in codes.scored.values())
    fold = {
        "disentanglement": disentanglement(importance),
        "completeness": completeness(importance),
        "informativeness": float(np.mean([one.informativeness_test for one in dci])),
        "explicitness": float(np.mean(defined)) if defined else None,
        "sap": sap(np.hstack(accuracy)),
        "factor_vae": factor_vae_score(*votes, seed=codes.seed).test if several else None,
        "beta_vae": beta_vae_score(*votes, seed=codes.seed).test if several else None,
    }
    full = np.zeros((len(varies), importance.shape[1]))
    full[varies] = importance
    return Part(fold=fold, importance=full)


def joined_folds(codes: Codes, parts: list[Part]) -> list[dict]:
    """Rows of the scores that the folds of one code matrix hold."""
    folds = [part.fold for part in parts if part.fold]
    rows = []
    for metric in folds[0] if folds else ():
        values = [fold[metric] for fold in folds if fold[metric] is not None]
        if not values:
            continue
        jackknifed = metric in JACKKNIFED and len(values) > 2
        interval = jackknife_interval(np.mean(values), values) if jackknifed else mean_interval(values)
        interval = None if metric in JACKKNIFED and not jackknifed else interval
        spread = np.std(values, ddof=1) if len(values) > 1 else None
        rows.append(score(metric, float(np.mean(values)), codes.joint, spread=spread, n=len(values), interval=interval))
    return rows


# ---- Tasks -----------------------------------------------------------------------------------------------------------


def _task(codes: Codes, name: str, classifier: str) -> Part:
    """Classification of one factor: scores, and what happens to each class."""
    settings, codes = codes.settings, _learnable(codes.labelled(name), name)
    y, grouping = codes.factors[name], codes.groupings[name]
    fewest = min(groups_per_class(y, grouping.groups).values(), default=0)
    folds = max(2, min(settings.folds, fewest))
    if len(np.unique(y)) < 2 or len(np.unique(grouping.groups)) < 2:
        logger.warning("%s: too few %ss for two classes of %s; it is not classified", codes.name, grouping.by, name)
        return Part()
    found = cross_validated_accuracy(
        codes.z,
        y,
        grouping.groups,
        classifier=classifier,
        folds=folds,
        seeds=settings.seeds,
        leave_one_out=grouping.leave_one_out,
        scored_as=codes.scored_as[name],
        n_jobs=1,
    )
    if found.converged < 1:
        logger.warning("%s: %.0f %% of %s fits for %s converged", codes.name, 100 * found.converged, classifier, name)
    classes, counts = confusion_by_group(found.truth, found.predicted, grouping.groups)
    pooled, intervals = bootstrap_scores(counts, settings.bootstrap, codes.seed)
    rows = []
    for metric in TASK_SCORES:
        value, values = getattr(found, metric), getattr(found, f"{metric}_per_fold")
        # Of the pooled predictions, moved to the mean over folds that is reported.
        bounds = [float(bound - pooled[metric] + value) for bound in intervals.get(metric, ())]
        spread = values.std(ddof=1) if len(values) > 1 else None
        rows.append(score(metric, value, name, classifier, spread, len(values), bounds or None))
    cell = {"factor": name, "classifier": classifier, "protocol": "sound"}
    return Part(rows, [cell | row for row in _class_rows(classes, codes.class_names[name], counts, pooled, intervals)])


def _learnable(codes: Codes, name: str) -> Codes:
    """Without the classes of a factor that occur in one group only: they cannot be on both sides of a split.

    Where each group is left out once they stay: whoever is trained without them takes them for something else.
    """
    y, grouping = codes.factors[name], codes.groupings[name]
    if grouping.leave_one_out:
        return codes
    lonely = [code for code, count in groups_per_class(y, grouping.groups).items() if count < 2]
    if lonely:
        names = ", ".join(codes.class_names[name][code] for code in lonely)
        logger.warning("%s: %s: in one %s only, not classified: %s", codes.name, name, grouping.by, names)
    return codes.restricted(name, ~np.isin(y, lonely))


def _class_rows(classes, names, counts, pooled, intervals) -> list[dict]:
    """Recall, precision and F1 of each class, and every cell of the confusion matrix."""
    counts = counts.sum(axis=0)
    labels = [names[code] for code in classes]
    rows = []
    for i, truth in enumerate(labels):
        for metric in ("recall", "precision", "f1"):
            if np.isfinite(pooled[metric][i]):
                low, high = (bound[i] for bound in intervals.get(metric, (np.full(len(labels), np.nan),) * 2))
                row = {"class": truth, "predicted": "", "metric": metric, "value": float(pooled[metric][i])}
                rows.append(row | {"ci_low": float(low), "ci_high": float(high), "n": int(counts[i].sum())})
        for j, predicted in enumerate(labels):
            row = {"class": truth, "predicted": predicted, "metric": "count", "value": float(counts[i, j])}
            rows.append(row | {"ci_low": np.nan, "ci_high": np.nan, "n": int(counts[i].sum())})
    return rows


def _clusters(codes: Codes, name: str) -> Part:
    """k-means of all rows, matched to the classes of one factor."""
    codes = codes.labelled(name)
    settings, y, groups = codes.settings, codes.factors[name], codes.groupings[name].groups
    folded = codes.scored_as[name]
    found = kmeans_accuracy(codes.z, y, n_seeds=settings.kmeans_seeds, scored_as=folded, n_jobs=1)
    # Every sample has a cluster, matched or not: unmatched ones count as a class of their own.
    predicted = np.where(found.predicted < 0, y.max() + 1, found.predicted)
    _, counts = confusion_by_group(as_scored(y, folded), predicted, groups)
    _, intervals = bootstrap_scores(counts, settings.bootstrap, codes.seed)
    interval = tuple(map(float, intervals["accuracy"])) if intervals else None
    return Part([score("kmeans_accuracy", found.accuracy, name, "", found.std, settings.kmeans_seeds, interval)])
