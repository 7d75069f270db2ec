"""Welch power spectral densities of many signals at once, equal to :func:`scipy.signal.welch`.

All segments go through one batched FFT; scipy (1.17) transforms them one by one in a Python loop.
"""

from __future__ import annotations

import numpy as np
from scipy.fft import next_fast_len, rfft, rfftfreq
from scipy.signal.windows import hann

_BLOCK_VALUES = 2**20  # spectral values held at a time


def welch_density(
    signals: np.ndarray, fs: float, segment: int, overlap: int, n_fft: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """One-sided power spectral density of signals ``(N, T)`` from Hann segments without their means.

    Parameters
    ----------
    segment, overlap, n_fft : int
        Samples per segment (at most T), shared by neighbours, and FFT length (default: ``segment``).

    Returns
    -------
    frequencies : (B,) Hz
    density : (N, B)
        Per Hz.
    """
    n_fft = n_fft or segment
    window = hann(segment, sym=False)
    frequencies = rfftfreq(n_fft, 1 / fs)
    density = np.empty((len(signals), len(frequencies)))
    n_segments = (signals.shape[-1] - overlap) // (segment - overlap)
    size = max(1, _BLOCK_VALUES // (n_segments * next_fast_len(n_fft)))
    for start in range(0, len(signals), size):
        views = np.lib.stride_tricks.sliding_window_view(signals[start : start + size], segment, axis=-1)
        parts = views[:, :: segment - overlap]
        parts = (parts - parts.mean(axis=-1, keepdims=True)) * window
        spectrum = rfft(parts, n_fft, axis=-1)
        density[start : start + size] = (spectrum.real**2 + spectrum.imag**2).mean(axis=1)
    density *= 1 / (fs * (window**2).sum())
    density[:, 1 : None if n_fft % 2 else -1] *= 2
    return frequencies, density
