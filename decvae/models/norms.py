"""Norms of branch Z's encoders, with statistics of a frame, of an utterance or of the batch."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from decvae.models.distributed import sum_over_processes

LEVEL_NORMS = ("batch", "batch_running", "instance")


class _Standardise(torch.autograd.Function):
    """``weight * (hidden - mean) / sqrt(variance + eps) + bias`` over dimension 1 of (N, T, channels).

    With its gradient in closed form, which needs half the passes over memory of that of the composed operations.
    """

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
        standard = hidden.to(weight.dtype)
        standard = standard - standard.mean(1, keepdim=True)
        inverse = torch.rsqrt(standard.square().mean(1, keepdim=True) + eps)
        standard.mul_(inverse)
        ctx.save_for_backward(standard, inverse, weight)
        ctx.dtype = hidden.dtype
        return torch.addcmul(bias, standard, weight)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        standard, inverse, weight = ctx.saved_tensors
        of_bias = gradient.sum(1, keepdim=True)
        of_weight = (gradient * standard).sum(1, keepdim=True)
        steps = gradient.shape[1]
        of_hidden = gradient - torch.addcmul(of_bias / steps, standard, of_weight / steps)
        of_hidden.mul_(inverse * weight)
        return of_hidden.to(ctx.dtype), of_weight.sum((0, 1)), of_bias.sum((0, 1)), None


class TimeNorm(nn.Module):
    """Group norm with one group per channel: each channel standardised over time. Shape: (N, T, channels)."""

    def __init__(self, channels: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.eps = eps

    def forward(self, hidden: Tensor) -> Tensor:
        """Standardise ``hidden`` (N, T, channels)."""
        return _Standardise.apply(hidden, self.weight, self.bias, self.eps)


class LevelNorm(nn.Module):
    """Each channel of each level (X, OC1..OCC) standardised over frames and time; scale and offset serve all levels.

    Only eligible rows enter the statistics, and all rows are standardised by them. A channel with fewer than two
    eligible values has no statistics: it passes as it is.

    Parameters
    ----------
    kind : {"batch", "batch_running", "instance"}
        ``batch``: over the frames of the batch, in evaluation too, without gradient through the statistics (the norm of
        the published model; a latent then depends on its batch). In training it is the batch of all processes.
        ``batch_running``: the same in training; in evaluation
        running statistics, updated as those of ``torch.nn.BatchNorm1d``. ``instance``: over the frames of each
        utterance, with gradient, as ``torch.nn.InstanceNorm1d``.
    """

    momentum = 0.1  # of the running statistics
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, kind: str, channels: int, n_levels: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.kind, self.eps = kind, eps
        self.tracking = True  # off while gradient checkpointing runs this layer once more
        if kind == "batch_running":
            self.register_buffer("running_mean", torch.zeros(n_levels, channels))
            self.register_buffer("running_var", torch.ones(n_levels, channels))

    def forward(self, hidden: Tensor, eligible: Tensor) -> Tensor:
        """Standardise ``hidden`` (B * F * L, T, channels), rows in the order of ``eligible`` (B, F, L) bool."""
        rows = hidden.unflatten(0, eligible.shape).to(self.weight.dtype)
        if self.kind == "batch_running" and not self.training:
            mean, variance = self.running_mean, self.running_var
        else:
            with torch.set_grad_enabled(torch.is_grad_enabled() and self.kind == "instance"):
                mean, variance = self._statistics(rows, eligible)
        scale = torch.rsqrt(variance + self.eps) * self.weight
        shift = self.bias - mean * scale
        standard = torch.addcmul(shift.unsqueeze(-2), rows, scale.unsqueeze(-2))
        return standard.flatten(0, 2).to(hidden.dtype)

    def _statistics(self, rows: Tensor, eligible: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and biased variance of every channel of every level, (1 or B, 1, L, channels).

        The law of total variance: moments over time of each row first, so that no masked copy of ``rows`` is made. Two
        means are many times faster than ``torch.var_mean`` over a dimension that is not the last.
        """
        means = rows.mean(3)
        within = (rows - means.unsqueeze(3)).square().mean(3)
        weight = eligible.unsqueeze(-1).to(means.dtype)
        over = (1,) if self.kind == "instance" else (0, 1)
        # Processes validate on batches of their own.
        total = sum_over_processes if self.training and self.kind != "instance" else lambda values: values
        count = total(weight.sum(over, keepdim=True))
        share = weight / count.clamp(min=1)
        mean = total((share * means).sum(over, keepdim=True))
        variance = total((share * (within + (means - mean) ** 2)).sum(over, keepdim=True))
        values = count * rows.shape[3]
        known = values >= 2
        if self.kind == "batch_running" and self.tracking:
            self._track(mean, variance * values / (values - 1).clamp(min=1), known)
        return torch.where(known, mean, 0.0), torch.where(known, variance, 1.0)

    def _track(self, mean: Tensor, variance: Tensor, known: Tensor) -> None:
        """Move the running statistics of the levels that have some towards those of this batch."""
        for running, found in ((self.running_mean, mean), (self.running_var, variance)):
            running.lerp_(torch.where(known, found, running)[0, 0], self.momentum)


def normalise(norm: nn.Module, hidden: Tensor, eligible: Tensor | None) -> Tensor:
    """``norm`` of ``hidden``; only a :class:`LevelNorm` needs to know which rows are eligible."""
    return norm(hidden, eligible) if isinstance(norm, LevelNorm) else norm(hidden)


def make_norm(kind: str, channels: int, n_levels: int, eps: float) -> nn.Module:
    """A norm over channels (``layer``, and ``group`` where there is no time) or over rows (the level norms)."""
    if kind in LEVEL_NORMS:
        return LevelNorm(kind, channels, n_levels, eps)
    return nn.LayerNorm(channels, eps=eps)
