"""Where the runs of a study start: whose checkpoint they take, what they inherit, and in which order they are made.

Everything here works on plain settings, before runs have names: entries of ``runs``, laid over ``run_defaults``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from graphlib import CycleError, TopologicalSorter

from decvae.names.models import FITTED
from decvae.settings.base import suggest
from decvae.study.keys import Settings

# What an entry without training may say; it takes everything else from its source.
_OWN_KEYS = ("label", "corpus", "decomposition", "start_from", "adaptation")
_TEMPORAL_HEADS = ("cnn", "lstm", "transformer")
# Keys of `supervised` that reach some heads or losses only.
_HEAD_KEYS = {"layers": ("lstm", "transformer"), "attention_heads": ("transformer",)}
_LOSS_KEYS = {"focal_gamma": ("focal",), "smoothing": ("label_smoothing",)}


def start_of(full: Settings) -> Settings | None:
    """``{"run": label, "checkpoint": name}`` or ``{"path": folder}``; None for a run that starts from scratch."""
    start = {key: value for key, value in (full["start_from"] or {}).items() if value is not None}
    return {"checkpoint": "best", **start} if "run" in start else start or None


def source_places(fulls: Sequence[Settings]) -> dict[int, int]:
    """Place of the source of every run that starts from another run of the study, where that run exists."""
    places = {full["label"]: place for place, full in enumerate(fulls) if full["label"] is not None}
    starts = {place: start_of(full) or {} for place, full in enumerate(fulls)}
    return {place: places[start["run"]] for place, start in starts.items() if start.get("run") in places}


def making_order(fulls: Sequence[Settings]) -> list[int]:
    """Places of all runs, every source before the runs that start from it.

    Raises
    ------
    graphlib.CycleError
    """
    sources = source_places(fulls)
    return list(
        TopologicalSorter(
            {place: [sources[place]] if place in sources else [] for place in range(len(fulls))}
        ).static_order()
    )


def inherit(entries: Sequence[Settings], fulls: Sequence[Settings]) -> list[Settings]:
    """The runs with what zero-shot runs take from their source: all but the corpus that their entry does not say.

    Parameters
    ----------
    entries, fulls : sequences of dict
        As written, and laid over the defaults.
    """
    found, sources = list(fulls), source_places(fulls)
    for place in making_order(fulls):
        if fulls[place]["adaptation"] == "none" and place in sources:
            own = {key: fulls[place][key] for key in _OWN_KEYS if key in entries[place]}
            corpus = fulls[place]["corpus"]
            found[place] = {**found[sources[place]], "label": None, "freeze": [], "corpus": corpus, **own}
    return found


def lineage_settings(full: Settings) -> Settings:
    """The settings of transfer and fine-tuning that reach a run; none for a run that is trained from scratch."""
    start, found = start_of(full), {}
    supervised = full["adaptation"] == "supervised"
    if start or supervised:
        found["adaptation"] = full["adaptation"]
    if start:
        found["start_from"] = start
    if full["freeze"]:
        found["freeze"] = sorted(full["freeze"])
    if supervised:
        section = full["supervised"]
        reach = {
            **{key: section["head"] in heads for key, heads in _HEAD_KEYS.items()},
            **{key: section["loss"] in losses for key, losses in _LOSS_KEYS.items()},
        }
        found["supervised"] = {key: value for key, value in section.items() if reach.get(key, True)}
    return found


def lineage_label(settings: Settings) -> str:
    """What a label adds for a run with :func:`lineage_settings`; empty for others."""
    adaptation = settings.get("adaptation")
    if adaptation == "supervised":
        return " {factor} {head}".format(**settings["supervised"])
    return {"none": " zero-shot", "objective": " adapted", None: ""}[adaptation]


# ---- Mistakes ----


def lineage_problems(entries: Sequence[Settings], fulls: Sequence[Settings]) -> Iterator[str]:
    """Sentences on starts that cannot be, and on settings of fine-tuning that contradict each other."""
    try:
        making_order(fulls)
    except CycleError as error:
        cycle = [fulls[place]["label"] for place in reversed(error.args[1])]
        if len(cycle) == 2:
            yield f"`start_from.run` of the run {cycle[0]!r} is itself; name another run, or none."
        else:
            yield f"`start_from.run` goes in a circle: {' <- '.join(map(repr, cycle))}. One of them must start afresh."
    for place, full in enumerate(fulls):
        yield from _start_problems(f"runs[{place}]", entries[place], full, fulls)
        if full["adaptation"] == "supervised":
            yield from _supervised_problems(f"runs[{place}]", full)


def _start_problems(key: str, entry: Settings, full: Settings, fulls: Sequence[Settings]) -> Iterator[str]:
    start, adaptation = start_of(full), full["adaptation"]
    if adaptation == "none" and start is None:
        yield f"`{key}.adaptation` is none, which uses a checkpoint as it is; say which in `{key}.start_from`."
    if adaptation == "none" and full["freeze"]:
        yield f"`{key}.freeze` is {full['freeze']}, but without training (`adaptation: none`) nothing changes anyway."
    if full["model"] in FITTED and (adaptation == "supervised" or full["freeze"] or (start and adaptation != "none")):
        yield (
            f"`{key}` is of model `{full['model']}`, which is fitted at once: it can be used as it is "
            "(`adaptation: none`), but not adapted or frozen."
        )
    if start is None:
        return
    if ("run" in start) == ("path" in start):
        yield f"`{key}.start_from` names {sorted(start)}; it needs either `run` (a label) or `path` (a folder)."
        return
    if "path" in start:
        if "checkpoint" in start:
            yield f"`{key}.start_from.checkpoint` is {start['checkpoint']!r}, but a path is one checkpoint already."
        return
    known = {other["label"]: other for other in fulls if other["label"] is not None}
    if start["run"] not in known:
        yield (
            f"`{key}.start_from.run` is {start['run']!r}, which is the `label` of no entry of `runs`; give its source "
            f"a label.{suggest(start['run'], known)}"
        )
        return
    source = known[start["run"]]
    if start["checkpoint"] == "init" and (source["model"] in FITTED or source["adaptation"] == "none"):
        yield f"`{key}.start_from.checkpoint` is init, but {start['run']!r} is not trained and has `best` only."
    if adaptation == "none":
        if taken := [name for name in entry if name not in _OWN_KEYS]:
            yield (
                f"`{key}` has {taken}, which a run without training takes from its source {start['run']!r}; leave it "
                f"out (it may have {', '.join(_OWN_KEYS)})."
            )
    elif full["model"] != source["model"]:
        yield f"`{key}.model` is {full['model']!r}, but its source {start['run']!r} is of model {source['model']!r}."


def _supervised_problems(key: str, full: Settings) -> Iterator[str]:
    section = full["supervised"]
    branch, head = section["branch"], section["head"]
    if full["model"] != "decvae":
        yield f"`{key}.adaptation` is supervised, which only `model: decvae` can be, not {full['model']!r}."
    elif full["branches"] != "dual" and full["branches"] != branch:
        yield f"`{key}.supervised.branch` is {branch}, but the run's `branches` is {full['branches']}."
    if branch == "S" and head in _TEMPORAL_HEADS:
        yield (
            f"`{key}.supervised.head` is {head}, which runs over frames; branch S has one vector per utterance. "
            "Use mlp, or branch Z or Z+S."
        )
    if head == "transformer" and section["hidden_dim"] % section["attention_heads"]:
        yield (
            f"`{key}.supervised.attention_heads` is {section['attention_heads']}, which does not divide `hidden_dim` "
            f"{section['hidden_dim']}."
        )
    if section["weight_classification"] == 0:
        yield f"`{key}.supervised.weight_classification` is 0: labels would not count; use `adaptation: objective`."
