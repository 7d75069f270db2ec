"""Frames of an utterance: how many there are, where they lie, and which label each one has.

A frame is one 25 ms window (400 samples at 16 kHz) with a hop of 20 ms (320 samples); there is no tail frame. The
count equals the output length of the wav2vec2 feature encoder (receptive field 400, total stride 320).
"""

from __future__ import annotations

import numpy as np

FRAME_SECONDS = 0.025
HOP_SECONDS = 0.020


def frame_length(sampling_rate: int) -> int:
    """Samples in one frame."""
    return int(FRAME_SECONDS * sampling_rate)


def hop_length(sampling_rate: int) -> int:
    """Samples between the starts of two frames."""
    return int(HOP_SECONDS * sampling_rate)


def count_frames(n_samples: int, sampling_rate: int = 16000) -> int:
    """Number of whole frames in ``n_samples`` (0 if the signal is shorter than one frame).

    >>> count_frames(64000), count_frames(400), count_frames(399)
    (199, 1, 0)
    """
    length = frame_length(sampling_rate)
    return 0 if n_samples < length else (n_samples - length) // hop_length(sampling_rate) + 1


def cut_frames(signal: np.ndarray, sampling_rate: int = 16000) -> np.ndarray:
    """View of ``signal`` ``(..., T)`` as frames ``(..., F, L)``; read-only, no copy."""
    length = frame_length(sampling_rate)
    if signal.shape[-1] < length:
        raise ValueError(f"signal of {signal.shape[-1]} samples is shorter than one frame of {length}")
    windows = np.lib.stride_tricks.sliding_window_view(signal, length, axis=-1)
    return windows[..., :: hop_length(sampling_rate), :]


def frame_labels(
    starts: np.ndarray, stops: np.ndarray, codes: np.ndarray, n_frames: int, sampling_rate: int = 16000, gap: int = -1
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
    begin = np.arange(n_frames) * hop_length(sampling_rate)
    # A piecewise constant timeline: [gap, code_0, gap, code_1, ..., gap] between these edges.
    edges = np.stack([starts, stops], axis=1).ravel()
    values = np.full(len(edges) + 1, gap, dtype=np.int64)
    values[1::2] = codes
    labels = values[np.searchsorted(edges, begin + frame_length(sampling_rate) // 2, side="right")]
    # Number of real changes of label up to each segment, ignoring empty segments between abutting intervals.
    widths = np.diff(edges, prepend=np.iinfo(np.int64).min // 2, append=np.iinfo(np.int64).max // 2)
    kept = np.flatnonzero(widths > 0)
    changes = np.zeros(len(values), dtype=np.int64)
    changes[kept[1:]] = values[kept[1:]] != values[kept[:-1]]
    changes = np.cumsum(changes)
    first = changes[np.searchsorted(edges, begin, side="right")]
    last = changes[np.searchsorted(edges, begin + frame_length(sampling_rate) - 1, side="right")]
    return labels, first != last
