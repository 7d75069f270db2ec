"""Models: DecVAE, the autoencoders and the baselines that are fitted at once, all loaded by :func:`load_model`."""

from __future__ import annotations

import json
from pathlib import Path

from decvae.artifacts import ArtifactError
from decvae.models.autoencoders import Autoencoder, AutoencoderConfig
from decvae.models.checkpoints import whole_folder
from decvae.models.classification import DecVAEForFrameClassification, DecVAEForSequenceClassification
from decvae.models.configuration_decvae import DecVAEConfig
from decvae.models.fitted import KernelPCAModel, LinearModel
from decvae.models.modeling_decvae import DecVAEModel
from decvae.models.modeling_pretraining import DecVAEForPreTraining

__all__ = [
    "Autoencoder",
    "AutoencoderConfig",
    "DecVAEConfig",
    "DecVAEForFrameClassification",
    "DecVAEForPreTraining",
    "DecVAEForSequenceClassification",
    "DecVAEModel",
    "KernelPCAModel",
    "LinearModel",
    "load_classifier",
    "load_model",
]


def load_model(folder: str | Path) -> DecVAEModel | Autoencoder | LinearModel | KernelPCAModel:
    """Load whatever model a checkpoint folder holds, in evaluation mode.

    Raises
    ------
    ArtifactError
        If the folder lacks weights or configuration, or holds another kind of model.
    """
    folder = whole_folder(folder)
    kind = json.loads((folder / "config.json").read_text())["model_type"]
    for fitted in (LinearModel, KernelPCAModel):
        if kind == fitted.model_type:
            return fitted.from_pretrained(folder)
    for config, model in ((DecVAEConfig, DecVAEModel), (AutoencoderConfig, Autoencoder)):
        if kind == config.model_type:
            return model.from_pretrained(folder, local_files_only=True).eval()
    raise ArtifactError(f"checkpoint {folder} holds a model of type {kind!r}, which is none of ours")


def load_classifier(folder: str | Path) -> DecVAEForFrameClassification | DecVAEForSequenceClassification:
    """Load a fine-tuned DecVAE with its head, in evaluation mode; :func:`load_model` gives the encoder without it.

    Raises
    ------
    ArtifactError
        If the folder lacks weights or configuration, or its model has no classification head.
    """
    folder = whole_folder(folder)
    architectures = json.loads((folder / "config.json").read_text()).get("architectures", [])
    for kind in (DecVAEForFrameClassification, DecVAEForSequenceClassification):
        if kind.__name__ in architectures:
            return kind.from_pretrained(folder, local_files_only=True).eval()
    raise ArtifactError(f"checkpoint {folder} holds {architectures}, which has no classification head")
