"""DecVAE: one encoder per branch, shared by X and all components, with a Gaussian head for every subspace.

Branch Z encodes frames, branch S whole sequences. All levels (X, OC1..OCC) go through the encoder in one batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast, overload

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
from transformers import AutoModel, PreTrainedModel
from transformers.utils import ModelOutput
from transformers.utils import logging as transformers_logging

from decvae.artifacts import ArtifactError
from decvae.features.batches import decvae_batch, move
from decvae.features.store import Features
from decvae.models.card import write_card
from decvae.models.checkpoints import local_options
from decvae.models.configuration_decvae import DecVAEConfig
from decvae.models.encoders import (
    AttentionPooling,
    ConvEncoder,
    DenseEncoder,
    Encoder,
    checkpoint_contexts,
    make_pooling,
)
from decvae.models.latents import BranchLatents, Encoding, Latents
from decvae.models.norms import LevelNorm, TimeNorm, make_norm, normalise

if TYPE_CHECKING:
    from decvae.models.processing import Recording, Waveform

GIVEN: Any = None  # a field that is always given; ModelOutput wants a default, which must be None


@dataclass
class BranchOutput(ModelOutput):
    """What one branch makes of its input (branch S has no axis F).

    Attributes
    ----------
    features : (B, F, C + 1, projection_dim)
        Projected features of X, OC1..OCC: the space of the decomposition loss.
    mu, logvar : (B, F, n_subspaces, latent_dim)
        Posterior mean and log-variance of X, OC1..OCC[, OCs_proj].
    """

    features: Tensor = GIVEN
    mu: Tensor = GIVEN
    logvar: Tensor = GIVEN


@dataclass
class DecVAEOutput:
    """Output of both branches; a missing branch is None.

    Not a ModelOutput: that one would unpack ``z`` if it stood alone.
    """

    z: BranchOutput | None = None
    s: BranchOutput | None = None


class Subspaces(nn.Module):
    """Gaussian heads: one linear map to mean and log-variance for each of X, OC1..OCC and, if asked, OCs_proj.

    Shape: (..., C + 1, projection_dim) -> two of (..., n_subspaces, latent_dim).
    """

    def __init__(self, n_components: int, latent_dim: int, config: DecVAEConfig) -> None:
        super().__init__()
        width = config.projection_dim
        learned = config.absent == "embedding"
        self.is_absence_ignored = config.absent == "encoded"
        self.absent = (
            nn.Parameter(torch.empty(n_components, width).normal_(std=config.initializer_range)) if learned else None
        )
        self.combine = (
            nn.Sequential(nn.Linear(n_components * width, width), nn.Linear(width, width), nn.GELU())
            if config.project_components
            else None
        )
        count = n_components + 1 + (self.combine is not None)
        self.mean = nn.ModuleList(nn.Linear(width, latent_dim) for _ in range(count))
        self.logvar = nn.ModuleList(nn.Linear(width, latent_dim) for _ in range(count))

    def replace_absent(self, features: Tensor, present: Tensor) -> Tensor:
        """Put the learned embedding, or zeros, in place of the features (..., C + 1, D) of absent components.

        With ``absent: encoded`` nothing is replaced: the features are those of the constant input.
        """
        if self.is_absence_ignored:
            return features
        instead = 0.0 if self.absent is None else self.absent.to(features.dtype)
        components = torch.where(present.unsqueeze(-1), features[..., 1:, :], instead)
        return torch.cat([features[..., :1, :], components], dim=-2)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Posterior mean and log-variance, each (..., n_subspaces, latent_dim), of (..., C + 1, projection_dim)."""
        inputs = list(features.unbind(-2))
        if self.combine is not None:
            inputs.append(self.combine(features[..., 1:, :].flatten(-2)))
        heads = [[head(value) for head, value in zip(part, inputs, strict=True)] for part in (self.mean, self.logvar)]
        return torch.stack(heads[0], -2), torch.stack(heads[1], -2)


