"""The frequency bands that a signal is cut into: around the spectral peaks of each frame, or explicit ones for all.

The Welch spectra of all frames come from one batched FFT. Peaks are local maxima of the whole spectrum, thinned to a
minimum distance, with the prominence of :func:`scipy.signal.peak_prominences`; each interval of the speech range then
gives its most prominent ones. Bands that (nearly) touch are merged.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit

from decvae.decomposition.spectra import welch_density
from decvae.settings.decomposition import BoundarySettings, PeakSettings


@dataclass(frozen=True)
class Bands:
    """The detected bands of a batch of frames, ascending within each frame.

    Attributes
    ----------
    owner : (n_bands,) int
        Frame that the band belongs to, ascending.
    low_hz, high_hz : (n_bands,) float
        Edges, on the grid of the spectrum.
    """

    owner: np.ndarray
    low_hz: np.ndarray
    high_hz: np.ndarray


def peak_spectrum(frames: np.ndarray, fs: float, settings: PeakSettings) -> tuple[np.ndarray, np.ndarray]:
    """Welch power spectral density of frames ``(N, T)``, each divided by its maximum.

    Returns
    -------
    frequencies : (B,) Hz
    psd : (N, B)
    """
    segment = min(round(settings.window_ms * 1e-3 * fs), frames.shape[-1])
    overlap = min(round(settings.overlap_ms * 1e-3 * fs), segment - 1)
    n_fft = max(math.ceil(fs / settings.resolution_hz), segment)
    centred = frames - frames.mean(axis=-1, keepdims=True)
    frequencies, psd = welch_density(centred, fs, segment, overlap, n_fft)
    largest = psd.max(axis=-1, keepdims=True)
    return frequencies, np.divide(psd, largest, out=np.zeros_like(psd), where=largest > 0)


def interval_edges(settings: PeakSettings) -> np.ndarray:
    """Edges ``(n_intervals + 1,)`` in Hz of the intervals in which peaks are sought.

    >>> interval_edges(PeakSettings()).round(1).tolist()
    [50.0, 1198.9, 2233.1, 3199.3, 4117.8, 5000.0]
    """
    grid = np.arange(1, settings.n_intervals + 2) ** settings.power_law
    return settings.lower_hz + (settings.upper_hz - settings.lower_hz) * (grid - grid[0]) / (grid[-1] - grid[0])


def band_grid(frequencies: np.ndarray, fs: float, settings: PeakSettings) -> tuple[np.ndarray, int, int, float]:
    """In bins of the spectrum: edges of the intervals, least distance of peaks, reach of a band and half its width.

    Raises
    ------
    ValueError
        If the whole speech range lies above ``fs / 2``.
    """
    spacing = frequencies[1]
    edges = np.ceil(interval_edges(settings) / spacing).astype(np.int64)
    edges = np.minimum(edges, len(frequencies) - 2)  # a band-pass filter must end below half of the sampling rate
    if edges[0] >= edges[-1]:
        raise ValueError(f"peaks.lower_hz = {settings.lower_hz} Hz is not below half of the sampling rate {fs} Hz")
    half_width = settings.bandwidth_hz / 2 / spacing
    return edges, max(1, round(settings.min_distance_hz / spacing)), int(half_width), half_width


def detect_bands(frames: np.ndarray, fs: float, settings: PeakSettings) -> Bands:
    """Bands around the spectral peaks of each frame.

    Parameters
    ----------
    frames : (N, T) float
    fs : float
        Sampling rate in Hz; intervals above ``fs / 2`` are cut there.

    Raises
    ------
    ValueError
        If the whole speech range lies above ``fs / 2``.
    """
    frequencies, psd = peak_spectrum(frames, fs, settings)
    spacing = frequencies[1]
    counts, low, high = _detect(
        psd,
        *band_grid(frequencies, fs, settings),
        settings.peaks_per_interval,
        settings.global_threshold,
        settings.prominence_threshold,
    )
    found = np.arange(low.shape[1]) < counts[:, None]
    return Bands(np.nonzero(found)[0], low[found] * spacing, high[found] * spacing)


@njit(cache=True, nogil=True)
def local_maxima(y):
    """Indices of the strict local maxima of ``y``, the middle of flat ones (as :func:`scipy.signal.find_peaks`)."""
    found = np.empty(len(y) // 2 + 1, np.int64)
    count = 0
    i = 1
    while i < len(y) - 1:
        if y[i - 1] < y[i]:
            ahead = i + 1
            while ahead < len(y) - 1 and y[ahead] == y[i]:
                ahead += 1
            if y[ahead] < y[i]:
                found[count] = (i + ahead - 1) // 2
                count += 1
                i = ahead
        i += 1
    return found[:count]


@njit(cache=True, nogil=True)
def thin_by_distance(y, peaks, distance):
    """Of ``peaks``, those with no higher kept one nearer than ``distance``."""
    keep = np.ones(len(peaks), np.bool_)
    order = np.argsort(y[peaks])
    for j in order[::-1]:
        if not keep[j]:
            continue
        k = j - 1
        while k >= 0 and peaks[j] - peaks[k] < distance:
            keep[k] = False
            k -= 1
        k = j + 1
        while k < len(peaks) and peaks[k] - peaks[j] < distance:
            keep[k] = False
            k += 1
    return peaks[keep]


@njit(cache=True, nogil=True)
def prominences(y, peaks):
    """Height of each peak above the higher of the two lowest points before a higher peak is met on either side."""
    result = np.empty(len(peaks), np.float64)
    for j, peak in enumerate(peaks):
        left = right = y[peak]
        i = peak
        while i >= 0 and y[i] <= y[peak]:
            left = min(left, y[i])
            i -= 1
        i = peak
        while i < len(y) and y[i] <= y[peak]:
            right = min(right, y[i])
            i += 1
        result[j] = y[peak] - max(left, right)
    return result


@njit(cache=True, nogil=True)
def _choose(psd, edges, peaks, prominence, n_best, global_threshold, prominence_threshold):
    """The most prominent peaks of every interval: their bins (ascending) and their intervals."""
    chosen = np.empty(len(peaks), np.int64)
    interval = np.empty(len(peaks), np.int64)
    count = 0
    for k in range(len(edges) - 1):
        if edges[k] == edges[k + 1] or psd[edges[k] : edges[k + 1]].max() < global_threshold:
            continue
        inside = np.flatnonzero((peaks >= edges[k]) & (peaks < edges[k + 1]))
        if len(inside) == 0:
            continue
        inside = inside[prominence[inside] >= prominence_threshold * prominence[inside].max()]
        best = np.sort(inside[np.argsort(prominence[inside])[::-1][:n_best]])
        chosen[count : count + len(best)] = peaks[best]
        interval[count : count + len(best)] = k
        count += len(best)
    return chosen[:count], interval[:count]


@njit(cache=True, nogil=True)
def _detect(psd, edges, distance, reach, half_width, n_best, global_threshold, prominence_threshold):
    n_frames = len(psd)
    size = (len(edges) - 1) * n_best
    counts = np.zeros(n_frames, np.int64)
    low = np.zeros((n_frames, size), np.int64)
    high = np.zeros((n_frames, size), np.int64)
    for n in range(n_frames):
        y = psd[n]
        peaks = thin_by_distance(y, local_maxima(y), distance)
        peaks, interval = _choose(
            y, edges, peaks, prominences(y, peaks), n_best, global_threshold, prominence_threshold
        )
        m = -1  # band being filled
        for j, peak in enumerate(peaks):
            begin = max(peak - reach, edges[interval[j]])
            end = min(peak + reach, edges[-1])
            if j > 0 and interval[j] == interval[j - 1]:
                merge = peak - peaks[j - 1] < half_width + distance
            else:
                merge = j > 0 and begin - distance < high[n, m]
            if merge:
                high[n, m] = end
            else:
                m += 1
                low[n, m], high[n, m] = begin, end
        counts[n] = m + 1
    return counts, low, high


def explicit_edges(settings: BoundarySettings, n_bands: int, fs: float) -> np.ndarray | None:
    """Ascending edges ``(n + 1,)`` in Hz of n neighbouring bands; None if they are to be detected.

    Parameters
    ----------
    n_bands : int
        Bands to draw with ``source = "random"``; the user's edges have a number of their own.
    fs : float
        Sampling rate in Hz.

    Raises
    ------
    ValueError
        If an edge does not lie below ``fs / 2``, or the range is too narrow for random bands.
    """
    if settings.source == "detected":
        return None
    if settings.source == "given":
        edges, name = np.array(settings.edges_hz), "edges_hz"
    else:
        edges, name = random_edges(settings, n_bands), "upper_hz"
    if edges[-1] >= fs / 2:
        raise ValueError(f"boundaries.{name} = {edges[-1]:g} Hz is not below half of the sampling rate {fs:g} Hz")
    return edges


def random_edges(settings: BoundarySettings, n_bands: int) -> np.ndarray:
    """Edges ``(n_bands + 1,)`` in Hz, uniform among those whose bands are wide enough.

    >>> random_edges(BoundarySettings(source="random"), 2)[[0, -1]].tolist()
    [50.0, 5000.0]
    """
    free = settings.upper_hz - settings.lower_hz - n_bands * settings.min_width_hz
    if free < 0:
        raise ValueError(
            f"boundaries: {n_bands} random bands of min_width_hz = {settings.min_width_hz:g} Hz do not fit into "
            f"{settings.lower_hz:g}..{settings.upper_hz:g} Hz"
        )
    rng = np.random.default_rng([settings.seed, n_bands])
    inner = np.sort(rng.random(n_bands - 1)) * free + np.arange(1, n_bands) * settings.min_width_hz
    return np.concatenate([[settings.lower_hz], settings.lower_hz + inner, [settings.upper_hz]])
