"""From the recordings that a reader lists to one HDF5 corpus: every file is checked first, then read one at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np
import soundfile

from decvae.artifacts import progress, provenance
from decvae.corpora.audio import TOLERANCE_SECONDS, AudioInfo, Unusable, audio_info, read_audio
from decvae.corpora.recordings import IngestError, Labels, Listing, Problems, Recording, out_of_order
from decvae.corpora.store import Intervals, Utterance, check_audio, write_corpus
from decvae.framing import SPEECH, Framing, frame_length
from decvae.settings.base import SPLITS
from decvae.settings.corpora import (
    Channel,
    FolderSettings,
    IemocapSettings,
    RecordingSettings,
    TimitSettings,
    VocAlsSettings,
)

SAMPLING_RATE = 16000  # of the corpora of speech


@dataclass(frozen=True)
class _Excerpt:
    """The part of a checked file that becomes an utterance."""

    recording: Recording
    info: AudioInfo
    start: float
    stop: float


def _excerpt(recording: Recording, settings: RecordingSettings, native_rate: int | None) -> _Excerpt | tuple[str, str]:
    """The part to read; or, if the recording cannot be used, the kind of problem that it has and a detail."""
    info = audio_info(recording.path)
    if isinstance(info, Unusable):
        return info
    if native_rate is not None and info.rate != native_rate:
        return "wrong rate", f"{info.rate} Hz instead of {native_rate} Hz"
    if info.seconds == 0:
        return "too short", "no samples"
    start, stop = recording.start, min(recording.stop, info.seconds)
    if start >= stop or (math.isfinite(recording.stop) and recording.stop > info.seconds + TOLERANCE_SECONDS):
        given = f"{recording.start:g} to {recording.stop:g} s of a file of {info.seconds:g} s"
        return "labels outside the audio", given
    if stop - start > settings.longest_seconds:
        return "too long", f"{stop - start:.0f} s"
    if stop - start > settings.skip_seconds:
        start += settings.skip_seconds
    rate = _sampling_rate(settings) or info.rate
    if stop - start < max(settings.min_seconds, frame_length(rate, _framing(settings)) / rate):
        return "too short", f"{stop - start:.3f} s"
    if settings.max_seconds is not None:
        stop = min(stop, start + settings.max_seconds)
    for name, labels in recording.labels.items():
        if mistake := out_of_order(labels):
            return "times out of order", f"{name}: {mistake}"
        if len(labels.names) and labels.stops[-1] > info.seconds + TOLERANCE_SECONDS:
            detail = f"{name} ends at {labels.stops[-1]:g} s, the audio at {info.seconds:g} s"
            return "labels outside the audio", detail
    return _Excerpt(recording, info, start, stop)


def checked(listing: Listing, settings: RecordingSettings) -> list[_Excerpt]:
    """The usable excerpts, in the order of the listing; what is wrong with the others is added to its problems."""
    problems, seen = listing.problems, set[str]()
    found: list[_Excerpt] = []
    native = listing.native_rate
    if _sampling_rate(settings) is None and native is None:
        rates = [info.rate for one in listing.recordings if isinstance(info := audio_info(one.path), AudioInfo)]
        native = max(set(rates), key=rates.count) if rates else None
    for recording in progress(listing.recordings, description="check recordings"):
        if recording.id in seen:
            problems.add("repeated id", recording.id, str(recording.path))
        elif isinstance(excerpt := _excerpt(recording, settings, native), _Excerpt):
            seen.add(recording.id)
            found.append(excerpt)
        else:
            kind, detail = excerpt
            problems.add(kind, recording.path, detail)
    for split in SPLITS:
        if not any(excerpt.recording.split == split for excerpt in found):
            problems.add("empty split", split)
    return found


def _intervals(labels: Labels, excerpt: _Excerpt, rate: int, n: int, codes: dict[str, int]) -> Intervals:
    """Labels in samples of the excerpt, cut at its ends; labels outside it are dropped."""
    starts = np.clip(np.round((labels.starts - excerpt.start) * rate), 0, n).astype(np.int64)
    stops = np.clip(np.round((labels.stops - excerpt.start) * rate), 0, n).astype(np.int64)
    named = np.array([codes[name] for name in labels.names], dtype=np.int64)
    kept = stops > starts
    return starts[kept], stops[kept], named[kept]


def _class_names(listing: Listing, excerpts: list[_Excerpt], wanted: set[str]) -> dict[str, list[str]]:
    """Classes of every kept factor and label name: those known in advance, or all that occur, sorted."""
    found: dict[str, set[str]] = {}
    for excerpt in excerpts:
        for name, value in excerpt.recording.factors.items():
            found.setdefault(name, set()).update([] if value is None else [value])
        for name, labels in excerpt.recording.labels.items():
            found.setdefault(name, set()).update(labels.names, {listing.gaps[name]} if name in listing.gaps else ())
    return {
        name: listing.class_names.get(name) or sorted(values)
        for name, values in found.items()
        if not wanted or name in wanted
    }


def _utterances(
    excerpts: list[_Excerpt],
    split: str,
    names: dict[str, list[str]],
    rate: int,
    channel: Channel,
    problems: Problems,
) -> Iterator[Utterance]:
    codes = {name: {value: code for code, value in enumerate(values)} for name, values in names.items()}
    own = [excerpt for excerpt in excerpts if excerpt.recording.split == split]
    for excerpt in progress(own, description=f"ingest {split}"):
        recording = excerpt.recording
        try:
            audio = read_audio(recording.path, excerpt.start, excerpt.stop, rate, channel)
            check_audio(audio, recording.id)
        except ValueError as error:
            problems.add("unusable audio", recording.path, str(error))
            continue
        except (OSError, soundfile.SoundFileError) as error:
            problems.add("unreadable audio", recording.path, str(error))
            continue
        yield Utterance(
            id=recording.id,
            audio=audio,
            factors={
                name: -1 if value is None else codes[name][value]
                for name, value in recording.factors.items()
                if name in names
            },
            values=recording.values,
            intervals={
                name: _intervals(labels, excerpt, rate, len(audio), codes[name])
                for name, labels in recording.labels.items()
                if name in names
            },
        )


def ingest(
    listing: Listing,
    path: str | Path,
    settings: RecordingSettings,
    *,
    corpus: str,
    seed: int = 0,
) -> Problems:
    """Write the recordings of a listing into one corpus file; the corpus is never held in memory.

    Parameters
    ----------
    listing : Listing
        From a reader; its problems are completed.
    path : where to write
    corpus : str
        Name of the corpus.

    Returns
    -------
    Problems
        What was left out (empty if ``strict``). The file's provenance holds the same under ``skipped``, and what was
        left out by rule under ``omitted``.

    Raises
    ------
    IngestError
        If ``strict`` and anything is wrong, with the whole report; otherwise only if a split has no usable recording.
    """
    excerpts, problems = checked(listing, settings), listing.problems
    if problems and (settings.strict or problems.counts["empty split"]):
        raise IngestError(f"corpus {corpus} has {problems.report()}")
    rate = _sampling_rate(settings) or excerpts[0].info.rate
    names = _class_names(listing, excerpts, _kept_factors(listing, settings))
    record = provenance(settings.plain(without=("root", "controlled_sets")), seed)
    low = [excerpt for excerpt in excerpts if excerpt.info.rate < rate]
    if low:
        listing.notes.append(f"{len(low)} recordings have a rate below {rate} Hz: nothing lies above half their own")

    for note in listing.notes:
        print(f"corpus {corpus}: {note}")

    def last(utterances: Iterator[Utterance]) -> Iterator[Utterance]:
        yield from utterances
        # Before the file is complete: nothing of a corpus with unusable audio is kept in strict mode.
        if problems and settings.strict:
            raise IngestError(f"corpus {corpus} has {problems.report()}")
        record.update(skipped=dict(problems.counts), omitted=dict(listing.omitted), notes=listing.notes)

    splits: dict[str, Iterator[Utterance]] = {
        split: _utterances(excerpts, split, names, rate, settings.channel, problems) for split in SPLITS
    }
    splits[SPLITS[-1]] = last(splits[SPLITS[-1]])
    write_corpus(
        path,
        splits,
        corpus=corpus,
        sampling_rate=rate,
        class_names=names,
        provenance=record,
        framing=_framing(settings),
        gaps={name: value for name, value in listing.gaps.items() if name in names},
        split_by=_split_by(listing, settings),
    )
    if problems:
        print(f"corpus {corpus} has {problems.report()}\nThese recordings were left out.")
    return problems


def ingest_corpus(
    root: str | Path,
    settings: TimitSettings | VocAlsSettings | IemocapSettings | FolderSettings,
    path: str | Path,
    *,
    corpus: str,
    seed: int,
) -> Problems:
    """Read the corpus below ``root`` and write it; see :func:`ingest`.

    Parameters
    ----------
    settings : section of a corpus
        Their ``kind`` is the name of the reader's module in :mod:`decvae.corpora`; their ``root`` does not matter.
    """
    reader = import_module(f"decvae.corpora.{settings.kind}")
    root = Path(root).resolve()
    if not root.is_dir():
        raise IngestError(f"corpus {corpus}: its root {root} is not a folder; set `corpora.{corpus}.root`")
    return ingest(reader.list_recordings(root, settings, seed), path, settings, corpus=corpus, seed=seed)


def _split_by(listing: Listing, settings: RecordingSettings) -> str | None:
    """The factor that the splits are drawn by, which scores keep together, too; None if no recording has it."""
    by = settings.split_by if isinstance(settings, FolderSettings) else None
    return by if any(by in recording.factors for recording in listing.recordings) else None


def _kept_factors(listing: Listing, settings: RecordingSettings) -> set[str]:
    """Factors and labels to keep (empty for all).

    Raises
    ------
    IngestError
        If they leave out the factor that the splits are drawn by.
    """
    wanted, by = set(settings.factors), _split_by(listing, settings)
    if wanted and by is not None and by not in wanted:
        raise IngestError(
            f"`factors` is {list(settings.factors)}, without {by!r}, by which recordings are split (`split_by`): "
            f"without it scores could not keep every {by} on one side; add it"
        )
    return wanted


def _sampling_rate(settings: RecordingSettings) -> int | None:
    """Rate in Hz that audio is resampled to; None keeps the files' own, which must be one."""
    return settings.sampling_rate if isinstance(settings, FolderSettings) else SAMPLING_RATE


def _framing(settings: RecordingSettings) -> Framing:
    return Framing(settings.frame_seconds, settings.hop_seconds) if isinstance(settings, FolderSettings) else SPEECH
