"""Every score of one latent table as one tidy table."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from sklearn.model_selection import GroupShuffleSplit
from threadpoolctl import threadpool_limits

from decvae.evaluation.aggregation import aggregate, available_aggregations, is_aggregation
from decvae.evaluation.classification import CLASSIFIERS, cross_validated_accuracy, grouped_folds, groups_per_class
from decvae.evaluation.clustering import kmeans_accuracy
from decvae.evaluation.dci import BACKENDS, compute_dci
from decvae.evaluation.discretise import discretise, drop_constant
from decvae.evaluation.explicitness import compute_explicitness
from decvae.evaluation.irs import compute_irs
from decvae.evaluation.latents import LatentTable
from decvae.evaluation.modularity import modularity
from decvae.evaluation.mutual_information import adjusted_mutual_information, mean_pairwise_information
from decvae.evaluation.total_correlation import total_correlation_scores

logger = logging.getLogger(__name__)

COLUMNS = (
    "branch",
    "space",
    "aggregation",
    "n_codes",
    "factors",
    "metric",
    "classifier",
    "protocol",
    "value",
    "spread",
    "n",
)
PROTOCOL = "sound"  # grouped by utterance, seeded, tuned on training folds only; not the published protocol
TEST_FOLDS = 5  # DCI and explicitness are tested on one fifth of the utterances


@dataclass(frozen=True)
class EvaluationSettings:
    """What to score and how.

    Attributes
    ----------
    aggregations : tuple of str
        Aggregations of the posterior means (see :func:`decvae.evaluation.aggregation.aggregate`); those that a table
        lacks are left out.
    max_frames : int
        Rows that are scored, drawn evenly from all utterances.
    n_bins : int
        Bins of the discretised codes.
    dci_backend : {"lightgbm", "sklearn"}
    folds : int
        Outer folds of the classification, fewer where a class occurs in fewer utterances.
    seeds : tuple of int
        Repetitions of the cross-validation.
    classifiers : tuple of str
        From ``logistic_regression``, ``random_forest``, ``svc``, ``dummy``.
    kmeans_seeds : int
        Starts of k-means; 0 leaves it out.
    irs_quantile : float
    discard_overlaps : bool
        Leave out frames whose window straddles two labels.
    feature_aggregations : tuple of str
        Aggregations of the features, scored by classification and k-means.
    """

    aggregations: tuple[str, ...] = ("X", "OCs_joint", "all")
    max_frames: int = 10000
    n_bins: int = 30
    dci_backend: str = "lightgbm"
    folds: int = 5
    seeds: tuple[int, ...] = (0,)
    classifiers: tuple[str, ...] = ("logistic_regression",)
    kmeans_seeds: int = 10
    irs_quantile: float = 0.99
    discard_overlaps: bool = False
    feature_aggregations: tuple[str, ...] = ("X", "all")

    def __post_init__(self) -> None:
        for field in fields(self):
            if isinstance(getattr(self, field.name), list):
                object.__setattr__(self, field.name, tuple(getattr(self, field.name)))
        unknown = [name for name in (*self.aggregations, *self.feature_aggregations) if not is_aggregation(name)]
        if unknown:
            raise ValueError(f"unknown aggregations {unknown}; choose from X, OC1.., OCs_joint, OCs_proj, all")
        unknown = [name for name in self.classifiers if name not in CLASSIFIERS]
        if unknown:
            raise ValueError(f"unknown classifiers {unknown}; choose from {CLASSIFIERS}")
        if self.dci_backend not in BACKENDS:
            raise ValueError(f"unknown dci_backend {self.dci_backend!r}; choose from {sorted(BACKENDS)}")
        if self.max_frames < 2 or self.n_bins < 2 or self.folds < 2 or not self.seeds or self.kmeans_seeds < 0:
            raise ValueError("max_frames, n_bins and folds must be >= 2, kmeans_seeds >= 0, seeds must not be empty")
        if not 0 < self.irs_quantile <= 1:
            raise ValueError(f"irs_quantile must lie in (0, 1], found {self.irs_quantile}")


def balanced_rows(utterance: np.ndarray, max_rows: int, seed: int) -> np.ndarray:
    """Ascending indices of at most ``max_rows`` rows, drawn so that utterances contribute as equally as they can.

    Rows are dealt like cards: one random row of every utterance, then a second one, until ``max_rows`` are out.
    """
    n_rows = len(utterance)
    if n_rows <= max_rows:
        return np.arange(n_rows)
    shuffled = np.random.default_rng(seed).permutation(n_rows)
    order = shuffled[np.argsort(utterance[shuffled], kind="stable")]
    _, starts, counts = np.unique(utterance[order], return_index=True, return_counts=True)
    turn = np.empty(n_rows, dtype=np.int64)
    turn[order] = np.arange(n_rows) - np.repeat(starts, counts)
    return np.sort(shuffled[np.argsort(turn[shuffled], kind="stable")][:max_rows])


def grouped_split(y: np.ndarray, groups: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Row indices of a training part (80 % of the groups) and a test part; no group lies in both.

    Parameters
    ----------
    y : (n, n_factors) int
        The split is stratified by the factor that has the class with the fewest groups (1/g is tested if that class has
        g < 5 groups); it is not stratified if a class has one group only.
    groups : (n,) int
    """
    fewest = [min(groups_per_class(column, groups).values()) for column in y.T]
    hardest = int(np.argmin(fewest))
    if fewest[hardest] >= 2:
        return grouped_folds(y[:, hardest], groups, min(TEST_FOLDS, fewest[hardest]), seed)[0]
    return next(GroupShuffleSplit(1, test_size=1 / TEST_FOLDS, random_state=seed).split(y, groups=groups))


