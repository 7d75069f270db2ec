"""Time and memory of the decomposition loss, forward and backward, beside a plain implementation by ``F.kl_div``.

    python benchmarks/objective.py

Both sides alternate in one process on one thread; medians of CPU time are compared. Memory is what autograd keeps for
the backward pass. Loss and gradient must agree.
"""

from __future__ import annotations

import math
from itertools import combinations
from statistics import median

import torch
from _measure import header, in_turns, row
from torch import Tensor
from torch.nn import functional as F

from decvae.models.objective import centre_levels, decomposition_loss

SHAPES = [(32, 8, 3), (16, 100, 3), (32, 8, 5), (16, 100, 5)]  # utterances, frames, components
FEATURES, ROUNDS = 192, 30


def plain_loss(x: Tensor, components: Tensor, mask: Tensor, centring: str) -> Tensor:
    """The same loss, pair by pair, with the library's divergence and autograd's derivative."""
    levels = torch.cat([x.unsqueeze(0), components])
    if centring == "level":
        levels = centre_levels(levels, mask.expand(levels.shape[:3]))
    log_p, losses = F.log_softmax(levels, -1), {True: [], False: []}
    for k, other in combinations(range(len(levels)), 2):
        log_m = torch.logaddexp(log_p[k], log_p[other]) - math.log(2)
        sides = [F.kl_div(log_m, log_p[i], reduction="none", log_target=True).sum(-1) for i in (k, other)]
        probability = (0.5 * sum(sides) / math.log(2)).mean(1)
        agreement = 1 - probability if k == 0 else probability
        losses[k == 0].append(-torch.log(agreement + 1e-7).mean())
    return sum(torch.stack(part).mean() for part in losses.values())


def step(loss, leaves: list[Tensor]) -> tuple[int, Tensor, Tensor]:
    """One forward and backward pass: bytes kept in between, loss and gradient of X."""
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    for leaf in leaves:
        leaf.grad = None
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        value = loss(*leaves)
    value.backward()
    return sum(kept.values()), value.detach(), leaves[0].grad


def compare(batch: int, frames: int, count: int, name: str, centring: str) -> None:
    """Print the row of a shape and an objective."""
    leaves = [torch.randn(*size, batch, frames, FEATURES, requires_grad=True) for size in ((), (count,))]
    mask = torch.ones(batch, frames, dtype=torch.bool)
    rounds = in_turns(
        ROUNDS,
        plain=lambda: step(lambda *levels: plain_loss(*levels, mask, centring), leaves),
        ours=lambda: step(lambda *levels: decomposition_loss(*levels, mask, centring=centring).loss, leaves),
    )
    (plain_bytes, *plain), (our_bytes, *ours) = (side[-1].result for side in rounds.values())
    for expected, found in zip(plain, ours, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-7)
    slow, fast = (median(one.cpu for one in side) for side in rounds.values())
    ratios = (f"{slow / fast:.1f}", f"{plain_bytes / our_bytes:.1f}")
    row(f"{batch} x {frames}, {count}", name, *ratios, f"{1000 * fast:.1f}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.manual_seed(0)
    header("utterances x frames, C", "objective", "plain / ours in time", "in memory", "ms of ours")
    for shape in SHAPES:
        compare(*shape, "corrected", "none")
        compare(*shape, "centred", "level")
