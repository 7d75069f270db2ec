"""Explicit band edges: given by the user, or drawn at random, the same for every signal."""

from __future__ import annotations

import numpy as np

from decvae.settings.decomposition import BoundarySettings


def explicit_edges(settings: BoundarySettings, n_bands: int, fs: float) -> np.ndarray | None:
    """Ascending edges ``(n + 1,)`` in Hz of n neighbouring bands; None if they are to be detected.

    Parameters
    ----------
    n_bands : int
        Bands to draw with ``source = "random"``; the user's edges have a number of their own.
    fs : float
        Sampling rate in Hz.

    Raises
    ------
    ValueError
        If an edge does not lie below ``fs / 2``, or the range is too narrow for random bands.
    """
    if settings.source == "detected":
        return None
    if settings.source == "given":
        edges, name = np.array(settings.edges_hz), "edges_hz"
    else:
        edges, name = random_edges(settings, n_bands), "upper_hz"
    if edges[-1] >= fs / 2:
        raise ValueError(f"boundaries.{name} = {edges[-1]:g} Hz is not below half of the sampling rate {fs:g} Hz")
    return edges


def random_edges(settings: BoundarySettings, n_bands: int) -> np.ndarray:
    """Edges ``(n_bands + 1,)`` in Hz, uniform among those whose bands are wide enough.

    >>> random_edges(BoundarySettings(source="random"), 2)[[0, -1]].tolist()
    [50.0, 5000.0]
    """
    free = settings.upper_hz - settings.lower_hz - n_bands * settings.min_width_hz
    if free < 0:
        raise ValueError(
            f"boundaries: {n_bands} random bands of min_width_hz = {settings.min_width_hz:g} Hz do not fit into "
            f"{settings.lower_hz:g}..{settings.upper_hz:g} Hz"
        )
    rng = np.random.default_rng([settings.seed, n_bands])
    inner = np.sort(rng.random(n_bands - 1)) * free + np.arange(1, n_bands) * settings.min_width_hz
    return np.concatenate([[settings.lower_hz], settings.lower_hz + inner, [settings.upper_hz]])
