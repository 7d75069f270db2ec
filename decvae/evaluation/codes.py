"""What is scored: the code matrices of a latent table, with the groups and splits of every factor."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

import numpy as np

from decvae.evaluation.aggregation import Space, aggregate, available_aggregations
from decvae.evaluation.classification import Splits
from decvae.evaluation.latents import LatentTable, balanced_rows
from decvae.evaluation.metrics.checks import active_codes, check_codes, classes_of
from decvae.evaluation.protocols import (
    Grouping,
    classes_scored_as,
    grouped_splits,
    grouping,
    is_split,
    scored_factors,
    why_not_scored,
)
from decvae.settings.evaluation import EvaluationSettings

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Factor:
    """A factor with all that scoring it needs.

    Attributes
    ----------
    name : str
    y : (n,) int
        At least two classes; negative where a label is missing.
    classes : list of str
        Name of each class.
    grouping : Grouping
        What is never divided between training and test part.
    splits : list of (train, test)
        Of the metrics with a training part, one entry per fold that is fitted; none of a factor on some of the rows.
    scored_as : (n_classes,) int or None
        Class that each class counts as (39 phonemes where 48 are trained); None if each counts as itself.
    """

    name: str
    y: np.ndarray
    classes: list[str]
    grouping: Grouping
    splits: Splits
    scored_as: np.ndarray | None

    @property
    def scored(self) -> np.ndarray:
        """``y`` by the classes that count; missing labels stay negative."""
        return self.y if self.scored_as is None else np.where(self.y < 0, self.y, self.scored_as[self.y])

    def restricted(self, keep: np.ndarray) -> Factor:
        """The factor on the rows of a mask, without splits."""
        grouping = replace(self.grouping, groups=self.grouping.groups[keep])
        return replace(self, y=self.y[keep], grouping=grouping, splits=[])


@dataclass(frozen=True)
class Codes:
    """The varying codes of one aggregation.

    Attributes
    ----------
    z : (n, n_codes)
    columns : (n_codes,) int
        Place of each code in the aggregation, which also has the constant ones.
    factors : {name: Factor}
    split : (n,) int or None
        Which of the pooled splits each row comes from.
    """

    z: np.ndarray
    columns: np.ndarray
    factors: dict[str, Factor]
    split: np.ndarray | None
    branch: str
    space: str
    aggregation: str
    settings: EvaluationSettings
    seed: int

    @property
    def name(self) -> str:
        """For messages."""
        return f"branch {self.branch}, {self.space}, {self.aggregation}"

    @property
    def y(self) -> np.ndarray | None:
        """All factors ``(n, n_factors)`` by the classes that count; None without factors."""
        return np.stack([factor.scored for factor in self.factors.values()], axis=1) if self.factors else None

    @property
    def joint(self) -> str:
        """The names of all factors, as the table of scores has them."""
        return "+".join(self.factors)

    def restricted(self, keep: np.ndarray) -> Codes:
        """The rows of a mask; the splits of all rows do not go along."""
        if keep.all():
            return self
        factors = {name: factor.restricted(keep) for name, factor in self.factors.items()}
        return replace(self, z=self.z[keep], factors=factors, split=None if self.split is None else self.split[keep])

    def labelled(self, name: str) -> Codes:
        """The rows that have a label of one factor, to score that factor alone."""
        return self.restricted(self.factors[name].y >= 0)


def code_matrices(table: LatentTable, settings: EvaluationSettings, seed: int) -> list[Codes]:
    """The code matrices of a table of :func:`scored_rows`: of the posterior means, then of the features.

    Raises
    ------
    ValueError
        If the table has no requested aggregation of the posterior means, or holds NaN codes.
    """
    factors = _usable_factors(table, settings, seed)
    found = []
    wanted: dict[Space, tuple[str, ...]] = {"mu": settings.aggregations, "features": settings.feature_aggregations}
    for space, requested in wanted.items():
        for aggregation in _available(table, space, requested):
            z = check_codes(aggregate(table, aggregation, space))
            columns = np.flatnonzero(active_codes(z))
            n_constant = z.shape[1] - len(columns)
            z = z[:, columns]
            codes = Codes(z, columns, factors, table.split, table.branch, space, aggregation, settings, seed)
            logger.info("%s: %d codes (%d constant dropped), %d rows", codes.name, z.shape[1], n_constant, len(z))
            if z.shape[1] == 0:
                logger.warning("%s: every code is constant, nothing to score", codes.name)
            else:
                found.append(codes)
    return found


def scored_rows(table: LatentTable, settings: EvaluationSettings, seed: int) -> LatentTable:
    """Labelled rows of the table, without overlaps if so set, at most ``max_frames`` of them.

    Raises
    ------
    ValueError
        If factors and latents differ in length, or fewer than two rows are left.
    """
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


def _available(table: LatentTable, space: Space, requested: tuple[str, ...]) -> list[str]:
    """The requested aggregations that the table has, each once."""
    available = available_aggregations(table, space)
    missing = [name for name in requested if name not in available]
    if space == "mu" and len(missing) == len(requested):
        raise ValueError(f"branch {table.branch} has none of the aggregations {missing}; available: {available}")
    if missing:
        logger.info("branch %s, %s: no aggregation %s", table.branch, space, ", ".join(missing))
    return list(dict.fromkeys(name for name in requested if name in available))


def _usable_factors(table: LatentTable, settings: EvaluationSettings, seed: int) -> dict[str, Factor]:
    """Factors that can be learned and recognised; the others are left out one by one, with the reason in the log.

    Where the group is not known, the label counts as missing.
    """
    found: dict[str, Factor] = {}
    for name, y in scored_factors(table).items():
        reason = "it has one class only"
        if len(classes_of(y)) > 1:
            groups = grouping(table, name, settings.groups.get(name))
            y = np.where(groups.groups < 0, -1, y)
            reason = why_not_scored(y, groups)
        if reason:
            logger.warning("branch %s: factor %s is not scored: %s", table.branch, name, reason)
            continue
        if missing := int(np.sum(y < 0)):
            logger.info("branch %s: %d of %d rows have no label of %s", table.branch, missing, len(y), name)
        classes = table.class_names[name]
        found[name] = Factor(name, y, classes, groups, [], classes_scored_as(name, classes))
    return _with_splits(table.branch, found, settings, seed)


def _with_splits(branch: str, found: dict[str, Factor], settings: EvaluationSettings, seed: int) -> dict[str, Factor]:
    """The factors with their splits; those of a group share them, unless these leave one class to a part of a factor.

    Such a factor is split by itself; if that does not help it is left out, with the reason in the log.
    """

    def splits_of(factors: list[Factor]) -> Splits:
        y = np.stack([factor.y for factor in factors], axis=1)
        return grouped_splits(y, factors[0].grouping.groups, seed)[: settings.disentanglement_folds]

    shared = {
        by: splits_of([factor for factor in found.values() if factor.grouping.by == by])
        for by in dict.fromkeys(factor.grouping.by for factor in found.values())
    }
    split: dict[str, Factor] = {}
    for name, factor in found.items():
        own = shared[factor.grouping.by]
        if not is_split(factor.scored, own):
            own = splits_of([factor])
        if is_split(factor.scored, own):
            split[name] = replace(factor, splits=own)
        else:
            by = factor.grouping.by
            message = (
                "branch %s: factor %s is not scored: a fold of its %ss has one class to train on or no labels to test"
            )
            logger.warning(message, branch, name, by)
    return split
