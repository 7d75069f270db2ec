"""Kernel PCA with a Gaussian kernel, in the same folder format as the other models."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from sklearn.decomposition import KernelPCA
from sklearn.metrics.pairwise import rbf_kernel

ROWS = 4096  # encoded together, which bounds the memory of the kernel matrix


@dataclass
class KernelPCAModel:
    """Projections on the leading principal axes of the feature space of ``exp(-gamma |x - y|^2)``.

    Attributes
    ----------
    landmarks : (m, d) float32
        Frames that the model was fitted on.
    axes : (m, k) float32
        Eigenvectors of the centred kernel matrix, divided by the roots of their eigenvalues.
    row_means : (m,) float64
        Means of the rows of the kernel matrix of the landmarks.
    gamma : float
    """

    landmarks: np.ndarray
    axes: np.ndarray
    row_means: np.ndarray
    gamma: float

    kind = "kpca"
    model_type = "decvae_kernel_pca"

    def encode(self, vectors: np.ndarray) -> np.ndarray:
        """Latents ``(..., k)`` of vectors ``(..., d)``."""
        rows = vectors.reshape(-1, vectors.shape[-1])
        parts = [self._project(rows[start : start + ROWS]) for start in range(0, len(rows), ROWS)]
        return np.concatenate(parts).reshape(*vectors.shape[:-1], self.axes.shape[1])

    def _project(self, rows: np.ndarray) -> np.ndarray:
        kernel = rbf_kernel(rows.astype(np.float64), self.landmarks.astype(np.float64), gamma=self.gamma)
        centred = kernel - kernel.mean(1, keepdims=True) - self.row_means + self.row_means.mean()
        return (centred @ self.axes).astype(np.float32)

    def save_pretrained(self, folder: str | Path) -> None:
        """Write ``model.safetensors`` and ``config.json``."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {"landmarks": self.landmarks, "axes": self.axes, "row_means": self.row_means}
        save_file(arrays, folder / "model.safetensors")
        config = {"model_type": self.model_type, "kind": self.kind, "gamma": self.gamma}
        (folder / "config.json").write_text(json.dumps(config) + "\n")

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> KernelPCAModel:
        """Read a folder written by :meth:`save_pretrained`."""
        gamma = json.loads((Path(folder) / "config.json").read_text())["gamma"]
        return cls(**load_file(Path(folder) / "model.safetensors"), gamma=gamma)


def fit_kernel_pca(
    vectors: np.ndarray, n_components: int, seed: int, *, n_landmarks: int, gamma: float | None = None
) -> KernelPCAModel:
    """Fit on some of the training frames: the cost grows with the cube of their number.

    Parameters
    ----------
    vectors : (n, d)
    n_components : int
        Axes kept.
    n_landmarks : int
        Frames drawn at random to fit on; all if there are fewer.
    gamma : float, optional
        1 / (2 width^2) of the kernel; by default 1 / (d * variance of the values), as scikit-learn's ``scale``.

    Raises
    ------
    ValueError
        If fewer axes than asked for have an eigenvalue above zero.
    """
    chosen = np.random.default_rng(seed).permutation(len(vectors))[:n_landmarks]
    landmarks = np.ascontiguousarray(vectors[np.sort(chosen)], dtype=np.float32)
    wide = landmarks.astype(np.float64)
    gamma = 1 / (wide.shape[1] * wide.var()) if gamma is None else gamma
    estimator = KernelPCA(n_components, kernel="rbf", gamma=gamma, remove_zero_eig=True, random_state=seed).fit(wide)
    found = len(estimator.eigenvalues_)
    if found < n_components:
        raise ValueError(f"linear.n_components ({n_components}) exceeds the {found} axes of {len(landmarks)} frames")
    axes = estimator.eigenvectors_ / np.sqrt(estimator.eigenvalues_)
    row_means = rbf_kernel(wide, gamma=gamma).mean(0)
    return KernelPCAModel(landmarks, np.ascontiguousarray(axes, dtype=np.float32), row_means, float(gamma))
