"""Latents of recordings: what :meth:`decvae.models.modeling_decvae.DecVAEModel.encode` returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Latents = dict[str, dict[str, np.ndarray]]  # branch -> name (mu, logvar, features, present) -> rows of one utterance


@dataclass(frozen=True)
class BranchLatents:
    """Latents of one branch; ``latents["OC1"]`` are the means of one subspace, (rows, d).

    Attributes
    ----------
    subspaces : tuple of str
        X, OC1..OCC[, OCs_proj].
    mu, logvar : (rows, n_subspaces, d) float32
        A row per frame (branch Z), or one row (branch S).
    features : (rows, C + 1, projection_dim) float32
    present : (rows, C) bool
        The component is there; the latents of an absent one say nothing.
    centre_hz : (rows, C) float32
        Centre frequency of each component in Hz, NaN where absent.
    """

    subspaces: tuple[str, ...]
    mu: np.ndarray
    logvar: np.ndarray
    features: np.ndarray
    present: np.ndarray
    centre_hz: np.ndarray

    def __getitem__(self, subspace: str) -> np.ndarray:
        if subspace not in self.subspaces:
            raise KeyError(f"there is no subspace {subspace!r}; there are {', '.join(self.subspaces)}")
        return self.mu[:, self.subspaces.index(subspace)]


@dataclass(frozen=True)
class Encoding:
    """Latents of one recording.

    Attributes
    ----------
    times : (F,) float64
        Centre of every frame in s.
    z, s : BranchLatents or None
        Branch Z has a row per frame, branch S one row; None where the model lacks the branch.
    """

    times: np.ndarray
    z: BranchLatents | None = None
    s: BranchLatents | None = None
