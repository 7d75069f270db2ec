"""Entries of ``runs`` that stand for many: a sweep crosses lists of values, and every combination is a run.

``{objective: centred, sweep: {beta: [0.0, 0.1], seed: [0, 1, 2]}}`` is six entries. Everything here works on a
configuration as it was written, before the schema has seen it; what is no sweep is left for the schema to refuse.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from decvae.names.models import PAIRED_KEYS
from decvae.study.keys import merge
from decvae.study.labels import name_in_label
from decvae.study.reach import reaches

OVERLAYS = "overlays"
SHORTHANDS = {"beta": PAIRED_KEYS["beta"]}
DEFAULT_MODEL = "decvae"
# Sections of the configuration that name runs by label, and the key that does.
_NAMING_KEYS = (("traversal", "runs"), ("embeddings", "runs"), ("evaluation", "untrained"))

Entry = dict[str, Any]
Point = dict[str, Any]
Axes = dict[str, list[Any]]
T = TypeVar("T")


@dataclass(frozen=True)
class _Swept:
    """One entry as written, the axes that tell its runs apart, those it takes itself, and (point, label) of each."""

    entry: Entry
    axes: Axes
    own: Axes
    runs: list[tuple[Point, str | None]] = field(default_factory=list)


def expand_sweeps(config: dict[str, Any]) -> tuple[dict[str, Any], list[str], list[str | None]]:
    """The configuration with one entry of ``runs`` for every run.

    The axes of an entry are those of ``run_defaults.sweep`` that its model has a use for, overridden by its own. An
    axis is a key of a run (``seed``, ``branch_z.frames``), ``beta`` for both priors, or ``overlays``, whose values are
    sections to lay over the entry. An entry with a label gives its runs labels of their own. An entry that starts from
    the label of another one starts, point by point, from the run of that entry with the same values; a zero-shot entry
    has the axes of its source. Where ``traversal.runs``, ``embeddings.runs`` or ``evaluation.untrained`` has the label
    of an entry, all its runs are meant.

    Parameters
    ----------
    config : dict
        As read from YAML. It is not changed.

    Returns
    -------
    config : dict
        Without any ``sweep`` that could be expanded.
    places : list of str
        For every entry of ``runs``, where it was written: ``runs[1]``, or ``runs[1] at beta=0.1, seed=2``.
    unseeded : list of str or None
        For every entry of ``runs`` that got its label here, that label without the seed.
    """
    defaults, entries = config.get("run_defaults", {}), config.get("runs", [{}])
    if not _are_sections(entries) or not isinstance(defaults, dict):
        return config, [], []
    swept = _with_axes(entries, defaults)
    if not any(found.axes for found in swept):
        return config, [f"runs[{place}]" for place in range(len(entries))], [None] * len(entries)
    by_label = {found.entry["label"]: found for found in swept if found.entry.get("label") is not None}
    for found in swept:
        found.runs.extend(_points(found))
    runs, places, unseeded = [], [], []
    for number, found in enumerate(swept):
        for point, label in found.runs:
            runs.append(_entry_at(found, point, label, by_label))
            shown = ", ".join(f"{axis}={_shown(axis, found.axes, point)}" for axis in point)
            places.append(f"runs[{number}]" + (f" at {shown}" if shown else ""))
            unseeded.append(_label(found, point, [axis for axis in found.axes if axis != "seed"]))
    expanded = {**config, "runs": runs}
    if "sweep" in defaults:
        expanded["run_defaults"] = {key: value for key, value in defaults.items() if key != "sweep"}
    for section, key in _NAMING_KEYS:
        labels = config[section].get(key) if isinstance(config.get(section), dict) else None
        if isinstance(labels, list):
            expanded[section] = {**config[section], key: list(_all_labels(labels, by_label))}
    return expanded, places, unseeded


def name_places(problems: Sequence[str], places: Sequence[str]) -> list[str]:
    """Problems with the places of entries as they were written; equal ones once.

    >>> name_places(["`runs[4].seed` is -1."], ["runs[0]", *["runs[1] at seed=0"] * 3, "runs[1] at seed=-1"])
    ['`runs[1].seed` is -1. (runs[1] at seed=-1)']
    """
    found = []
    for problem in problems:
        numbers = [int(number) for number in re.findall(r"\bruns\[(\d+)\]", problem)]
        known = [places[number] for number in numbers if number < len(places)]
        notes = dict.fromkeys(place for place in known if " at " in place)
        text = re.sub(
            r"\bruns\[(\d+)\]",
            lambda match: places[int(match[1])].partition(" at ")[0] if int(match[1]) < len(places) else match[0],
            problem,
        )
        found.append(text + (f" ({'; '.join(notes)})" if notes else ""))
    return list(dict.fromkeys(found))


def _are_sections(entries: Any) -> bool:
    return isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries)


def _is_sweep(sweep: Any) -> bool:
    """Non-empty lists by axis; overlays are sections."""
    if not isinstance(sweep, dict) or not all(isinstance(values, list) and values for values in sweep.values()):
        return False
    return _are_sections(sweep.get(OVERLAYS, []))


def _with_axes(entries: list[Entry], defaults: Entry) -> list[_Swept]:
    """Every entry with its axes; none if its sweep is not one. A zero-shot entry takes its own only."""
    axes = [_axes_of(entry, defaults) for entry in entries]
    by_label = {entry["label"]: found for entry, found in zip(entries, axes, strict=True) if entry.get("label")}
    swept = []
    for entry, found in zip(entries, axes, strict=True):
        if entry.get("adaptation", defaults.get("adaptation")) == "none":
            own = entry.get("sweep", {}) if _is_sweep(entry.get("sweep", {})) else {}
            taken: Axes = _source(entry, by_label) or {}
            swept.append(_Swept(entry, {**taken, **own}, own))
        else:
            swept.append(_Swept(entry, found, found))
    return swept


def _axes_of(entry: Entry, defaults: Entry) -> Axes:
    """The axes of ``run_defaults`` that the entry's model has a use for, overridden by its own."""
    own, shared = entry.get("sweep", {}), defaults.get("sweep", {})
    if not _is_sweep(own) or not _is_sweep(shared):
        return {}
    model: str = {"model": DEFAULT_MODEL, **defaults, **entry}["model"]
    useful = {
        axis: values
        for axis, values in shared.items()
        if axis == OVERLAYS or any(reaches(model, key) for key in SHORTHANDS.get(axis, (axis,)))
    }
    return {**useful, **own}


