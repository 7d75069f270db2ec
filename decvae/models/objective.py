"""The training objective: divergence between the levels' features, and the Gaussian prior of every subspace.

A *level* is X or one of its components OC1..OCC, of one frame (branch Z) or one utterance (branch S). The softmax over
a level's feature vector is read as a distribution. The divergence of two levels, in [0, 1], is read as the probability
that they differ: the pair (X, OC) should not, the pair (OC, OC) should.

:class:`ObjectiveSettings` names the three objectives and their options; docs/method.md derives them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from decvae.settings.objective import CHOICES, ObjectiveSettings

__all__ = [
    "DecompositionLoss",
    "ObjectiveSettings",
    "centre_levels",
    "decomposition_loss",
    "jensen_shannon",
    "kullback_leibler",
    "legacy_pairs",
    "masked_mean",
    "prior_loss",
]


@dataclass
class DecompositionLoss:
    """Decomposition loss and its parts.

    Attributes
    ----------
    loss : () tensor
        Weighted sum over pairs of both cross-entropies, with the default weights the sum of the two means below.
    divergence_positive, divergence_negative : () tensor
        Mean divergence in [0, 1] (Jensen-Shannon: in bits) of the frames of all pairs (X, OC) and of all (OC, OC),
        whatever the units and the reduction of the loss.
    probability_positive, probability_negative : () tensor
        Mean over utterances and pairs of P, the reduced divergence that enters the cross-entropy.
    cross_entropy_positive, cross_entropy_negative : () tensor
        Mean of ``-log(1 - P)`` over positive pairs and of ``-log P`` over negative pairs.
    pairs : {(k, l): () tensor}
        Divergence in [0, 1] of every pair of levels, 0 being X.
    """

    loss: Tensor
    divergence_positive: Tensor
    divergence_negative: Tensor
    probability_positive: Tensor
    probability_negative: Tensor
    cross_entropy_positive: Tensor
    cross_entropy_negative: Tensor
    pairs: dict[tuple[int, int], Tensor]


def masked_mean(values: Tensor, mask: Tensor, dim: int | tuple[int, ...] | None = None) -> Tensor:
    """Mean of ``values`` where ``mask`` (broadcastable bool) is True; 0 where nothing is."""
    mask = mask.expand_as(values)
    kept = torch.where(mask, values, 0.0)
    if dim is None:
        return kept.sum() / mask.sum().clamp_min(1)
    return kept.sum(dim) / mask.sum(dim).clamp_min(1)


def centre_levels(levels: Tensor, valid: Tensor, eps: float = 1e-5) -> Tensor:
    """Standardise each level's features over the valid frames of the batch.

    Without this the loss has a content-free optimum: constant features that merely name their component. Gradients flow
    through the statistics.

    Parameters
    ----------
    levels : (L, B, F, D)
    valid : (L, B, F) bool

    Returns
    -------
    (L, B, F, D)
        Zero mean and unit variance per level and feature over valid positions; others are meaningless.
    """
    mask = valid.unsqueeze(-1)
    mean = masked_mean(levels, mask, (1, 2)).unsqueeze(1).unsqueeze(1)
    variance = masked_mean((levels - mean) ** 2, mask, (1, 2)).unsqueeze(1).unsqueeze(1)
    return (levels - mean) * torch.rsqrt(variance + eps)


class _JensenShannon(torch.autograd.Function):
    """Divergences in nats of pairs of levels, with the gradient in closed form.

    With ``J = 1/2 [(p + eps) log(p + eps) + (q + eps) log(q + eps) - (p + q + 2 eps) log m]``, summed over features,
    and m = (p + q) / 2, the derivative by p is ``1/2 [log(p + eps) - log m - eps / m]``. By log p it is p times this,
    plus a multiple of p that a softmax takes away. One pair at a time, this needs a fraction of autograd's time and
    memory.
    """

    @staticmethod
    def forward(ctx: Any, log_p: Tensor, pairs: list[tuple[int, int]], eps: float) -> Tensor:
        p = log_p.exp()
        log_shifted = (p + eps).log() if eps else log_p
        divergence = log_p.new_empty(len(pairs), *log_p.shape[1:-1])
        for place, (k, other) in enumerate(pairs):
            log_m = _JensenShannon.mean(p[k], p[other]).log_()
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
            m = _JensenShannon.mean(p[k], p[other])
            offset = m.log().add_(ctx.eps / m) if ctx.eps else m.log_()
            for i in (k, other):
                gradient[i].addcmul_(upstream[place].unsqueeze(-1), log_shifted[i] - offset, value=0.5)
        return gradient.mul_(p), None, None

    @staticmethod
    def mean(p: Tensor, q: Tensor) -> Tensor:
        """(p + q) / 2, at least the smallest normal number, where p and q add nothing but the logarithm must exist."""
        return (p + q).mul_(0.5).clamp_min_(torch.finfo(p.dtype).tiny)


def jensen_shannon(log_p: Tensor, pairs: list[tuple[int, int]], eps: float = 0.0) -> Tensor:
    """Jensen-Shannon divergence in bits, in [0, 1], of pairs of distributions over the last axis.

    ``eps`` is added to p and q, but not to their mean m, as in the published code::

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
    return _JensenShannon.apply(log_p, pairs, eps) / math.log(2)


