"""Empirical mode decomposition (Huang et al. 1998) by the package PyEMD, frame by frame."""

from __future__ import annotations

import numpy as np
from joblib import Parallel, delayed
from PyEMD import EMD

from decvae.decomposition.settings import EMDSettings


def _sift(frames: np.ndarray, max_modes: int, settings: EMDSettings) -> list[np.ndarray]:
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
        return [emd.emd(frame, max_imf=max_modes) for frame in frames]


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
        Processes.

    Returns
    -------
    modes : (n_modes, T)
        From high to low frequency within each frame, the residue last.
    owner : (n_modes,) int
        Frame of each mode, ascending.
    """
    if len(frames) == 0:
        return np.empty((0, frames.shape[1])), np.empty(0, dtype=np.int64)
    parts = np.array_split(frames, min(workers, len(frames)))
    batches = Parallel(n_jobs=len(parts))(delayed(_sift)(part, max_modes, settings) for part in parts)
    found = [modes for batch in batches for modes in batch]
    return np.concatenate(found), np.repeat(np.arange(len(found)), [len(modes) for modes in found])
