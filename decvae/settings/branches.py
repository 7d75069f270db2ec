"""Settings of one branch: its network, its part of the loss and its optimisation, in the published sizes and rates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from decvae.settings.base import Count, Section, setting

DenseNorm = Literal["layer", "batch", "batch_running", "instance"]
Norm = Literal["group", DenseNorm]
Pooling = Literal["attention", "lstm", "average", "max"]
Scheduler = Literal[
    "constant",
    "constant_with_warmup",
    "linear",
    "cosine",
    "cosine_with_restarts",
    "polynomial",
    "inverse_sqrt",
    "cosine_with_min_lr",
    "cosine_warmup_with_min_lr",
    "warmup_stable_decay",
    "reduce_lr_on_plateau",
    "greedy",
]
SECTIONS = {"Z": "branch_z", "S": "branch_s"}  # of the configuration, by branch
# Keys of a section that say nothing about the network.
OBJECTIVE_KEYS = ("beta", "prior_weight", "decomposition_weight")
OPTIMISATION_KEYS = ("frames", "learning_rate", "scheduler", "scheduler_kwargs", "warmup_steps")
Channels = Annotated[list[Count], Field(min_length=7, max_length=7)]
Widths = Annotated[list[Count], Field(min_length=1)]
Frames = Annotated[str, Field(pattern=r"^([1-9][0-9]?|100)%$")] | Annotated[int, Field(ge=0)]


class FrameBranchSettings(Section):
    """Branch Z; the autoencoders have its beta, frames and optimisation, too.

    ``conv_norm`` is that of the convolutions and of the feature projection. Group: statistics of each channel over
    time, after the first convolution only (the projection then has layer norm). Layer: over channels at every step,
    after each convolution; it hides the level of each mel band. The others: statistics of each channel and level over
    frames and time (:class:`decvae.models.norms.LevelNorm`). Branch S has layer norm, which does not see padding.
    """

    name: ClassVar[str] = "branch_z"

    beta: float = setting(0.1, "Weight of the prior, and beta of `beta_vae`.", ge=0)
    prior_weight: float = setting(1.0, "Factor of the prior beside beta.", ge=0)
    frames: Frames = setting(
        100,
        "Frames drawn per utterance and step in training, a number or a share of each utterance's frames such as 50%; "
        "0 takes all.",
    )
    latent_dim: int = setting(48, "Latent size of each level.", ge=1)
    encoder: Literal["conv", "dense"] = setting(
        "conv", "The encoder: wav2vec2 convolutions, or fully connected layers over the frame, much cheaper on a CPU."
    )
    conv_dim: Channels = setting([512, 512, 512, 512, 512, 512, 512], "Channels of the seven convolutions.")
    dense_dim: Widths = setting([512, 512], "Widths of the fully connected layers (encoder dense).")
    conv_norm: Norm = setting(
        "group",
        "Norm of the convolutions: wav2vec2's group (after the first only) or layer, or statistics over the frames of "
        "the batch (published), running ones in evaluation, or those of each utterance.",
    )
    dense_norm: DenseNorm = setting("layer", "The same for fully connected layers (encoder dense).")
    hidden_size: int = setting(512, "Width between the encoder and the projected features.", ge=1)
    learning_rate: float = setting(8e-05, "Peak learning rate.", gt=0)
    scheduler: Scheduler = setting("constant_with_warmup", "Learning rate schedule.")
    scheduler_kwargs: dict[str, Any] = setting(
        {}, "Further arguments of the schedule, as in transformers.get_scheduler."
    )
    warmup_steps: int = setting(5000, "Steps of rising learning rate.", ge=0)


class SequenceBranchSettings(Section):
    """Branch S. Padding never counts where one vector is made of the steps of a sequence."""

    name: ClassVar[str] = "branch_s"

    beta: float = setting(0.1, "Weight of the prior.", ge=0)
    prior_weight: float = setting(1.0, "Factor of the prior beside beta.", ge=0)
    decomposition_weight: float = setting(1.0, "Weight of the decomposition loss beside that of branch Z.", ge=0)
    frames: int = setting(
        0, "Length of the excerpt of every sequence in training, in frames; 0 takes the whole sequence.", ge=0
    )
    n_components: int | None = setting(None, "Components of a sequence; null is `n_components`.", ge=2, le=12)
    latent_dim: int = setting(24, "Latent size of each level.", ge=1)
    encoder: Literal["conv", "fc"] = setting(
        "conv", "The encoder: wav2vec2 convolutions, or fully connected layers over abutting frames."
    )
    conv_dim: Channels = setting([192, 192, 192, 192, 192, 192, 192], "Channels of the seven convolutions.")
    dense_dim: Widths = setting([192, 192], "Widths of the fully connected layers (encoder fc).")
    hidden_size: int = setting(512, "Width between the encoder and the projected features.", ge=1)
    pooling: Pooling = setting("attention", "How one vector is made of a sequence.")
    attention_heads: int = setting(6, "Heads of pooling attention; divides network.projection_dim.", ge=1)
    learning_rate: float = setting(0.0001, "Peak learning rate.", gt=0)
    scheduler: Scheduler = setting("linear", "Learning rate schedule.")
    scheduler_kwargs: dict[str, Any] = setting(
        {}, "Further arguments of the schedule, as in transformers.get_scheduler."
    )
    warmup_steps: int = setting(5000, "Steps of rising learning rate.", ge=0)


BranchSettings = FrameBranchSettings | SequenceBranchSettings


def branches_of(run: Mapping[str, Any]) -> tuple[FrameBranchSettings, SequenceBranchSettings]:
    """The sections of both branches in the settings of a run; defaults for a branch that it does not have."""
    return FrameBranchSettings(**run.get("branch_z", {})), SequenceBranchSettings(**run.get("branch_s", {}))
