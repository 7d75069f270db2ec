"""The libraries called frame by frame (scipy, ewtpy, vmdpy, PyEMD): ``decompose(..., engine="reference")``.

Slow, and there to be compared with: the same modes as the compiled functions, to rounding.
"""

from __future__ import annotations

import itertools
import math
from unittest.mock import patch

import numpy as np
from ewtpy.ewtpy import EWT1D, EWT_Meyer_FilterBank
from PyEMD import EMD
from scipy.signal import butter, find_peaks, peak_prominences, sosfiltfilt, welch
from vmdpy import VMD

from decvae.decomposition.bands import interval_edges
from decvae.decomposition.ewt import band_boundaries
from decvae.settings.decomposition import EMDSettings, EWTSettings, FilterSettings, PeakSettings, VMDSettings


def _joined(found: list[np.ndarray], length: int) -> tuple[np.ndarray, np.ndarray]:
    owner = np.repeat(np.arange(len(found)), [len(modes) for modes in found])
    return np.concatenate([np.empty((0, length)), *found]), owner


def _spectrum(frame: np.ndarray, fs: float, settings: PeakSettings) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies in Hz, and the Welch density relative to its maximum."""
    segment = min(round(settings.window_ms * 1e-3 * fs), len(frame))
    frequencies, psd = welch(
        frame - frame.mean(),
        fs,
        "hann",
        nperseg=segment,
        noverlap=min(round(settings.overlap_ms * 1e-3 * fs), segment - 1),
        nfft=max(math.ceil(fs / settings.resolution_hz), segment),
    )
    return frequencies, psd / psd.max()


def detect_bands(frame: np.ndarray, fs: float, settings: PeakSettings) -> list[tuple[float, float]]:
    """Edges in Hz of the bands of one frame, see :func:`decvae.decomposition.bands.detect_bands`."""
    frequencies, psd = _spectrum(frame, fs, settings)
    spacing = frequencies[1]
    edges = np.minimum(np.ceil(interval_edges(settings) / spacing).astype(int), len(psd) - 2)
    distance, half = max(1, round(settings.min_distance_hz / spacing)), settings.bandwidth_hz / 2 / spacing
    peaks, _ = find_peaks(psd, distance=distance)
    prominence = peak_prominences(psd, peaks)[0]
    bands: list[list[int]] = []
    last_peak, last_interval = 0, -1
    for interval, (begin, end) in enumerate(itertools.pairwise(edges)):
        inside = np.flatnonzero((peaks >= begin) & (peaks < end))
        if begin == end or psd[begin:end].max() < settings.global_threshold or len(inside) == 0:
            continue
        inside = inside[prominence[inside] >= settings.prominence_threshold * prominence[inside].max()]
        chosen = np.sort(inside[np.argsort(prominence[inside])[::-1][: settings.peaks_per_interval]])
        for peak in peaks[chosen]:
            low, high = max(peak - int(half), begin), min(peak + int(half), edges[-1])
            if interval == last_interval:
                merge = peak - last_peak < half + distance
            else:
                merge = bool(bands) and low - distance < bands[-1][1]
            if merge:
                bands[-1][1] = high
            else:
                bands.append([low, high])
            last_peak, last_interval = peak, interval
    return [(low * spacing, high * spacing) for low, high in bands]


def detect_published_bands(frame: np.ndarray, fs: float, settings: PeakSettings) -> list[tuple[float, float]]:
    """Edges in Hz of the bands of one frame, see :func:`decvae.decomposition.published.detect_band_peaks`."""
    frequencies, psd = _spectrum(frame, fs, settings)
    spacing = frequencies[1]
    edges = np.minimum(np.ceil(interval_edges(settings) / spacing).astype(int), len(psd) - 2)
    distance, half = max(1, round(settings.min_distance_hz / spacing)), settings.bandwidth_hz / 2 / spacing
    bands: list[list[int]] = []
    for begin, end in itertools.pairwise(edges):
        chunk = psd[begin:end]
        if len(chunk) == 0 or chunk.max() < settings.global_threshold:
            continue
        peaks, _ = find_peaks(chunk, distance=distance)
        if len(peaks) == 0:
            continue
        prominence = peak_prominences(chunk, peaks)[0]
        passed = peaks[prominence >= settings.prominence_threshold * prominence.max()]
        best = np.argsort(prominence)[::-1][: settings.peaks_per_interval]
        chosen = np.sort(passed[best]) if best.max() < len(passed) else passed
        for k, peak in enumerate(chosen):
            low, high = max(peak - int(half), 0) + begin, peak + int(half) + begin
            high = min(high, end if end == edges[-1] else len(psd) - 2)
            is_near = peak - chosen[k - 1] < half + distance if k else bool(bands) and low - distance < bands[-1][1]
            if is_near:
                bands[-1][1] = high
            else:
                bands.append([low, high])
    return [(low * spacing, high * spacing) for low, high in bands]


def filter_modes(
    frames: np.ndarray, fs: float, peaks: PeakSettings, settings: FilterSettings, edges_hz: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """``butter`` and ``sosfiltfilt`` on every band, see :func:`decvae.decomposition.filterbank.filter_modes`."""
    found = []
    for frame in frames:
        if edges_hz is None:
            detect = detect_published_bands if peaks.search == "published" else detect_bands
            bands = detect(frame, fs, peaks)
        else:
            bands = list(itertools.pairwise(edges_hz))
        modes, below = [], 0.0
        for k, (low, high) in enumerate(bands):
            if not settings.partition:
                modes.append(sosfiltfilt(butter(settings.order, (low, high), "bandpass", fs=fs, output="sos"), frame))
                continue
            if k == len(bands) - 1:
                upper = frame
            else:
                cut = (high + bands[k + 1][0]) / 2
                upper = sosfiltfilt(butter(settings.order, cut, "lowpass", fs=fs, output="sos"), frame)
            modes.append(upper - below)
            below = upper
        found.append(np.array(modes).reshape(-1, len(frame)))
    return _joined(found, frames.shape[1])


def ewt_modes(
    frames: np.ndarray,
    fs: float,
    n_modes: int,
    settings: EWTSettings,
    scale: str = "frame",
    edges_hz: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Boundaries and filter bank of ewtpy on every frame, see :func:`decvae.decomposition.ewt.ewt_modes`.

    What ewtpy lacks (smoothing in Hz, a mark for too few maxima) comes from :func:`band_boundaries`.
    """
    found = []
    for frame in frames:
        if edges_hz is not None:
            boundaries = 2 * np.pi * edges_hz[:-1] / fs
        else:
            boundaries = band_boundaries(frame[None], fs, n_modes, settings, scale)[0]
        boundaries = boundaries[np.isfinite(boundaries)]
        is_detected = edges_hz is None and scale == "frame" and len(boundaries) == n_modes and not settings.completion
        if is_detected:
            options = {"lengthFilter": settings.smoothing_bins, "sigmaFilter": settings.smoothing_sigma_bins}
            bands, _, boundaries = EWT1D(
                frame, N=n_modes + 1, log=int(settings.log_spectrum), reg=settings.smoothing, **options
            )
        if len(boundaries) == 0:
            bands = np.empty((len(frame), 1))
        elif settings.filters == "tight":
            bands = _tight_bands(frame, boundaries)
        elif not is_detected:
            bands = _single_bands(frame, boundaries)
        modes = bands.T[1:].copy()
        if settings.low_band == "first" and len(modes):
            modes[0] += bands[:, 0]
        found.append(modes)
    return _joined(found, frames.shape[1])