class FrameBranch(nn.Module):
    """Branch Z: encoder, feature projection, projector, heads."""

    def __init__(self, config: DecVAEConfig) -> None:
        super().__init__()
        own, n_levels = config.branch_z, config.components("Z") + 1
        kind: str = own.dense_norm if own.encoder == "dense" else own.conv_norm
        self.encoder: Encoder = (
            DenseEncoder(own.dense_dim, kind, n_levels, config)
            if own.encoder == "dense"
            else ConvEncoder(own.conv_dim, kind, n_levels, config)
        )
        self.feature_norm = make_norm(kind, self.encoder.width, n_levels, config.layer_norm_eps)
        self.feature_projection = nn.Linear(self.encoder.width, own.hidden_size)
        self.project = nn.Sequential(
            nn.Linear(own.hidden_size, own.hidden_size),
            nn.Linear(own.hidden_size, config.projection_dim),
            nn.GELU(),
        )
        self.subspaces = Subspaces(config.components("Z"), own.latent_dim, config)

    def forward(self, frames: Tensor, present: Tensor, mask: Tensor) -> BranchOutput:
        """Frames (B, F, C + 1, frame_length), presence (B, F, C) and real frames (B, F) -> features and latents."""
        counted = torch.ones_like(present) if self.subspaces.is_absence_ignored else present
        eligible = mask.unsqueeze(-1) & torch.cat([torch.ones_like(present[..., :1]), counted], dim=-1)
        hidden = self.encoder(frames.flatten(0, 2), eligible)
        hidden = normalise(self.feature_norm, hidden, eligible).flatten(1)  # one step is left
        features = self.project(self.feature_projection(hidden)).unflatten(0, frames.shape[:3])
        features = self.subspaces.replace_absent(features, present)
        return BranchOutput(features, *self.subspaces(features))


class SequenceBranch(nn.Module):
    """Branch S: encoder, projector per step, pooling, heads."""

    def __init__(self, config: DecVAEConfig) -> None:
        super().__init__()
        own, n_levels = config.branch_s, config.components("S") + 1
        self.encoder: Encoder = (
            DenseEncoder(own.dense_dim, "layer", n_levels, config)
            if own.encoder == "fc"
            else ConvEncoder(own.conv_dim, "layer", n_levels, config)
        )
        self.project = nn.Sequential(
            nn.Linear(self.encoder.width, own.hidden_size),
            nn.Linear(own.hidden_size, config.projection_dim),
            nn.GELU(),
        )
        self.pool = make_pooling(own.pooling, config.projection_dim, own.attention_heads)
        self.norm = nn.LayerNorm(config.projection_dim, eps=config.layer_norm_eps)
        self.subspaces = Subspaces(config.components("S"), own.latent_dim, config)
        self.shortest = config.frame_length

    def forward(self, sequence: Tensor, lengths: Tensor, present: Tensor) -> BranchOutput:
        """Sequences (B, C_seq + 1, T), valid lengths (B,) and presence (B, C_seq) -> features and latents.

        What is shorter than the encoder's receptive field (``frame_length``) counts as one step of it, padded with
        zeros.
        """
        missing = max(0, self.shortest - sequence.shape[-1])
        steps = self.project(self.encoder(nn.functional.pad(sequence, (0, missing)).flatten(0, 1)))
        valid = self.encoder.output_lengths(lengths).clamp(min=1).repeat_interleave(sequence.shape[1])
        features = self.norm(self.pool(steps, valid)).unflatten(0, sequence.shape[:2])
        features = self.subspaces.replace_absent(features, present)
        return BranchOutput(features, *self.subspaces(features))