def kullback_leibler(log_p: Tensor, log_q: Tensor) -> Tensor:
    """``1 - exp(-K)``, in [0, 1), K being the mean of KL(p || q) and KL(q || p) in nats.

    K itself has no bound, so it is no probability. This form has, is never below the squared total variation
    (Bretagnolle and Huber), and turns the cross-entropy ``-log(1 - P)`` of a single frame into K.
    """
    divergence = 0.5 * ((log_p.exp() - log_q.exp()) * (log_p - log_q)).sum(-1)
    return -torch.expm1(-divergence)


def legacy_pairs(levels: Tensor, valid: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Levels in the places that a reshape gave them in the published code.

    There the components of the n selected frames of an utterance, in the order frame by frame, were viewed as if they
    came component by component. Row f of component c (from 0) therefore is component ``(c n + f) mod C`` of the
    selected frame ``(c n + f) // C``. The rows of X are the selected frames.

    Parameters
    ----------
    levels : (C + 1, B, F, D)
    valid : (C + 1, B, F) bool
    mask : (B, F) bool
        Selected frames.

    Returns
    -------
    levels : (C + 1, B, F, D)
        The first n rows of each utterance; the others are meaningless.
    valid : (C + 1, B, F) bool
        Of each row, False beyond the first n.
    """
    n_components, n_frames = len(levels) - 1, mask.shape[1]
    selected = mask.sum(1, keepdim=True)
    order = torch.argsort((~mask).to(torch.uint8), dim=1, stable=True)
    frame = torch.arange(n_frames, device=mask.device)
    component = torch.arange(n_components, device=mask.device).view(-1, 1, 1)
    row = component * selected + frame  # (C, B, F)
    utterance = torch.arange(len(mask), device=mask.device).unsqueeze(1)
    source = order[utterance, (row // n_components).clamp_max(n_frames - 1)]
    source = torch.cat([order.unsqueeze(0), source])
    level = torch.cat([torch.zeros_like(row[:1]), row % n_components + 1])
    return levels[level, utterance, source], valid[level, utterance, source] & (frame < selected)


def _pair_weights(n_components: int, given: Mapping[tuple[int, int], float] | None) -> dict[tuple[int, int], float]:
    """Weight of every pair: 1/C of (X, OC), 1/C(C, 2) of (OC, OC), or as given."""
    pairs = list(combinations(range(n_components + 1), 2))
    weights = {pair: 1 / n_components if pair[0] == 0 else 1 / math.comb(n_components, 2) for pair in pairs}
    if unknown := set(given or {}) - set(pairs):
        raise ValueError(f"weights name the pairs {sorted(unknown)}; with {n_components} components there are {pairs}")
    return {**weights, **(given or {})}


def _check_options(n_components: int, **options: str | None) -> None:
    for name, value in options.items():
        allowed = (None, "level") if name == "centring" else CHOICES[name]
        if value not in allowed:
            raise ValueError(f"{name} must be one of {allowed}, found {value!r}")
    if n_components < 2:
        raise ValueError(f"the loss needs at least 2 components, found {n_components}")


def decomposition_loss(
    x: Tensor,
    components: Tensor,
    mask: Tensor,
    *,
    weights: Mapping[tuple[int, int], float] | None = None,
    divergence: str = "js",
    units: str = "bits",
    eps: float = 0.0,
    frame_reduction: str = "mean",
    log_floor: float = 1e-7,
    pairing: str = "aligned",
    present: Tensor | None = None,
    centring: str | None = None,
    temperature: float = 1.0,
) -> DecompositionLoss:
    """Pull X towards each component and push the components apart.

    For utterance i and levels k, l of the same frame, with the divergence D and the weights w::

        P_i(k, l) = mean_f D(softmax h_k[i, f] / T, softmax h_l[i, f] / T)
        loss      = sum_c w_0c mean_i -log(1 - P_i(X, OC_c)) + sum_{k<l} w_kl mean_i -log P_i(OC_k, OC_l)

    Parameters
    ----------
    x : (B, F, D) or (B, D)
        Features of X, of frames (branch Z) or of utterances (branch S).
    components : (C, B, F, D) or (C, B, D)
        Features of OC1..OCC.
    mask : (B, F) or (B,) bool
        Frames that enter the loss; utterances without any do not count.
    weights : {(k, l): float}, optional
        Weights of pairs of levels, k < l, 0 being X; by default 1/C of each (X, OC) and 1/C(C, 2) of each (OC, OC).
    divergence, units, eps, frame_reduction, log_floor, pairing
        Options of :class:`ObjectiveSettings`; ``units`` and ``eps`` are those of ``divergence="js"``.
    present : (C, B, F) or (C, B) bool, optional
        False where a component is absent: pairs with it are left out of the means.
    centring : {None, "level"}
        "level": standardise each level over the batch first (:func:`centre_levels`).
    temperature : float
        Of the softmax.

    Raises
    ------
    ValueError
        For a value that an option does not have, a weight of no pair, or fewer than two components.
    """
    _check_options(
        len(components),
        divergence=divergence,
        units=units,
        frame_reduction=frame_reduction,
        pairing=pairing,
        centring=centring,
    )
    levels = torch.cat([x.unsqueeze(0), components])
    if x.dim() == 2:
        levels, mask = levels.unsqueeze(2), mask.unsqueeze(1)
        present = None if present is None else present.unsqueeze(2)
    valid = mask.expand(levels.shape[:3])
    if present is not None:
        valid = valid & torch.cat([torch.ones_like(mask).unsqueeze(0), present])
    if centring == "level":
        levels = centre_levels(levels, valid)
    log_p = F.log_softmax(levels / temperature, dim=-1)
    if pairing == "legacy":
        log_p, valid = legacy_pairs(log_p, valid, mask)

    weight_of = _pair_weights(len(components), weights)
    first, second = torch.tensor(list(weight_of), device=x.device).T
    both = valid[first] & valid[second]  # (pairs, B, F)
    differ = first > 0
    if divergence == "js":
        bounded = jensen_shannon(log_p, list(weight_of), eps)
        per_frame = bounded * math.log(2) if units == "nats" else bounded
    else:
        bounded = per_frame = kullback_leibler(log_p[first], log_p[second])
    if frame_reduction == "mean":
        probability = masked_mean(per_frame, both, 2)
    else:
        probability = torch.where(both, per_frame, 0.0).sum(2)
    # Of a mean, this mends what rounding puts beyond the bounds; of a sum, it is the published saturation.
    probability = probability.clamp(0, 1)

    counted = both.any(2)
    entropy = masked_mean(_cross_entropy(probability, differ.unsqueeze(1), log_floor), counted, 1)
    pairs, reduced = masked_mean(bounded, both, (1, 2)), masked_mean(probability, counted, 1)
    loss = torch.dot(entropy, entropy.new_tensor(list(weight_of.values())))
    return DecompositionLoss(
        loss,
        *(part[kind].mean() for part in (pairs, reduced, entropy) for kind in (~differ, differ)),
        dict(zip(weight_of, pairs, strict=True)),
    )


def _cross_entropy(probability: Tensor, differ: Tensor, log_floor: float) -> Tensor:
    """``-log P`` where levels should ``differ``, ``-log(1 - P)`` elsewhere; see ``log_floor`` of ObjectiveSettings."""
    if log_floor == 0:
        target = differ.to(probability.dtype).expand_as(probability)
        return F.binary_cross_entropy(probability, target, reduction="none")
    return -torch.log(torch.where(differ, probability, 1 - probability) + log_floor)


def prior_loss(mu: Tensor, logvar: Tensor, mask: Tensor, *, reduction: str = "mean", on_x: bool = True) -> Tensor:
    """KL divergence in nats from N(mu, exp(logvar)) to N(0, 1): sum over dimensions, mean over subspaces.

    Parameters
    ----------
    mu, logvar : (..., n_subspaces, d)
        X first, then the components and, if there is one, OCs_proj.
    mask : (...) bool
        Rows (frames or utterances) that count.
    reduction : {"mean", "sum"}
        Over rows.
    on_x : bool
        False leaves X out; its heads then get no gradient from here.

    Raises
    ------
    ValueError
        For another reduction.
    """
    if reduction not in CHOICES["prior_reduction"]:
        raise ValueError(f"reduction must be one of {CHOICES['prior_reduction']}, found {reduction!r}")
    if not on_x:
        mu, logvar = mu[..., 1:, :], logvar[..., 1:, :]
    divergence = -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(-1).mean(-1)
    return masked_mean(divergence, mask) if reduction == "mean" else torch.where(mask, divergence, 0.0).sum()
