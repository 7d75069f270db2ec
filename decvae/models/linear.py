"""Models without training loop: PCA, FastICA and the raw features, in the same folder format as the others."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from sklearn.decomposition import PCA, FastICA

KINDS = ("pca", "ica", "raw")


@dataclass
class LinearModel:
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

    model_type = "decvae_linear"

    def encode(self, vectors: np.ndarray) -> np.ndarray:
        """Latents ``(..., k)`` of vectors ``(..., d)``."""
        if self.kind == "raw":
            return vectors.astype(np.float32)
        return ((vectors - self.mean) @ self.components.T).astype(np.float32)

    def save_pretrained(self, folder: str | Path) -> None:
        """Write ``model.safetensors`` and ``config.json``."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        save_file({"mean": self.mean, "components": self.components}, folder / "model.safetensors")
        (folder / "config.json").write_text(json.dumps({"model_type": self.model_type, "kind": self.kind}) + "\n")

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> LinearModel:
        """Read a folder written by :meth:`save_pretrained`."""
        arrays = load_file(Path(folder) / "model.safetensors")
        kind = json.loads((Path(folder) / "config.json").read_text())["kind"]
        return cls(kind, arrays["mean"], arrays["components"])


def fit(kind: str, vectors: np.ndarray, n_components: int, seed: int) -> LinearModel:
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
    if kind == "pca":
        estimator = PCA(n_components, random_state=seed)
    else:
        estimator = FastICA(n_components, whiten="unit-variance", random_state=seed, max_iter=1000, tol=1e-3)
    estimator.fit(vectors.astype(np.float64))
    return LinearModel(
        kind, estimator.mean_.astype(np.float32), np.ascontiguousarray(estimator.components_, dtype=np.float32)
    )
