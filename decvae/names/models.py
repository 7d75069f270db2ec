"""Models and methods of decomposition: their families, and what figures and the paper call them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Model:
    """A kind of model.

    Attributes
    ----------
    label : str
    family : {"decvae", "autoencoder", "fitted", "raw"}
        ``fitted`` at once, without a training loop; ``raw`` are the inputs themselves.
    beta : float or None
        Weight of the prior, where the model fixes it.
    """

    label: str
    family: Literal["decvae", "autoencoder", "fitted", "raw"]
    beta: float | None = None


MODELS = {
    "decvae": Model("DecVAE", "decvae"),
    "ae": Model("AE", "autoencoder", 0.0),
    "vae": Model("VAE", "autoencoder", 1.0),
    "beta_vae": Model("β-VAE", "autoencoder"),
    "pca": Model("PCA", "fitted"),
    "ica": Model("ICA", "fitted"),
    "kpca": Model("kernel PCA", "fitted"),
    "raw": Model("raw", "raw"),
}


def models_of(*families: str) -> tuple[str, ...]:
    """The models of some families."""
    return tuple(name for name, model in MODELS.items() if model.family in families)


AUTOENCODERS = models_of("autoencoder")
FITTED = models_of("fitted", "raw")  # without a training loop
WITH_COMPONENTS = models_of("decvae", "raw")  # in their latents; those of other models are of X alone
FIXED_BETA = {name: model.beta for name, model in MODELS.items() if model.beta is not None}
METHODS = {"filter": "FD", "ewt": "EWT", "vmd": "VMD", "emd": "EMD"}
PAPER_BETAS = (0.0, 0.1, 1.0)  # of the models in the paper's figures; its "β-" is 0.1
PAIRED_KEYS = {  # vary together
    "beta": ("branch_z.beta", "branch_s.beta"),
    "n_components": ("n_components", "branch_s.n_components"),
}


def decvae_name(beta: float | None, decomposition: str) -> str:
    """Short name of a DecVAE: that of its beta (0: DecAE, 1: DecVAE, any other: β-DecVAE), and its decomposition.

    >>> decvae_name(0.1, "ewt")
    'β-DecVAE EWT'
    """
    plain: dict[float | None, str] = {0.0: "DecAE", 1.0: "DecVAE"}
    name = plain.get(beta, "β-DecVAE")
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
    name = decvae_name(beta, decomposition) if model == "decvae" else MODELS[model].label
    return name + (f" from {source}" if source else "") + ("" if features == "mel" else f" {features}")
