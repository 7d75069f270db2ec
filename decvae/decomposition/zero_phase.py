"""Compiled zero-phase filtering: :func:`scipy.signal.sosfiltfilt` for many signals, each with its own filter."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import njit
from scipy.signal import butter, sosfilt_zi

_compiled = njit(cache=True, nogil=True)


class ZeroPhaseFilter(NamedTuple):
    """A digital filter to be run forwards and backwards: sections (K, 6), steady state (K, 2), samples of padding."""

    sos: np.ndarray
    start: np.ndarray
    padding: int


@lru_cache(maxsize=8192)
def design(order: int, edges_hz: float | tuple[float, float], kind: str, fs: float) -> ZeroPhaseFilter:
    """Butterworth filter of ``scipy.signal.butter``, with the steady state and padding of ``sosfiltfilt``."""
    sos = butter(order, edges_hz, kind, fs=fs, output="sos")
    n_taps = 2 * len(sos) + 1 - min(int((sos[:, 2] == 0).sum()), int((sos[:, 5] == 0).sum()))
    return ZeroPhaseFilter(sos, sosfilt_zi(sos), 3 * n_taps)


def filter_each(
    filters: list[ZeroPhaseFilter], signals: np.ndarray, which_filter: np.ndarray, which_signal: np.ndarray
) -> np.ndarray:
    """Filter row ``which_signal[i]`` of ``signals`` forwards and backwards by ``filters[which_filter[i]]``.

    Parameters
    ----------
    filters : list of ZeroPhaseFilter
        With the same number of sections.
    signals : (N, T) float
    which_filter, which_signal : (M,) int

    Returns
    -------
    (M, T) float64

    Raises
    ------
    ValueError
        If the signals are not longer than the filters' padding.
    """
    length = signals.shape[1]
    if len(which_filter) == 0:
        return np.empty((0, length))
    edges = np.array([item.padding for item in filters], dtype=np.int64)
    if length <= edges.max():
        raise ValueError(f"a signal of {length} samples is too short for this filter, which needs {edges.max() + 1}")
    return _filter_each(
        np.array([item.sos for item in filters]),
        np.array([item.start for item in filters]),
        edges,
        np.ascontiguousarray(signals, dtype=np.float64),
        which_filter,
        which_signal,
    )


@_compiled
def _cascade(sos, start, x):
    """Filter ``x`` in place (transposed direct form II) from the steady state of its first sample.

    A sample goes through all sections before the next one, whose arithmetic overlaps with it.
    """
    n_sections = len(sos)
    state = start * x[0]
    for t in range(len(x)):
        value = x[t]
        for k in range(n_sections):
            out = sos[k, 0] * value + state[k, 0]
            state[k, 0] = sos[k, 1] * value - sos[k, 4] * out + state[k, 1]
            state[k, 1] = sos[k, 2] * value - sos[k, 5] * out
            value = out
        x[t] = value


@_compiled
def _filter_each(sos, start, edges, signals, which_filter, which_signal):
    length = signals.shape[1]
    result = np.empty((len(which_filter), length))
    for i in range(len(which_filter)):
        f = which_filter[i]
        signal, edge = signals[which_signal[i]], edges[f]
        x = np.empty(length + 2 * edge)
        for t in range(edge):  # continued by its point reflection
            x[t] = 2 * signal[0] - signal[edge - t]
            x[length + edge + t] = 2 * signal[-1] - signal[length - 2 - t]
        x[edge : edge + length] = signal
        _cascade(sos[f], start[f], x)
        x = x[::-1].copy()
        _cascade(sos[f], start[f], x)
        result[i] = x[edge : edge + length][::-1]
    return result
