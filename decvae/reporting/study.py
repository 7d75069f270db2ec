"""A study in one page: each setting over its seeds beside the paper, targets, baselines and ablations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from scipy.stats import kendalltau

from decvae.names import PAIRED_KEYS, dotted
from decvae.reporting.published_values import BEST, TASKS
from decvae.reporting.tables import matching, on_aggregation
from decvae.settings.objective import OPTIONS, ObjectiveSettings

TRENDS = Path(__file__).with_name("published_trends.csv")


@dataclass(frozen=True)
class Score:
    """A score of the page: its heading, whether low is good, and the value that one single model should reach."""

    heading: str
    metric: str
    factor: str = ""
    low: bool = False
    target: float | None = None

    def margin(self, value: float, other: float) -> float:
        """How much better ``value`` is than ``other``."""
        return other - value if self.low else value - other


SCORES = (
    Score("D", "disentanglement", target=0.76),
    Score("Mod.", "modularity", target=0.91),
    Score("Expl.", "explicitness", target=0.95),
    Score("IRS", "irs", target=0.66),
    Score("vowel acc.", "accuracy", "vowel", target=0.98),
    Score("speaker acc.", "accuracy", "speaker", target=0.97),
    Score("MI", "mutual_information", low=True, target=0.03),
    Score("TC norm.", "total_correlation_norm", low=True, target=0.10),
)


def scores_of(
    metrics: pd.DataFrame, *, corpus: str, protocol: str, aggregation: str, classifier: str, branch: str = "Z"
) -> pd.DataFrame:
    """The rows of the page's scores: latents of one branch, of every run and checkpoint.

    Parameters
    ----------
    metrics : DataFrame
        ``metrics.parquet``.
    aggregation : str
        Runs that lack it are taken on X.
    classifier : str
        Of the sound protocol; the published one reports its best.

    Returns
    -------
    DataFrame
        With a column ``heading``.

    Raises
    ------
    ValueError
        If there are no such rows.
    """
    wanted = {"corpus": corpus, "protocol": protocol, "branch": branch, "space": "mu"}
    kept = ["", BEST if protocol == "published" else classifier]
    rows = matching(metrics, **wanted)
    rows = on_aggregation(rows[rows["classifier"].isin(kept)], aggregation)
    headings = {(score.metric, score.factor): score.heading for score in SCORES}
    factor = rows["factors"].where(rows["metric"].isin(TASKS), "")
    found = [headings.get(pair) for pair in zip(rows["metric"], factor, strict=True)]
    rows = rows.assign(heading=pd.Series(found, rows.index, dtype=object))
    rows = rows[rows["heading"].notna()]
    if rows.empty:
        raise ValueError(f"the metrics have no scores with {wanted} and aggregation {aggregation!r}")
    return rows


def distances_to_targets(rows: pd.DataFrame) -> pd.DataFrame:
    """Every trained or fitted run beside the targets, the one that meets most of them first.

    Ties are broken by the sum of what is missing. Untrained models are left out.

    Returns
    -------
    DataFrame with columns run, label, met and one per score
        ``value - target``, signed so that at least 0 meets the target.
    """
    trained = rows[rows["checkpoint"] != "init"]
    wide = trained.pivot_table(index=["run", "label", "checkpoint"], columns="heading", values="value").reset_index()
    aimed = [score for score in SCORES if score.target is not None and score.heading in wide]
    margins = pd.DataFrame({score.heading: score.margin(wide[score.heading], score.target) for score in aimed})
    met, missing = (margins >= 0).sum(axis=1), margins.clip(upper=0).sum(axis=1)
    found = pd.concat([wide[["run", "label"]], met.rename("met"), margins], axis=1)
    return found.assign(missing=missing).sort_values(["met", "missing"], ascending=False).drop(columns="missing")


def against_others(summary: pd.DataFrame, reference: str, checkpoint: str) -> pd.DataFrame:
    """Whether the reference setting is better than every other setting, and than its own untrained encoder.

    Returns
    -------
    DataFrame with columns setting, checkpoint, heading, value, reference, verdict
        ``verdict`` is better or worse where the 95 % intervals do not overlap, else ``overlap``; ``no interval`` where
        one of them has none.
    """
    own = summary[(summary["setting"] == reference) & (summary["checkpoint"] == checkpoint)].set_index("heading")
    own = own[own["value"].notna()]
    others = summary[(summary["setting"] != reference) | (summary["checkpoint"] == "init")]
    low = {score.heading: score.low for score in SCORES}
    found = []
    for row in others[others["value"].notna()].itertuples():
        if row.heading not in own.index:
            continue
        ours = own.loc[row.heading]
        if pd.isna([row.ci_low, row.ci_high, ours.ci_low, ours.ci_high]).any():
            verdict = "no interval"
        elif ours.ci_low > row.ci_high or ours.ci_high < row.ci_low:
            verdict = "better" if (ours.value > row.value) != low[row.heading] else "worse"
        else:
            verdict = "overlap"
        found.append((row.setting, row.checkpoint, row.heading, row.value, ours.value, verdict))
    return pd.DataFrame(found, columns=["setting", "checkpoint", "heading", "value", "reference", "verdict"])


def axes_around(settings: Mapping[str, Mapping[str, Any]], reference: str) -> dict[str, dict[str, str]]:
    """Ablations around the reference: settings that differ from it along one axis only.

    Parameters
    ----------
    settings : {setting: nested settings of a run}
    reference : str

    Returns
    -------
    {axis: {setting: value}}
        The reference is on every axis. Keys that change together (both betas, both numbers of components, what comes
        with a branch) are one axis; another objective, with whatever options, is on the axis ``objective``. Keys that
        one of two settings lacks do not count. Settings that differ in more are on no axis.
    """
    flat = {name: dotted(values) for name, values in settings.items()}
    own = flat[reference]
    axes: dict[str, dict[str, str]] = {}
    for name, values in flat.items():
        different = {key for key in own if key in values and key != "seed" and values[key] != own[key]}
        if name == reference or not different or "model" in different:
            continue
        if "objective" in different and different <= _of_objective(own):
            axes.setdefault("objective", {reference: _objective(own)})[name] = _objective(values)
            continue
        last = max(different)
        axis = last if len(different) == 1 else None
        axis = next((title for title, keys in PAIRED_KEYS.items() if different <= set(keys)), axis)
        if axis is not None:
            shown = axis if axis in own else last
            axes.setdefault(axis, {reference: _value(own, shown)})[name] = _value(values, shown)
    return axes


def _of_objective(flat: Mapping[str, Any]) -> set[str]:
    """Keys that a named objective sets."""
    return {key for key in flat if key == "objective" or key.rpartition(".")[2] in OPTIONS}


def _objective(flat: Mapping[str, Any]) -> str:
    """Name of an objective and the options of the loss in which it differs from that name."""
    named = ObjectiveSettings.named(flat["objective"]).to_dict()
    options = {key.rpartition(".")[2]: value for key, value in flat.items()}
    changed = [f"{key}={_value(options, key)}" for key in named if key in options and options[key] != named[key]]
    return ", ".join([flat["objective"], *changed])


def _value(flat: Mapping[str, Any], key: str) -> str:
    return f"{flat[key]:g}" if isinstance(flat[key], float) else str(flat[key])


def published_trend(axis: str) -> pd.DataFrame:
    """What the paper reports along an axis: columns heading, setting, value; empty for an axis that it lacks."""
    table = pd.read_csv(TRENDS, comment="#", dtype={"setting": str}, keep_default_na=False)
    headings = {(score.metric, score.factor): score.heading for score in SCORES}
    table["heading"] = [headings[pair] for pair in zip(table["metric"], table["factor"], strict=True)]
    return table.loc[table["axis"] == axis, ["heading", "setting", "value"]]


def agreement(ours: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """Kendall's tau of the order of the settings here and in the paper, for every score.

    Parameters
    ----------
    ours, published : DataFrame
        Columns heading, setting, value.

    Returns
    -------
    DataFrame with columns heading, settings (their number), tau
        Scores with fewer than three settings in common are left out.
    """
    both = ours.merge(published, on=["heading", "setting"], suffixes=("", "_paper"))
    found = []
    for heading, group in both.groupby("heading", sort=False):
        if len(group) >= 3:
            found.append((heading, len(group), kendalltau(group["value"], group["value_paper"]).statistic))
    return pd.DataFrame(found, columns=["heading", "settings", "tau"])
