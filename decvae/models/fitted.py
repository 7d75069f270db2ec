"""Models that are fitted at once, without a training loop: PCA, FastICA, kernel PCA and the raw features.

They lie in the same folder format as the others: ``model.safetensors`` and ``config.json``. Scikit-learn, which takes
seconds to import, is imported where it computes: every job that loads a model passes here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from safetensors.numpy import load_file, save_file

KINDS = ("pca", "ica", "raw")
ROWS = 4096  # encoded together by kernel PCA, which bounds the memory of the kernel matrix


class _Fitted:
    """A model that is its fields: arrays in ``model.safetensors``, the others in ``config.json``."""

    model_type: ClassVar[str]

    def save_pretrained(self, folder: str | Path) -> None:
        """Write ``model.safetensors`` and ``config.json``."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {name: value for name, value in vars(self).items() if isinstance(value, np.ndarray)}
        others = {name: value for name, value in vars(self).items() if name not in arrays}
        save_file(arrays, folder / "model.safetensors")
        (folder / "config.json").write_text(json.dumps({"model_type": self.model_type, **others}) + "\n")

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> Self:
        """Read a folder written by :meth:`save_pretrained`."""
        config = json.loads((Path(folder) / "config.json").read_text())
        del config["model_type"]
        return cls(**load_file(Path(folder) / "model.safetensors"), **config)


# ---- PCA, ICA, raw features ----


@dataclass
class LinearModel(_Fitted):
    """An affine map of a frame's vector; ``raw`` is the identity.

    Attributes
    ----------
    kind : {"pca", "ica", "raw"}
    mean : (d,) float32
    components : (k, d) float32
        Rows are analysis filters: latents are ``(x - mean) @ components.T``.
    """

    kind: str
    mean: np.ndarray
    components: np.ndarray

    model_type: ClassVar[str] = "decvae_linear"

    def encode(self, vectors: np.ndarray) -> np.ndarray:
        """Latents ``(..., k)`` of vectors ``(..., d)``."""
        if self.kind == "raw":
            return vectors.astype(np.float32)
        return ((vectors - self.mean) @ self.components.T).astype(np.float32)


def fit_linear(kind: str, vectors: np.ndarray, n_components: int, seed: int) -> LinearModel:
    """Fit on training frames only.

    Parameters
    ----------
    kind : {"pca", "ica", "raw"}
    vectors : (n, d)
    n_components : int
        Dimensions kept (ignored for raw).

    Raises
    ------
    ValueError
        For an unknown kind, or more components than dimensions.
    """
    if kind not in KINDS:
        raise ValueError(f"model {kind!r} is not one of {KINDS}")
    dim = vectors.shape[1]
    if kind == "raw":
        return LinearModel(kind, np.zeros(dim, np.float32), np.zeros((0, dim), np.float32))
    if n_components > dim:
        raise ValueError(f"linear.n_components ({n_components}) exceeds the {dim} values of a frame")
    from sklearn.decomposition import PCA, FastICA

    if kind == "pca":
        estimator = PCA(n_components, random_state=seed)
    else:
        estimator = FastICA(n_components, whiten="unit-variance", random_state=seed, max_iter=1000, tol=1e-3)
    estimator.fit(vectors.astype(np.float64))
    return LinearModel(
        kind, estimator.mean_.astype(np.float32), np.ascontiguousarray(estimator.components_, dtype=np.float32)
    )


# ---- Kernel PCA ----


@dataclass
class KernelPCAModel(_Fitted):
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

    kind: ClassVar[str] = "kpca"
    model_type: ClassVar[str] = "decvae_kernel_pca"

    def encode(self, vectors: np.ndarray) -> np.ndarray:
        """Latents ``(..., k)`` of vectors ``(..., d)``."""
        rows = vectors.reshape(-1, vectors.shape[-1])
        parts = [self._project(rows[start : start + ROWS]) for start in range(0, len(rows), ROWS)]
        return np.concatenate(parts).reshape(*vectors.shape[:-1], self.axes.shape[1])

    def _project(self, rows: np.ndarray) -> np.ndarray:
        from sklearn.metrics.pairwise import rbf_kernel

        kernel = rbf_kernel(rows.astype(np.float64), self.landmarks.astype(np.float64), gamma=self.gamma)
        centred = kernel - kernel.mean(1, keepdims=True) - self.row_means + self.row_means.mean()
        return (centred @ self.axes).astype(np.float32)


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
    from sklearn.decomposition import KernelPCA
    from sklearn.metrics.pairwise import rbf_kernel

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
