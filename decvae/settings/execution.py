"""Where models train and where that is logged; nothing of it changes a result, so that a trained run stays as it is."""

from __future__ import annotations

from typing import Literal

from decvae.settings.base import Section, setting


class ExecutionSettings(Section):
    """Where models train (:func:`decvae.training.gpu.claim_device`)."""

    device: Literal["auto", "cpu", "cuda"] = setting(
        "auto",
        "A GPU where the machine shows one, never one, or one without fail (otherwise the job stops and says why).",
    )
    processes: int = setting(
        1,
        "Processes that train one run together, each on a GPU of its own (accelerate launch; docs/training.md).",
        ge=1,
    )


class LoggingSettings(Section):
    """Where training is logged besides its history."""

    tensorboard: bool = setting(True, "Write TensorBoard event files into results/runs/RUN/tensorboard.")
    wandb: Literal["no", "offline", "online"] = setting(
        "no",
        'Weights & Biases (needs the extra `wandb`); "no" (in quotes), offline into results/runs/RUN/wandb, or online '
        "to its server.",
    )
    wandb_project: str = setting("decvae", "Project in Weights & Biases.")
