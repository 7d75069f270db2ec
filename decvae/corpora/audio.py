"""Reading audio files: how long they are, whether they are whole, their samples at a rate."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

import numpy as np
import soundfile
import soxr

from decvae.settings.corpora import Channel

TOLERANCE_SECONDS = 0.05  # a header may promise this much more than there is, and labels may end this much later
CANCELLED = 1e-3  # relative to its channels, a mean of such a level is what is left of channels out of phase
_BLOCK = 1 << 12  # samples, or bytes; of a block that breaks off nothing is counted
_OGG_PAGE = 1 << 16  # bytes, at most
_UNKNOWN_BYTES = 0x7FFF0000  # streaming programs write such a size, or a larger one, for one they do not know
_UNKNOWN_SAMPLES = 1 << 40  # libsndfile's number for an unknown one is larger
_COMPRESSED = ("FLAC", "OGG", "MP3")  # headers and sizes do not tell how much can be decoded


class AudioInfo(NamedTuple):
    """Of a whole audio file: rate in Hz, and duration in seconds."""

    rate: int
    seconds: float


class Unusable(NamedTuple):
    """The kind of problem that a file has (of :data:`decvae.corpora.recordings.REMEDIES`), and a detail."""

    kind: str
    detail: str


class _Stream(soundfile.SoundFile):  # type: ignore[misc]  # soundfile has no types
    """A file that is read from its start to its end, without moving to places that a header only claims."""

    def seekable(self) -> bool:
        return False


@cache
def audio_info(path: Path) -> AudioInfo | Unusable:
    """Rate and duration, or what is wrong. Compressed files are decoded to count their samples."""
    try:
        with path.open("rb") as file:
            head = file.read(1024)
        size = f"{path.stat().st_size} bytes"
        if head.startswith(b"NIST_1A") and b"shorten" in head:
            return Unusable("compressed SPHERE", size)
        found = soundfile.info(path)
    except (OSError, soundfile.SoundFileError):
        size = f"{path.stat().st_size} bytes" if path.is_file() else ""
        return Unusable("unreadable audio" if path.exists() else "missing file", size)
    if found.format in _COMPRESSED:
        return _decoded_info(path, found)
    seconds, promised = found.frames / found.samplerate, _promised_seconds(found, head)
    if promised > seconds + TOLERANCE_SECONDS:
        return _cut(seconds, promised)
    return AudioInfo(found.samplerate, seconds)


def _cut(seconds: float, promised: float | None) -> Unusable:
    return Unusable("audio cut short", f"at {seconds:.3f} s" + (f" of {promised:.3f} s" if promised else ""))


def _decoded_info(path: Path, found: Any) -> AudioInfo | Unusable:
    """What can be decoded, against what a FLAC header, a tag of an MP3, or the end of an Ogg stream promise."""
    samples, broken = 0, ""
    try:
        for block in _blocks(path, found.format):
            samples += len(block)
    except soundfile.SoundFileError as error:
        broken = str(error)
    seconds = samples / found.samplerate
    told = found.format == "FLAC" or (found.format == "MP3" and _has_length(path))
    promised = found.frames / found.samplerate if told and 0 < found.frames < _UNKNOWN_SAMPLES else None
    if promised and promised > seconds + TOLERANCE_SECONDS:
        return _cut(seconds, promised)
    if found.format == "OGG" and not _ogg_ends(path):
        return _cut(seconds, None)
    return Unusable("unreadable audio", broken) if broken else AudioInfo(found.samplerate, seconds)


def _blocks(path: Path, kind: str) -> Iterator[np.ndarray]:
    """Samples ``(n, channels)`` float32 of a whole file.

    libsndfile takes an MP3 without a tag for as long as its first frame says, and stops there, unless it comes through
    a pipe.
    """
    source: Path | int = path
    if kind == "MP3" and not _has_length(path):
        source, end = os.pipe()
        Thread(target=_feed, args=(path, end), daemon=True).start()
    with _Stream(source) as file:
        while len(block := file.read(_BLOCK, dtype="float32", always_2d=True)):
            yield block


def _feed(path: Path, pipe: int) -> None:
    with suppress(BrokenPipeError), os.fdopen(pipe, "wb") as end, path.open("rb") as file:
        while block := file.read(_BLOCK):
            end.write(block)


def _has_length(path: Path) -> bool:
    """Whether the first frame of an MP3 is a tag with the number of frames (Xing, Info or VBRI)."""
    with path.open("rb") as file:
        head = file.read(10)
        start = 0
        if head.startswith(b"ID3"):  # its size has seven bits in each byte
            start = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
        file.seek(start)
        return bool(re.search(rb"VBRI|(?:Xing|Info)\x00\x00\x00[\x01\x03\x05\x07\x09\x0b\x0d\x0f]", file.read(2048)))


def _ogg_ends(path: Path) -> bool:
    """Whether the last page of an Ogg file is whole and marked as the end of its stream."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 2 * _OGG_PAGE))
        tail = file.read()
    page = tail[max(0, tail.rfind(b"OggS")) :]
    if len(page) < 27 or len(page) < 27 + page[26]:
        return False
    return bool(page[5] & 4) and len(page) >= 27 + page[26] + sum(page[27 : 27 + page[26]])


