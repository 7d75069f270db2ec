"""Quality of a decomposition: how well the components add up to the signal, and how little they have in common."""

from __future__ import annotations

import numpy as np


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
