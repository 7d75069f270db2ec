"""DecVAE: one encoder per branch, shared by X and all components, with a Gaussian head for every subspace.

Branch Z encodes frames, branch S whole sequences. All levels (X, OC1..OCC) go through the encoder in one batch.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.utils import ModelOutput

from decvae.models.configuration_decvae import DecVAEConfig
from decvae.models.encoders import ConvEncoder, DenseEncoder
from decvae.models.norms import LevelNorm, TimeNorm, make_norm, normalise


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

    features: Tensor | None = None
    mu: Tensor | None = None
    logvar: Tensor | None = None


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

    def __init__(self, n_components: int, latent_dim: int, config: DecVAEConfig):
        super().__init__()
        width = config.projection_dim
        self.absent = nn.Parameter(torch.empty(n_components, width).normal_(std=config.initializer_range))
        self.combine = (
            nn.Sequential(nn.Linear(n_components * width, width), nn.Linear(width, width), nn.GELU())
            if config.project_components
            else None
        )
        count = n_components + 1 + (self.combine is not None)
        self.mean = nn.ModuleList(nn.Linear(width, latent_dim) for _ in range(count))
        self.logvar = nn.ModuleList(nn.Linear(width, latent_dim) for _ in range(count))

    def replace_absent(self, features: Tensor, present: Tensor) -> Tensor:
        """Put the learned embedding in place of the features (..., C + 1, D) of absent components."""
        components = torch.where(present.unsqueeze(-1), features[..., 1:, :], self.absent.to(features.dtype))
        return torch.cat([features[..., :1, :], components], dim=-2)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        inputs = list(features.unbind(-2))
        if self.combine is not None:
            inputs.append(self.combine(features[..., 1:, :].flatten(-2)))
        heads = [[head(value) for head, value in zip(part, inputs, strict=True)] for part in (self.mean, self.logvar)]
        return torch.stack(heads[0], -2), torch.stack(heads[1], -2)


class FrameBranch(nn.Module):
    """Branch Z: encoder, feature projection, projector, heads."""

    def __init__(self, config: DecVAEConfig):
        super().__init__()
        n_levels = config.n_components + 1
        if config.frame_encoder == "dense":
            kind, width = config.dense_norm, config.dense_dim_z[-1]
            self.encoder = DenseEncoder(config.dense_dim_z, kind, n_levels, config)
        else:
            kind, width = config.feat_extract_norm, config.conv_dim_z[-1]
            self.encoder = ConvEncoder(config.conv_dim_z, kind, n_levels, config)
        self.feature_norm = make_norm(kind, width, n_levels, config.layer_norm_eps)
        self.feature_projection = nn.Linear(width, config.hidden_size)
        self.project = nn.Sequential(
            nn.Linear(config.hidden_size, config.hidden_size),
            nn.Linear(config.hidden_size, config.projection_dim),
            nn.GELU(),
        )
        self.subspaces = Subspaces(config.n_components, config.latent_dim_z, config)

    def forward(self, frames: Tensor, present: Tensor, mask: Tensor) -> BranchOutput:
        """Frames (B, F, C + 1, frame_length), presence (B, F, C) and real frames (B, F) -> features and latents."""
        eligible = mask.unsqueeze(-1) & torch.cat([torch.ones_like(present[..., :1]), present], dim=-1)
        hidden = self.encoder(frames.flatten(0, 2), eligible)
        hidden = normalise(self.feature_norm, hidden, eligible).flatten(1)  # one step is left
        features = self.project(self.feature_projection(hidden)).unflatten(0, frames.shape[:3])
        features = self.subspaces.replace_absent(features, present)
        return BranchOutput(features, *self.subspaces(features))


class SequenceBranch(nn.Module):
    """Branch S: encoder, projector per step, attention pooling with one learned query, heads."""

    def __init__(self, config: DecVAEConfig):
        super().__init__()
        self.encoder = ConvEncoder(config.conv_dim_s, "layer", config.n_components_seq + 1, config)
        self.project = nn.Sequential(
            nn.Linear(config.conv_dim_s[-1], config.intermediate_dim),
            nn.Linear(config.intermediate_dim, config.projection_dim),
            nn.GELU(),
        )
        self.query = nn.Parameter(torch.empty(1, 1, config.projection_dim).normal_())
        self.attention = nn.MultiheadAttention(config.projection_dim, config.attention_heads, batch_first=True)
        self.norm = nn.LayerNorm(config.projection_dim, eps=config.layer_norm_eps)
        self.subspaces = Subspaces(config.n_components_seq, config.latent_dim_s, config)

    def forward(self, sequence: Tensor, lengths: Tensor, present: Tensor) -> BranchOutput:
        """Sequences (B, C_seq + 1, T), valid lengths (B,) and presence (B, C_seq) -> features and latents."""
        steps = self.project(self.encoder(sequence.flatten(0, 1)))
        valid = self.encoder.output_lengths(lengths).repeat_interleave(sequence.shape[1])
        padding = torch.arange(steps.shape[1], device=steps.device) >= valid.unsqueeze(1)
        query = self.query.expand(len(steps), -1, -1)
        pooled, _ = self.attention(query, steps, steps, key_padding_mask=padding, need_weights=False)
        features = self.norm(pooled.squeeze(1)).unflatten(0, sequence.shape[:2])
        features = self.subspaces.replace_absent(features, present)
        return BranchOutput(features, *self.subspaces(features))


class DecVAEPreTrainedModel(PreTrainedModel):
    """Weight initialisation of wav2vec2 and the Hugging Face loading machinery."""

    config_class = DecVAEConfig
    base_model_prefix = "decvae"
    main_input_name = "frames"
    _keys_to_ignore_on_load_unexpected = (r"^classifier\.",)  # the encoder of a fine-tuned model may be used alone

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=self.config.initializer_range)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Conv1d):
            nn.init.kaiming_normal_(module.weight)
            bound = (module.groups / (module.in_channels * module.kernel_size[0])) ** 0.5
            nn.init.uniform_(module.bias, -bound, bound)
        elif isinstance(module, (nn.LayerNorm, TimeNorm, LevelNorm)):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
            if getattr(module, "running_mean", None) is not None:
                nn.init.zeros_(module.running_mean)
                nn.init.ones_(module.running_var)
        elif isinstance(module, nn.MultiheadAttention):
            nn.init.xavier_uniform_(module.in_proj_weight)
            nn.init.zeros_(module.in_proj_bias)
        elif isinstance(module, SequenceBranch):
            nn.init.normal_(module.query)
        elif isinstance(module, Subspaces):
            nn.init.normal_(module.absent, std=self.config.initializer_range)


class DecVAEModel(DecVAEPreTrainedModel):
    """The encoder with its subspaces: inputs in, features and latents out."""

    def __init__(self, config: DecVAEConfig):
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
            ``z.features`` (B, F, C + 1, projection_dim), ``z.mu`` and ``z.logvar`` (B, F, n_subspaces, latent_dim_z);
            ``s.features`` (B, C_seq + 1, projection_dim), ``s.mu`` and ``s.logvar`` (B, n_subspaces, latent_dim_s).

        Raises
        ------
        ValueError
            If an input has another number of levels than the configuration.
        """
        z = s = None
        if self.branch_z is not None:
            self._check_levels("frames", frames.shape[2], self.config.n_components)
            if frame_mask is None:
                frame_mask = torch.ones(frames.shape[:2], dtype=torch.bool, device=frames.device)
            z = self.branch_z(frames, frames_present, frame_mask)
        if self.branch_s is not None:
            self._check_levels("sequence", sequence.shape[1], self.config.n_components_seq)
            s = self.branch_s(sequence, sequence_lengths, sequence_present)
        return DecVAEOutput(z=z, s=s)

    @staticmethod
    def _check_levels(name: str, found: int, n_components: int) -> None:
        if found != n_components + 1:
            raise ValueError(f"{name} has {found} levels, expected X and {n_components} components")
