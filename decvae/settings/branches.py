"""Settings of one branch: its network, its part of the loss and its optimisation; defaults are the published ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

NORMS = ("group", "layer", "batch", "batch_running", "instance")
DENSE_NORMS = NORMS[1:]
POOLINGS = ("attention", "lstm", "average", "max")
SECTIONS = {"Z": "branch_z", "S": "branch_s"}  # of the configuration, by branch
# Keys of a section that say nothing about the network.
OBJECTIVE_KEYS = ("beta", "prior_weight", "decomposition_weight")
OPTIMISATION_KEYS = ("frames", "learning_rate", "scheduler", "scheduler_kwargs", "warmup_steps")


@dataclass(frozen=True, kw_only=True)
class BranchSettings:
    """What both branches have.

    Attributes
    ----------
    beta : float
        Weight of the prior, at least 0.
    prior_weight : float
        Factor of the prior beside beta, at least 0 (published 10 for branch Z, 400 for branch S).
    latent_dim : int
        Width of every subspace.
    encoder : str
        The seven convolutions (``conv``), or fully connected layers.
    conv_dim : list of int
        Channels of the convolutions.
    dense_dim : list of int
        Widths of the fully connected layers.
    hidden_size : int
        Width of the layers between the encoder and the projected features.
    learning_rate : float
        The highest of the schedule.
    scheduler : str
        Name of a ``transformers.SchedulerType``.
    scheduler_kwargs : dict
        Further arguments of ``transformers.get_scheduler``, such as ``{num_cycles: 3}``.
    warmup_steps : int
    """

    name: ClassVar[str]
    choices: ClassVar[dict[str, tuple[str, ...]]]

    beta: float = 0.1
    prior_weight: float = 1.0
    latent_dim: int
    encoder: str = "conv"
    conv_dim: list[int]
    dense_dim: list[int]
    hidden_size: int = 512
    learning_rate: float
    scheduler: str
    scheduler_kwargs: dict[str, Any] = field(default_factory=dict)
    warmup_steps: int = 5000

    def __post_init__(self) -> None:
        for key, allowed in self.choices.items():
            if getattr(self, key) not in allowed:
                raise ValueError(f"{self.name}.{key} must be one of {allowed}, found {getattr(self, key)!r}")
        for key in ("beta", "prior_weight", "decomposition_weight"):
            if getattr(self, key, 0) < 0:
                raise ValueError(f"{self.name}.{key} must be at least 0, found {getattr(self, key)}")


@dataclass(frozen=True, kw_only=True)
class FrameBranchSettings(BranchSettings):
    """Branch Z; the autoencoders have its beta, frames and optimisation, too.

    Attributes
    ----------
    frames : int or str
        Frames drawn per utterance and step in training, a number or a share such as ``"50%"``; 0: all.
    encoder : {"conv", "dense"}
        ``dense``: fully connected layers over the whole frame, which cost a tenth on a CPU.
    conv_norm : {"group", "layer", "batch", "batch_running", "instance"}
        Norm of the convolutions and of the feature projection. ``group`` and ``layer`` are those of wav2vec2; group:
        statistics of each channel over time, after the first convolution only (the projection then has layer norm);
        layer: over channels at every step, after each convolution; it hides the level of each mel band. ``batch``
        (published), ``batch_running`` and ``instance``: statistics of each channel and level over frames and time, see
        :class:`decvae.models.norms.LevelNorm`. Branch S has layer norm, whose statistics do not see padding.
    dense_norm : {"layer", "batch", "batch_running", "instance"}
        The same where the encoder has fully connected layers.
    """

    name: ClassVar[str] = "branch_z"
    choices: ClassVar[dict[str, tuple[str, ...]]] = {
        "encoder": ("conv", "dense"),
        "conv_norm": NORMS,
        "dense_norm": DENSE_NORMS,
    }

    frames: int | str = 100
    latent_dim: int = 48
    conv_dim: list[int] = field(default_factory=lambda: [512] * 7)
    dense_dim: list[int] = field(default_factory=lambda: [512, 512])
    conv_norm: str = "group"
    dense_norm: str = "layer"
    learning_rate: float = 8e-5
    scheduler: str = "constant_with_warmup"


@dataclass(frozen=True, kw_only=True)
class SequenceBranchSettings(BranchSettings):
    """Branch S.

    Attributes
    ----------
    frames : int
        Length of the excerpt of every sequence in training, in frames; 0: the whole sequence.
    n_components : int or None
        Oscillatory components of a sequence, 2 to 12; None: as many as a frame has.
    encoder : {"conv", "fc"}
        ``fc``: fully connected layers over abutting frames.
    pooling : {"attention", "lstm", "average", "max"}
        How one vector is made of the steps of a sequence; padding never counts.
    attention_heads : int
        Of ``attention``; must divide ``projection_dim``.
    decomposition_weight : float
        Of the decomposition loss, beside that of branch Z; at least 0.
    """

    name: ClassVar[str] = "branch_s"
    choices: ClassVar[dict[str, tuple[str, ...]]] = {"encoder": ("conv", "fc"), "pooling": POOLINGS}

    frames: int = 0
    n_components: int | None = None
    latent_dim: int = 24
    conv_dim: list[int] = field(default_factory=lambda: [192] * 7)
    dense_dim: list[int] = field(default_factory=lambda: [192, 192])
    pooling: str = "attention"
    attention_heads: int = 6
    decomposition_weight: float = 1.0
    learning_rate: float = 1e-4
    scheduler: str = "linear"


def branches_of(run: Mapping[str, Any]) -> tuple[FrameBranchSettings, SequenceBranchSettings]:
    """The sections of both branches in the settings of a run; defaults for a branch that it does not have."""
    return FrameBranchSettings(**run.get("branch_z", {})), SequenceBranchSettings(**run.get("branch_s", {}))