def _points(swept: _Swept) -> Iterator[tuple[Point, str | None]]:
    """Every combination, the first axis slowest, with the label of its run (None to make one from its settings)."""
    for values in itertools.product(*swept.axes.values()):
        point = dict(zip(swept.axes, values, strict=True))
        yield point, _label(swept, point, swept.axes)


def _label(swept: _Swept, point: Point, axes: Iterable[str]) -> str | None:
    """Label of the entry and of the overlay with the values of those ``axes`` that have several; None without one."""
    overlaid = point.get(OVERLAYS, {}).get("label")
    label = " ".join(str(name) for name in (swept.entry.get("label"), overlaid) if name is not None)
    shown = [
        f"{name_in_label(axis)}={_shown(axis, swept.axes, point)}"
        for axis in axes
        if len(swept.axes[axis]) > 1 and not (axis == OVERLAYS and overlaid is not None)
    ]
    return label + (f" ({', '.join(shown)})" if shown else "") if label else None


def _shown(axis: str, axes: dict[str, list[Any]], point: Point) -> str:
    """A value in a name: an overlay by its label or its number, a float without trailing zeros."""
    value = point[axis]
    if axis == OVERLAYS:
        return str(value.get("label", axes[axis].index(value)))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _entry_at(swept: _Swept, point: Point, label: str | None, by_label: dict[str, _Swept]) -> Entry:
    entry = {key: value for key, value in swept.entry.items() if key != "sweep" or not swept.axes}
    for axis in swept.own:
        entry = merge(entry, point[axis] if axis == OVERLAYS else _override(axis, point[axis]))
    if label is not None:
        entry["label"] = label
    source = _source(entry, by_label)
    if source is not None and source.axes:
        twins = [
            name for other, name in source.runs if all(axis in point and point[axis] == other[axis] for axis in other)
        ]
        if twins:
            entry["start_from"] = {**entry["start_from"], "run": twins[0]}
    return entry


def _override(axis: str, value: Any) -> Entry:
    """``loss.pairing`` and "own" as ``{"loss": {"pairing": "own"}}``; a shorthand as its keys."""
    found: Entry = {}
    for key in SHORTHANDS.get(axis, (axis,)):
        section: Any = value
        for part in reversed(key.split(".")):
            section = {part: section}
        found = merge(found, section)
    return found


def _source(entry: Entry, by_label: dict[str, T]) -> T | None:
    """What there is by the label that the entry starts from."""
    start = entry.get("start_from")
    return by_label.get(start["run"]) if isinstance(start, dict) and "run" in start else None


def _all_labels(labels: list[str], by_label: dict[str, _Swept]) -> Iterator[str]:
    for label in labels:
        found = by_label.get(label) if isinstance(label, str) else None
        yield from (name for _, name in found.runs if name is not None) if found and found.axes else [label]
