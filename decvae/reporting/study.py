"""What a study finds: runs beside targets, the reference beside all others, ablations around it and their order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from scipy.stats import kendalltau

from decvae.names.models import PAIRED_KEYS
from decvae.names.scores import score_named
from decvae.reporting.selection import BEST, chosen_scores, matching
from decvae.settings.objective import named_settings
from decvae.study.keys import dotted

# The scores of the page in their order, and the value that one single model should reach.
TARGETS = {
    "disentanglement": 0.76,
    "modularity": 0.91,
    "explicitness": 0.95,
    "irs": 0.66,
    "accuracy_vowel": 0.98,
    "accuracy_speaker": 0.97,
    "mutual_information": 0.03,
    "total_correlation_norm": 0.10,
}


def scores_of(metrics: pd.DataFrame, *, protocol: str, classifier: str, **chosen: str) -> pd.DataFrame:
    """The rows of the page's scores, of every run and checkpoint.

    Parameters
    ----------
    metrics : DataFrame
        ``metrics.parquet``.
    classifier : str
        Of the sound protocol; the published one reports its best.
    **chosen : str
        As for :func:`~decvae.reporting.selection.chosen_scores`.

    Raises
    ------
    ValueError
        If there are no such rows.
    """
    classifier = BEST if protocol == "published" else classifier
    rows = chosen_scores(metrics, protocol=protocol, classifier=classifier, **chosen)
    return rows[rows["score"].isin(list(TARGETS))]


def distances_to_targets(rows: pd.DataFrame, checkpoint: str) -> pd.DataFrame:
    """Every run at one checkpoint beside the targets, the one that meets most of them first.

    Ties are broken by the sum of what is missing.

    Returns
    -------
    DataFrame with columns run, label, met and one per score
        ``value - target``, signed so that at least 0 meets the target.
    """
    wide = matching(rows, checkpoint=checkpoint)
    wide = wide.pivot_table(index=["run", "label"], columns="score", values="value").reset_index()
    margins = pd.DataFrame(
        {name: score_named(name).margin(wide[name], target) for name, target in TARGETS.items() if name in wide}
    )
    met, missing = (margins >= 0).sum(axis=1), margins.clip(upper=0).sum(axis=1)
    found = pd.concat([wide[["run", "label"]], met.rename("met"), margins], axis=1)
    return found.assign(missing=missing).sort_values(["met", "missing"], ascending=False).drop(columns="missing")


def against_others(summary: pd.DataFrame, reference: str, checkpoint: str) -> pd.DataFrame:
    """Whether the reference setting is better than every other setting, and than its own untrained encoder.

    Returns
    -------
    DataFrame with columns setting, checkpoint, score, value, reference, verdict
        ``verdict`` is better or worse where the 95 % intervals do not overlap, else ``overlap``; ``no interval`` where
        one of them has none.
    """
    is_own = (summary["setting"] == reference) & (summary["checkpoint"] == checkpoint)
    known = summary["value"].notna()
    others = summary[known & ((summary["setting"] != reference) | (summary["checkpoint"] == "init"))]
    own = summary.loc[known & is_own, ["score", "value", "ci_low", "ci_high"]]
    pairs = others.merge(own, on="score", suffixes=("", "_own"))
    pairs = pairs.assign(verdict=[_verdict(pair) for pair in pairs.itertuples()], reference=pairs["value_own"])
    return pairs[["setting", "checkpoint", "score", "value", "reference", "verdict"]]


def _verdict(pair: Any) -> str:
    if pd.isna([pair.ci_low, pair.ci_high, pair.ci_low_own, pair.ci_high_own]).any():
        return "no interval"
    if pair.ci_low_own <= pair.ci_high and pair.ci_high_own >= pair.ci_low:
        return "overlap"
    return "better" if score_named(pair.score).margin(pair.value_own, pair.value) > 0 else "worse"


def axes_around(settings: Mapping[str, Mapping[str, Any]], reference: str) -> dict[str, dict[str, str]]:
    """Ablations around the reference: settings that differ from it along one axis only.

    Parameters
    ----------
    settings : {setting: nested settings of a run}
    reference : str

    Returns
    -------
    {axis: {setting: value}}
        The reference is on every axis. Keys that change together (both betas, both numbers of components) are one axis;
        another objective, with whatever options, is on the axis ``objective``. Keys that one of two settings lacks do
        not count. Settings that differ in more are on no axis.
    """
    flat = {name: dotted(values) for name, values in settings.items()}
    own = flat[reference]
    axes: dict[str, dict[str, str]] = {}
    for name, values in flat.items():
        different = {key for key in own if key in values and key != "seed" and values[key] != own[key]}
        if name == reference or not different or "model" in different:
            continue
        if "objective" in different and different <= {"objective", *dotted(named_settings(own["objective"]))}:
            axes.setdefault("objective", {reference: _objective(own)})[name] = _objective(values)
            continue
        last = max(different)
        axis = last if len(different) == 1 else None
        axis = next((title for title, keys in PAIRED_KEYS.items() if different <= set(keys)), axis)
        if axis is not None:
            shown = axis if axis in own else last
            axes.setdefault(axis, {reference: _value(own, shown)})[name] = _value(values, shown)
    return axes


def _objective(flat: Mapping[str, Any]) -> str:
    """Name of an objective and the options of the loss in which it differs from that name."""
    named = dotted(named_settings(flat["objective"]))
    differing = [key for key, value in named.items() if key in flat and flat[key] != value]
    changed = [f"{key.rpartition('.')[2]}={_value(flat, key)}" for key in differing]
    return ", ".join([flat["objective"], *changed])


def _value(flat: Mapping[str, Any], key: str) -> str:
    return f"{flat[key]:g}" if isinstance(flat[key], float) else str(flat[key])


def agreement(ours: pd.DataFrame, published: pd.DataFrame) -> pd.DataFrame:
    """Kendall's tau of the order of the settings here and in the paper, for every score.

    Parameters
    ----------
    ours, published : DataFrame
        Columns score, setting, value.

    Returns
    -------
    DataFrame with columns score, settings (their number), tau
        Scores with fewer than three settings in common are left out.
    """
    both = ours.merge(published, on=["score", "setting"], suffixes=("", "_paper"))
    found = []
    for score, group in both.groupby("score", sort=False):
        if len(group) >= 3:
            found.append((score, len(group), kendalltau(group["value"], group["value_paper"]).statistic))
    return pd.DataFrame(found, columns=["score", "settings", "tau"])
