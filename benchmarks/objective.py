"""Time and memory of the decomposition loss, forward and backward, beside a plain implementation by ``F.kl_div``.

    python benchmarks/objective.py

Both sides alternate in one process on one thread; medians of CPU time are compared. Memory is what autograd keeps for
the backward pass. Loss and gradient must agree.
"""

from __future__ import annotations

import math
import time
from itertools import combinations
from statistics import median

import torch
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


def measured(loss, leaves: list[Tensor]) -> tuple[float, int, Tensor, Tensor]:
    """CPU seconds of one forward and backward pass, bytes kept in between, loss and gradient of X."""
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    for leaf in leaves:
        leaf.grad = None
    start = time.process_time()
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        value = loss()
    value.backward()
    return time.process_time() - start, sum(kept.values()), value.detach(), leaves[0].grad


def main() -> None:
    """Print one line per shape and objective."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    print("utterances x frames, C, objective: plain / ours in time, in memory; ms of ours")
    for batch, frames, count in SHAPES:
        x = torch.randn(batch, frames, FEATURES, requires_grad=True)
        components = torch.randn(count, batch, frames, FEATURES, requires_grad=True)
        mask = torch.ones(batch, frames, dtype=torch.bool)
        for name, centring in (("corrected", "none"), ("centred", "level")):
            sides = (
                lambda: plain_loss(x, components, mask, centring),  # noqa: B023 (used in this round only)
                lambda: decomposition_loss(x, components, mask, centring=centring).loss,  # noqa: B023
            )
            rounds = [[measured(side, [x, components]) for side in sides] for _ in range(ROUNDS)]
            (_, plain_bytes, *plain), (_, our_bytes, *ours) = rounds[-1]
            for expected, found in zip(plain, ours, strict=True):
                torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-7)
            seconds = [median(pair[side][0] for pair in rounds) for side in (0, 1)]
            print(
                f"{batch} x {frames}, {count}, {name}: {seconds[0] / seconds[1]:.1f}, {plain_bytes / our_bytes:.1f}; "
                f"{1000 * seconds[1]:.1f} ms",
                flush=True,
            )


if __name__ == "__main__":
    main()
