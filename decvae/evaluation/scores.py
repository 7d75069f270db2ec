"""Every score of one run at one checkpoint, as tidy tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits

from decvae.artifacts import progress
from decvae.evaluation.codes import Codes, code_matrices, scored_rows
from decvae.evaluation.latents import LatentTable, joined
from decvae.evaluation.metrics.checks import check_codes
from decvae.evaluation.parts import Part, Row, score
from decvae.evaluation.published import published_units
from decvae.evaluation.sound import joined_folds, sound_units
from decvae.evaluation.subspaces import Subspaces, evidence_units, importance_rows, learnable_factors
from decvae.models.variance import between_component_share
from decvae.settings.evaluation import EvaluationSettings

UNITS = {"sound": sound_units, "published": published_units}  # the work on one code matrix, by protocol
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
    tables_of = {part.name: [getattr(one, part.name) for one in found] for part in fields(Scores)}
    return Scores(**{name: pd.concat(frames, ignore_index=True) for name, frames in tables_of.items()})


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
    table = scored_rows(table, settings, seed)
    matrices = code_matrices(table, settings, seed)
    work = [[unit for protocol in settings.protocols for unit in UNITS[protocol](codes)] for codes in matrices]
    subspaces = _subspaces(table, matrices[0]) if settings.subspace_evidence and matrices else None
    probes: list[Callable[[], Any]] = evidence_units(subspaces) if subspaces else []
    results = iter(_in_parallel([unit for units in work for unit in units] + probes, n_jobs))
    rows: list[Row] = []
    classes: list[Row] = []
    importances: list[Row] = []
    for codes, units in zip(matrices, work, strict=True):
        parts: list[Part] = [next(results) for _ in units]
        cell: Row = {"space": codes.space, "aggregation": codes.aggregation}
        found = [row for part in parts for row in part.rows] + joined_folds(codes, parts)
        rows += [cell | {"n_codes": codes.z.shape[1]} | row for row in found]
        classes += [cell | row for part in parts for row in part.classes]
        if subspaces and codes.space == "mu" and codes.aggregation == "all":
            importances = _importances(subspaces, codes, parts)
    if table.features is not None:
        rows.append(_component_share(table.features, table.present))
    evidence = [row for found in results for row in found] + importances
    return Scores(
        _frame(table.branch, [row for row in rows if row["value"] is not None], COLUMNS),
        _frame(table.branch, classes, CLASS_COLUMNS),
        _frame(table.branch, evidence, EVIDENCE_COLUMNS),
    )


def _frame(branch: str, rows: Sequence[Row], columns: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame([{"branch": branch, **row} for row in rows], columns=list(columns))


def _component_share(features: np.ndarray, present: np.ndarray | None) -> Row:
    """Share of the features' variance between components; None for fewer than two or features without variance."""
    check_codes(features.reshape(len(features), -1), "features")
    components = features[:, 1:].swapaxes(0, 1).astype(np.float64)
    varies = len(components) > 1 and np.any(np.ptp(components, axis=(0, 1)) > 0)
    share = float(between_component_share(components, present.T)) if present is not None and varies else None
    cell: Row = {"space": "features", "aggregation": "OCs_joint", "n_codes": len(components) * components.shape[2]}
    return cell | score("between_component_share", share)


def _subspaces(table: LatentTable, codes: Codes) -> Subspaces:
    """X and the components of a table, with the factors and splits of its code matrices."""
    names = [name for name in table.subspaces if name != "OCs_proj"]
    mu = table.mu[:, [table.subspaces.index(name) for name in names]]
    splits = {name: factor.splits for name, factor in codes.factors.items()}
    factors = learnable_factors({name: factor.scored for name, factor in codes.factors.items()}, splits)
    return Subspaces(mu, names, factors, splits, codes.seed)


def _importances(subspaces: Subspaces, codes: Codes, parts: Sequence[Part]) -> list[Row]:
    """Importance of every subspace, from the folds of the aggregation ``all``."""
    factors = [place for place, name in enumerate(codes.factors) if name in subspaces.factors]
    importances = []
    for part in parts:
        if part.importance is not None and factors:
            importances.append(np.zeros((subspaces.mu[0].size, len(factors))))
            importances[-1][codes.columns] = part.importance[:, factors]
    return importance_rows(importances, subspaces.names, list(subspaces.factors)) if importances else []


T = TypeVar("T")


def _in_parallel(work: Sequence[Callable[[], T]], n_jobs: int) -> list[T]:
    """Results of the units in their order, each in one thread."""
    found = Parallel(n_jobs=max(1, min(n_jobs, len(work))), return_as="generator")(delayed(_one)(unit) for unit in work)
    return list(progress(found, len(work), "score parts"))


def _one(unit: Callable[[], T]) -> T:
    with threadpool_limits(1):
        return unit()