def _promised_seconds(found: Any, head: bytes) -> float:
    """Duration that the header of a SPHERE or RIFF file promises; 0 if it does not say (as that of a stream).

    libsndfile reads what there is of a RIFF file that is cut short, and notes the difference.
    """
    if sphere := re.search(rb"sample_count -i (\d+)", head):
        return int(sphere[1]) / found.samplerate
    note = re.search(r"data : (\d+) \(should be \d+\)", found.extra_info)
    align = re.search(r"Block Align +: (\d+)", found.extra_info)
    if not note or not align or int(note[1]) >= _UNKNOWN_BYTES:
        return 0.0
    return int(note[1]) / int(align[1]) / found.samplerate


def read_audio(path: Path, start: float, stop: float, rate: int, channel: Channel = "mean") -> np.ndarray:
    """A part of a file (in seconds) at the given rate: ``(T,)`` float32.

    Parameters
    ----------
    channel : "mean" or int
        The mean of all channels, or one of them, counted from 1.

    Raises
    ------
    ValueError
        If there is no such channel, or the channels cancel each other in their mean.
    """
    with soundfile.SoundFile(path) as file:
        native, known = file.samplerate, file.format != "MP3" and file.frames < _UNKNOWN_SAMPLES
        first, last = round(start * native), round(stop * native)
        if known:
            file.seek(first)
            samples = file.read(last - first, dtype="float32", always_2d=True)
        else:
            samples = _part(_blocks(path, file.format), first, last)
    return resample(_one_channel(samples, channel), native, rate)


def _part(blocks: Iterator[np.ndarray], first: int, last: int) -> np.ndarray:
    """Rows from ``first`` to ``last`` of all blocks."""
    found, place = [], 0
    for block in blocks:
        found.append(block[max(0, first - place) : max(0, last - place)])
        place += len(block)
        if place >= last:
            break
    return np.concatenate(found)


def _one_channel(samples: np.ndarray, channel: Channel) -> np.ndarray:
    """One channel ``(T,)`` of ``(T, channels)``; see :func:`read_audio`."""
    n_channels = samples.shape[1]
    if channel != "mean":
        if channel > n_channels:
            raise ValueError(f"`channel` is {channel}, but the file has {n_channels}")
        return np.ascontiguousarray(samples[:, channel - 1])
    mean = samples.mean(axis=1)
    level = float(samples.std(axis=0).max(initial=0))
    if n_channels > 1 and float(mean.std()) < CANCELLED * level:
        raise ValueError(
            f"its {n_channels} channels are out of phase: their mean is constant, or nearly; `channel: 1` takes one"
        )
    return mean


def resample(audio: np.ndarray, rate: int, target_rate: int) -> np.ndarray:
    """Samples ``(T,)`` float32 at another rate in Hz, by soxr at its default quality: for corpora and models alike."""
    audio = audio.astype(np.float32, copy=False)
    return audio if rate == target_rate else soxr.resample(audio, rate, target_rate).astype(np.float32, copy=False)
