"""Quality of a decomposition: how well the components add up to the signal, and how little they have in common."""

from __future__ import annotations

import numpy as np

from decvae.decomposition.bands import peak_spectrum
from decvae.settings.decomposition import PeakSettings

_SPECTRUM = PeakSettings()  # the Welch spectrum in which published component frequencies are read


def nrmse(x: np.ndarray, components: np.ndarray) -> np.ndarray:
    """Error of the reconstruction from the components, relative to the range of the signal.

    Parameters
    ----------
    x : (..., T)
    components : (..., C, T)

    Returns
    -------
    (...) float
        ``sqrt(mean((x - sum of components) ** 2)) / (max x - min x)``; NaN for a constant signal and where all
        components are zero (nothing was reconstructed).
    """
    x, components = np.asarray(x, dtype=np.float64), np.asarray(components, dtype=np.float64)
    if components.ndim != x.ndim + 1 or components.shape[:-2] + components.shape[-1:] != x.shape:
        raise ValueError(f"components {components.shape} do not fit the signal {x.shape}")
    error = np.sqrt(np.mean((x - components.sum(axis=-2)) ** 2, axis=-1))
    extent = np.ptp(x, axis=-1)
    valid = (extent > 0) & np.any(components, axis=(-2, -1))
    return np.divide(error, extent, out=np.full(np.shape(error), np.nan), where=valid)


def correlogram(components: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Absolute correlation of every two components.

    Parameters
    ----------
    components : (..., C, T)
    present : (..., C) bool

    Returns
    -------
    (..., C, C) float
        ``abs(numpy.corrcoef)`` in rows and columns of present components, NaN elsewhere. Components that have nothing
        in common give the identity.
    """
    components, present = np.asarray(components, dtype=np.float64), np.asarray(present, dtype=bool)
    if components.shape[:-1] != present.shape:
        raise ValueError(f"presence {present.shape} does not fit the components {components.shape}")
    centred = components - components.mean(axis=-1, keepdims=True)
    norm = np.linalg.norm(centred, axis=-1, keepdims=True)
    usable = (present[..., None] & (norm > 0)).astype(bool)
    unit = np.divide(centred, norm, out=np.full(centred.shape, np.nan), where=usable)
    return np.minimum(np.abs(unit @ np.swapaxes(unit, -1, -2)), 1.0)


def energy_share(x: np.ndarray, components: np.ndarray) -> np.ndarray:
    """Energy of each component ``(..., C)`` relative to that of ``x``; the shares of overlapping ones exceed one."""
    total = (np.asarray(x, dtype=np.float64) ** 2).sum(axis=-1)[..., None]
    energy = (np.asarray(components, dtype=np.float64) ** 2).sum(axis=-1)
    return np.divide(energy, total, out=np.zeros_like(energy), where=total > 0)


def peak_frequency(components: np.ndarray, present: np.ndarray, fs: float) -> np.ndarray:
    """Frequency ``(..., C)`` in Hz of the largest value of each component's Welch spectrum (bins of 31.25 Hz).

    NaN where absent.
    """
    result = np.full(present.shape, np.nan)
    if present.any():
        frequencies, density = peak_spectrum(components[present], fs, _SPECTRUM)
        result[present] = frequencies[density.argmax(axis=-1)]
    return result


def assess(x: np.ndarray, components: np.ndarray, present: np.ndarray, fs: float) -> dict[str, np.ndarray]:
    """All quantities of one decomposition that a cache holds, as float32.

    Returns
    -------
    {"peak_hz": (..., C), "energy_share": (..., C), "nrmse": (...), "correlation": (..., C (C - 1) / 2)}
        Correlations of the pairs OC1-OC2, OC1-OC3, .., OC2-OC3, ..
    """
    first, second = np.triu_indices(present.shape[-1], k=1)
    quantities = {
        "peak_hz": peak_frequency(components, present, fs),
        "energy_share": energy_share(x, components),
        "nrmse": nrmse(x, components),
        "correlation": correlogram(components, present)[..., first, second],
    }
    return {name: np.asarray(values, dtype=np.float32) for name, values in quantities.items()}
