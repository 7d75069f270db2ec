"""Empirical mode decomposition (Huang et al. 1998) of many frames: compiled sifting, equal to the package PyEMD."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from decvae.decomposition.sifting import SPLINES, sift
from decvae.settings.decomposition import EMDSettings


def emd_modes(
    frames: np.ndarray, max_modes: int, settings: EMDSettings, workers: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Intrinsic mode functions and residue of each frame; those of one frame add up to it.

    Parameters
    ----------
    frames : (N, T) float
        Of unit variance: the stop rules of the sifting are absolute.
    max_modes : int
        Largest number of intrinsic mode functions; the residue comes on top.
    workers : int
        Threads.

    Returns
    -------
    modes : (n_modes, T)
        From high to low frequency within each frame, the residue last.
    owner : (n_modes,) int
        Frame of each mode, ascending.
    """
    if len(frames) == 0:
        return np.empty((0, frames.shape[1])), np.empty(0, dtype=np.int64)
    thresholds = np.array([settings.scaled_variance_threshold, settings.std_threshold, settings.energy_ratio_threshold])

    def one(frame: np.ndarray) -> np.ndarray:
        modes, count = sift(
            np.ascontiguousarray(frame, dtype=np.float64),
            max_modes,
            settings.max_iterations,
            SPLINES[settings.spline],
            settings.extrema == "parabol",
            thresholds,
            settings.total_power_threshold,
            settings.range_threshold,
        )
        return modes[:count]

    with ThreadPoolExecutor(workers) as pool:
        found = list(pool.map(one, frames))
    return np.concatenate(found), np.repeat(np.arange(len(found)), [len(modes) for modes in found])