class DecVAEPreTrainedModel(PreTrainedModel):
    """Weight initialisation of wav2vec2 and the Hugging Face loading machinery."""

    config: DecVAEConfig
    config_class = DecVAEConfig
    base_model_prefix = "decvae"
    main_input_name = "frames"
    # The encoder of a fine-tuned model may be used alone.
    _keys_to_ignore_on_load_unexpected = [r"^classifier\."]  # noqa: RUF012 (so in the base class)
    supports_gradient_checkpointing = True

    def compile(self, **options: Any) -> None:
        """Compile the encoders, where the time goes; objective and heads, which loop over levels, stay as they are.

        Parameters
        ----------
        **options
            Of ``torch.compile``.
        """
        for module in self.modules():
            if isinstance(module, Encoder):
                module.compile(**options)

    def _set_gradient_checkpointing(  # type: ignore[override]
        self, enable: bool = True, gradient_checkpointing_func: Callable[..., Any] = checkpoint, **options: Any
    ) -> None:
        function = partial(gradient_checkpointing_func, context_fn=partial(checkpoint_contexts, self))
        super()._set_gradient_checkpointing(enable, function, **options)

    @classmethod
    def from_pretrained(
        cls, *arguments: Any, output_loading_info: bool = False, ignore_mismatched_sizes: bool = False, **options: Any
    ) -> Self:
        """Load a checkpoint folder, as ``PreTrainedModel.from_pretrained``; every weight must be there and fit.

        Nothing is looked for on the network unless ``local_files_only`` is false.

        Raises
        ------
        ArtifactError
            If there is no such folder; naming the weights that are missing or have another shape, unless
            ``ignore_mismatched_sizes``: then they are drawn anew.
        """
        name = arguments[0] if arguments else options.get("pretrained_model_name_or_path")
        options = local_options(name, options)
        model, info = cast(
            tuple[Self, dict[str, Any]],
            super().from_pretrained(*arguments, output_loading_info=True, ignore_mismatched_sizes=True, **options),
        )
        missing = sorted(info["missing_keys"])
        mismatched = sorted(f"{name} {tuple(found)} for {tuple(own)}" for name, found, own in info["mismatched_keys"])
        if (missing or mismatched) and not ignore_mismatched_sizes:
            raise ArtifactError(
                f"the weights in {arguments[0] if arguments else options} do not fit {cls.__name__}: "
                f"missing {missing}, of another shape {mismatched}. Restore the folder, or train the run again"
            )
        return (model, info) if output_loading_info else model  # type: ignore[return-value]  # as in the base class

    def save_pretrained(self, save_directory: str | PathLike[str], *arguments: Any, **options: Any) -> None:
        """Write weights, configuration and model card, as ``PreTrainedModel.save_pretrained``."""
        super().save_pretrained(save_directory, *arguments, **options)
        write_card(Path(save_directory))

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=self.config.initializer_range)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Conv1d):
            nn.init.kaiming_normal_(module.weight)
            bound = (module.groups / (module.in_channels * module.kernel_size[0])) ** 0.5
            if module.bias is not None:
                nn.init.uniform_(module.bias, -bound, bound)
        elif isinstance(module, (nn.LayerNorm, TimeNorm, LevelNorm)):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
            if isinstance(module, LevelNorm) and module.kind == "batch_running":
                nn.init.zeros_(module.running_mean)
                nn.init.ones_(module.running_var)
        elif isinstance(module, nn.MultiheadAttention):
            nn.init.xavier_uniform_(module.in_proj_weight)
            nn.init.zeros_(module.in_proj_bias)
        elif isinstance(module, nn.LSTM):
            module.reset_parameters()
        elif isinstance(module, AttentionPooling):
            nn.init.normal_(module.query)
        elif isinstance(module, Subspaces) and module.absent is not None:
            nn.init.normal_(module.absent, std=self.config.initializer_range)


