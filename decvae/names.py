"""Names of models and of settings, for planning and for jobs alike (no job depends on the runs themselves)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

METHODS = {"filter": "FD", "ewt": "EWT", "vmd": "VMD", "emd": "EMD"}
BASELINE_LABELS = {"ae": "AE", "vae": "VAE", "beta_vae": "β-VAE", "pca": "PCA", "ica": "ICA", "kpca": "kernel PCA"}
PAPER_BETAS = (0.0, 0.1, 1.0)  # of the models in the paper's figures; its "β-" is 0.1
SEED_IN_LABEL = re.compile(r" \(seed=\d+\)|, seed=\d+|(?<=\()seed=\d+, ")  # as decvae.study.runs writes it
PAIRED_KEYS = {  # vary together
    "beta": ("beta_z", "beta_s"),
    "n_components": ("n_components", "n_components_seq"),
    "branches": ("branches", "beta_s", "loss.sequence_frames", "loss.decomposition_weight_s"),
}


def decvae_name(beta: float | None, decomposition: str) -> str:
    """Short name of a DecVAE: that of its beta (0: DecAE, 1: DecVAE, any other: β-DecVAE), and its decomposition.

    >>> decvae_name(0.1, "ewt")
    'β-DecVAE EWT'
    """
    name = {0.0: "DecAE", 1.0: "DecVAE"}.get(beta, "β-DecVAE")
    return f"{name} {METHODS[decomposition]}"


def name_in_paper(model: str, features: str, decomposition: str, beta: float | None, source: str | None = None) -> str:
    """Name that the paper's scores give to a model (``decvae/reporting/published_scores.csv``), or would give to it.

    Parameters
    ----------
    features : str
        The run's ``input``.
    source : str, optional
        Kind of the corpus that the model was pretrained on, if that is another one.
    """
    if model == "raw":
        return f"raw {features}"
    name = decvae_name(beta, decomposition) if model == "decvae" else BASELINE_LABELS[model]
    return name + (f" from {source}" if source else "") + ("" if features == "mel" else f" {features}")


def unseeded(label: str) -> str:
    """The label of a run without its seed.

    >>> unseeded("beta (seed=2, beta=0.1)")
    'beta (beta=0.1)'
    """
    return SEED_IN_LABEL.sub("", label)


def dotted(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Settings by their whole key.

    >>> dotted({"seed": 0, "loss": {"frames": 8}})
    {'seed': 0, 'loss.frames': 8}
    """
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        flat |= dotted(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return flat
