"""Empirical wavelet transform: the spectrum of each frame is cut between its largest maxima.

J. Gilles, Empirical wavelet transform, IEEE Transactions on Signal Processing 61(16), 2013. The Meyer filters are
applied twice (analysis and synthesis), with the uppermost held at one up to half of the sampling rate, which makes them
a tight frame: the bands add up to the signal.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import scipy.fft
from scipy.ndimage import convolve1d, gaussian_filter1d
from scipy.signal import oaconvolve

from decvae.settings.decomposition import EWTSettings


def _smoothing_kernel(settings: EWTSettings) -> np.ndarray:
    if settings.smoothing == "average":
        return np.full(settings.smoothing_bins, 1 / settings.smoothing_bins)
    impulse = np.zeros(settings.smoothing_bins)
    impulse[settings.smoothing_bins // 2] = 1.0
    return gaussian_filter1d(impulse, settings.smoothing_sigma_bins) if settings.smoothing == "gaussian" else impulse


def _gaussian_kernel(sigma: float) -> np.ndarray:
    impulse = np.zeros(2 * int(4 * sigma + 0.5) + 1)
    impulse[len(impulse) // 2] = 1.0
    return gaussian_filter1d(impulse, sigma, mode="constant")


def smooth_spectrum(frames: np.ndarray, fs: float, settings: EWTSettings, scale: str) -> np.ndarray:
    """Smoothed one-sided magnitude spectrum ``(N, ceil(T / 2))`` of frames ``(N, T)``."""
    length = frames.shape[-1]
    magnitude = np.abs(scipy.fft.rfft(frames, axis=-1))[:, : -(-length // 2)]
    if settings.log_spectrum:
        magnitude = np.log(np.maximum(magnitude, np.finfo(float).tiny))
    if scale == "sequence" and settings.sequence_bandwidth_hz > 0:
        sigma = settings.sequence_bandwidth_hz * length / fs
        return oaconvolve(magnitude, _gaussian_kernel(sigma)[None], mode="same", axes=-1)
    kernel = _smoothing_kernel(settings)
    # An even kernel has no centre: it is placed as numpy.convolve(.., "same") of ewtpy places it.
    return convolve1d(magnitude, kernel, axis=-1, mode="constant", origin=len(kernel) % 2 - 1)


def largest_maxima(spectrum: np.ndarray, n_maxima: int, separation: float = 0.0) -> np.ndarray:
    """Bins of the largest strict local maxima of each row, ascending.

    Parameters
    ----------
    spectrum : (N, B)
    separation : float
        Maxima nearer than this many bins to a larger one are passed over.

    Returns
    -------
    (N, n_maxima) float
        NaN (at the end) where a row has fewer maxima.
    """
    middle = spectrum[:, 1:-1]
    is_maximum = (middle > spectrum[:, :-2]) & (middle > spectrum[:, 2:])
    candidates = np.full(spectrum.shape, -np.inf)
    candidates[:, 1:-1][is_maximum] = middle[is_maximum]
    rows, bins = np.arange(len(spectrum)), np.arange(spectrum.shape[1])
    maxima = np.full((len(spectrum), n_maxima), np.nan)
    for k in range(n_maxima):
        best = candidates.argmax(axis=1)
        found = candidates[rows, best] > -np.inf
        maxima[found, k] = best[found]
        candidates[rows, best] = -np.inf
        if separation > 1:
            candidates[np.abs(bins - best[:, None]) < separation] = -np.inf
    return np.sort(maxima, axis=1)


def band_boundaries(frames: np.ndarray, fs: float, n_bands: int, settings: EWTSettings, scale: str) -> np.ndarray:
    """Boundaries ``(N, n_bands)`` in radians per sample, ascending: half-way between maxima, the first at half of one.

    NaN (at the end) where the spectrum has fewer than ``n_bands`` maxima, unless ``settings.completion``.
    """
    spectrum = smooth_spectrum(frames, fs, settings, scale)
    separation = settings.sequence_separation_hz * frames.shape[-1] / fs if scale == "sequence" else 0.0
    maxima = largest_maxima(spectrum, n_bands, separation)
    boundaries = (np.diff(maxima, axis=1, prepend=0.0) / 2 + np.pad(maxima, ((0, 0), (1, 0)))[:, :-1] + 1) * (
        np.pi / spectrum.shape[1]
    )
    if not settings.completion:
        return boundaries
    count = np.isfinite(boundaries).sum(axis=1, keepdims=True)
    last = np.nanmax(np.pad(boundaries, ((0, 0), (1, 0))), axis=1, keepdims=True)
    extra = np.arange(1, n_bands + 1) - count
    uniform = last + (np.pi - last) * extra / (n_bands + 1 - count)
    return np.where(np.isnan(boundaries), uniform, boundaries)


def _transition(omega: Any, centre: Any, width: Any, xp: ModuleType) -> Any:
    """Angle from 0 below ``centre - width`` to pi / 2 above ``centre + width``; 0 at absent (NaN) ones."""
    position = xp.clip((omega - centre + width) / (2 * width), 0, 1)
    return xp.nan_to_num(np.pi / 2 * position**4 * (35 - 84 * position + 70 * position**2 - 20 * position**3), nan=0.0)


def meyer_filters(boundaries: Any, n_samples: int, is_open: bool = True, xp: ModuleType = np) -> Any:
    """Meyer scaling function and wavelets of each frame, on the bins of ``rfft(n_samples)``.

    The filters of Gilles (2013), eqs. 5 to 8, but for the uppermost, which stays at one up to pi; their squares add up
    to one at every bin. With ``is_open = False`` it falls towards pi as in the paper and in ewtpy.

    Parameters
    ----------
    boundaries : (N, K) radians per sample
        Ascending, NaN for absent ones.
    xp : module
        ``numpy``, or ``torch`` for tensors.

    Returns
    -------
    (N, K + 1, n_samples // 2 + 1)
        Filter 0 lies below the first boundary; filters of absent bands are zero.
    """
    ceiling = 0 * boundaries + np.pi  # NaN for absent ones
    upper = xp.concatenate([boundaries[:, 1:], ceiling[:, -1:]], axis=1)
    upper = xp.where(xp.isnan(upper), ceiling, upper)
    ratio = (upper - boundaries) / (upper + boundaries)
    gamma = (1 - 1 / n_samples) * xp.amin(xp.nan_to_num(ratio, nan=1.0), axis=1)  # ratios are below 1
    omega = 2 * np.pi * xp.arange(n_samples // 2 + 1, dtype=xp.float64) / n_samples
    angle = _transition(omega, boundaries[:, :, None], (gamma[:, None] * boundaries)[:, :, None], xp)
    # Transitions do not overlap, so a wavelet is its rising edge times its falling edge.
    edge = xp.ones((len(boundaries), 1, len(omega)), dtype=xp.float64)
    filters = xp.concatenate([edge, xp.sin(angle)], axis=1) * xp.concatenate([xp.cos(angle), edge], axis=1)
    if not is_open:
        last = xp.isfinite(boundaries).sum(axis=1)
        filters[xp.arange(len(last)), last] *= xp.cos(_transition(omega, np.pi, (gamma * np.pi)[:, None], xp))
    return filters


def filter_bands(
    extended: Any, boundaries: Any, settings: EWTSettings, xp: ModuleType = np, fft: Any = scipy.fft
) -> Any:
    """Bands of signals ``(N, S)`` between their boundaries ``(N, K)``, those that are there: ``(n_bands, S)``.

    ``xp`` and ``fft`` are the library of the arrays and its transforms: numpy and ``scipy.fft``, or those of torch.
    """
    response = meyer_filters(boundaries, extended.shape[1], is_open=settings.filters == "tight", xp=xp)
    if settings.filters == "tight":
        response = response**2
    bands = response[:, 1:]
    if settings.low_band == "first":
        bands[:, 0] += response[:, 0]
    found = xp.isfinite(boundaries)
    owner = xp.where(found)[0]
    return fft.irfft(fft.rfft(extended)[owner] * bands[found], extended.shape[1])


def _mirrored(frames: np.ndarray, filters: str) -> tuple[np.ndarray, int]:
    """Frames continued by their mirror image on both sides, and where the frame begins."""
    length = frames.shape[1]
    half = length // 2
    if filters == "tight":
        return np.pad(frames, ((0, 0), (half, length - half)), mode="symmetric"), half
    left = -(-length // 2) - 1  # ewtpy: without the outermost sample on the right
    extended = np.pad(frames, ((0, 0), (left, 0)), mode="symmetric")
    return np.pad(extended, ((0, 0), (0, left + 1)), mode="reflect"), left


def ewt_modes(
    frames: np.ndarray,
    fs: float,
    n_modes: int,
    settings: EWTSettings,
    scale: str = "frame",
    edges_hz: np.ndarray | None = None,
    run: Callable[..., np.ndarray] = filter_bands,
) -> tuple[np.ndarray, np.ndarray]:
    """Empirical wavelet bands of each frame, ascending.

    Parameters
    ----------
    frames : (N, T) float
    n_modes : int
        Bands above the first boundary; with fewer spectral maxima there are fewer.
    scale : {"frame", "sequence"}
        Chooses the smoothing of the spectrum.
    edges_hz : (n + 1,) float, optional
        Bands of all frames, at most ``n_modes`` of them, instead of detected ones; the last reaches to ``fs / 2``.
    run : function
        With the first three arguments and the result of :func:`filter_bands`.

    Returns
    -------
    modes : (n_modes_found, T)
        With ``filters = "tight"`` and ``low_band = "first"`` those of one frame add up to the frame.
    owner : (n_modes_found,) int
        Frame of each mode, ascending.
    """
    if edges_hz is None:
        boundaries = band_boundaries(frames, fs, n_modes, settings, scale)
    elif len(edges_hz) - 1 > n_modes:
        raise ValueError(f"boundaries.edges_hz gives {len(edges_hz) - 1} bands; EWT takes at most {n_modes} components")
    else:
        boundaries = np.tile(2 * np.pi * edges_hz[:-1] / fs, (len(frames), 1))
    extended, begin = _mirrored(frames, settings.filters)
    owner = np.nonzero(np.isfinite(boundaries))[0]
    return run(extended, boundaries, settings)[:, begin : begin + frames.shape[1]], owner
