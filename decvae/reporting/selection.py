"""Which rows of the table of all scores a table shows, and in which order its columns stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from decvae.names.scores import SCORES, Score, score_named, split_score

BEST = "best"  # the published protocol reports the classifier with the highest test accuracy
_OF_ONE_FACTOR = [score.name for score in SCORES if score.factors == "one"]


def matching(rows: pd.DataFrame, **wanted: str) -> pd.DataFrame:
    """The rows that have the wanted value in every named column."""
    for column, value in wanted.items():
        rows = rows[rows[column] == value]
    return rows


def on_aggregation(rows: pd.DataFrame, aggregation: str, per: Sequence[str] = ("run",)) -> pd.DataFrame:
    """Rows of one aggregation; of X for each ``per`` that lacks it, as baselines do."""
    chosen = rows.groupby(list(per))["aggregation"].transform(
        lambda found: aggregation if aggregation in set(found) else "X"
    )
    return rows[rows["aggregation"] == chosen]


def with_score_names(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows with a column ``score``: the metric, and the factor if it is of one (``accuracy_vowel``)."""
    names = rows["metric"].where(~rows["metric"].isin(_OF_ONE_FACTOR), rows["metric"] + "_" + rows["factors"])
    return rows.assign(score=names)


def in_order(names: Iterable[str]) -> list[Score]:
    """Each score once, as in :data:`decvae.names.scores.SCORES`, the factors of a metric as they come.

    >>> [score.symbol for score in in_order(["accuracy_vowel", "accuracy_king_stage", "irs", "irs"])]
    ['IRS', 'vowel acc.', 'king_stage acc.']
    """
    metrics = [score.name for score in SCORES]
    return [score_named(name) for name in sorted(dict.fromkeys(names), key=lambda n: metrics.index(split_score(n)[0]))]


def chosen_scores(
    metrics: pd.DataFrame, *, aggregation: str, classifier: str, branch: str = "Z", **wanted: str
) -> pd.DataFrame:
    """Scores of latents (``mu``) of one branch, each run on ``aggregation`` or, lacking it, on X.

    Parameters
    ----------
    metrics : DataFrame
        ``metrics.parquet``.
    classifier : str
        Of the scores that have one.
    **wanted : str
        Values of other columns, such as ``corpus``, ``protocol`` and ``checkpoint``.

    Returns
    -------
    DataFrame
        With the column of :func:`with_score_names`.

    Raises
    ------
    ValueError
        If there is no such row; the message says what was looked for.
    """
    wanted = {**wanted, "branch": branch, "space": "mu"}
    rows = matching(metrics, **wanted)
    rows = rows[rows["classifier"].isin(["", classifier])]
    if rows.empty:
        raise ValueError(f"the metrics have no scores with {wanted} and classifier {classifier!r}")
    return with_score_names(on_aggregation(rows, aggregation))
