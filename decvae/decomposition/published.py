"""Bands, group sizes, places and order of components as the published code computes them.

Beside :mod:`decvae.decomposition.bands` and :mod:`decvae.decomposition.grouping`, which are the default. Peaks and
their prominences are sought inside each interval of the speech range, as if the spectrum ended there; the indices of
the most prominent ones are taken from all peaks of the interval, but applied to those that passed the threshold.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from decvae.decomposition.bands import Bands, band_grid, local_maxima, peak_spectrum, prominences, thin_by_distance
from decvae.decomposition.grouping import (
    group_sizes,
    peak_density,
    rank_within,
    spectral_centroid,
    strongest,
)
from decvae.settings.decomposition import DecompositionSettings, PeakSettings


@dataclass(frozen=True)
class BandPeaks(Bands):
    """Bands with the peak inside each.

    Attributes
    ----------
    peak_hz : (n_bands,) float
    amplitude : (n_bands,) float
        Density relative to the frame's largest; summed over the peaks of merged bands.
    """

    peak_hz: np.ndarray
    amplitude: np.ndarray


def detect_band_peaks(frames: np.ndarray, fs: float, settings: PeakSettings) -> BandPeaks:
    """Bands of frames ``(N, T)`` sampled at ``fs`` Hz, with their peaks; errors as of ``bands.detect_bands``."""
    frequencies, psd = peak_spectrum(frames, fs, settings)
    spacing = frequencies[1]
    edges, distance, reach, half_width = band_grid(frequencies, fs, settings)
    counts, low, high, peak, amplitude = _detect(
        psd,
        edges,
        distance,
        reach,
        half_width,
        settings.peaks_per_interval,
        settings.global_threshold,
        settings.prominence_threshold,
    )
    found = np.arange(low.shape[1]) < counts[:, None]
    owner = np.nonzero(found)[0]
    return BandPeaks(owner, low[found] * spacing, high[found] * spacing, peak[found] * spacing, amplitude[found])


@njit(cache=True, nogil=True)
def _choose(chunk, distance, n_best, prominence_threshold):
    """Peaks of one interval, ascending: indices of the most prominent of all, applied to those over the threshold.

    Where such an index does not exist, all peaks over the threshold are taken.
    """
    peaks = thin_by_distance(chunk, local_maxima(chunk), distance)
    if len(peaks) == 0:
        return peaks
    prominence = prominences(chunk, peaks)
    passed = peaks[prominence >= prominence_threshold * prominence.max()]
    best = np.argsort(prominence)[::-1][:n_best]
    return np.sort(passed[best]) if best.max() < len(passed) else passed


@njit(cache=True, nogil=True)
def _detect(psd, edges, distance, reach, half_width, n_best, global_threshold, prominence_threshold):
    n_frames, size = len(psd), psd.shape[1] // 2
    counts = np.zeros(n_frames, np.int64)
    low, high = np.zeros((n_frames, size), np.int64), np.zeros((n_frames, size), np.int64)
    top, amplitude = np.zeros((n_frames, size), np.int64), np.zeros((n_frames, size))
    for n in range(n_frames):
        m = -1  # band being filled
        for k in range(len(edges) - 1):
            chunk = psd[n, edges[k] : edges[k + 1]]
            if len(chunk) == 0 or chunk.max() < global_threshold:
                continue
            peaks = _choose(chunk, distance, n_best, prominence_threshold)
            for j, peak in enumerate(peaks):
                begin, end = max(peak - reach, 0) + edges[k], peak + reach + edges[k]
                if k == len(edges) - 2:
                    end = min(end, edges[k + 1])
                end = min(end, psd.shape[1] - 2)  # a band-pass filter must end below half of the sampling rate
                best = begin + np.argmax(psd[n, begin : end + 1])
                if j > 0:
                    merge = peak - peaks[j - 1] < half_width + distance
                else:
                    merge = m >= 0 and begin - distance < high[n, m]
                if merge:
                    high[n, m] = end
                    if psd[n, best] > psd[n, top[n, m]]:
                        top[n, m] = best
                    amplitude[n, m] += psd[n, best]
                else:
                    m += 1
                    low[n, m], high[n, m], top[n, m], amplitude[n, m] = begin, end, best, psd[n, best]
        counts[n] = m + 1
    return counts, low, high, top, amplitude


def published_sizes(n_modes: int, n_components: int, scale: str) -> np.ndarray:
    """How many modes each component takes: ``round(M / C)``, ties to even, and the last component the rest.

    At frame scale one each if ``M / C`` is 1.5. A group may be empty there; at sequence scale a group that would take
    all gives up half of itself instead.

    >>> [published_sizes(n, 4, "frame").tolist() for n in (5, 6, 7, 10)]
    [[1, 1, 1, 2], [1, 1, 1, 3], [2, 2, 2, 1], [2, 2, 2, 4]]
    """
    step = round(n_modes / n_components)
    if scale == "frame" and 2 * n_modes == 3 * n_components:
        step = 1
    limits = [0]
    for _ in range(n_components - 1):
        limit = min(limits[-1] + step, n_modes)
        if scale == "sequence" and limit == n_modes:
            limit -= (limit - limits[-1]) // 2
        limits.append(limit)
    return np.diff([*limits, n_modes])


def absent_slots(n_components: int, is_kept: np.ndarray, group: np.ndarray, amplitude: np.ndarray) -> list[int]:
    """Which components are absent in a frame with fewer kept modes than components.

    If modes were dropped for weakness: the first of their indices, as many as components are absent. If one of these is
    also the number of a mode's frequency group, the first of them gives way to the index (among the kept modes) of the
    mode of least amplitude. If none was dropped: the first components whose number is no mode's frequency group.
    Where that leaves too many places, the last ones are absent, too.

    Parameters
    ----------
    is_kept : (n_modes,) bool
    group : (n_modes,) int
        Frequency group of each mode, -1 for none.
    amplitude : (n_modes,) float
    """
    n_kept = int(is_kept.sum())
    n_absent = n_components - n_kept
    groups = set(group.tolist())
    dropped = np.flatnonzero(~is_kept).tolist()
    if dropped:
        places = dropped[:n_absent]
        weakest = int(amplitude[is_kept].argmin())
        if groups.intersection(places) and weakest not in places:
            places[0] = weakest
    else:
        places = [n for n in range(n_components) if n not in groups][:n_absent]
    free = [n for n in range(n_components) if n not in places][:n_kept]
    return [n for n in range(n_components) if n not in free]


def mode_peaks(
    modes: np.ndarray, frames: np.ndarray, fs: float, settings: DecompositionSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Frequency (Hz, NaN if there is no peak) and amplitude of each mode ``(n_modes, T)``, for its place.

    Those of the detected bands with the published search, else the mean of the peaks of the mode's own spectrum and its
    peak density.
    """
    is_detected = settings.method == "filter" and settings.boundaries.source == "detected"
    if is_detected and settings.peaks.search == "published":
        bands = detect_band_peaks(frames, fs, settings.peaks)
        return bands.peak_hz, bands.amplitude
    found = detect_band_peaks(modes, fs, settings.peaks)
    count = np.bincount(found.owner, minlength=len(modes))
    total = np.bincount(found.owner, found.peak_hz, minlength=len(modes))
    mean = np.divide(total, count, out=np.full(len(modes), np.nan), where=count > 0)
    return mean, peak_density(modes, fs)


