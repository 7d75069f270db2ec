"""DecVAE, the autoencoders and the baselines; :func:`load_model` loads any of them.

The names below are imported when they are first asked for, since torch and transformers take seconds to import.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "Autoencoder": "autoencoders",
    "AutoencoderConfig": "autoencoders",
    "DecVAEConfig": "configuration_decvae",
    "DecVAEForFrameClassification": "classification",
    "DecVAEForPreTraining": "modeling_pretraining",
    "DecVAEForSequenceClassification": "classification",
    "DecVAEModel": "modeling_decvae",
    "KernelPCAModel": "fitted",
    "LinearModel": "fitted",
    "load_classifier": "auto",
    "load_model": "auto",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"decvae.models.{_HOMES[name]}"), name)