def between_component_share(features: np.ndarray) -> float | None:
    """Share of the components' total feature variance that lies between the components' means, in 0..1.

    ``sum_j Var_c(mean_cj) / sum_j Var(f_j)`` over all OC rows (variances with ddof 0, so the share is a proportion of
    the total sum of squares): 1 means that a feature tells which component it belongs to and nothing else.

    Parameters
    ----------
    features : (n, C + 1, D)
        Levels X, OC1..OCC; X is not used.

    Returns
    -------
    float or None
        None for fewer than two components or features without variance.

    Raises
    ------
    ValueError
        If the array is not 3-D or holds NaN or infinite values.
    """
    features = np.asarray(features)
    if features.ndim != 3 or not np.all(np.isfinite(features)):
        raise ValueError(f"features must be a finite array (n, C + 1, D), found shape {features.shape}")
    components = features[:, 1:].astype(np.float64)
    if components.shape[1] < 2:
        return None
    total = components.var(axis=(0, 1)).sum()
    return float(components.mean(axis=0).var(axis=0).sum() / total) if total > 0 else None


def score_table(table: LatentTable, settings: EvaluationSettings, *, seed: int = 0, n_jobs: int = 2) -> pd.DataFrame:
    """All scores of one latent table.

    Posterior means (space ``mu``): every metric for every aggregation. Features: classification, k-means, and
    the share of their variance between components. Rows with a negative (missing) class code are left out, so are
    factors with one class. Codes that are constant are dropped first: ``n_codes`` counts those that vary.

    Parameters
    ----------
    seed : int
        Of the draw of rows, the train/test split and the boosted trees.
    n_jobs : int
        Aggregations scored in parallel, one thread each; the scores do not depend on it.

    Returns
    -------
    DataFrame with columns ``COLUMNS``
        ``factors`` joins the names of all factors by ``+`` for joint metrics and is empty for metrics without factors;
        ``spread`` is the standard deviation over folds and seeds (ddof 1; NaN for a single value), ``n`` the number of
        values. Undefined metrics have no row.

    Raises
    ------
    ValueError
        If the table is empty, has no requested aggregation, or holds NaN codes.
    """
    table = _scored_rows(table, settings, seed)
    factors = _usable_factors(table)
    split = grouped_split(_stacked(factors), table.utterance, seed) if factors else None
    jobs: list[_Codes] = []
    for space, requested in (("mu", settings.aggregations), ("features", settings.feature_aggregations)):
        for aggregation in _available(table, space, requested):
            z, n_constant = drop_constant(aggregate(table, aggregation, space))
            job = _Codes(z, factors, table.utterance, split, table.branch, space, aggregation, settings, seed)
            logger.info("%s: %d codes (%d constant dropped), %d rows", job.name, z.shape[1], n_constant, len(z))
            if z.shape[1] == 0:
                logger.warning("%s: every code is constant, nothing to score", job.name)
            else:
                jobs.append(job)
    rows = [row for scores in _in_parallel(jobs, n_jobs) for row in scores]
    if table.features is not None:
        n_codes = table.features[:, 1:].shape[1] * table.features.shape[2]
        cell = {"space": "features", "aggregation": "OCs_joint", "n_codes": n_codes}
        rows.append(cell | _score("between_component_share", between_component_share(table.features)))
    common = {"branch": table.branch, "protocol": PROTOCOL}
    return pd.DataFrame([common | row for row in rows if row["value"] is not None], columns=list(COLUMNS))


