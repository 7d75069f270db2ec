"""The page of a study in Markdown; its numbers are those of :mod:`decvae.reporting.study`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from decvae.names.models import PAIRED_KEYS
from decvae.names.scores import score_named
from decvae.reporting.published_values import paper_values, published_trend
from decvae.reporting.seeds import over_seeds
from decvae.reporting.selection import matching
from decvae.reporting.study import TARGETS, against_others, agreement, axes_around, distances_to_targets, scores_of
from decvae.reporting.tables import ABSENT, grid
from decvae.settings.evaluation import PROTOCOLS
from decvae.study.keys import dotted

Settings = Mapping[str, Mapping[str, Any]]  # nested settings of the runs of each setting

SYMBOLS = {name: score_named(name).symbol for name in TARGETS}
HEADINGS = list(SYMBOLS.values())
AGGREGATIONS = ("X", "OC1", "OC2", "OC3", "OC4", "OC5", "OCs_joint", "OCs_proj", "all")
VERDICTS = ("better", "worse")
UTTERANCES = {"S": ("X", "all"), "Z+S": ("all",)}  # aggregations that are shown of branches with utterances
PAPER_KEYS = ("seed", "decomposition", *PAIRED_KEYS["beta"])  # in which DecVAEs of the paper's table differ
BEST_RUNS = 5  # beside the targets


def study_page(
    metrics: pd.DataFrame,
    settings: Settings,
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
    metrics = matching(metrics, corpus=corpus)
    shown = {"corpus": corpus, "classifier": classifier}
    rows = {name: scores_of(metrics, protocol=name, aggregation=aggregation, **shown) for name in PROTOCOLS}
    summaries = {name: over_seeds(found, single=True) for name, found in rows.items()}
    sound = summaries["sound"]
    sections = {f"All models, {name} protocol": _scores(_states(summaries[name], checkpoint)) for name in PROTOCOLS}
    for name in PROTOCOLS:
        if table := _utterances(metrics, checkpoint, protocol=name, **shown):
            sections[f"Utterances, {name} protocol"] = table
    sections |= {
        "Beside the paper": _beside_paper(summaries["published"], settings, reference, kind, checkpoint),
        "Targets": _targets(distances_to_targets(rows["published"], checkpoint)),
        "Against every other model": _verdicts(against_others(sound, reference, checkpoint)),
        "Ablations": "\n".join(
            [
                *_ablations(sound, settings, reference, checkpoint),
                _by_aggregation(metrics, reference, checkpoint, **shown),
            ]
        ),
    }
    introduction = _introduction(sound, metrics["run"].nunique(), aggregation)
    return "\n".join(["# Results\n", introduction, *(f"## {title}\n\n{text}" for title, text in sections.items())])


def _introduction(summary: pd.DataFrame, n_runs: int, aggregation: str) -> str:
    low = " and ".join(SYMBOLS[name] for name in TARGETS if score_named(name).better == "low")
    return (
        f"Written by the workflow from `results/metrics/metrics.parquet`. {n_runs} runs, up to {summary['runs'].max()} "
        "seeds of a setting: mean ± standard deviation over seeds. Frame latents (branch Z), aggregation "
        f"`{aggregation}` for DecVAEs and X for all others. `untrained` is the encoder before training. Low is good "
        f"for {low}, high for the rest.\n"
    )


def _number(row: Any) -> str:
    """Value and spread; a dash for a score that is not defined, as total correlation with redundant codes."""
    if pd.isna(row.value):
        return ABSENT
    return f"{row.value:.3f}" + ("" if pd.isna(row.spread) else f" ± {row.spread:.3f}")


def _scores(named: Mapping[str, pd.DataFrame], names: list[str] | None = None, corner: str = "model") -> str:
    """A row for every name, with the numbers of its summary."""
    cells = {(name, SYMBOLS[row.score]): _number(row) for name, part in named.items() for row in part.itertuples()}
    return grid(cells, HEADINGS if names is None else [SYMBOLS[name] for name in names], corner=corner)


def _state(setting: str, checkpoint: str) -> str:
    return setting + (", untrained" if checkpoint == "init" else "")


def _states(summary: pd.DataFrame, checkpoint: str) -> dict[str, pd.DataFrame]:
    """The scores of every setting, trained and untrained, by a name that has the number of runs."""
    rows = summary[summary["checkpoint"].isin([checkpoint, "init"])]
    groups = rows.groupby(["setting", "checkpoint"], sort=False)
    return {f"{_state(*key)} ({part['runs'].max()})": part for key, part in groups}


def _utterances(metrics: pd.DataFrame, checkpoint: str, **shown: str) -> str:
    """Latents of whole utterances, alone and beside those of their frames; empty for a study without branch S."""
    parts: dict[str, pd.DataFrame] = {}
    measured = set(zip(metrics["branch"], metrics["aggregation"], strict=True))
    for branch, name in ((branch, name) for branch, names in UTTERANCES.items() for name in names):
        if (branch, name) in measured:
            summary = over_seeds(scores_of(metrics, aggregation=name, branch=branch, **shown), single=True)
            parts |= {f"{state}: {branch}, {name}": part for state, part in _states(summary, checkpoint).items()}
    found = {score for part in parts.values() for score in part["score"]}
    return _scores(parts, [name for name in TARGETS if name in found]) if parts else ""


def _beside_paper(summary: pd.DataFrame, settings: Settings, reference: str, kind: str, checkpoint: str) -> str:
    """``here / paper`` of the baselines, the reference, and DecVAEs that differ from it in the keys of the paper."""
    paper = paper_values(kind)
    paper = paper[paper["score"].isin(list(TARGETS))]
    flat = {setting: dotted(values) for setting, values in settings.items()}
    cells: dict[tuple[str, str], str] = {}
    for setting, part in matching(summary, checkpoint=checkpoint).groupby("setting", sort=False):
        own = settings[setting]
        same = matching(paper, model=own["model"], input=own["input"])
        if own["model"] == "decvae":
            if any(flat[setting].get(key) != value for key, value in flat[reference].items() if key not in PAPER_KEYS):
                continue
            same = same[(same["decomposition"] == own["decomposition"]) & (same["beta_z"] == own["branch_z"]["beta"])]
            same = same if own["n_components"] == 3 else same.iloc[:0]
        ours = {row.score: _number(row) for row in part.itertuples()}
        for row in same.itertuples():
            cells[setting, SYMBOLS[row.score]] = f"{ours.get(row.score, ABSENT)} / {row.value:.3f}"
    if not cells:
        return "The paper has none of these models.\n"
    return (
        "Published protocol, `here / paper`. The paper has one seed and far larger data; its speaker accuracies of "
        f"DecVAE on SimVowels are of whole utterances (branch S).\n\n{grid(cells, HEADINGS)}"
    )


def _targets(distances: pd.DataFrame) -> str:
    aims = ", ".join(
        f"{SYMBOLS[name]} {'<=' if score_named(name).better == 'low' else '>='} {target}"
        for name, target in TARGETS.items()
    )
    present = [name for name in TARGETS if name in distances]
    cells: dict[tuple[str, str], str] = {}
    for row in distances.head(BEST_RUNS).to_dict("records"):
        cells[row["label"], "met"] = f"{row['met']} of {len(present)}"
        cells |= {(row["label"], SYMBOLS[name]): f"{row[name]:+.3f}" for name in present if pd.notna(row[name])}
    return (
        f"By one single run, published protocol: {aims}. Distance to each (at least 0: met), best runs first.\n\n"
        + grid(cells, ["met", *(SYMBOLS[name] for name in present)])
    )


def _verdicts(found: pd.DataFrame) -> str:
    cells: dict[tuple[str, str], str] = {}
    for (setting, checkpoint), part in found.groupby(["setting", "checkpoint"], sort=False):
        name = _state(setting, checkpoint)
        cells |= {(name, verdict): str((part["verdict"] == verdict).sum()) for verdict in VERDICTS}
        for row in part.itertuples():
            cells[name, SYMBOLS[row.score]] = f"{row.verdict} ({row.reference:.3f} / {row.value:.3f})"
    return (
        "The reference (first DecVAE of the study) against each, sound protocol: in how many scores it is better and "
        "worse, and `verdict (reference / other)`. Better or worse: 95 % intervals over seeds do not overlap.\n\n"
        + grid(cells, [*VERDICTS, *HEADINGS])
    )


def _ablations(summary: pd.DataFrame, settings: Settings, reference: str, checkpoint: str) -> Iterator[str]:
    """A table for every axis; the reference is on each of them."""
    yield "Settings that differ from the reference in one thing; sound protocol. All others are in the tables above.\n"
    trained = matching(summary, checkpoint=checkpoint)
    for axis, values in axes_around(settings, reference).items():
        found = {value: matching(trained, setting=setting) for setting, value in values.items()}
        found = {value: part for value, part in found.items() if len(part)}  # runs without frame latents have none
        yield _along(axis, dict(sorted(found.items(), key=lambda item: _by_number(item[0]))))


def _by_aggregation(metrics: pd.DataFrame, reference: str, checkpoint: str, **shown: str) -> str:
    """The latents of the reference, alone and together, by the sound protocol."""
    own = matching(metrics, setting=reference, checkpoint=checkpoint, branch="Z", space="mu")
    measured = [name for name in AGGREGATIONS if name in set(own["aggregation"])]
    rows = {name: scores_of(own, protocol="sound", aggregation=name, **shown) for name in measured}
    return _along("aggregation", {name: over_seeds(found, single=True) for name, found in rows.items()})


def _by_number(value: str) -> tuple[bool, float, str]:
    try:
        return False, float(value), ""
    except ValueError:
        return True, 0.0, value


def _along(axis: str, found: Mapping[str, pd.DataFrame]) -> str:
    """Scores along an axis, and the order of its settings beside the paper's where it has the axis."""
    text = f"### {axis}\n\n{_scores(found, corner=axis)}"
    ours = pd.concat([part.assign(setting=value) for value, part in found.items()])
    order = agreement(ours, published_trend(axis))
    if order.empty:
        return text
    taus = ", ".join(f"{SYMBOLS[row.score]} {row.tau:+.2f}" for row in order.itertuples())
    count = int(order["settings"].max())
    return f"{text}\nKendall's tau with the paper's order of {count} of these settings: {taus}.\n"
