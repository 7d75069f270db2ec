"""Welch power spectral densities of many signals at once, equal to :func:`scipy.signal.welch`.

All segments go through one batched FFT; scipy (1.17) transforms them one by one in a Python loop.
"""

from __future__ import annotations

import numpy as np
from numba import njit
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
        _mean_power(spectrum.view(np.float64), density[start : start + size])
    density *= 1 / (fs * (window**2).sum())
    density[:, 1 : None if n_fft % 2 else -1] *= 2
    return frequencies, density


@njit(cache=True, nogil=True)
def _mean_power(spectrum: np.ndarray, power: np.ndarray) -> None:
    """Fill ``power`` (N, B) with the mean over segments of the squared magnitudes of ``spectrum``.

    ``spectrum`` (N, segments, 2 B) has real and imaginary parts in turns. Sums run in numpy's order, to the same bits.
    """
    n_segments = spectrum.shape[1]
    for n in range(len(power)):
        own = power[n]
        own[:] = 0
        for segment in range(n_segments):
            row = spectrum[n, segment]
            for place in range(len(own)):
                own[place] += row[2 * place] ** 2 + row[2 * place + 1] ** 2
        for place in range(len(own)):
            own[place] /= n_segments
