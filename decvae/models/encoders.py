"""Encoders shared by X and all components: convolutions, or fully connected layers over a frame."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from decvae.models.configuration_decvae import DecVAEConfig
from decvae.models.norms import TimeNorm, make_norm, normalise


class ConvEncoder(nn.Module):
    """The wav2vec2 feature encoder: convolution, norm, GELU; no padding.

    Shape: (N, T) -> (N, T', channels of the last layer); T = 400 gives T' = 1. Level norms need the eligible rows
    (B, F, L) with B * F * L = N.
    """

    def __init__(self, channels: list[int], norm: str, n_levels: int, config: DecVAEConfig):
        super().__init__()
        widths = [1, *channels]
        self.convs = nn.ModuleList(
            nn.Conv1d(widths[i], widths[i + 1], kernel, stride)
            for i, (kernel, stride) in enumerate(zip(config.conv_kernel, config.conv_stride, strict=True))
        )
        if norm == "group":
            first = TimeNorm(channels[0], config.layer_norm_eps)
            self.norms = nn.ModuleList([first, *(nn.Identity() for _ in channels[1:])])
        else:
            self.norms = nn.ModuleList(make_norm(norm, width, n_levels, config.layer_norm_eps) for width in channels)

    def forward(self, signal: Tensor, eligible: Tensor | None = None) -> Tensor:
        hidden = signal.unsqueeze(-1)
        for conv, norm in zip(self.convs, self.norms, strict=True):
            hidden = F.gelu(normalise(norm, self._convolve(conv, hidden), eligible))
        return hidden

    @staticmethod
    def _convolve(conv: nn.Conv1d, hidden: Tensor) -> Tensor:
        """``conv`` on (N, T, channels), as one matrix product.

        Channels stay last, which the norm needs anyway; on CPU this takes half the time of Conv1d and two transposes.
        """
        kernel, stride = conv.kernel_size[0], conv.stride[0]
        steps = (hidden.shape[1] - kernel) // stride + 1
        taps = [hidden[:, j : j + stride * (steps - 1) + 1 : stride] for j in range(kernel)]
        return F.linear(torch.cat(taps, dim=2), conv.weight.transpose(1, 2).flatten(1), conv.bias)

    def output_lengths(self, lengths: Tensor) -> Tensor:
        """Steps after the encoder for inputs of the given lengths."""
        for conv in self.convs:
            lengths = torch.div(lengths - conv.kernel_size[0], conv.stride[0], rounding_mode="floor") + 1
        return lengths


class DenseEncoder(nn.Module):
    """Fully connected layers over a whole frame: linear, norm, GELU. Shape: (N, frame_length) -> (N, 1, width)."""

    def __init__(self, widths: list[int], norm: str, n_levels: int, config: DecVAEConfig):
        super().__init__()
        inputs = [config.frame_length, *widths]
        self.linears = nn.ModuleList(nn.Linear(inputs[i], width) for i, width in enumerate(widths))
        self.norms = nn.ModuleList(make_norm(norm, width, n_levels, config.layer_norm_eps) for width in widths)

    def forward(self, frames: Tensor, eligible: Tensor | None = None) -> Tensor:
        hidden = frames.unsqueeze(1)
        for linear, norm in zip(self.linears, self.norms, strict=True):
            hidden = F.gelu(normalise(norm, linear(hidden), eligible))
        return hidden
