"""The training objective: divergence between the levels' features, and the Gaussian prior of every subspace.

A *level* is X or one of its components OC1..OCC, of one frame (branch Z) or one utterance (branch S). The softmax over
a level's feature vector is read as a distribution. The divergence of two levels, in [0, 1], is read as the probability
that they differ: the pair (X, OC) should not, the pair (OC, OC) should.

docs/method.md derives it; :mod:`decvae.models.published_objective` has the variants of the published code.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor
from torch.nn import functional as F

from decvae.models.divergences import Pair, jensen_shannon, kullback_leibler
from decvae.settings.objective import CHOICES

LOG_FLOOR = 1e-7  # added to the probability inside the cross-entropy's logarithm


@dataclass
class DecompositionLoss:
    """Decomposition loss and its parts.

    Attributes
    ----------
    loss : () tensor
        Sum of the two mean cross-entropies below.
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
    pairs: dict[Pair, Tensor]


def decomposition_loss(
    x: Tensor,
    components: Tensor,
    mask: Tensor,
    *,
    present: Tensor | None = None,
    divergence: str = "js",
    centring: str = "none",
    temperature: float = 1.0,
) -> DecompositionLoss:
    """Pull X towards each component and push the components apart.

    For utterance i and levels k, l of the same frame, with the divergence D::

        P_i(k, l) = mean_f D(softmax h_k[i, f] / T, softmax h_l[i, f] / T)
        loss      = mean_c mean_i -log(1 - P_i(X, OC_c)) + mean_{k<l} mean_i -log P_i(OC_k, OC_l)

    Parameters
    ----------
    x : (B, F, D) or (B, D)
        Features of X, of frames (branch Z) or of utterances (branch S).
    components : (C, B, F, D) or (C, B, D)
        Features of OC1..OCC.
    mask : (B, F) or (B,) bool
        Frames that enter the loss; utterances without any do not count.
    present : (C, B, F) or (C, B) bool, optional
        False where a component is absent: pairs with it are left out of the means.
    divergence : {"js", "kl"}
        :func:`decvae.models.divergences.jensen_shannon` or :func:`decvae.models.divergences.kullback_leibler`.
    centring : {"none", "level"}
        "level": standardise each level over the batch first (:func:`centre_levels`).
    temperature : float
        T of the softmax, above 0.

    Raises
    ------
    ValueError
        For a value that an option does not have, or fewer than two components.
    """
    check_choices(divergence=divergence, centring=centring)
    levels, mask, valid = stack_levels(x, components, mask, present)
    if centring == "level":
        levels = centre_levels(levels, valid)
    log_p = F.log_softmax(levels / temperature, dim=-1)
    pairs = level_pairs(len(levels))
    per_frame = pair_divergences(log_p, pairs, divergence)
    both, differ = pair_masks(valid, pairs)
    probability = masked_mean(per_frame, both, 2).clamp(0, 1)  # mends what rounding puts beyond the bounds
    return sum_up(pairs, per_frame, probability, cross_entropy(probability, differ, LOG_FLOOR), both)


def prior_loss(mu: Tensor, logvar: Tensor, mask: Tensor) -> Tensor:
    """KL divergence in nats from N(mu, exp(logvar)) to N(0, 1): sum over dimensions, mean over subspaces and rows.

    Parameters
    ----------
    mu, logvar : (..., n_subspaces, d)
        X first, then the components and, if there is one, OCs_proj.
    mask : (...) bool
        Rows (frames or utterances) that count.
    """
    return masked_mean(gaussian_divergence(mu, logvar), mask)


# ---- Parts ----


def check_choices(**options: str) -> None:
    """Raise ValueError for an option of a value that :data:`decvae.settings.objective.CHOICES` does not list."""
    for name, value in options.items():
        if value not in CHOICES[name]:
            raise ValueError(f"{name} must be one of {CHOICES[name]}, found {value!r}")