@dataclass(frozen=True)
class _Codes:
    """Codes of one aggregation with all that scoring them needs."""

    z: np.ndarray
    factors: dict[str, np.ndarray]
    utterance: np.ndarray
    split: tuple[np.ndarray, np.ndarray] | None
    branch: str
    space: str
    aggregation: str
    settings: EvaluationSettings
    seed: int

    @property
    def name(self) -> str:
        return f"branch {self.branch}, {self.space}, {self.aggregation}"


def _in_parallel(jobs: list[_Codes], n_jobs: int) -> list[list[dict]]:
    """Scores of every job in the order given; the widest codes start first, each job in one process of one thread."""
    order = sorted(range(len(jobs)), key=lambda position: -jobs[position].z.shape[1])
    found = Parallel(n_jobs=max(1, min(n_jobs, len(jobs))), return_as="generator_unordered")(
        delayed(_scored)(position, jobs[position]) for position in order
    )
    scores: dict[int, list[dict]] = {}
    for position, result in found:
        scores[position] = result
        logger.info("%s: scored (%d of %d)", jobs[position].name, len(scores), len(jobs))
    return [scores[position] for position in range(len(jobs))]


def _scored(position: int, codes: _Codes) -> tuple[int, list[dict]]:
    cell = {"space": codes.space, "aggregation": codes.aggregation, "n_codes": codes.z.shape[1]}
    with threadpool_limits(1):
        return position, [cell | score for score in _scores_of_codes(codes)]


def _available(table: LatentTable, space: str, requested: tuple[str, ...]) -> list[str]:
    """The requested aggregations that the table has, each once."""
    available = available_aggregations(table, space)
    missing = [name for name in requested if name not in available]
    if space == "mu" and len(missing) == len(requested):
        raise ValueError(f"branch {table.branch} has none of the aggregations {missing}; available: {available}")
    if missing:
        logger.info("branch %s, %s: no aggregation %s", table.branch, space, ", ".join(missing))
    return list(dict.fromkeys(name for name in requested if name in available))


def _scored_rows(table: LatentTable, settings: EvaluationSettings, seed: int) -> LatentTable:
    """Labelled rows of the table, without overlaps if so set, at most ``max_frames`` of them."""
    keep = np.ones(len(table), dtype=bool)
    for name, codes in table.factors.items():
        if len(codes) != len(table):
            raise ValueError(f"branch {table.branch}: factor {name} has {len(codes)} rows, the latents {len(table)}")
        keep &= codes >= 0
    if settings.discard_overlaps:
        keep &= ~table.overlap
    if keep.sum() < 2:
        raise ValueError(f"branch {table.branch}: fewer than two labelled rows of {len(table)} are left to score")
    kept = np.flatnonzero(keep)
    drawn = kept[balanced_rows(table.utterance[kept], settings.max_frames, seed)]
    logger.info("branch %s: scoring %d of %d rows", table.branch, len(drawn), len(table))
    return table.select(drawn)


