"""What one unit of work finds: rows of the tables of scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

Row = dict[str, str | float | None]


@dataclass
class Part:
    """Rows of scores and of classes, or the scores of one fold, to be joined later.

    Attributes
    ----------
    rows : list of dict
        As :func:`score` makes them.
    classes : list of dict
        Results by class: factor, classifier, protocol, class, predicted, metric, value, ci_low, ci_high, n.
    fold : {metric: value}
    importance : (n_codes, n_factors) or None
        DCI importance of the fold; 0 for codes that are constant in its training part.
    """

    rows: list[Row] = field(default_factory=list)
    classes: list[Row] = field(default_factory=list)
    fold: dict[str, float | None] = field(default_factory=dict)
    importance: np.ndarray | None = None


def spread_of(values: Sequence[float] | np.ndarray) -> float:
    """Standard deviation over folds and seeds (ddof 1); NaN for fewer than two."""
    return float(np.std(values, ddof=1)) if len(values) > 1 else np.nan


def score(
    metric: str,
    value: float | None,
    factors: str = "",
    classifier: str = "",
    values: Sequence[float] | np.ndarray = (),
    interval: tuple[float, float] | None = None,
    protocol: str = "sound",
) -> Row:
    """One row of the table of scores.

    Parameters
    ----------
    factors : str
        Names of the factors, joined by ``+``.
    values : (n,)
        Those of the folds and seeds that ``value`` is the mean of; their standard deviation is the spread.
    interval : (low, high), optional
    """
    low, high = interval or (np.nan, np.nan)
    cell: Row = {"factors": factors, "metric": metric, "classifier": classifier, "protocol": protocol, "value": value}
    return cell | {"spread": spread_of(values), "ci_low": low, "ci_high": high, "n": max(1, len(values))}
