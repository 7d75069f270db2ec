"""Compiled zero-phase filtering: :func:`scipy.signal.sosfiltfilt` for many signals, each with its own filter."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numba import njit
from scipy.signal import butter, sosfilt_zi

_LANES = 8  # signals filtered at once

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
        Of one kind and order, so that they have the same number of sections and the same padding.
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
    edge = padding(filters, length)
    return _filter_each(
        np.array([item.sos for item in filters]),
        np.array([item.start for item in filters]),
        edge,
        np.ascontiguousarray(signals, dtype=np.float64),
        which_filter,
        which_signal,
    )


def padding(filters: list[ZeroPhaseFilter], length: int) -> int:
    """Samples by which signals of ``length`` samples are continued on both sides."""
    edge = max(item.padding for item in filters)
    if length <= edge:
        raise ValueError(f"a signal of {length} samples is too short for this filter, which needs {edge + 1}")
    return edge


@_compiled
def _cascade(sos, state, x, first, step):
    """Filter the columns of ``x`` (T, lanes) in place, from row ``first`` in steps of ``step`` = 1 or -1.

    Transposed direct form II; ``sos`` (K, 6, lanes), ``state`` (K, 2, lanes).
    """
    t = first
    for _ in range(len(x)):
        row = x[t]
        for k in range(len(sos)):
            b0, b1, b2, a1, a2 = sos[k, 0], sos[k, 1], sos[k, 2], sos[k, 4], sos[k, 5]
            early, late = state[k, 0], state[k, 1]
            for lane in range(_LANES):
                value = row[lane]
                out = b0[lane] * value + early[lane]
                early[lane] = b1[lane] * value - a1[lane] * out + late[lane]
                late[lane] = b2[lane] * value - a2[lane] * out
                row[lane] = out
        t += step


@_compiled
def _filter_each(sos, start, edge, signals, which_filter, which_signal):
    """Several signals side by side: their recursions are independent, so that the processor runs them at once."""
    length, n_sections, count = signals.shape[1], sos.shape[1], len(which_filter)
    last = length + 2 * edge - 1
    result = np.empty((count, length))
    x = np.zeros((last + 1, _LANES))
    lanes, steady = np.zeros((n_sections, 6, _LANES)), np.zeros((n_sections, 2, _LANES))
    for begin in range(0, count, _LANES):
        n_lanes = min(_LANES, count - begin)
        for lane in range(n_lanes):
            f, signal = which_filter[begin + lane], signals[which_signal[begin + lane]]
            lanes[:, :, lane], steady[:, :, lane] = sos[f], start[f]
            for t in range(edge):  # continued by its point reflection
                x[t, lane] = 2 * signal[0] - signal[edge - t]
                x[length + edge + t, lane] = 2 * signal[-1] - signal[length - 2 - t]
            for t in range(length):
                x[edge + t, lane] = signal[t]
        _cascade(lanes, steady * x[0], x, 0, 1)
        _cascade(lanes, steady * x[last], x, last, -1)
        for lane in range(n_lanes):
            for t in range(length):
                result[begin + lane, t] = x[edge + t, lane]
    return result
