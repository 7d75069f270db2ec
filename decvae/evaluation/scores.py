"""Every score of one run at one checkpoint, as tidy tables."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from decvae.evaluation.aggregation import aggregate, available_aggregations
from decvae.evaluation.latents import LatentTable, joined
from decvae.evaluation.metrics.discretise import active_codes, check_codes, classes_of
from decvae.evaluation.protocols import Grouping, classes_scored_as, grouped_splits, grouping, scored_factors
from decvae.evaluation.published import published_units
from decvae.evaluation.sound import Codes, Part, joined_folds, score, units
from decvae.evaluation.subspaces import Subspaces, evidence_units, importance_rows, learnable_factors
from decvae.models.variance import between_component_share
from decvae.settings.evaluation import EvaluationSettings

__all__ = ["CLASS_COLUMNS", "COLUMNS", "EVIDENCE_COLUMNS", "EvaluationSettings", "Scores", "evaluate", "score_table"]

logger = logging.getLogger(__name__)

COLUMNS = (
    *("branch", "space", "aggregation", "n_codes", "factors", "metric", "classifier", "protocol", "value", "spread"),
    *("ci_low", "ci_high", "n"),
)
CLASS_COLUMNS = (
    *("branch", "space", "aggregation", "factor", "classifier", "protocol", "class", "predicted", "metric", "value"),
    *("ci_low", "ci_high", "n"),
)
EVIDENCE_COLUMNS = ("branch", "factor", "evidence", "subspace", "level", "value", "ci_low", "ci_high", "n")


@dataclass(frozen=True)
class Scores:
    """The tables of one run at one checkpoint.

    Attributes
    ----------
    scores : DataFrame with columns ``COLUMNS``
        One row per score; ``factors`` joins the names of all factors by ``+`` for joint metrics and is empty for
        metrics without factors; ``spread`` is the standard deviation over folds and seeds (ddof 1; NaN for a single
        value), ``n`` the number of values; ``ci_low`` and ``ci_high`` bound the 95 % interval (NaN where there is
        none). Undefined metrics have no row.
    classes : DataFrame with columns ``CLASS_COLUMNS``
        Out-of-fold results of the sound protocol by class: ``metric`` is recall, precision, f1, or count, a cell of the
        confusion matrix (``class`` is the truth). Counts add up over the seeds of the cross-validation.
    evidence : DataFrame with columns ``EVIDENCE_COLUMNS``
        What :mod:`decvae.evaluation.subspaces` finds.
    """

    scores: pd.DataFrame
    classes: pd.DataFrame
    evidence: pd.DataFrame


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


def evaluate(tables: dict[str, LatentTable], settings: EvaluationSettings, *, seed: int = 0, n_jobs: int = 2) -> Scores:
    """All scores of a run's branches; branches that it lacks are left out.

    Parameters
    ----------
    tables : {branch: LatentTable}
        As :func:`decvae.evaluation.latents.read_latents` returns them.

    Raises
    ------
    ValueError
        As :func:`score_table`, or if the run has none of the branches asked for.
    """
    if "Z+S" in settings.branches and {"Z", "S"} <= tables.keys():
        tables = {**tables, "Z+S": joined(tables["Z"], tables["S"])}
    wanted = [branch for branch in settings.branches if branch in tables]
    if not wanted:
        raise ValueError(f"the run has branches {sorted(tables)}, evaluation asks for {list(settings.branches)}")
    found = [score_table(tables[branch], settings, seed=seed, n_jobs=n_jobs) for branch in wanted]
    return Scores(
        *(
            pd.concat([getattr(one, part) for one in found], ignore_index=True)
            for part in ("scores", "classes", "evidence")
        )
    )


def score_table(table: LatentTable, settings: EvaluationSettings, *, seed: int = 0, n_jobs: int = 2) -> Scores:
    """All scores of one latent table.

    Posterior means (space ``mu``): every metric for every aggregation. Features: classification, k-means, and
    the share of their variance between components. A row without a label of a factor (a negative class code) is left
    out for that factor, a row without any label altogether; so are factors with one class. Codes that are constant are
    dropped first: ``n_codes`` counts those that vary.

    Parameters
    ----------
    seed : int
        Of the draw of rows, the splits, the bootstrap and the boosted trees.
    n_jobs : int
        Metrics, folds and tasks run in parallel, one thread each; the scores do not depend on it.

    Raises
    ------
    ValueError
        If the table is empty, has no requested aggregation, or holds NaN codes.
    """
    table = _scored_rows(table, settings, seed)
    matrices = _matrices(table, settings, seed)
    work = [(place, unit) for place, codes in enumerate(matrices) for unit in _units(codes)]
    subspaces = _subspaces(table, matrices[0]) if settings.subspace_evidence and matrices else None
    probes = evidence_units(subspaces) if subspaces else []
    parts: list[list[Part]] = [[] for _ in matrices]
    results = _in_parallel([*(unit for _, unit in work), *probes], n_jobs)
    for (place, _), part in zip(work, results, strict=False):
        parts[place].append(part)
    rows, classes = [], []
    evidence = [row for rows in results[len(work) :] for row in rows]
    for codes, found in zip(matrices, parts, strict=True):
        if subspaces and codes.space == "mu" and codes.aggregation == "all":
            evidence += _importances(subspaces, codes, found)
        cell = {"space": codes.space, "aggregation": codes.aggregation}
        scores = [row for part in found for row in part.rows] + joined_folds(codes, found)
        rows += [cell | {"n_codes": codes.z.shape[1]} | row for row in scores]
        classes += [cell | {"branch": table.branch} | row for part in found for row in part.classes]
    if table.features is not None:
        n_codes = table.features[:, 1:].shape[1] * table.features.shape[2]
        cell = {"space": "features", "aggregation": "OCs_joint", "n_codes": n_codes}
        rows.append(cell | score("between_component_share", _component_share(table)))
    return Scores(
        pd.DataFrame(
            [{"branch": table.branch} | row for row in rows if row["value"] is not None], columns=list(COLUMNS)
        ),
        pd.DataFrame(classes, columns=list(CLASS_COLUMNS)),
        pd.DataFrame([{"branch": table.branch} | row for row in evidence], columns=list(EVIDENCE_COLUMNS)),
    )


def _component_share(table: LatentTable) -> float | None:
    """Share of the features' variance between components; None for fewer than two or features without variance."""
    check_codes(table.features.reshape(len(table), -1), "features")
    components = table.features[:, 1:].swapaxes(0, 1).astype(np.float64)
    if len(components) < 2 or np.all(np.ptp(components, axis=(0, 1)) == 0):
        return None
    return float(between_component_share(components, table.present.T))


