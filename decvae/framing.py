"""Frames of an utterance: how many there are, where they lie, and which label each one has.

A frame of speech is one 25 ms window (400 samples at 16 kHz) with a hop of 20 ms (320 samples); there is no tail frame.
The count equals the output length of the wav2vec2 feature encoder (receptive field 400, total stride 320). Corpora of
other signals have frames of other lengths (:class:`Framing`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Framing:
    """Length of a frame and distance between the starts of two frames, in seconds."""

    frame_seconds: float = 0.025
    hop_seconds: float = 0.020


SPEECH = Framing()


def _samples(seconds: float, sampling_rate: int) -> int:
    """Whole samples in a time; a product just below a whole number is that number."""
    return int(seconds * sampling_rate + 1e-6)


def frame_length(sampling_rate: int, framing: Framing = SPEECH) -> int:
    """Samples in one frame."""
    return _samples(framing.frame_seconds, sampling_rate)


def hop_length(sampling_rate: int, framing: Framing = SPEECH) -> int:
    """Samples between the starts of two frames."""
    return _samples(framing.hop_seconds, sampling_rate)


def count_frames(n_samples: int, sampling_rate: int = 16000, framing: Framing = SPEECH) -> int:
    """Number of whole frames in ``n_samples`` (0 if the signal is shorter than one frame).

    >>> count_frames(64000), count_frames(400), count_frames(399)
    (199, 1, 0)
    """
    length = frame_length(sampling_rate, framing)
    return 0 if n_samples < length else (n_samples - length) // hop_length(sampling_rate, framing) + 1


def cut_frames(signal: np.ndarray, sampling_rate: int = 16000, framing: Framing = SPEECH) -> np.ndarray:
    """View of ``signal`` ``(..., T)`` as frames ``(..., F, L)``; read-only, no copy."""
    length = frame_length(sampling_rate, framing)
    if signal.shape[-1] < length:
        raise ValueError(f"signal of {signal.shape[-1]} samples is shorter than one frame of {length}")
    windows = np.lib.stride_tricks.sliding_window_view(signal, length, axis=-1)
    return windows[..., :: hop_length(sampling_rate, framing), :]


def frame_labels(
    starts: np.ndarray,
    stops: np.ndarray,
    codes: np.ndarray,
    n_frames: int,
    sampling_rate: int = 16000,
    gap: int = -1,
    framing: Framing = SPEECH,
) -> tuple[np.ndarray, np.ndarray]:
    """Label of each frame and whether its window straddles a change of label.

    Parameters
    ----------
    starts, stops : (n_intervals,) int
        Half-open sample intervals ``[start, stop)``, ascending and not overlapping.
    codes : (n_intervals,) int
        Label of each interval.
    gap : int
        Label of what lies outside all intervals.

    Returns
    -------
    labels : (n_frames,) int64
        Label at the centre sample of each frame.
    overlap : (n_frames,) bool
        True if more than one label occurs inside the window.
    """
    starts, stops, codes = np.asarray(starts), np.asarray(stops), np.asarray(codes)
    if np.any(stops < starts) or np.any(starts[1:] < stops[:-1]):
        raise ValueError("label intervals must be ascending and must not overlap")
    length = frame_length(sampling_rate, framing)
    begin = np.arange(n_frames) * hop_length(sampling_rate, framing)
    # A piecewise constant timeline: [gap, code_0, gap, code_1, ..., gap] between these edges.
    edges = np.stack([starts, stops], axis=1).ravel()
    values = np.full(len(edges) + 1, gap, dtype=np.int64)
    values[1::2] = codes
    labels = values[np.searchsorted(edges, begin + length // 2, side="right")]
    # Number of real changes of label up to each segment, ignoring empty segments between abutting intervals.
    widths = np.diff(edges, prepend=np.iinfo(np.int64).min // 2, append=np.iinfo(np.int64).max // 2)
    kept = np.flatnonzero(widths > 0)
    changes = np.zeros(len(values), dtype=np.int64)
    changes[kept[1:]] = values[kept[1:]] != values[kept[:-1]]
    changes = np.cumsum(changes)
    first = changes[np.searchsorted(edges, begin, side="right")]
    last = changes[np.searchsorted(edges, begin + length - 1, side="right")]
    return labels, first != last
