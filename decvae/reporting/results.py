"""The table of results of a corpus: models in rows, scores in columns, the best in bold."""

from __future__ import annotations

import pandas as pd

from decvae.names.scores import SCORES, Score, score_named
from decvae.reporting.selection import chosen_scores, in_order
from decvae.reporting.tables import bold, grid

_SHOWN = {score.name for score in SCORES if score.shown != "file"}
_ARROWS = {"low": "↓", "high": "↑"}


def shown_scores(metrics: pd.DataFrame, **shown: str) -> pd.DataFrame:
    """The rows of the table: of :func:`~decvae.reporting.selection.chosen_scores` those that tables show.

    Parameters
    ----------
    metrics : DataFrame
        ``metrics.parquet``.
    **shown : str
        ``corpus``, ``protocol``, ``checkpoint``, ``aggregation``, ``classifier``.

    Raises
    ------
    ValueError
        If there is no such row.
    """
    rows = chosen_scores(metrics, **shown)
    return rows[rows["metric"].isin(_SHOWN)]


def results_table(scores: pd.DataFrame, style: str) -> str:
    """Table of :func:`shown_scores` in Markdown or LaTeX (booktabs).

    Each cell is the value and half the width of its 95 % interval; the best value of a column is bold, as are all that
    print the same.

    Parameters
    ----------
    style : {"markdown", "latex"}
    """
    columns = {score.name: f"{score.symbol} {_ARROWS[score.better]}" for score in in_order(scores["score"])}
    printed = scores["value"].map("{:.3f}".format)
    best = {name: _best(score_named(name), group) for name, group in printed.groupby(scores["score"])}
    cells = {}
    for row, value in zip(scores.itertuples(), printed, strict=True):
        shown = bold(value, style) if value == best[row.score] else value
        half = (row.ci_high - row.ci_low) / 2
        cells[row.label, columns[row.score]] = shown + ("" if pd.isna(half) else f" ± {half:.3f}")
    return grid(cells, list(columns.values()), style=style)


def _best(score: Score, printed: pd.Series) -> str:
    return str((min if score.better == "low" else max)(printed, key=float))