def _subspaces(table: LatentTable, codes: Codes) -> Subspaces:
    """X and the components of a table, with the factors and splits of its code matrices."""
    names = [name for name in table.subspaces if name != "OCs_proj"]
    mu = table.mu[:, [table.subspaces.index(name) for name in names]]
    return Subspaces(mu, names, learnable_factors(codes.scored, codes.splits), codes.splits, codes.seed)


def _importances(subspaces: Subspaces, codes: Codes, parts: list[Part]) -> list[dict]:
    """Importance of every subspace, from the folds of the aggregation ``all``."""
    factors = [place for place, name in enumerate(codes.factors) if name in subspaces.factors]
    importances = []
    for part in parts:
        if part.importance is not None and factors:
            importances.append(np.zeros((subspaces.mu[0].size, len(factors))))
            importances[-1][codes.columns] = part.importance[:, factors]
    return importance_rows(importances, subspaces.names, list(subspaces.factors)) if importances else []


def _units(codes: Codes) -> list:
    """The work on one code matrix under every protocol asked for."""
    known = {"sound": units, "published": published_units}
    return [unit for protocol in codes.settings.protocols for unit in known[protocol](codes)]


def _in_parallel(work: list, n_jobs: int) -> list:
    """Results of the units in their order, each in one thread."""
    found = Parallel(n_jobs=max(1, min(n_jobs, len(work))), return_as="generator")(delayed(_one)(unit) for unit in work)
    parts = []
    for part in found:
        parts.append(part)
        if len(parts) % 10 == 0 or len(parts) == len(work):
            logger.info("scored %d of %d parts", len(parts), len(work))
    return parts


