"""The model card (README.md, in Hugging Face form) beside the weights of a checkpoint."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

CARD = "README.md"
_TITLES = {
    "decvae": "DecVAE",
    "decvae_autoencoder": "Autoencoder",
    "decvae_linear": "Linear baseline",
    "decvae_kernel_pca": "Kernel PCA",
}
_USE_OF_DECVAE = """from decvae.models import DecVAEModel

model = DecVAEModel.from_pretrained("FOLDER")
latents = model.encode(waveform, sampling_rate)  # latents.z['OC1'], latents.times, ..."""
_USE = """from decvae.models import load_model

model = load_model("FOLDER")"""
_CITATION = """@article{ziogas2026variational,
  title   = {Variational decomposition autoencoding improves disentanglement of latent representations},
  author  = {Ziogas, Ioannis N. and Al Shehhi, Aamna and Khandoker, Ahsan H. and Hadjileontiadis, Leontios J.},
  journal = {arXiv preprint arXiv:2601.06844},
  year    = {2026}
}"""
_LIMITATIONS = """- Latents describe what the training data vary in. Other languages, microphones, noise or ages are
  extrapolation; measure before you rely on them.
- The latents of recordings of people can tell who speaks, how they feel and how well they are; treat them as personal
  data. Nothing here is a medical device.
- The model encodes; it does not synthesise speech."""


def model_card(
    config: dict[str, Any],
    *,
    epoch: int | None = None,
    step: int | None = None,
    validation_loss: float | None = None,
) -> str:
    """Markdown of the card: data, objective, state of training, how to load, settings, citation and limitations.

    Parameters
    ----------
    config : dict
        Content of ``config.json``.
    epoch, step, validation_loss
        State of training, left out where not known.
    """
    kind = config["model_type"]
    made = config.get("preprocessing") or {}
    header = {
        "license": "apache-2.0",
        "library_name": "decvae",
        "tags": [kind, "speech", "arxiv:2601.06844"],
    }
    corpus = made.get("corpus", "not recorded")
    facts = {"Training data": corpus, "Input": _inputs(made)}
    if "objective" in config:
        betas = (config[section]["beta"] for section in ("branch_z", "branch_s"))
        facts["Objective"] = "{}, beta_z {:g}, beta_s {:g}".format(config["objective"], *betas)
    if epoch is not None:
        facts["Trained for"] = f"{epoch} epochs, {step} steps" if epoch or step else "nothing: the untrained state"
    if validation_loss is not None:
        facts["Validation loss"] = f"{validation_loss:.6g}"
    table = "\n".join(f"| {name} | {value} |" for name, value in facts.items())
    settings = {key: value for key, value in config.items() if not key.startswith("_")}
    return f"""---
{yaml.safe_dump(header, sort_keys=False).strip()}
---

# {_TITLES.get(kind, kind)} trained on {corpus}

| | |
|---|---|
{table}

## Use

```python
{_USE_OF_DECVAE if kind == "decvae" else _USE}
```

## Settings

```yaml
{yaml.safe_dump(settings, sort_keys=True).strip()}
```

## Limitations

{_LIMITATIONS}

## Citation

```bibtex
{_CITATION}
```
"""


def _inputs(made: dict[str, Any]) -> str:
    """Kind of input and how it was decomposed."""
    decomposition = made.get("decomposition")
    method = decomposition["method"] if isinstance(decomposition, dict) else decomposition
    rate = f" at {made['sampling_rate']} Hz" if "sampling_rate" in made else ""
    return f"{made.get('input', 'not recorded')}{rate}, decomposition {method or 'not recorded'}"


def write_card(folder: str | Path, **state: Any) -> None:
    """Write the card of the model whose ``config.json`` is in ``folder``; ``state`` as in :func:`model_card`."""
    folder = Path(folder)
    (folder / CARD).write_text(model_card(json.loads((folder / "config.json").read_text()), **state))
