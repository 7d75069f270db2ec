"""Divergences of distributions over features, in [0, 1], to be read as the probability of a difference."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

Pair = tuple[int, int]


class _JensenShannon(torch.autograd.Function):
    """Divergences in nats of pairs of levels, with the gradient in closed form.

    With ``J = 1/2 [(p + eps) log(p + eps) + (q + eps) log(q + eps) - (p + q + 2 eps) log m]``, summed over features,
    and m = (p + q) / 2, the derivative by p is ``1/2 [log(p + eps) - log m - eps / m]``. By log p it is p times this,
    plus a multiple of p that a softmax takes away. One pair at a time, this needs a fraction of autograd's time and
    memory.
    """

    @staticmethod
    def forward(ctx: Any, log_p: Tensor, pairs: list[Pair], eps: float) -> Tensor:
        p = log_p.exp()
        log_shifted = (p + eps).log() if eps else log_p
        divergence = log_p.new_empty(len(pairs), *log_p.shape[1:-1])
        for place, (k, other) in enumerate(pairs):
            log_m = _mean(p[k], p[other]).log_()
            sides = [torch.linalg.vecdot(p[i] + eps, log_shifted[i] - log_m) for i in (k, other)]
            divergence[place] = 0.5 * (sides[0] + sides[1])
        ctx.save_for_backward(p, log_shifted)
        ctx.pairs, ctx.eps = pairs, eps
        return divergence

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None, None]:
        p, log_shifted = ctx.saved_tensors
        gradient = torch.zeros_like(p)
        for place, (k, other) in enumerate(ctx.pairs):
            m = _mean(p[k], p[other])
            offset = m.log().add_(ctx.eps / m) if ctx.eps else m.log_()
            for i in (k, other):
                gradient[i].addcmul_(upstream[place].unsqueeze(-1), log_shifted[i] - offset, value=0.5)
        return gradient.mul_(p), None, None


def _mean(p: Tensor, q: Tensor) -> Tensor:
    """(p + q) / 2, at least the smallest normal number, where p and q add nothing but the logarithm must exist."""
    return (p + q).mul_(0.5).clamp_min_(torch.finfo(p.dtype).tiny)


def jensen_shannon(log_p: Tensor, pairs: list[Pair], eps: float = 0.0) -> Tensor:
    """Jensen-Shannon divergence in bits, in [0, 1], of pairs of distributions over the last axis.

    ``eps`` (published: 1e-8) is added to p and q, but not to their mean m::

        J = 1/2 sum_d (p_d + eps) (log(p_d + eps) - log m_d) + (q_d + eps) (log(q_d + eps) - log m_d)

    Parameters
    ----------
    log_p : (L, ..., D)
        Normalised log-probabilities, as from ``log_softmax``; the gradient is right only before that.
    pairs : list of (int, int)
        Which of the L are compared.

    Returns
    -------
    (len(pairs), ...)
    """
    divergence: Tensor = _JensenShannon.apply(log_p, pairs, eps)
    return divergence / math.log(2)


def kullback_leibler(log_p: Tensor, log_q: Tensor) -> Tensor:
    """``1 - exp(-K)``, in [0, 1), K being the mean of KL(p || q) and KL(q || p) in nats.

    K itself has no bound, so it is no probability. This form has, is never below the squared total variation
    (Bretagnolle and Huber), and turns the cross-entropy ``-log(1 - P)`` of a single frame into K.
    """
    divergence = 0.5 * ((log_p.exp() - log_q.exp()) * (log_p - log_q)).sum(-1)
    return -torch.expm1(-divergence)