def _one(unit):
    with threadpool_limits(1):
        return unit()


def _matrices(table: LatentTable, settings: EvaluationSettings, seed: int) -> list[Codes]:
    """The code matrices that are scored, with their factors and splits."""
    factors, groupings = _usable_factors(table, settings.groups)
    shared = {
        "factors": factors,
        "groupings": groupings,
        "splits": _splits(factors, groupings, seed, settings.disentanglement_folds),
        "scored_as": {name: classes_scored_as(name, table.class_names[name]) for name in factors},
        "class_names": table.class_names,
        "utterance": table.utterance,
        "split": table.split,
        "branch": table.branch,
        "settings": settings,
        "seed": seed,
    }
    found = []
    for space, requested in (("mu", settings.aggregations), ("features", settings.feature_aggregations)):
        for aggregation in _available(table, space, requested):
            z = check_codes(aggregate(table, aggregation, space))
            columns = np.flatnonzero(active_codes(z))
            n_constant = z.shape[1] - len(columns)
            z = z[:, columns]
            codes = Codes(z, columns, space=space, aggregation=aggregation, **shared)
            logger.info("%s: %d codes (%d constant dropped), %d rows", codes.name, z.shape[1], n_constant, len(z))
            if z.shape[1] == 0:
                logger.warning("%s: every code is constant, nothing to score", codes.name)
            else:
                found.append(codes)
    return found


def _splits(factors, groupings, seed, n_folds) -> dict[str, list[tuple[np.ndarray, np.ndarray]]]:
    """Splits of every factor by its own groups; factors with the same groups share them."""
    splits = {}
    for by in dict.fromkeys(one.by for one in groupings.values()):
        names = [name for name in factors if groupings[name].by == by]
        y = np.stack([factors[name] for name in names], axis=1)
        splits.update(dict.fromkeys(names, grouped_splits(y, groupings[names[0]].groups, seed)[:n_folds]))
    return {name: splits[name] for name in factors}


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
    for name, codes in table.factors.items():
        if len(codes) != len(table):
            raise ValueError(f"branch {table.branch}: factor {name} has {len(codes)} rows, the latents {len(table)}")
    factors = list(scored_factors(table).values())
    keep = np.any(np.array(factors) >= 0, axis=0) if factors else np.ones(len(table), dtype=bool)
    if settings.discard_overlaps:
        keep &= ~table.overlap
    if keep.sum() < 2:
        raise ValueError(f"branch {table.branch}: fewer than two labelled rows of {len(table)} are left to score")
    kept = np.flatnonzero(keep)
    drawn = kept[balanced_rows(table.utterance[kept], settings.max_frames, seed)]
    logger.info("branch %s: scoring %d of %d rows", table.branch, len(drawn), len(table))
    return table.select(drawn)


def _usable_factors(table: LatentTable, groups: dict[str, str]) -> tuple[dict[str, np.ndarray], dict[str, Grouping]]:
    """Factors with two classes or more, and their groups; where the group is not known, the label counts as missing."""
    factors, groupings = {}, {}
    for name, codes in scored_factors(table).items():
        classes = classes_of(codes)
        if len(classes) > 1:
            groupings[name] = grouping(table, name, groups.get(name))
            factors[name] = np.where(groupings[name].groups < 0, -1, codes)
            classes = classes_of(factors[name])
        if len(classes) < 2:
            logger.warning("branch %s: factor %s has one class only and is not scored", table.branch, name)
            factors.pop(name, None)
            groupings.pop(name, None)
        elif missing := int(np.sum(factors[name] < 0)):
            logger.info("branch %s: %d of %d rows have no label of %s", table.branch, missing, len(codes), name)
    return factors, groupings
