"""Empirical wavelet transform: the spectrum of each frame is cut between its largest maxima.

J. Gilles, Empirical wavelet transform, IEEE Transactions on Signal Processing 61(16), 2013. The Meyer filters are
applied twice (analysis and synthesis), with the uppermost held at one up to half of the sampling rate, which makes them
a tight frame: the bands add up to the signal.
"""

from __future__ import annotations

import numpy as np
from scipy.fft import irfft, rfft
from scipy.ndimage import convolve1d, gaussian_filter1d

from decvae.decomposition.settings import EWTSettings


def _smoothing_kernel(settings: EWTSettings) -> np.ndarray:
    if settings.smoothing == "average":
        return np.full(settings.smoothing_bins, 1 / settings.smoothing_bins)
    impulse = np.zeros(settings.smoothing_bins)
    impulse[settings.smoothing_bins // 2] = 1.0
    return gaussian_filter1d(impulse, settings.smoothing_sigma_bins) if settings.smoothing == "gaussian" else impulse


def smooth_spectrum(frames: np.ndarray, fs: float, settings: EWTSettings, scale: str) -> np.ndarray:
    """Smoothed one-sided magnitude spectrum ``(N, ceil(T / 2))`` of frames ``(N, T)``."""
    length = frames.shape[-1]
    magnitude = np.abs(rfft(frames, axis=-1))[:, : -(-length // 2)]
    if settings.log_spectrum:
        magnitude = np.log(np.maximum(magnitude, np.finfo(float).tiny))
    if scale == "sequence" and settings.sequence_bandwidth_hz > 0:
        sigma = settings.sequence_bandwidth_hz * length / fs
        return gaussian_filter1d(magnitude, sigma, axis=-1, mode="constant")
    return convolve1d(magnitude, _smoothing_kernel(settings), axis=-1, mode="constant")


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


def meyer_filters(boundaries: np.ndarray, n_samples: int) -> np.ndarray:
    """Meyer scaling function and wavelets of each frame, on the bins of ``rfft(n_samples)``.

    The filters of Gilles (2013), eqs. 5 to 8, but for the uppermost, which stays at one up to pi; their squares add up
    to one at every bin.

    Parameters
    ----------
    boundaries : (N, K) radians per sample
        Ascending, NaN for absent ones.

    Returns
    -------
    (N, K + 1, n_samples // 2 + 1)
        Filter 0 lies below the first boundary; filters of absent bands are zero.
    """
    ceiling = np.where(np.isnan(boundaries), np.nan, np.pi)
    upper = np.concatenate([boundaries[:, 1:], ceiling[:, -1:]], axis=1)
    upper = np.where(np.isnan(upper), ceiling, upper)
    ratio = (upper - boundaries) / (upper + boundaries)
    gamma = (1 - 1 / n_samples) * np.fmin.reduce(ratio, axis=1)
    omega = 2 * np.pi * np.arange(n_samples // 2 + 1) / n_samples
    centre, width = boundaries[:, :, None], (gamma[:, None] * boundaries)[:, :, None]
    position = np.clip((omega - centre + width) / (2 * width), 0, 1)
    angle = np.pi / 2 * position**4 * (35 - 84 * position + 70 * position**2 - 20 * position**3)
    angle = np.nan_to_num(angle, nan=0.0)  # an absent boundary is never crossed
    # Transitions do not overlap, so a wavelet is its rising edge times its falling edge.
    edge = np.ones((len(boundaries), 1, len(omega)))
    return np.concatenate([edge, np.sin(angle)], axis=1) * np.concatenate([np.cos(angle), edge], axis=1)


def ewt_modes(
    frames: np.ndarray, fs: float, n_modes: int, settings: EWTSettings, scale: str = "frame"
) -> tuple[np.ndarray, np.ndarray]:
    """Empirical wavelet bands of each frame, ascending.

    Parameters
    ----------
    frames : (N, T) float
    n_modes : int
        Bands above the first boundary; with fewer spectral maxima there are fewer.
    scale : {"frame", "sequence"}
        Chooses the smoothing of the spectrum.

    Returns
    -------
    modes : (n_modes_found, T)
        With ``settings.low_band = "first"`` those of one frame add up to the frame.
    owner : (n_modes_found,) int
        Frame of each mode, ascending.
    """
    length = frames.shape[1]
    boundaries = band_boundaries(frames, fs, n_modes, settings, scale)
    half = length // 2
    extended = np.pad(frames, ((0, 0), (half, length - half)), mode="symmetric")
    response = meyer_filters(boundaries, 2 * length) ** 2
    bands = response[:, 1:]
    if settings.low_band == "first":
        bands[:, 0] += response[:, 0]
    found = np.isfinite(boundaries)
    owner = np.nonzero(found)[0]
    spectra = rfft(extended, axis=-1)[owner] * bands[found]
    return irfft(spectra, 2 * length, axis=-1)[:, half : half + length], owner