def _tight_bands(frame: np.ndarray, boundaries: np.ndarray) -> np.ndarray:
    """Bands ``(T, K + 1)`` of squared filters, the uppermost open."""
    length, half = len(frame), len(frame) // 2
    squared = EWT_Meyer_FilterBank(boundaries, 2 * length) ** 2
    squared[:, -1] = 1 - squared[:, :-1].sum(axis=1)
    spectrum = np.fft.fft(np.pad(frame, (half, length - half), mode="symmetric"))
    return np.fft.ifft(squared * spectrum[:, None], axis=0).real[half : half + length]


def _single_bands(frame: np.ndarray, boundaries: np.ndarray) -> np.ndarray:
    """What ``EWT1D`` makes of boundaries that are not its own."""
    with patch("ewtpy.ewtpy.EWT_Boundaries_Detect", lambda *_: boundaries * round(math.ceil(len(frame) / 2)) / np.pi):
        return EWT1D(frame, N=len(boundaries) + 1)[0]


def vmd(
    frames: np.ndarray, start: np.ndarray, settings: VMDSettings, workers: int = 1
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Modes by vmdpy of every frame, see :func:`decvae.decomposition.vmd.vmd`; ``workers`` has no effect.

    Raises
    ------
    ValueError
        For a number of iterations other than vmdpy's 499.
    """
    if settings.max_iterations != 499:
        raise ValueError(f"vmdpy stops after 499 iterations; vmd.max_iterations is {settings.max_iterations}")
    length = frames.shape[1]
    if length % 2:
        frames = np.pad(frames, ((0, 0), (0, 1)), mode="symmetric")
    scale = math.log(0.5) - math.log(1 / frames.shape[1])
    modes, omega, iterations = [], [], []
    for frame, first in zip(frames, start, strict=True):
        n_modes = len(first)
        options = (settings.alpha, settings.tau, n_modes, settings.dc_mode)
        if first[0] == 0:  # not a random start
            u, _, history = VMD(frame, *options, 0 if settings.init == "zero" else 1, settings.tolerance)
        else:  # vmdpy draws its random start itself: give it the one we want
            uniform = ((np.log(first) - math.log(1 / frames.shape[1])) / scale)[None]
            with patch.object(np.random, "rand", lambda *_, uniform=uniform: uniform):
                u, _, history = VMD(frame, *options, 2, settings.tolerance)
        modes.append(u[:, :length])
        omega.append(history[-1])
        iterations.append(len(history))
    return np.array(modes).reshape(-1, start.shape[1], length), np.array(omega), np.array(iterations)


def emd_modes(
    frames: np.ndarray, max_modes: int, settings: EMDSettings, workers: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """PyEMD on every frame, see :func:`decvae.decomposition.emd.emd_modes`; ``workers`` has no effect."""
    emd = EMD(
        spline_kind=settings.spline,
        extrema_detection=settings.extrema,
        MAX_ITERATION=settings.max_iterations,
        energy_ratio_thr=settings.energy_ratio_threshold,
        std_thr=settings.std_threshold,
        svar_thr=settings.scaled_variance_threshold,
        total_power_thr=settings.total_power_threshold,
        range_thr=settings.range_threshold,
    )
    # PyEMD divides by the mode when it tests convergence; a zero there means "not converged" and is harmless.
    with np.errstate(divide="ignore", invalid="ignore"):
        return _joined([emd.emd(frame, max_imf=max_modes) for frame in frames], frames.shape[1])
