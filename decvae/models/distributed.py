"""Several processes, one batch: gather what each of them holds, with gradients, so that a loss sees the whole batch."""

from __future__ import annotations

import os
from typing import Any

import torch
from torch import Tensor
from torch import distributed as dist
from torch.nn import functional as F


def process_count() -> int:
    """Processes that train together; 1 without ``accelerate launch``."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def is_first_process() -> bool:
    """Whether this is the process that writes what all of them share."""
    return int(os.environ.get("RANK", "0")) == 0


def sum_over_processes(values: Tensor) -> Tensor:
    """The sum of what every process holds, without gradient; with one process ``values`` themselves."""
    if process_count() == 1:
        return values
    total = values.detach().clone()
    dist.all_reduce(total)
    return total


class _AllGather(torch.autograd.Function):
    """(n, ...) of every process -> (processes, n, ...) in all of them; gradients are summed over the processes."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        parts = [torch.empty_like(values) for _ in range(process_count())]
        dist.all_gather(parts, values)
        return torch.stack(parts)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        gradient = gradient.contiguous()
        dist.all_reduce(gradient)
        return gradient[dist.get_rank()]


def gather_rows(values: Tensor) -> Tensor:
    """Rows of all processes, in the order of the whole batch; with one process ``values`` themselves.

    Every process can then compute the loss of the whole batch, whatever statistics of the batch it takes. The gradient
    is summed over the processes, which all compute the same loss, and data-parallel training divides by their number: a
    parameter's gradient is that of one process with the whole batch.

    Parameters
    ----------
    values : (B, ...) or (B, F, ...)
        The same B in all processes. A shorter second axis is padded with zeros (False).

    Returns
    -------
    (processes * B, ...) or (processes * B, longest F, ...)
    """
    if process_count() == 1:
        return values
    if values.dtype == torch.bool:
        return gather_rows(values.to(torch.uint8)).bool()
    if values.dim() > 1:
        longest = torch.tensor(values.shape[1], device=values.device)
        dist.all_reduce(longest, dist.ReduceOp.MAX)
        values = F.pad(values, [0, 0] * (values.dim() - 2) + [0, int(longest) - values.shape[1]])
    return _AllGather.apply(values.contiguous()).flatten(0, 1)
