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


def design_bands(order: int, edges_hz: np.ndarray, fs: float) -> list[ZeroPhaseFilter]:
    """Band-pass filters of many bands ``(n, 2)`` in Hz: :func:`design` of each, to rounding.

    scipy's steps (prototype, band-pass and bilinear transform, pairing of poles and zeros) for all bands at once.
    A prototype of odd order has a real pole, which is paired otherwise: scipy designs those, and the few bands for
    which its pairing hangs on a tie.
    """
    if order % 2 or not len(edges_hz):
        return [design(order, (low, high), "bandpass", fs) for low, high in edges_hz.tolist()]
    warped = 4 * np.tan(np.pi * (2 * edges_hz / fs) / 2)
    width, centre = warped[:, 1] - warped[:, 0], np.sqrt(warped[:, 0] * warped[:, 1])
    prototype = -np.exp(1j * np.pi * np.arange(-order + 1, order, 2, dtype=np.float64) / (2 * order))
    scaled = prototype * width[:, None] / 2
    root = np.sqrt(scaled**2 - centre[:, None] ** 2)
    analogue = np.concatenate([scaled + root, scaled - root], axis=1)
    gain = width**order * np.real(4.0**order / np.prod(4 - analogue, axis=1))
    poles, tied = _one_of_each_pair((4 + analogue) / (4 - analogue))
    sos = np.zeros((len(edges_hz), order, 6))
    sos[..., 3], sos[..., 4], sos[..., 5] = 1, -2 * poles.real, poles.real**2 + poles.imag**2
    sos[..., :3] = _nearest_zeros(poles)
    sos[:, 0, :3] *= gain[:, None]
    start = _steady_states(sos)
    return [
        design(order, (low, high), "bandpass", fs) if tie else ZeroPhaseFilter(sos[i], start[i], 3 * (2 * order + 1))
        for i, (tie, (low, high)) in enumerate(zip(tied, edges_hz.tolist(), strict=True))
    ]


def _one_of_each_pair(poles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Poles above the real axis ``(n, order)``, the nearest to the unit circle last, of ``poles`` (n, 2 order).

    Also which rows ``(n,)`` have poles whose order, or whose nearest zeros, rounding would decide.
    """
    n, order = len(poles), poles.shape[1] // 2
    by_real = np.take_along_axis(poles, np.lexsort((np.abs(poles.imag), poles.real), axis=-1), axis=1)
    above = by_real[by_real.imag > 0].reshape(n, order)
    below = by_real[by_real.imag < 0].reshape(n, order)
    found = (above + below.conj()) / 2
    close = np.diff(above.real, axis=1) <= 100 * np.finfo(float).eps * np.abs(above[:, :-1])
    tied = close.any(axis=1) | (np.abs(found.real) < 1e-9).any(axis=1)
    nearest_first = np.argsort(np.abs(1 - np.abs(found)), axis=1, kind="stable")
    return np.take_along_axis(found, nearest_first[:, ::-1], axis=1), tied


def _nearest_zeros(poles: np.ndarray) -> np.ndarray:
    """Numerators ``(n, order, 3)``: each pole, the last first, takes the nearer two of the zeros left at 1 and -1."""
    n, order = poles.shape
    left, numerators = np.full((n, 2), order), np.ones((n, order, 3))  # zeros at -1, at 1
    rows = np.arange(n)
    for section in range(order - 1, -1, -1):
        side = (poles[:, section].real > 0).astype(np.int64)
        side = np.where(left[rows, side] > 0, side, 1 - side)
        left[rows, side] -= 2
        numerators[:, section, 1] = np.where(side == 1, -2, 2)
    return numerators


def _steady_states(sos: np.ndarray) -> np.ndarray:
    """``scipy.signal.sosfilt_zi`` ``(n, order, 2)`` of sections ``(n, order, 6)``."""
    start, scale = np.empty((*sos.shape[:2], 2)), np.ones(len(sos))
    for section in range(sos.shape[1]):
        b, a = sos[:, section, :3], sos[:, section, 3:]
        system = np.empty((len(sos), 2, 2))
        system[:, 0, 0], system[:, 0, 1] = 1 + a[:, 1], -1
        system[:, 1, 0], system[:, 1, 1] = a[:, 2], 1
        state = np.linalg.solve(system, (b[:, 1:] - a[:, 1:] * b[:, :1])[..., None])[..., 0]
        start[:, section] = scale[:, None] * state
        scale = scale * (b.sum(axis=1) / a.sum(axis=1))
    return start


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