def _usable_factors(table: LatentTable) -> dict[str, np.ndarray]:
    usable = {name: codes for name, codes in table.factors.items() if len(np.unique(codes)) > 1}
    for name in table.factors.keys() - usable.keys():
        logger.warning("branch %s: factor %s has one class only and is not scored", table.branch, name)
    return usable


def _stacked(factors: dict[str, np.ndarray]) -> np.ndarray:
    return np.stack(list(factors.values()), axis=1)


def _score(metric: str, value, factors: str = "", classifier: str = "", spread=np.nan, n: int = 1) -> dict:
    spread = np.nan if spread is None else spread
    return {"factors": factors, "metric": metric, "classifier": classifier, "value": value, "spread": spread, "n": n}


def _scores_of_codes(codes: _Codes) -> Iterator[dict]:
    """Every score of the codes of one aggregation."""
    z, settings = codes.z, codes.settings
    if codes.space == "mu":
        bins = discretise(z, settings.n_bins)
        yield _score("mutual_information", mean_pairwise_information(bins))
        correlation = total_correlation_scores(z)
        yield _score("total_correlation", correlation.tc)
        yield _score("total_correlation_norm", correlation.tc_norm)
        yield _score("total_correlation_corr", correlation.tc_corr)
    if not codes.factors:
        return
    y, joint = _stacked(codes.factors), "+".join(codes.factors)
    if codes.space == "mu":
        yield _score("irs", compute_irs(z, y, settings.irs_quantile).score, joint)
        yield _score("modularity", modularity(adjusted_mutual_information(bins, y)), joint)
        yield from _split_scores(codes, y, joint)
    for name in codes.factors:
        yield from _task_scores(codes, name)


def _split_scores(codes: _Codes, y: np.ndarray, joint: str) -> Iterator[dict]:
    """DCI and explicitness, fitted on one part of the utterances and tested on the other."""
    z, (train, test) = codes.z, codes.split
    if len(test) < 2 or np.any(np.ptp(y[train], axis=0) == 0) or np.all(np.ptp(z[train], axis=0) == 0):
        logger.warning("%s: too few utterances to split, DCI and explicitness are left out", codes.name)
        return
    parts = (z[train], y[train], z[test], y[test])
    dci = compute_dci(*parts, backend=codes.settings.dci_backend, seed=codes.seed, n_jobs=1)
    yield _score("disentanglement", dci.disentanglement, joint)
    yield _score("completeness", dci.completeness, joint)
    yield _score("informativeness", dci.informativeness_test, joint)
    explicitness = compute_explicitness(*parts)
    yield _score("explicitness", explicitness.test, joint)
    if explicitness.converged < 1:
        logger.warning("%s: %.0f %% of explicitness fits converged", codes.name, 100 * explicitness.converged)


def _task_scores(codes: _Codes, name: str) -> Iterator[dict]:
    """Classification and clustering of one factor."""
    settings, y = codes.settings, codes.factors[name]
    folds = min(settings.folds, *groups_per_class(y, codes.utterance).values())
    if folds < 2:
        logger.warning("%s: a class of %s occurs in one utterance only; it is not classified", codes.name, name)
    for classifier in settings.classifiers if folds >= 2 else ():
        score = cross_validated_accuracy(
            codes.z, y, codes.utterance, classifier=classifier, folds=folds, seeds=settings.seeds, n_jobs=1
        )
        if score.converged < 1:
            share = 100 * score.converged
            logger.warning("%s: %.0f %% of %s fits for %s converged", codes.name, share, classifier, name)
        for metric in ("accuracy", "unweighted_accuracy", "f1_macro"):
            values = getattr(score, f"{metric}_per_fold")
            yield _score(metric, getattr(score, metric), name, classifier, values.std(ddof=1), len(values))
    if settings.kmeans_seeds:
        clusters = kmeans_accuracy(codes.z, y, n_seeds=settings.kmeans_seeds, n_jobs=1)
        yield _score("kmeans_accuracy", clusters.accuracy, name, "", clusters.std, settings.kmeans_seeds)
