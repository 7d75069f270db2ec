"""The training objective: divergence between the levels' features, and the Gaussian prior of every subspace.

A *level* is X or one of its components OC1..OCC, of one frame (branch Z) or one utterance (branch S). The softmax over
a level's feature vector is read as a distribution. Two levels' Jensen-Shannon divergence, in bits and therefore in
[0, 1], is read as the probability that they differ: the pair (X, OC) should not, the pair (OC, OC) should.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor
from torch.nn import functional as F

LOG_FLOOR = 1e-7  # added inside -log: finite at P = 0, and unlike a clamp it leaves a gradient there


@dataclass
class DecompositionLoss:
    """Decomposition loss and its parts.

    Attributes
    ----------
    loss : () tensor
        Mean over pairs of both cross-entropies.
    divergence_positive, divergence_negative : () tensor
        Mean Jensen-Shannon divergence in [0, 1] of the pairs (X, OC) and (OC, OC).
    cross_entropy_positive, cross_entropy_negative : () tensor
        Mean of ``-log(1 - P)`` over positive pairs and of ``-log P`` over negative pairs.
    pairs : {(k, l): () tensor}
        Divergence of every pair of levels, 0 being X.
    """

    loss: Tensor
    divergence_positive: Tensor
    divergence_negative: Tensor
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


def jensen_shannon(log_p: Tensor, log_q: Tensor) -> Tensor:
    """Jensen-Shannon divergence in bits, in [0, 1], of distributions given by log-probabilities over the last axis."""
    log_m = torch.logaddexp(log_p, log_q) - math.log(2)
    divergence = 0.5 * (log_p.exp() * (log_p - log_m) + log_q.exp() * (log_q - log_m)).sum(-1)
    return divergence / math.log(2)


def decomposition_loss(
    x: Tensor, components: Tensor, mask: Tensor, *, present: Tensor | None = None, centring: str | None = None
) -> DecompositionLoss:
    """Pull X towards each component and push the components apart.

    For utterance i, pairs of levels of the same frame, and JS averaged over the frames in the mask::

        P_i(k, l) = mean_f JS(softmax h_k[i, f], softmax h_l[i, f])
        loss      = mean_c mean_i -log(1 - P_i(X, OC_c)) + mean_{k<l} mean_i -log P_i(OC_k, OC_l)

    Parameters
    ----------
    x : (B, F, D) or (B, D)
        Features of X, of frames (branch Z) or of utterances (branch S).
    components : (C, B, F, D) or (C, B, D)
        Features of OC1..OCC.
    mask : (B, F) or (B,) bool
        Frames that enter the loss.
    present : (C, B, F) or (C, B) bool, optional
        False where a component is absent: pairs with it are left out of the means.
    centring : {None, "level"}
        "level": standardise each level over the batch first (:func:`centre_levels`).

    Raises
    ------
    ValueError
        For an unknown ``centring`` or fewer than two components.
    """
    if centring not in (None, "level"):
        raise ValueError(f"centring must be None or 'level', found {centring!r}")
    if len(components) < 2:
        raise ValueError(f"the loss needs at least 2 components, found {len(components)}")
    levels = torch.cat([x.unsqueeze(0), components])
    if x.dim() == 2:
        levels, mask = levels.unsqueeze(2), mask.unsqueeze(1)
        present = None if present is None else present.unsqueeze(2)
    valid = mask.expand(levels.shape[:3])
    if present is not None:
        valid = valid & torch.cat([torch.ones_like(mask).unsqueeze(0), present])
    if centring == "level":
        levels = centre_levels(levels, valid)
    log_p = F.log_softmax(levels, dim=-1)

    divergences, entropies, pairs = {True: [], False: []}, {True: [], False: []}, {}
    for k, other in combinations(range(len(levels)), 2):
        positive, both = k == 0, valid[k] & valid[other]
        divergence = jensen_shannon(log_p[k], log_p[other])
        per_utterance = masked_mean(divergence, both, 1)
        probability = (1 - per_utterance) if positive else per_utterance
        entropy = -torch.log(probability + LOG_FLOOR)
        pairs[k, other] = masked_mean(divergence, both)
        divergences[positive].append(pairs[k, other])
        entropies[positive].append(masked_mean(entropy, both.any(1)))
    means = [torch.stack(values).mean() for values in (divergences[True], divergences[False])]
    entropy_means = [torch.stack(values).mean() for values in (entropies[True], entropies[False])]
    return DecompositionLoss(sum(entropy_means), *means, *entropy_means, pairs)


def prior_loss(mu: Tensor, logvar: Tensor, mask: Tensor) -> Tensor:
    """KL divergence in nats from N(mu, exp(logvar)) to N(0, 1): sum over dimensions, mean over rows and subspaces.

    Parameters
    ----------
    mu, logvar : (..., n_subspaces, d)
    mask : (...) bool
        Rows that count.
    """
    divergence = -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(-1)
    return masked_mean(divergence.mean(-1), mask)