def _slots(
    owner: np.ndarray,
    is_kept: np.ndarray,
    n_components: int,
    scale: str,
    settings: DecompositionSettings,
    strategy: str,
) -> np.ndarray:
    """Component of each kept mode of frames that have at least as many as components; -1 elsewhere."""
    n_kept = np.bincount(owner, is_kept, minlength=owner[-1] + 1).astype(np.int64)[owner]
    slot = np.full(len(owner), -1)
    rank = np.full(len(owner), -1)
    rank[is_kept] = rank_within(owner[is_kept], np.bincount(owner[is_kept], minlength=owner[-1] + 1))
    least = n_components if settings.absent_place == "published" else 1
    for count in np.unique(n_kept[n_kept >= least]):
        if settings.group_sizes == "published" and strategy == "equally_distribute" and count > n_components:
            sizes = published_sizes(int(count), n_components, scale)
        else:
            sizes = group_sizes(int(count), n_components, strategy)
        members = is_kept & (n_kept == count)
        slot[members] = np.repeat(np.arange(n_components), sizes)[rank[members]]
    return slot


def _place_few(
    slot: np.ndarray,
    owner: np.ndarray,
    is_kept: np.ndarray,
    n_components: int,
    group: np.ndarray,
    amplitude: np.ndarray,
) -> None:
    """Fill in the components of frames with fewer kept modes than components, in place."""
    begins = np.flatnonzero(np.diff(owner, prepend=-1))
    for begin, end in zip(begins, [*begins[1:], len(owner)], strict=True):
        kept = is_kept[begin:end]
        if 0 < kept.sum() < n_components:
            absent = absent_slots(n_components, kept, group[begin:end], amplitude[begin:end])
            slot[begin:end][kept] = np.setdiff1d(np.arange(n_components), absent)


