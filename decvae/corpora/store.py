"""The HDF5 corpus format: audio, utterance factors and time-aligned labels of every split in one file.

Layout (``format = "decvae-corpus"``)::

    attrs: format, format_version, corpus, sampling_rate, frame_seconds, hop_seconds, provenance (JSON)
    SPLIT/audio                float32 (total samples,)      utterances end to end
    SPLIT/offsets              int64   (n + 1,)              utterance i is audio[offsets[i]:offsets[i + 1]]
    SPLIT/utterance            str     (n,)                  unique ids
    SPLIT/factors/NAME         int64   (n,)                  class of each utterance, -1 for none; attrs: names (JSON)
    SPLIT/values/NAME          float64 (n,)                  continuous factor of each utterance; attrs: unit
    SPLIT/intervals/NAME/{start,stop,code,offsets}           time-aligned labels in samples
                               attrs: names (JSON); gap: class of the time between the labels, -1 for none
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import h5py
import numpy as np

from decvae.artifacts import ArtifactError, create_h5, given_name, h5_name, open_h5
from decvae.framing import SPEECH, Framing, count_frames, frame_labels

T = TypeVar("T")
FORMAT = "decvae-corpus"
FORMAT_VERSION = 2
Intervals = tuple[np.ndarray, np.ndarray, np.ndarray]  # starts, stops, codes


@dataclass
class Utterance:
    """One recording with its labels.

    Attributes
    ----------
    id : str
        Unique within the corpus.
    audio : (T,) float32
    factors : {name: class code}
        -1 for an utterance without a class.
    values : {name: float}
        NaN where unknown.
    intervals : {name: (start, stop, code)}
        Arrays of equal length, in samples, ascending.
    """

    id: str
    audio: np.ndarray
    factors: dict[str, int] = field(default_factory=dict)
    values: dict[str, float] = field(default_factory=dict)
    intervals: dict[str, Intervals] = field(default_factory=dict)


def check_audio(audio: np.ndarray, name: str) -> None:
    """Refuse audio that no model could use.

    Raises
    ------
    ValueError
        For NaN or infinite samples, constant audio or an empty signal; the message names the utterance.
    """
    if audio.ndim != 1 or audio.size == 0:
        raise ValueError(f"utterance {name}: audio must be a non-empty 1-D array, found shape {audio.shape}")
    if not np.all(np.isfinite(audio)):
        bad = int(np.flatnonzero(~np.isfinite(audio))[0])
        raise ValueError(f"utterance {name}: sample {bad} is NaN or infinite; repair or leave out the recording")
    if np.ptp(audio) == 0:
        raise ValueError(f"utterance {name}: all samples are {audio[0]:g}: nothing sounds; leave out the recording")


def write_corpus(
    path: str | Path,
    splits: Mapping[str, Iterable[Utterance]],
    *,
    corpus: str,
    sampling_rate: int,
    class_names: dict[str, list[str]],
    provenance: dict[str, Any],
    framing: Framing = SPEECH,
    gaps: dict[str, str] | None = None,
    split_by: str | None = None,
) -> None:
    """Write a corpus file, one utterance at a time (the corpus is never held in memory).

    Parameters
    ----------
    splits : {split name: iterable of Utterance}
    class_names : {factor or interval name: names of codes 0, 1, ...}
    provenance : dict
        From :func:`decvae.artifacts.provenance`. It is read when all utterances are written.
    framing : Framing
        How utterances are cut into frames.
    gaps : {interval name: class name}
        Class of the frames that lie between the labels; none by default.
    split_by : str, optional
        Factor whose classes are in one split each.

    Raises
    ------
    ValueError
        If an utterance's audio is unusable (see :func:`check_audio`).
    """
    with create_h5(path, FORMAT, FORMAT_VERSION, track_order=True) as file:
        file.attrs.update(
            corpus=corpus,
            sampling_rate=sampling_rate,
            frame_seconds=framing.frame_seconds,
            hop_seconds=framing.hop_seconds,
        )
        if split_by is not None:
            file.attrs["split_by"] = split_by
        for split, utterances in splits.items():
            _write_split(file.create_group(split), utterances, class_names, gaps or {})
        file.attrs["provenance"] = json.dumps(provenance, sort_keys=True)


def _write_split(
    group: h5py.Group, utterances: Iterable[Utterance], class_names: dict[str, list[str]], gaps: dict[str, str]
) -> None:
    audio = group.create_dataset("audio", shape=(0,), maxshape=(None,), chunks=(65536,), dtype="f4")
    ids, lengths, rows = [], [], []
    for utterance in utterances:
        check_audio(utterance.audio, utterance.id)
        start = audio.shape[0]
        audio.resize(start + len(utterance.audio), axis=0)
        audio[start:] = utterance.audio
        ids.append(utterance.id)
        lengths.append(len(utterance.audio))
        rows.append((utterance.factors, utterance.values, utterance.intervals))
    if len(set(ids)) != len(ids):
        raise ValueError(f"split {group.name}: utterance ids are not unique")
    group["offsets"] = np.cumsum([0, *lengths], dtype=np.int64)
    group.create_dataset("utterance", data=ids, dtype=h5py.string_dtype())
    coded = group.create_group("factors", track_order=True)
    for name, codes in _columns([factors for factors, _, _ in rows], group.name).items():
        coded[h5_name(name)] = np.asarray(codes, dtype=np.int64)
        coded[h5_name(name)].attrs["names"] = json.dumps(class_names[name])
    for name, values in _columns([values for _, values, _ in rows], group.name).items():
        group[f"values/{h5_name(name)}"] = np.asarray(values, dtype=np.float64)
    for name, labels in _columns([intervals for _, _, intervals in rows], group.name).items():
        sub = group.create_group(f"intervals/{h5_name(name)}")
        sub.attrs["names"] = json.dumps(class_names[name])
        sub.attrs["gap"] = class_names[name].index(gaps[name]) if name in gaps else -1
        for position, key in enumerate(("start", "stop", "code")):
            sub[key] = np.concatenate([np.asarray(item[position], dtype=np.int64) for item in labels])
        sub["offsets"] = np.cumsum([0, *(len(item[0]) for item in labels)], dtype=np.int64)


def _columns(rows: Sequence[dict[str, T]], split: str) -> dict[str, list[T]]:
    """The values of every name, one of each row."""
    columns: dict[str, list[T]] = {}
    for name, value in chain.from_iterable(row.items() for row in rows):
        columns.setdefault(name, []).append(value)
    for name, column in columns.items():
        if len(column) != len(rows):
            raise ValueError(f"split {split}: {name} is given for {len(column)} of {len(rows)} utterances")
    return columns


class CorpusSplit:
    """One split of an open corpus; audio is read utterance by utterance."""

    def __init__(self, group: h5py.Group, sampling_rate: int, framing: Framing = SPEECH):
        self._group = group
        self.sampling_rate = sampling_rate
        self.framing = framing
        self.offsets: np.ndarray = group["offsets"][:]
        self.utterance_ids: list[str] = [text.decode() for text in group["utterance"][:]]
        if self.offsets[-1] != group["audio"].shape[0]:
            raise ArtifactError(
                f"{group.file.filename}: split {group.name} holds {group['audio'].shape[0]} samples, its index says "
                f"{self.offsets[-1]}. Delete the file and run again."
            )

    def __len__(self) -> int:
        return len(self.utterance_ids)

    def audio(self, index: int) -> np.ndarray:
        """Samples ``(T,)`` float32 of utterance ``index``."""
        return self._group["audio"][self.offsets[index] : self.offsets[index + 1]]

    def lengths(self) -> np.ndarray:
        """Samples of each utterance ``(n,)``."""
        return np.diff(self.offsets)

    @property
    def factors(self) -> dict[str, np.ndarray]:
        """Class codes ``(n,)`` of every utterance factor."""
        return {given_name(name): data[:] for name, data in self._group.get("factors", {}).items()}

    @property
    def values(self) -> dict[str, np.ndarray]:
        """Continuous factors ``(n,)``."""
        return {given_name(name): data[:] for name, data in self._group.get("values", {}).items()}

    @property
    def interval_names(self) -> list[str]:
        """Names of the time-aligned labels."""
        return [given_name(name) for name in self._group.get("intervals", {})]

    def class_names(self, name: str) -> list[str]:
        """Names of the codes of a factor or time-aligned label."""
        for kind in ("factors", "intervals"):
            if f"{kind}/{h5_name(name)}" in self._group:
                return json.loads(self._group[f"{kind}/{h5_name(name)}"].attrs["names"])
        raise KeyError(f"no factor {name!r} in {self._group.file.filename}{self._group.name}")

    def frame_labels(self, name: str, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Labels ``(F,)`` int64 and overlap flags ``(F,)`` bool of the frames of utterance ``index``."""
        length = int(self.offsets[index + 1] - self.offsets[index])
        n_frames = count_frames(length, self.sampling_rate, self.framing)
        gap = int(self._group[f"intervals/{h5_name(name)}"].attrs["gap"])
        return frame_labels(*self.intervals(name, index), n_frames, self.sampling_rate, gap, self.framing)

    def intervals(self, name: str, index: int) -> Intervals:
        """Starts, stops (in samples) and codes of the time-aligned labels of utterance ``index``."""
        sub = self._group[f"intervals/{h5_name(name)}"]
        part = slice(*sub["offsets"][index : index + 2])
        return sub["start"][part], sub["stop"][part], sub["code"][part]

    def all_intervals(self, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Utterance, start, stop and code of every time-aligned label of the split."""
        sub = self._group[f"intervals/{h5_name(name)}"]
        utterance = np.repeat(np.arange(len(self)), np.diff(sub["offsets"][:]))
        return utterance, sub["start"][:], sub["stop"][:], sub["code"][:]


class Corpus:
    """An open corpus file; use as a context manager.

    Raises
    ------
    ArtifactError
        If the file is missing, cut short, of another version or not a corpus.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self._file = open_h5(path, FORMAT, FORMAT_VERSION)
        self.name: str = self._file.attrs["corpus"]
        self.sampling_rate = int(self._file.attrs["sampling_rate"])
        self.framing = Framing(float(self._file.attrs["frame_seconds"]), float(self._file.attrs["hop_seconds"]))
        self.split_by: str | None = self._file.attrs.get("split_by")
        self.provenance: dict[str, Any] = json.loads(self._file.attrs["provenance"])
        self.splits: list[str] = list(self._file)

    def __enter__(self) -> Corpus:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()

    def __getitem__(self, split: str) -> CorpusSplit:
        if split not in self._file:
            raise KeyError(f"{self.path} has no split {split!r}; it has {self.splits}")
        return CorpusSplit(self._file[split], self.sampling_rate, self.framing)
