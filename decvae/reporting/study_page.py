"""The page of a study in Markdown; its numbers are those of :mod:`decvae.reporting.study`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from decvae.names import dotted
from decvae.reporting.published_values import paper_values
from decvae.reporting.seeds import over_seeds
from decvae.reporting.study import (
    SCORES,
    against_others,
    agreement,
    axes_around,
    distances_to_targets,
    published_trend,
    scores_of,
)
from decvae.reporting.tables import escaped, markdown, matching

HEADINGS = [score.heading for score in SCORES]
AGGREGATIONS = ("X", "OC1", "OC2", "OC3", "OC4", "OC5", "OCs_joint", "OCs_proj", "all")
PROTOCOLS = ("published", "sound")
VERDICTS = ("better", "worse")
UTTERANCES = {"S": ("X", "all"), "Z+S": ("all",)}  # aggregations that are shown of branches with utterances
PAPER_KEYS = ("seed", "decomposition", "beta_z", "beta_s")  # in which DecVAEs of the paper's table differ


def study_page(
    metrics: pd.DataFrame,
    settings: Mapping[str, Mapping[str, Any]],
    *,
    reference: str,
    kind: str,
    corpus: str,
    checkpoint: str,
    aggregation: str,
    classifier: str,
) -> str:
    """Everything a study shows of one corpus.

    Parameters
    ----------
    metrics : DataFrame
        ``metrics.parquet``.
    settings : {setting: nested settings of its runs}
    reference : str
        The setting that is compared with all others and around which the ablations lie.
    kind : str
        Of the corpus, for the paper's numbers.
    corpus, checkpoint, aggregation, classifier : str
        What is shown, as in the tables of results.

    Raises
    ------
    ValueError
        If the metrics have no scores by one of the two protocols.
    """
    shown = {"corpus": corpus, "classifier": classifier}
    rows = {name: scores_of(metrics, protocol=name, aggregation=aggregation, **shown) for name in PROTOCOLS}
    summaries = {name: over_seeds(found, single=True) for name, found in rows.items()}
    n_runs = matching(metrics, corpus=corpus)["run"].nunique()
    parts = ["# Results\n", _introduction(summaries["sound"], n_runs, aggregation)]
    for name in PROTOCOLS:
        parts += [f"## All models, {name} protocol\n", _models(summaries[name], checkpoint)]
    for name in PROTOCOLS:
        if table := _utterances(metrics, checkpoint, protocol=name, **shown):
            parts += [f"## Utterances, {name} protocol\n", table]
    parts += ["## Beside the paper\n", _beside_paper(summaries["published"], settings, reference, kind, checkpoint)]
    parts += ["## Targets\n", _targets(distances_to_targets(rows["published"]))]
    parts += ["## Against every other model\n", _verdicts(against_others(summaries["sound"], reference, checkpoint))]
    parts += ["## Ablations\n", *_ablations(summaries["sound"], settings, reference, checkpoint)]
    found = {
        name: over_seeds(part, single=True)
        for name in AGGREGATIONS
        if len(part := _only(metrics, reference, checkpoint, name, shown))
    }
    parts += ["### aggregation\n", _axis_table(found, "aggregation")]
    return "\n".join(parts)


def _only(metrics: pd.DataFrame, reference: str, checkpoint: str, aggregation: str, shown: dict):
    """Sound scores of the reference on one aggregation; empty if it has none."""
    own = matching(metrics, setting=reference, checkpoint=checkpoint, branch="Z", space="mu")
    if aggregation not in set(own["aggregation"]):
        return own.iloc[:0]
    return scores_of(own, protocol="sound", aggregation=aggregation, **shown)


def _introduction(summary: pd.DataFrame, n_runs: int, aggregation: str) -> str:
    return (
        f"Written by the workflow from `results/metrics/metrics.parquet`. {n_runs} runs, up to {summary['runs'].max()} "
        "seeds of a setting: mean ± standard deviation over seeds. Frame latents (branch Z), aggregation "
        f"`{aggregation}` for DecVAEs and X for all others. `untrained` is the encoder before training. Low is good "
        "for MI and TC norm., high for the rest.\n"
    )


def _number(row: Any) -> str:
    """Value and spread; "-" for a score that is not defined, as total correlation with redundant codes."""
    if pd.isna(row.value):
        return "-"
    return f"{row.value:.3f}" + ("" if pd.isna(row.spread) else f" ± {row.spread:.3f}")


def _grid(named: dict[str, pd.DataFrame], headings: list[str]) -> str:
    """A row for every name, cells from rows with heading, value and spread."""
    body = []
    for name, part in named.items():
        cells = {row.heading: _number(row) for row in part.itertuples()}
        body.append([escaped(name, "markdown"), *(cells.get(heading, "-") for heading in headings)])
    return markdown(headings, body)


def _models(summary: pd.DataFrame, checkpoint: str) -> str:
    return _grid(_states(summary, checkpoint), HEADINGS)


def _state(setting: str, checkpoint: str) -> str:
    return setting + (", untrained" if checkpoint == "init" else "")


def _states(summary: pd.DataFrame, checkpoint: str) -> dict[str, pd.DataFrame]:
    """The scores of every setting, trained and untrained, by a name that has the number of runs."""
    rows = summary[summary["checkpoint"].isin([checkpoint, "init"])]
    named = {}
    for (setting, state), part in rows.groupby(["setting", "checkpoint"], sort=False):
        named[f"{_state(setting, state)} ({part['runs'].max()})"] = part
    return named


def _utterances(metrics: pd.DataFrame, checkpoint: str, **shown: str) -> str:
    """Latents of whole utterances, alone and beside those of their frames; empty for a study without branch S."""
    parts, measured = {}, set(zip(metrics["branch"], metrics["aggregation"], strict=True))
    for branch, aggregations in UTTERANCES.items():
        for name in (name for name in aggregations if (branch, name) in measured):
            summary = over_seeds(scores_of(metrics, aggregation=name, branch=branch, **shown), single=True)
            parts |= {f"{label}: {branch}, {name}": part for label, part in _states(summary, checkpoint).items()}
    columns = {heading for part in parts.values() for heading in part["heading"]}
    return _grid(parts, [heading for heading in HEADINGS if heading in columns]) if parts else ""


def _beside_paper(summary: pd.DataFrame, settings: Mapping, reference: str, kind: str, checkpoint: str) -> str:
    """``here / paper`` of the baselines, the reference, and DecVAEs that differ from it in the keys of the paper."""
    paper = paper_values(kind)
    flat = {setting: dotted(values) for setting, values in settings.items()}
    named = {}
    for setting, part in summary[summary["checkpoint"] == checkpoint].groupby("setting", sort=False):
        own = settings[setting]
        same = paper[(paper["model"] == own["model"]) & (paper["input"] == own["input"])]
        if own["model"] == "decvae":
            if any(flat[setting].get(key) != value for key, value in flat[reference].items() if key not in PAPER_KEYS):
                continue
            same = same[(same["decomposition"] == own["decomposition"]) & (same["beta_z"] == own["beta_z"])]
            same = same if own["n_components"] == 3 else same.iloc[:0]
        theirs = {(row.metric, row.factor): row.value for row in same.itertuples()}
        cells = {row.heading: _number(row) for row in part.itertuples()}
        if theirs:
            values = [(score, theirs.get((score.metric, score.factor))) for score in SCORES]
            named[setting] = [
                "-" if value is None else f"{cells.get(score.heading, '-')} / {value:.3f}" for score, value in values
            ]
    if not named:
        return "The paper has none of these models.\n"
    body = [[escaped(label, "markdown"), *cells] for label, cells in named.items()]
    text = (
        "Published protocol, `here / paper`. The paper has one seed and far larger data; its speaker accuracies of "
        "DecVAE on SimVowels are of whole utterances (branch S).\n\n"
    )
    return text + markdown(HEADINGS, body)


def _targets(distances: pd.DataFrame, shown: int = 5) -> str:
    aims = ", ".join(f"{score.heading} {'<=' if score.low else '>='} {score.target}" for score in SCORES)
    headings = [name for name in distances.columns if name in HEADINGS]
    body = [
        [
            escaped(row["label"], "markdown"),
            f"{row['met']} of {len(headings)}",
            *("-" if pd.isna(row[name]) else f"{row[name]:+.3f}" for name in headings),
        ]
        for _, row in distances.head(shown).iterrows()
    ]
    text = f"By one single run, published protocol: {aims}. Distance to each (at least 0: met), best runs first.\n\n"
    return text + markdown(["met", *headings], body)


def _verdicts(found: pd.DataFrame) -> str:
    cells = {(row.setting, row.checkpoint, row.heading): row for row in found.itertuples()}
    body = []
    for setting, state in dict.fromkeys(zip(found["setting"], found["checkpoint"], strict=True)):
        rows = [cells.get((setting, state, heading)) for heading in HEADINGS]
        texts = ["-" if row is None else f"{row.verdict} ({row.reference:.3f} / {row.value:.3f})" for row in rows]
        counts = [str(sum(row is not None and row.verdict == verdict for row in rows)) for verdict in VERDICTS]
        body.append([escaped(_state(setting, state), "markdown"), *counts, *texts])
    text = (
        "The reference (first DecVAE of the study) against each, sound protocol: in how many scores it is better and "
        "worse, and `verdict (reference / other)`. Better or worse: 95 % intervals over seeds do not overlap.\n\n"
    )
    return text + markdown([*VERDICTS, *HEADINGS], body)


def _ablations(summary: pd.DataFrame, settings: Mapping, reference: str, checkpoint: str) -> list[str]:
    """A table for every axis; the reference is on each of them."""
    parts = [
        "Settings that differ from the reference in one thing; sound protocol. All others are in the tables above.\n"
    ]
    trained = summary[summary["checkpoint"] == checkpoint]
    for axis, values in axes_around(settings, reference).items():
        found = {value: trained[trained["setting"] == setting] for setting, value in values.items()}
        found = {value: part for value, part in found.items() if len(part)}  # runs without frame latents have none
        parts += [f"### {axis}\n", _axis_table(dict(sorted(found.items(), key=_by_number)), axis)]
    return parts


def _by_number(item: tuple[str, Any]) -> tuple[bool, float, str]:
    try:
        return False, float(item[0]), ""
    except ValueError:
        return True, 0.0, item[0]


def _axis_table(found: dict[str, pd.DataFrame], axis: str) -> str:
    """Scores along an axis, and the order of its settings beside the paper's where it has the axis."""
    table = _grid(found, HEADINGS).replace("| model |", f"| {axis} |", 1)
    ours = pd.concat([part.assign(setting=value) for value, part in found.items()])
    order = agreement(ours, published_trend(axis))
    if order.empty:
        return table
    taus = ", ".join(f"{row.heading} {row.tau:+.2f}" for row in order.itertuples())
    count = int(order["settings"].max())
    return f"{table}\nKendall's tau with the paper's order of {count} of these settings: {taus}.\n"
