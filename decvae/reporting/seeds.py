"""Scores, and histories, of several runs in one table, and over training seeds where runs differ by nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from decvae.evaluation.intervals import LEVEL, mean_interval

# Of columns that are empty for some runs, or all.
TYPES = {
    **dict.fromkeys(("objective", "adaptation", "start_from"), "string"),
    **dict.fromkeys(("beta_z", "beta_s"), "float64"),
}
OF_ONE_RUN = ("run", "label", "seed", "epoch", "n_codes", "value", "spread", "ci_low", "ci_high", "n")


def with_run_columns(tables: Sequence[pd.DataFrame], runs: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """All tables below each other, with the columns that identify the run in front.

    Parameters
    ----------
    tables : sequence of DataFrame
    runs : sequence of dict
        For each table the columns of its run; all have the same.
    """
    parts = []
    for table, run in zip(tables, runs, strict=True):
        front = pd.DataFrame({name: [value] * len(table) for name, value in run.items()}, index=table.index)
        front = front.astype({name: kind for name, kind in TYPES.items() if name in front})
        parts.append(pd.concat([front, table], axis=1))
    return pd.concat(parts, ignore_index=True)


def histories_by_epoch(histories: Sequence[pd.DataFrame], runs: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """The rows of epochs of all histories (:data:`decvae.training.history.COLUMNS`), with run and label in front."""
    tables = [history[history["interval"] == "epoch"].drop(columns="interval") for history in histories]
    return with_run_columns(tables, [{name: run[name] for name in ("run", "label")} for run in runs])


def over_seeds(scores: pd.DataFrame, *, single: bool = False) -> pd.DataFrame:
    """Mean, spread and 95 % interval of every score over the runs of a setting, which differ by seed only.

    Parameters
    ----------
    scores : DataFrame
        As merged by :func:`with_run_columns`.
    single : bool
        Also settings with a single run: without spread, with the interval within the run.

    Returns
    -------
    DataFrame
        The columns that the runs share (``start_from`` is the setting of the runs that they start from), ``runs``
        (their number), ``value`` (mean over runs), ``spread`` (ddof 1), ``ci_low``, ``ci_high`` (Student's interval of
        the mean) and ``within``, the mean standard error within a run (NaN without intervals): a spread well above it
        is due to training, not to the data that were scored.
    """
    if "start_from" in scores:
        sources = dict(zip(scores["label"], scores["setting"], strict=True))
        scores = scores.assign(start_from=scores["start_from"].map(lambda name: sources.get(name, name), "ignore"))
    shared = [name for name in scores.columns if name not in OF_ONE_RUN]
    rows = []
    for key, group in scores.groupby(shared, dropna=False, sort=False):
        values, alone = group["value"].to_numpy(), group["seed"].nunique() < 2
        if alone and not single:
            continue
        within = (group["ci_high"] - group["ci_low"]).mean() / (2 * norm.ppf((1 + LEVEL) / 2))
        spread = float("nan") if alone else values.std(ddof=1)
        if alone:
            interval = group["ci_low"].item(), group["ci_high"].item()
        else:
            interval = mean_interval(values) or (np.nan, np.nan)
        rows.append((*key, len(group), values.mean(), spread, *interval, within))
    return pd.DataFrame(rows, columns=[*shared, "runs", "value", "spread", "ci_low", "ci_high", "within"])
