"""What a reader makes of a tree of files, without reading any audio: every recording, and all that is wrong at once."""

from __future__ import annotations

import hashlib
import math
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

AUDIO_FILES = (
    *(".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".sph", ".nist"),
    *(".aif", ".aiff", ".aifc", ".au", ".snd", ".caf", ".w64", ".rf64"),
)
# Suffixes of the label files and tables of each kind of corpus.
LABEL_FILES = {
    "timit": (".phn",),
    "voc_als": (".xlsx",),
    "iemocap": (".phseg", ".txt"),
    "folder": (".csv", ".tsv", ".parquet", ".lab", ".phn", ".txt", ".textgrid"),
}
TOUCHING_SECONDS = 1e-5  # labels that overlap by less touch: times are rounded
EXAMPLES = 3  # shown of each kind of problem
# Every kind of problem and how to mend it.
REMEDIES = {
    "half a tree": "complete the copy of the corpus, or correct `root`",
    "missing file": "restore the file, or take it out of the list of recordings",
    "bad row": "correct the row",
    "path outside the root": "give paths below `root` (a link there may lead anywhere)",
    "bad number": "write times and values as plain numbers",
    "unreadable audio": "replace the file by a whole one (WAV, NIST SPHERE, FLAC, OGG, MP3, AIFF ...)",
    "compressed SPHERE": "unpack it, for instance by `sph2pipe -f wav`; shorten-compressed files cannot be read",
    "audio cut short": "copy the file anew: it holds less sound than its header, its tag or the end of its stream says",
    "wrong rate": "resample the files, or set `sampling_rate`",
    "unusable audio": "leave out the recording: it is silent, holds NaN or infinite samples, or lacks `channel`",
    "too long": "give start and end of what is wanted, or raise `longest_seconds`",
    "too short": "leave out the recording, or lower `min_seconds` or `skip_seconds`",
    "no labels": "restore the label file: it is empty",
    "bad labels": "correct the line: start, end and label, separated by blanks or as the header says",
    "times out of order": "correct the labels: none may start before the last one ends, or end before it starts",
    "labels outside the audio": "the label file belongs to another recording, or the audio is cut short",
    "unknown label": "correct the label; docs/corpora.md lists those of each corpus",
    "missing label": "add the entry for this recording, or leave it out",
    "repeated id": "give every recording an id of its own",
    "empty split": "assign recordings to it: training needs train and dev, evaluation dev and test",
}


class IngestError(ValueError):
    """A corpus cannot be ingested as it is; the message is the whole report."""


@dataclass
class Problems:
    """Problems by kind, with their number and the first examples.

    Attributes
    ----------
    counts : {kind: number}
    examples : {kind: first places and details}
    """

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, where: object, detail: str = "") -> None:
        """Record one problem; ``kind`` is one of :data:`REMEDIES`, ``where`` a file, row or recording."""
        if kind not in REMEDIES:
            raise KeyError(f"{kind!r} is no kind of problem")
        self.counts[kind] += 1
        shown = self.examples.setdefault(kind, [])
        if len(shown) < EXAMPLES:
            shown.append(f"{where}: {detail}" if detail else str(where))

    def __bool__(self) -> bool:
        return bool(self.counts)

    def report(self) -> str:
        """All problems, one paragraph per kind: number, remedy, first examples."""
        total = sum(self.counts.values())
        lines = [f"{total} problem{'s' if total != 1 else ''}:"]
        for kind, count in self.counts.items():
            lines.append(f"  {kind} ({count}): {REMEDIES[kind]}")
            lines += [f"      {example}" for example in self.examples[kind]]
            if count > len(self.examples[kind]):
                lines.append(f"      ... and {count - len(self.examples[kind])} more")
        return "\n".join(lines)


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
    omitted: Counter[str] = field(default_factory=Counter)
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


def below(root: Path, given: str) -> Path | None:
    """A path that is given below ``root``; None if it leads out of it. Links below ``root`` are followed anywhere."""
    path = Path(os.path.normpath(root / given))
    return path if path.is_relative_to(os.path.normpath(root)) else None


def out_of_order(labels: Labels) -> str:
    """What is wrong with the times of the first label that is no number from 0 on, ends before it starts or overlaps.

    Nothing ("") if all are in order.
    """
    starts, stops = labels.starts, labels.stops
    for bad, word in (
        (~(np.isfinite(starts) & np.isfinite(stops) & (starts >= 0)), "is no time"),
        (stops < starts, "ends before it starts"),
        (starts < np.r_[-np.inf, stops[:-1]] - TOUCHING_SECONDS, "overlaps"),
    ):
        if bad.any():
            first = int(np.argmax(bad))
            return f"{labels.names[first]} at {starts[first]:g}-{stops[first]:g} s {word}"
    return ""


def read_timed(
    path: Path,
    parse: Callable[[Path], list[tuple[float, float, str]]],
    problems: Problems,
    known: set[str] | None = None,
) -> Labels | None:
    """Labels of one file; None, and a problem recorded, if it is unusable.

    Parameters
    ----------
    parse : function
        Start and end in seconds and name of every label of the file; a ValueError, IndexError or KeyError says what is
        wrong with it.
    known : set of str, optional
        All names that may occur.
    """
    try:
        rows = parse(path)
    except (ValueError, IndexError, KeyError) as error:
        problems.add("bad labels", path, str(error))
        return None
    if not rows:
        problems.add("no labels", path)
        return None
    starts, stops, names = zip(*rows, strict=True)
    labels = Labels(np.array(starts, dtype=float), np.array(stops, dtype=float), list(names))
    if mistake := out_of_order(labels):
        problems.add("times out of order", path, mistake)
    elif unknown := sorted(set(names) - known) if known is not None else []:
        problems.add("unknown label", path, ", ".join(unknown))
    else:
        return labels
    return None


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


def tree_fingerprint(root: Path, kind: str) -> str:
    """Hash of the names and sizes of all audio files below ``root``, and of the content of all label files.

    Audio is not read and times of change do not matter, so that a copy or a touch has the same fingerprint; audio that
    was replaced by another of exactly the same size is not noticed. Hidden files are left out. Links are followed, as
    they are when the corpus is read.

    Raises
    ------
    OSError
        If ``root`` is not a folder, or a file cannot be read.
    """
    if not root.is_dir():
        raise NotADirectoryError(f"{root} is not a folder")
    digest = hashlib.sha256()
    for path in _tree(root, frozenset()):
        suffix = path.suffix.lower()
        if suffix in (*AUDIO_FILES, *LABEL_FILES[kind]):
            digest.update(path.relative_to(root).as_posix().encode())
            known = path.read_bytes() if suffix in LABEL_FILES[kind] else str(path.stat().st_size).encode()
            digest.update(hashlib.sha256(known).digest())
    return digest.hexdigest()[:16]


def _tree(folder: Path, above: frozenset[Path]) -> Iterator[Path]:
    """All files below a folder, sorted, without hidden ones; a link to a folder ``above`` it is not followed."""
    here = folder.resolve()
    if here in above:
        return
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _tree(path, above | {here})
        elif path.is_file():
            yield path
