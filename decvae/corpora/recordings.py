"""What a reader makes of a tree of files: a description of every recording, without reading any audio."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from decvae.corpora.problems import Problems

SPLITS = ("train", "dev", "test")


@dataclass(frozen=True)
class Labels:
    """Time-aligned labels of one recording.

    Attributes
    ----------
    starts, stops : (n,) float
        Seconds from the start of the file.
    names : list of n str
    """

    starts: np.ndarray
    stops: np.ndarray
    names: list[str]


@dataclass(frozen=True)
class Recording:
    """One utterance of a corpus: where its audio lies and what is known about it.

    Attributes
    ----------
    id : str
        Unique within the corpus.
    path : Path
    split : {"train", "dev", "test"}
    start, stop : float
        The part of the file to take, in seconds; infinity is the end of the file.
    factors : {name: class name or None}
    values : {name: float}
        NaN where unknown.
    labels : {name: Labels}
    """

    id: str
    path: Path
    split: str
    start: float = 0.0
    stop: float = math.inf
    factors: dict[str, str | None] = field(default_factory=dict)
    values: dict[str, float] = field(default_factory=dict)
    labels: dict[str, Labels] = field(default_factory=dict)


@dataclass
class Listing:
    """All recordings of a corpus, and what was wrong.

    Attributes
    ----------
    recordings : list of Recording
    problems : Problems
    omitted : {reason: number}
        Recordings that belong to the tree and are left out by rule, such as the SA sentences of TIMIT.
    notes : list of str
        What a user should know besides.
    class_names : {factor or label name: class names in order}
        Where they are known in advance; others are sorted.
    gaps : {label name: class name}
        What lies between the labels.
    native_rate : int or None
        Rate that the files must have, if their labels count samples.
    """

    recordings: list[Recording] = field(default_factory=list)
    problems: Problems = field(default_factory=Problems)
    omitted: Counter = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    class_names: dict[str, list[str]] = field(default_factory=dict)
    gaps: dict[str, str] = field(default_factory=dict)
    native_rate: int | None = None


def folders(place: Path) -> dict[str, Path]:
    """Sub-folders by name in capitals, sorted; hidden ones are left out."""
    found = {path.name.upper(): path for path in place.iterdir() if path.is_dir() and not path.name.startswith(".")}
    return dict(sorted(found.items()))


def files(place: Path) -> Iterator[Path]:
    """Files of a folder, sorted; hidden ones (``._x.wav`` of macOS archives, say) are left out."""
    return (path for path in sorted(place.iterdir()) if path.is_file() and not path.name.startswith("."))


def find_parent(root: Path, wanted: set[str], depth: int = 2) -> Path | None:
    """The folder at or below ``root`` that holds most of the ``wanted`` sub-folders (capitals); None if none does."""
    best, most, level = None, 0, [root]
    for _ in range(depth + 1):
        for place in level:
            inside = len(wanted & folders(place).keys())
            if inside > most:
                best, most = place, inside
        level = [child for place in level for child in folders(place).values()]
    return best


def check_order(labels: Labels, problems: Problems, where: object) -> bool:
    """Whether all times are numbers from 0 on, every label ends at or after its start and no two overlap.

    If not, a problem is recorded.
    """
    starts, stops = labels.starts, labels.stops
    for bad, word in (
        (~(np.isfinite(starts) & np.isfinite(stops) & (starts >= 0)), "is no time"),
        (stops < starts, "ends before it starts"),
        (starts < np.r_[-np.inf, stops[:-1]], "overlaps"),
    ):
        if bad.any():
            first = int(np.argmax(bad))
            name = labels.names[first]
            problems.add("times out of order", where, f"{name} at {starts[first]:g}-{stops[first]:g} s {word}")
            return False
    return True


def check_names(labels: Labels, known: set[str], problems: Problems, where: object) -> bool:
    """Whether all labels are known; otherwise a problem is recorded."""
    unknown = sorted(set(labels.names) - known)
    if unknown:
        problems.add("unknown label", where, ", ".join(unknown))
    return not unknown


def assign_splits(groups: dict[str, str], shares: dict[str, float], seed: int) -> dict[str, str]:
    """A split for every group, drawn at random within each stratum.

    Parameters
    ----------
    groups : {group: stratum}
        A group (a patient, say) is never divided; each stratum is spread over the splits.
    shares : {"dev": share, "test": share}
        Of the groups; the rest is ``train``.
    seed : int

    Returns
    -------
    {group: split}
        Over all strata the numbers differ from the shares by rounding only, since a stratum begins where the one before
        has ended.
    """
    rng = np.random.default_rng(seed)
    order = []
    for stratum in sorted(set(groups.values())):
        members = sorted(group for group, own in groups.items() if own == stratum)
        order += [members[place] for place in rng.permutation(len(members))]
    # Low-discrepancy sequence (golden ratio), so that every run of neighbours, hence every stratum, gets its shares.
    places = (np.arange(len(order)) + 0.5) * ((5**0.5 - 1) / 2) % 1.0
    ranks = (np.argsort(np.argsort(places)) + 0.5) / max(len(order), 1)
    limits = shares["test"], shares["test"] + shares["dev"]
    return {
        group: "test" if rank < limits[0] else "dev" if rank < limits[1] else "train"
        for group, rank in zip(order, ranks, strict=True)
    }
