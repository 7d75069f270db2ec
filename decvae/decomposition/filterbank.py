"""Zero-phase Butterworth filters: the notch, and the filter bank on the bands detected in each frame."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.signal import butter, sosfiltfilt

from decvae.decomposition.peaks import detect_bands
from decvae.decomposition.settings import FilterSettings, NotchSettings, PeakSettings


@lru_cache(maxsize=4096)
def _design(order: int, low_hz: float, high_hz: float, kind: str, fs: float) -> np.ndarray:
    return butter(order, [low_hz, high_hz], kind, fs=fs, output="sos")


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
    return sosfiltfilt(_design(settings.order, settings.lower_hz, settings.upper_hz, "bandstop", fs), x, axis=-1)


def filter_modes(
    frames: np.ndarray, fs: float, peaks: PeakSettings, settings: FilterSettings
) -> tuple[np.ndarray, np.ndarray]:
    """One band-passed signal for every band detected in every frame.

    Bands follow the spectrum of each frame, so they leave gaps and may overlap: the modes do not add up to the frame.
    Band edges lie on the grid of the spectrum; each distinct band is designed once and filters all its frames together.

    Parameters
    ----------
    frames : (N, T) float

    Returns
    -------
    modes : (n_modes, T)
    owner : (n_modes,) int
        Frame of each mode, ascending.
    """
    bands = detect_bands(frames, fs, peaks)
    modes = np.empty((len(bands.owner), frames.shape[1]))
    if len(modes) == 0:
        return modes, bands.owner
    edges, which = np.unique(np.stack([bands.low_hz, bands.high_hz], axis=1), axis=0, return_inverse=True)
    members = np.split(np.argsort(which, kind="stable"), np.cumsum(np.bincount(which, minlength=len(edges)))[:-1])
    for (low_hz, high_hz), member in zip(edges.tolist(), members, strict=True):
        sos = _design(settings.order, low_hz, high_hz, "bandpass", fs)
        modes[member] = sosfiltfilt(sos, frames[bands.owner[member]], axis=-1)
    return modes, bands.owner
