"""Models: DecVAE, the autoencoders and the baselines that are fitted at once, all loaded by :func:`load_model`."""

from __future__ import annotations

import json
from pathlib import Path

from decvae.artifacts import ArtifactError
from decvae.models.autoencoders import Autoencoder, AutoencoderConfig
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


def _checked(folder: str | Path) -> Path:
    """The folder of a whole checkpoint."""
    folder = Path(folder)
    for name in ("config.json", "model.safetensors"):
        if not (folder / name).is_file():
            raise ArtifactError(f"checkpoint {folder} has no {name}; train the run again or restore the folder")
    return folder


def load_model(folder: str | Path) -> DecVAEModel | Autoencoder | LinearModel | KernelPCAModel:
    """Load whatever model a checkpoint folder holds, in evaluation mode.

    Raises
    ------
    ArtifactError
        If the folder lacks weights or configuration, or holds another kind of model.
    """
    folder = _checked(folder)
    kind = json.loads((folder / "config.json").read_text())["model_type"]
    for fitted in (LinearModel, KernelPCAModel):
        if kind == fitted.model_type:
            return fitted.from_pretrained(folder)
    classes: dict[str, type[DecVAEModel | Autoencoder]] = {
        DecVAEConfig.model_type: DecVAEModel,
        AutoencoderConfig.model_type: Autoencoder,
    }
    if kind not in classes:
        raise ArtifactError(f"checkpoint {folder} holds a model of type {kind!r}, expected one of {sorted(classes)}")
    return classes[kind].from_pretrained(folder, local_files_only=True).eval()


def load_classifier(folder: str | Path) -> DecVAEForFrameClassification | DecVAEForSequenceClassification:
    """Load a fine-tuned DecVAE with its head, in evaluation mode; :func:`load_model` gives the encoder without it.

    Raises
    ------
    ArtifactError
        If the folder lacks weights or configuration, or its model has no classification head.
    """
    folder = _checked(folder)
    architectures = json.loads((folder / "config.json").read_text()).get("architectures", [])
    for kind in (DecVAEForFrameClassification, DecVAEForSequenceClassification):
        if kind.__name__ in architectures:
            return kind.from_pretrained(folder, local_files_only=True).eval()
    raise ArtifactError(f"checkpoint {folder} holds {architectures}, which has no classification head")