def _order(
    modes: np.ndarray, owner: np.ndarray, fs: float, strategy: str, settings: DecompositionSettings
) -> tuple[np.ndarray, str]:
    """Order of the modes within their frames, from low to high frequency, and what the grouping then means."""
    if settings.row_order == "centroid":
        return np.lexsort((spectral_centroid(modes, fs), owner)), strategy
    if settings.method != "emd":  # bands and modes ascend as they come
        return np.arange(len(owner)), strategy
    # The published names of EMD's groupings are of modes from high to low, which are turned before.
    other = {"high_freqs_first": "low_freqs_first", "low_freqs_first": "high_freqs_first"}
    return np.lexsort((-np.arange(len(owner)), owner)), other.get(strategy, strategy)


def is_asked(settings: DecompositionSettings) -> bool:
    """Whether :func:`group_published` is to group the modes."""
    return "published" in (settings.group_sizes, settings.absent_place, settings.row_order)


def group_published(
    modes: np.ndarray,
    owner: np.ndarray,
    frames: np.ndarray,
    n_components: int,
    fs: float,
    scale: str,
    strategy: str,
    weak: float,
    settings: DecompositionSettings,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sum modes to components with the published sizes, places and order, each as ``settings`` ask for it.

    Parameters and results are those of :func:`decvae.decomposition.grouping.group_modes`; ``frames`` (N, T) are the
    signals, whose spectra give the modes' frequency groups.
    """
    order, strategy = _order(modes, owner, fs, strategy, settings)
    is_published_order, found = settings.row_order == "published", modes
    modes, owner = modes[order], owner[order]
    components = np.zeros((len(frames), n_components, frames.shape[1]))
    density = peak_density(modes, fs)
    is_kept = (density >= weak) & (density > 0)
    if strategy == "top_k":
        best = strongest(owner[is_kept], density[is_kept], len(frames), n_components)
        kept, is_kept = np.flatnonzero(is_kept)[best], np.zeros(len(modes), dtype=bool)
        is_kept[kept] = True
        strategy = "equally_distribute"
    if is_kept.any():
        slot = _slots(owner, is_kept, n_components, scale, settings, strategy)
        if (slot[is_kept] < 0).any():
            peak_hz, amplitude = (values[order] for values in mode_peaks(found, frames, fs, settings))
            limits = settings.frequency_groups_hz
            group = np.where(np.isfinite(peak_hz), np.searchsorted(limits, peak_hz, side="right"), -1)
            _place_few(slot, owner, is_kept, n_components, group, amplitude)
        np.add.at(components, (owner[is_kept], slot[is_kept]), modes[is_kept])
    present: np.ndarray = np.any(components, axis=-1)
    if is_published_order and settings.method == "emd":
        n_kept = np.bincount(owner, is_kept, minlength=len(frames))
        is_reversed = n_kept < n_components
        if scale == "sequence" and strategy == "equally_distribute":
            is_reversed |= n_kept > n_components
        components[is_reversed], present[is_reversed] = components[is_reversed, ::-1], present[is_reversed, ::-1]
    centre_hz = np.full(present.shape, np.nan)
    if present.any():
        centre_hz[present] = spectral_centroid(components[present], fs)
    if not is_published_order:
        _sort_within_places(components, present, centre_hz)
    return components, present, centre_hz


def _sort_within_places(components: np.ndarray, present: np.ndarray, centre_hz: np.ndarray) -> None:
    """Present components of each frame by ascending centroid, absent ones keep their places; in place."""
    frame, slot = np.nonzero(present)
    order = np.lexsort((centre_hz[frame, slot], frame))
    moved = np.flatnonzero(order != np.arange(len(order)))
    source = order[moved]
    components[frame[moved], slot[moved]] = components[frame[source], slot[source]]
    centre_hz[frame[moved], slot[moved]] = centre_hz[frame[source], slot[source]]
