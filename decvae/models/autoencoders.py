"""The fully connected AE, VAE and beta-VAE that DecVAE is compared with (one frame's spectrum of X at a time)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForPreTraining, PreTrainedConfig, PreTrainedModel
from transformers.utils import ModelOutput
from transformers.utils import logging as transformers_logging

from decvae.models.objective import prior_loss


class AutoencoderConfig(PreTrainedConfig):
    """Configuration; the defaults are the published SimVowels baseline.

    Attributes
    ----------
    input_dim : int
        Values of one frame (80 for mel).
    widths : list of int
        Hidden layers of the encoder; the decoder mirrors them without the last.
    latent_dim : int
    beta : float
        Weight of the prior: 0 is an AE (no sampling), 1 a VAE, anything else a beta-VAE.
    """

    model_type = "decvae_autoencoder"

    def __init__(
        self,
        input_dim: int = 80,
        widths: list[int] | None = None,
        latent_dim: int = 48,
        beta: float = 1.0,
        preprocessing: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        self.input_dim = input_dim
        self.widths = list(widths or [2048, 1024, 512, 512, 512, 256, 256])
        self.latent_dim = latent_dim
        self.beta = beta
        self.preprocessing = preprocessing or {}
        super().__init__(**kwargs)
        if beta < 0:
            raise ValueError(f"beta must be at least 0, found {beta}")


@dataclass
class AutoencoderOutput(ModelOutput):
    """Total loss and its detached parts."""

    loss: Tensor | None = None
    parts: dict[str, Tensor] | None = None


class Autoencoder(PreTrainedModel):
    """Encoder (Linear, BatchNorm, GELU), heads, decoder (Linear, GELU) with a linear output (targets are z-scores)."""

    config: AutoencoderConfig
    config_class = AutoencoderConfig
    main_input_name = "vectors"

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__(config)
        encoder, width = [], config.input_dim
        for inner in config.widths:
            encoder += [nn.Linear(width, inner), nn.BatchNorm1d(inner), nn.GELU()]
            width = inner
        self.encoder = nn.Sequential(*encoder)
        self.mean = nn.Linear(width, config.latent_dim)
        self.logvar = nn.Linear(width, config.latent_dim)
        decoder, width = [], config.latent_dim
        for inner in config.widths[-2::-1]:
            decoder += [nn.Linear(width, inner), nn.GELU()]
            width = inner
        self.decoder = nn.Sequential(*decoder, nn.Linear(width, config.input_dim))
        self.post_init()

    def encode(self, vectors: Tensor) -> tuple[Tensor, Tensor]:
        """Posterior mean and log-variance, in [-20, 20], of vectors (N, input_dim)."""
        hidden = self.encoder(vectors)
        return self.mean(hidden), self.logvar(hidden).clamp(-20, 20)

    def forward(self, vectors: Tensor, frame_mask: Tensor) -> AutoencoderOutput:
        """Loss of one batch: squared error summed over values plus beta KL, averaged over frames.

        Parameters
        ----------
        vectors : (B, F, input_dim)
        frame_mask : (B, F) bool
            Padded frames enter neither the loss nor the batch statistics.
        """
        real = vectors[frame_mask]
        mu, logvar = self.encode(real)
        sample = mu
        if self.training and self.config.beta > 0:
            sample = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
        reconstruction = ((self.decoder(sample) - real) ** 2).sum(-1).mean()
        prior = prior_loss(mu.unsqueeze(-2), logvar.unsqueeze(-2), torch.ones_like(mu[:, 0], dtype=torch.bool))
        return AutoencoderOutput(
            loss=reconstruction + self.config.beta * prior,
            parts={"Z/reconstruction": reconstruction.detach(), "Z/prior": prior.detach()},
        )


transformers_logging.disable_progress_bar()  # models of a few megabytes; the bars only clutter logs
AutoConfig.register(AutoencoderConfig.model_type, AutoencoderConfig)
AutoModelForPreTraining.register(AutoencoderConfig, Autoencoder)
