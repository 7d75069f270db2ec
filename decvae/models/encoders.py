"""Encoders of signals (N, T), shared by X and all components, and the pooling of their steps to one vector.

An encoder has ``width``, the channels of its output, and ``output_lengths``. Level norms need the eligible rows
(B, F, L) with B * F * L = N.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence
from transformers.modeling_layers import GradientCheckpointingLayer

from decvae.models.configuration_decvae import DecVAEConfig
from decvae.models.norms import LevelNorm, TimeNorm, make_norm, normalise

CPU_SAMPLES = 25_600  # of the signals that pass through an encoder together, so that activations stay in the caches


class ChannelsLastConv(nn.Conv1d):
    """``Conv1d`` without padding on (N, T, channels).

    Channels stay last, which the norms need anyway: seen as an image of height 1 in torch's channels-last format, this
    costs no copy, and on CPU about two thirds of the time of Conv1d between two transposes.
    """

    def forward(self, hidden: Tensor) -> Tensor:
        """Convolve ``hidden`` (N, T, channels)."""
        if torch.compiler.is_compiling():  # the compiler chooses the layout
            return F.conv1d(hidden.transpose(1, 2), self.weight, self.bias, self.stride).transpose(1, 2)
        image = hidden.unsqueeze(1).permute(0, 3, 1, 2)  # (N, channels, 1, T)
        found = F.conv2d(image, self.weight.unsqueeze(2), self.bias, stride=(1, self.stride[0]))
        return found.permute(0, 2, 3, 1).squeeze(1)

    def taps(self, hidden: Tensor) -> list[Tensor]:
        """What each tap of the kernel sees: ``kernel`` views (N, T', channels)."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        steps = (hidden.shape[1] - kernel) // stride + 1
        return [hidden[:, j : j + stride * (steps - 1) + 1 : stride] for j in range(kernel)]


class EncoderLayer(GradientCheckpointingLayer):
    """Convolution or linear map, norm, skip connection if asked, GELU. Shape: (N, T, inputs) -> (N, T', outputs).

    The skip connection (ResNet-D, arXiv:1812.01187) averages what the taps of a convolution see and, where the number
    of channels changes, maps it by a convolution of one tap; it is added before the GELU.
    """

    def __init__(self, transform: ChannelsLastConv | nn.Linear, norm: nn.Module, skip: bool) -> None:
        super().__init__()
        self.transform, self.norm, self.skip = transform, norm, skip
        outputs, inputs = transform.weight.shape[:2]
        self.shortcut = ChannelsLastConv(inputs, outputs, 1, bias=False) if skip and inputs != outputs else None

    def forward(self, hidden: Tensor, eligible: Tensor | None = None) -> Tensor:
        """(N, T, inputs) and, for a level norm, its eligible rows -> (N, T', outputs)."""
        new = normalise(self.norm, self.transform(hidden), eligible)
        if self.skip:
            if isinstance(self.transform, ChannelsLastConv):
                taps = self.transform.taps(hidden)
                hidden = cast(Tensor, sum(taps)) / len(taps)
            new = new + (hidden if self.shortcut is None else self.shortcut(hidden))
        return F.gelu(new)


class Encoder(nn.Module):
    """A stack of layers over the steps that a kind of encoder makes of a signal."""

    def __init__(self, layers: list[EncoderLayer], width: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.width = width

    def forward(self, signal: Tensor, eligible: Tensor | None = None) -> Tensor:
        """(N, T) -> (N, T', width)."""
        hidden = self.steps(signal)
        together = torch.compiler.is_compiling() or signal.device.type != "cpu"
        if together or any(isinstance(layer.norm, LevelNorm) for layer in self.layers):
            return self._through(hidden, eligible)
        return torch.cat([self._through(part, None) for part in hidden.split(max(1, CPU_SAMPLES // signal.shape[1]))])

    def steps(self, signal: Tensor) -> Tensor:
        """What the first layer sees of a signal: (N, T) -> (N, T', channels)."""
        raise NotImplementedError

    def output_lengths(self, lengths: Tensor) -> Tensor:
        """Steps after the encoder for inputs of the given lengths."""
        raise NotImplementedError

    def _through(self, hidden: Tensor, eligible: Tensor | None) -> Tensor:
        for layer in self.layers:
            hidden = layer(hidden, eligible)
        return hidden


class ConvEncoder(Encoder):
    """The wav2vec2 feature encoder, without padding: T = 400 gives T' = 1. The first layer has no skip connection."""

    def __init__(self, channels: list[int], norm: str, n_levels: int, config: DecVAEConfig) -> None:
        inputs, layers = 1, []
        for i, width in enumerate(channels):
            conv = ChannelsLastConv(inputs, width, config.conv_kernel[i], config.conv_stride[i])
            if norm != "group":
                after = make_norm(norm, width, n_levels, config.layer_norm_eps)
            else:
                after = TimeNorm(width, config.layer_norm_eps) if i == 0 else nn.Identity()
            layers.append(EncoderLayer(conv, after, config.skip_connections and i > 0))
            inputs = width
        super().__init__(layers, inputs)

    def steps(self, signal: Tensor) -> Tensor:
        """Every sample is a step of one channel."""
        return signal.unsqueeze(-1)

    def output_lengths(self, lengths: Tensor) -> Tensor:
        """Steps after the encoder for inputs of the given lengths."""
        for layer in self.layers:
            conv = cast(ChannelsLastConv, layer.transform)
            lengths = torch.div(lengths - conv.kernel_size[0], conv.stride[0], rounding_mode="floor") + 1
        return lengths


class DenseEncoder(Encoder):
    """Fully connected layers over abutting frames of ``frame_length`` values; a single frame gives T' = 1.

    The first layer, which sees the signal itself, has no skip connection.
    """

    def __init__(self, widths: list[int], norm: str, n_levels: int, config: DecVAEConfig) -> None:
        inputs, layers = config.frame_length, []
        for i, width in enumerate(widths):
            after = make_norm(norm, width, n_levels, config.layer_norm_eps)
            layers.append(EncoderLayer(nn.Linear(inputs, width), after, config.skip_connections and i > 0))
            inputs = width
        super().__init__(layers, inputs)
        self.frame_length = config.frame_length

    def steps(self, signal: Tensor) -> Tensor:
        """Every frame is a step; what is left at the end is dropped."""
        count = signal.shape[1] // self.frame_length
        return signal[:, : count * self.frame_length].unflatten(1, (count, self.frame_length))

    def output_lengths(self, lengths: Tensor) -> Tensor:
        """Steps after the encoder for inputs of the given lengths."""
        return torch.div(lengths, self.frame_length, rounding_mode="floor")


@contextmanager
def _without_tracking(model: nn.Module) -> Iterator[None]:
    norms = [module for module in model.modules() if isinstance(module, LevelNorm)]
    for norm in norms:
        norm.tracking = False
    try:
        yield
    finally:
        for norm in norms:
            norm.tracking = True


def checkpoint_contexts(model: nn.Module) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    """Contexts of gradient checkpointing: the second forward pass must not move running statistics again."""
    return nullcontext(), _without_tracking(model)


class AttentionPooling(nn.Module):
    """Attention with one learned query over the valid steps."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.empty(1, 1, width).normal_())
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)

    def forward(self, steps: Tensor, lengths: Tensor) -> Tensor:
        """(N, T', width) and the valid steps (N,) -> (N, width)."""
        query = self.query.expand(len(steps), -1, -1)
        padding = ~valid_steps(steps, lengths)
        pooled, _ = self.attention(query, steps, steps, key_padding_mask=padding, need_weights=False)
        return pooled.squeeze(1)


class LSTMPooling(nn.Module):
    """Final states of both directions of a two-layer LSTM over the valid steps, mapped back to the width."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(width, width, num_layers=2, bidirectional=True, batch_first=True)
        self.project = nn.Linear(2 * width, width)

    def forward(self, steps: Tensor, lengths: Tensor) -> Tensor:
        """(N, T', width) and the valid steps (N,) -> (N, width)."""
        packed = pack_padded_sequence(steps, lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, (final, _) = self.lstm(packed)
        return self.project(torch.cat([final[-2], final[-1]], dim=-1))  # of the last layer


class AveragePooling(nn.Module):
    """Mean over the valid steps."""

    def forward(self, steps: Tensor, lengths: Tensor) -> Tensor:
        """(N, T', width) and the valid steps (N,) -> (N, width)."""
        return (steps * valid_steps(steps, lengths).unsqueeze(-1)).sum(1) / lengths.unsqueeze(-1)


class MaxPooling(nn.Module):
    """Largest value of each channel over the valid steps."""

    def forward(self, steps: Tensor, lengths: Tensor) -> Tensor:
        """(N, T', width) and the valid steps (N,) -> (N, width)."""
        return steps.masked_fill(~valid_steps(steps, lengths).unsqueeze(-1), float("-inf")).amax(1)


def valid_steps(steps: Tensor, lengths: Tensor) -> Tensor:
    """Mask (N, T') of the steps that are not padding."""
    return torch.arange(steps.shape[1], device=steps.device) < lengths.unsqueeze(1)


def make_pooling(kind: str, width: int, heads: int) -> nn.Module:
    """A module (N, T', width), lengths (N,) of at least 1 -> (N, width)."""
    if kind == "attention":
        return AttentionPooling(width, heads)
    if kind == "lstm":
        return LSTMPooling(width)
    return AveragePooling() if kind == "average" else MaxPooling()
