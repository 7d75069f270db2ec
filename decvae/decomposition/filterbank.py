"""Zero-phase Butterworth filters: the notch, and the filter bank on detected or given bands."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.signal import sosfiltfilt

from decvae.decomposition.bands import detect_bands
from decvae.decomposition.published import detect_band_peaks
from decvae.decomposition.zero_phase import design, design_bands, filter_each
from decvae.settings.decomposition import FilterSettings, NotchSettings, PeakSettings


def normalise_utterance(x: np.ndarray) -> np.ndarray:
    """Zero mean and unit variance over the last axis: ``(x - mean) / sqrt(var + 1e-7)``, as wav2vec2 does."""
    x = np.asarray(x, dtype=np.float64)
    return (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-7)


def notch(x: np.ndarray, fs: float, settings: NotchSettings | None = None) -> np.ndarray:
    """Remove mains hum: zero-phase Butterworth band-stop (55 to 70 Hz) over the last axis.

    Run it on the valid samples of an utterance only, not on padding, into which it would ring. With
    ``settings.enabled = False`` the signal is returned as it is.

    Raises
    ------
    ValueError
        If the stop band does not lie below half of the sampling rate.
    """
    settings = settings or NotchSettings()
    if not settings.enabled:
        return np.asarray(x, dtype=np.float64)
    if settings.upper_hz >= fs / 2:
        raise ValueError(f"notch.upper_hz = {settings.upper_hz} Hz is not below half of the sampling rate {fs} Hz")
    return sosfiltfilt(design(settings.order, (settings.lower_hz, settings.upper_hz), "bandstop", fs).sos, x, axis=-1)


def filter_modes(
    frames: np.ndarray,
    fs: float,
    peaks: PeakSettings,
    settings: FilterSettings,
    edges_hz: np.ndarray | None = None,
    run: Callable[..., np.ndarray] = filter_each,
) -> tuple[np.ndarray, np.ndarray]:
    """One band-passed signal for every band of every frame.

    Bands around the peaks of each frame's spectrum leave gaps and may overlap: their modes do not add up to the frame.
    With ``settings.partition`` they are cut half-way to their neighbours, and the modes are differences of zero-phase
    low-pass filters: they add up to the frame exactly.

    Parameters
    ----------
    frames : (N, T) float
    edges_hz : (n + 1,) float, optional
        Bands of all frames, instead of detected ones.
    run : function
        With the arguments and the result of :func:`decvae.decomposition.zero_phase.filter_each`.

    Returns
    -------
    modes : (n_modes, T)
    owner : (n_modes,) int
        Frame of each mode, ascending.

    Raises
    ------
    ValueError
        If the frames are not longer than the filters' padding.
    """
    if edges_hz is None:
        bands = detect_band_peaks(frames, fs, peaks) if peaks.search == "published" else detect_bands(frames, fs, peaks)
        owner, low_hz, high_hz = bands.owner, bands.low_hz, bands.high_hz
    else:
        owner = np.repeat(np.arange(len(frames)), len(edges_hz) - 1)
        low_hz, high_hz = np.tile(edges_hz[:-1], len(frames)), np.tile(edges_hz[1:], len(frames))
    if settings.partition:
        return _partition(frames, fs, owner, low_hz, high_hz, settings.order, run), owner
    # Edges lie on the grid of the spectrum: bands recur, and each filter is designed once.
    edges, which = np.unique(np.stack([low_hz, high_hz], axis=1), axis=0, return_inverse=True)
    return run(design_bands(settings.order, edges, fs), frames, which, owner), owner


def _partition(
    frames: np.ndarray,
    fs: float,
    owner: np.ndarray,
    low_hz: np.ndarray,
    high_hz: np.ndarray,
    order: int,
    run: Callable[..., np.ndarray],
) -> np.ndarray:
    """What each band adds to the low-pass signal below it ``(n_modes, T)``; the outermost bands are open."""
    inner = np.flatnonzero(np.diff(owner) == 0)  # bands with a next one in their frame
    cuts, which = np.unique((high_hz[inner] + low_hz[inner + 1]) / 2, return_inverse=True)
    filters = [design(order, cut, "lowpass", fs) for cut in cuts.tolist()]
    upper = frames[owner]
    upper[inner] = run(filters, frames, which, owner[inner])
    modes = upper.copy()
    modes[inner + 1] -= upper[inner]
    return modes