def stack_levels(x: Tensor, components: Tensor, mask: Tensor, present: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Arguments of :func:`decomposition_loss` -> levels (L, B, F, D), mask (B, F) and what counts, (L, B, F) bool.

    Utterances without frames have one, F = 1. X is always present.
    """
    if len(components) < 2:
        raise ValueError(f"the loss needs at least 2 components, found {len(components)}")
    levels = torch.cat([x.unsqueeze(0), components])
    if x.dim() == 2:
        levels, mask = levels.unsqueeze(2), mask.unsqueeze(1)
        present = None if present is None else present.unsqueeze(2)
    valid = mask.expand(levels.shape[:3])
    if present is not None:
        valid = valid & torch.cat([torch.ones_like(mask).unsqueeze(0), present])
    return levels, mask, valid


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


def level_pairs(n_levels: int) -> list[Pair]:
    """All pairs (k, l) of levels, k < l; those with X, which is level 0, come first."""
    return list(combinations(range(n_levels), 2))


def pair_divergences(log_p: Tensor, pairs: list[Pair], divergence: str, eps: float = 0.0) -> Tensor:
    """Divergence in [0, 1] of every pair: (L, B, F, D) log-probabilities -> (pairs, B, F).

    ``eps`` is that of :func:`decvae.models.divergences.jensen_shannon`.
    """
    if divergence == "js":
        return jensen_shannon(log_p, pairs, eps)
    first, second = torch.tensor(pairs, device=log_p.device).T
    return kullback_leibler(log_p[first], log_p[second])


def pair_masks(valid: Tensor, pairs: list[Pair]) -> tuple[Tensor, Tensor]:
    """Where both levels of a pair count, (pairs, B, F), and which pairs should differ, (pairs, 1); both bool."""
    first, second = torch.tensor(pairs, device=valid.device).T
    return valid[first] & valid[second], (first > 0).unsqueeze(1)


def cross_entropy(probability: Tensor, differ: Tensor, log_floor: float) -> Tensor:
    """``-log(P + log_floor)`` where levels should ``differ``, ``-log(1 - P + log_floor)`` elsewhere."""
    return -torch.log(torch.where(differ, probability, 1 - probability) + log_floor)


def sum_up(
    pairs: list[Pair],
    divergence: Tensor,
    probability: Tensor,
    entropy: Tensor,
    both: Tensor,
    weighed_as: int | None = None,
) -> DecompositionLoss:
    """The loss and its parts.

    Parameters
    ----------
    pairs : list of (int, int)
        All pairs of levels, see :func:`level_pairs`.
    divergence : (pairs, B, F)
        In [0, 1].
    probability, entropy : (pairs, B)
    both : (pairs, B, F) bool
        See :func:`pair_masks`.
    weighed_as : int, optional
        Number of components C whose weights 1 / C and 2 / (C (C - 1)) the pairs get; default: that of the levels.
    """
    counted = both.any(2)
    divergence, probability = masked_mean(divergence, both, (1, 2)), masked_mean(probability, counted, 1)
    entropy = masked_mean(entropy, counted, 1)
    positive = sum(k == 0 for k, _ in pairs)
    negative = len(pairs) - positive
    count = weighed_as or positive
    weights = [1 / count] * positive + [2 / (count * (count - 1))] * negative
    return DecompositionLoss(
        loss=torch.dot(entropy, entropy.new_tensor(weights)),
        divergence_positive=divergence[:positive].mean(),
        divergence_negative=divergence[positive:].mean(),
        probability_positive=probability[:positive].mean(),
        probability_negative=probability[positive:].mean(),
        cross_entropy_positive=entropy[:positive].mean(),
        cross_entropy_negative=entropy[positive:].mean(),
        pairs=dict(zip(pairs, divergence, strict=True)),
    )


def gaussian_divergence(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL divergence in nats from N(mu, exp(logvar)) to N(0, 1), sum over the last axis, mean over the one before."""
    return -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(-1).mean(-1)