class DecVAEModel(DecVAEPreTrainedModel):
    """The encoder with its subspaces: inputs in, features and latents out."""

    def __init__(self, config: DecVAEConfig) -> None:
        super().__init__(config)
        self.branch_z = FrameBranch(config) if config.has_z else None
        self.branch_s = SequenceBranch(config) if config.has_s else None
        self.post_init()

    def forward(
        self,
        frames: Tensor | None = None,
        frames_present: Tensor | None = None,
        frame_mask: Tensor | None = None,
        sequence: Tensor | None = None,
        sequence_lengths: Tensor | None = None,
        sequence_present: Tensor | None = None,
    ) -> DecVAEOutput:
        """Encode one batch.

        Parameters
        ----------
        frames : (B, F, C + 1, frame_length)
            Levels X, OC1..OCC of each frame; needed by branch Z.
        frames_present : (B, F, C) bool
        frame_mask : (B, F) bool
            Frames that are real; only these enter statistics of the norms. None: all.
        sequence : (B, C_seq + 1, T)
            Levels of each utterance, padded at the end; needed by branch S.
        sequence_lengths : (B,) int
            Valid values of each utterance.
        sequence_present : (B, C_seq) bool

        Returns
        -------
        DecVAEOutput
            ``z.features`` (B, F, C + 1, projection_dim), ``z.mu`` and ``z.logvar`` (B, F, n_subspaces, latent_dim);
            ``s.features`` (B, C_seq + 1, projection_dim), ``s.mu`` and ``s.logvar`` (B, n_subspaces, latent_dim).

        Raises
        ------
        ValueError
            If an input of a branch is missing or has another number of levels, or frames another length, than the
            configuration.
        """
        z = s = None
        if self.branch_z is not None:
            if frames is None or frames_present is None:
                raise ValueError("branch Z needs `frames` and `frames_present`")
            self._check_levels("frames", frames.shape[2], self.config.components("Z"))
            if frames.shape[3] != self.config.frame_length:
                raise ValueError(f"frames have {frames.shape[3]} values, expected {self.config.frame_length}")
            if frame_mask is None:
                frame_mask = torch.ones(frames.shape[:2], dtype=torch.bool, device=frames.device)
            z = self.branch_z(frames, frames_present, frame_mask)
        if self.branch_s is not None:
            if sequence is None or sequence_lengths is None or sequence_present is None:
                raise ValueError("branch S needs `sequence`, `sequence_lengths` and `sequence_present`")
            self._check_levels("sequence", sequence.shape[1], self.config.components("S"))
            s = self.branch_s(sequence, sequence_lengths, sequence_present)
        return DecVAEOutput(z=z, s=s)

    @overload
    def encode(self, waveform: Waveform, sampling_rate: int, *, seed: int = 0) -> Encoding: ...

    @overload
    def encode(self, waveform: Sequence[Waveform], sampling_rate: int, *, seed: int = 0) -> list[Encoding]: ...

    def encode(
        self, waveform: Waveform | Sequence[Waveform], sampling_rate: int, *, seed: int = 0
    ) -> Encoding | list[Encoding]:
        """Latents of recordings: resampling, normalisation, decomposition and features as in training, then the model.

        Parameters
        ----------
        waveform : (T,) array or tensor, or a list of them
            One channel each, on any scale. Each recording is encoded alone.
        sampling_rate : int
            In Hz; resampled to that of training if it differs.
        seed : int
            Of decompositions with a random start (VMD).

        Returns
        -------
        decvae.models.latents.Encoding
            ``encoding.z["OC1"]`` are the means of one subspace, (F, latent_dim), at ``encoding.times`` seconds;
            ``encoding.s["X"]`` those of the whole recording, (1, latent_dim). A list for a list.

        Raises
        ------
        ValueError
            If a recording is not one channel, has NaN, infinite or only zero samples, or is shorter than one frame, or
            if the configuration does not say how inputs are made.
        """
        if isinstance(waveform, Tensor) or (isinstance(waveform, np.ndarray) and waveform.dtype != object):
            return self.encode([waveform], sampling_rate, seed=seed)[0]
        from decvae.models.processing import process  # slow to import, and training and encoding a split need it not

        recordings = process(list(waveform), sampling_rate, self.config.preprocessing, seed=seed)
        return [self._encode_recording(recording) for recording in recordings]

    def _encode_recording(self, recording: Recording) -> Encoding:
        (latents,) = self.latents_of(recording, [0])
        branches = {}
        for branch, scale in (("Z", "frames"), ("S", "sequences")):
            if branch in latents:
                centres = recording.parts[f"{scale}/centre_hz"]
                subspaces = tuple(self.config.subspaces(branch))
                branches[branch.lower()] = BranchLatents(subspaces, **latents[branch], centre_hz=centres)
        framing = recording.framing
        times = np.arange(recording.n_frames(0)) * framing.hop_seconds + framing.frame_seconds / 2
        return Encoding(times, **branches)

    def latents_of(self, data: Features, indices: Sequence[int]) -> list[Latents]:
        """Latents of some utterances as one batch, in evaluation mode: {branch: {"mu": (rows, n_subspaces, d), ...}}.

        Raises
        ------
        ArtifactError
            If model and data have another number of components.
        """
        config, training = self.config, self.training
        for branch, count in {"Z": data.n_components, "S": data.n_components_seq}.items():
            if count != config.components(branch):
                raise ArtifactError(
                    f"{data.path} has {count} components for branch {branch}, the checkpoint "
                    f"{config.components(branch)}"
                )
        batch = move(decvae_batch(data, indices, config.branches), self.device)
        batch = {name: value.to(self.dtype) if value.is_floating_point() else value for name, value in batch.items()}
        with torch.inference_mode():
            output = self.eval()(**batch)
        self.train(training)
        latents: list[Latents] = []
        for row in range(len(indices)):
            found = {}
            if output.z is not None:
                rows = batch["frame_mask"][row]
                values = {name: value[row, rows] for name, value in output.z.items()}
                found["Z"] = values | {"present": batch["frames_present"][row, rows]}
            if output.s is not None:
                values = {name: value[row : row + 1] for name, value in output.s.items()}
                found["S"] = values | {"present": batch["sequence_present"][row : row + 1]}
            latents.append({branch: _arrays(part) for branch, part in found.items()})
        return latents

    @staticmethod
    def _check_levels(name: str, found: int, n_components: int) -> None:
        if found != n_components + 1:
            raise ValueError(f"{name} has {found} levels, expected X and {n_components} components")


def _arrays(tensors: dict[str, Tensor]) -> dict[str, np.ndarray]:
    """Arrays, of floating-point values in float32."""
    wide = {name: value.float() if value.is_floating_point() else value for name, value in tensors.items()}
    return {name: value.cpu().numpy() for name, value in wide.items()}


transformers_logging.disable_progress_bar()  # models of a few megabytes; the bars only clutter logs
AutoModel.register(DecVAEConfig, DecVAEModel)
