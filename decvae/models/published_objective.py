"""What exists only to compute the objective of the published code; :mod:`decvae.models.objective` is the default one.

Each option of :class:`decvae.settings.objective.ObjectiveSettings` can be set alone; with the default ones the losses
here are those of the default objective. docs/method.md says what each option is and why it was left.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from decvae.features.batches import Batch, Draws, decvae_batch, pick_frames
from decvae.features.store import FeatureFile
from decvae.models.objective import (
    DecompositionLoss,
    centre_levels,
    cross_entropy,
    gaussian_divergence,
    level_pairs,
    masked_mean,
    pair_divergences,
    pair_masks,
    stack_levels,
    sum_up,
)
from decvae.settings.objective import ObjectiveSettings

# ---- Loss ----


def published_decomposition_loss(
    x: Tensor,
    components: Tensor,
    mask: Tensor,
    settings: ObjectiveSettings,
    *,
    present: Tensor | None = None,
    weighed_as: int | None = None,
) -> DecompositionLoss:
    """:func:`decvae.models.objective.decomposition_loss` with the options of the published code.

    Those are ``pairing``, ``units``, ``eps``, ``frame_reduction``, ``log_floor`` and ``absent_pairs`` of
    ``settings``. ``weighed_as`` is that of :func:`decvae.models.objective.sum_up`.
    """
    levels, mask, valid = stack_levels(x, components, mask, None if settings.absent_pairs == "include" else present)
    if settings.centring == "level":
        levels = centre_levels(levels, valid)
    log_p = F.log_softmax(levels / settings.temperature, dim=-1)
    if settings.pairing == "legacy":
        log_p, valid = legacy_pairs(log_p, valid, mask)
    pairs = level_pairs(len(levels))
    divergence = per_frame = pair_divergences(log_p, pairs, settings.divergence, settings.eps)
    if settings.divergence == "js" and settings.units == "nats":
        per_frame = divergence * math.log(2)
    both, differ = pair_masks(valid, pairs)
    if settings.frame_reduction == "mean":
        probability = masked_mean(per_frame, both, 2)
    else:
        probability = torch.where(both, per_frame, 0.0).sum(2)
    probability = probability.clamp(0, 1)  # of a sum, this is where the loss saturates
    if settings.log_floor == 0:  # logarithms clamped at -100
        target = differ.to(probability.dtype).expand_as(probability)
        entropy = F.binary_cross_entropy(probability, target, reduction="none")
    else:
        entropy = cross_entropy(probability, differ, settings.log_floor)
    return sum_up(pairs, divergence, probability, entropy, both, weighed_as)


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


def published_prior_loss(
    mu: Tensor, logvar: Tensor, mask: Tensor, settings: ObjectiveSettings, unregularised: Sequence[int] = ()
) -> Tensor:
    """:func:`decvae.models.objective.prior_loss` by ``prior_on_x`` and ``prior_reduction`` of ``settings``.

    Without ``prior_on_x`` subspace X is left out, and so are the ``unregularised`` ones (places among the subspaces);
    their heads then get no gradient from here.
    """
    left_out = {*unregularised, *(() if settings.prior_on_x else (0,))}
    if left_out:
        kept = [place for place in range(mu.shape[-2]) if place not in left_out]
        mu, logvar = mu[..., kept, :], logvar[..., kept, :]
    divergence = gaussian_divergence(mu, logvar)
    if settings.prior_reduction == "mean":
        return masked_mean(divergence, mask)
    return torch.where(mask, divergence, 0.0).sum()


# ---- Training ----


def gradient_divisor(masks: Sequence[Tensor], settings: ObjectiveSettings) -> Tensor | None:
    """What training divides the gradients by, before clipping; None: nothing (``gradient_scale``).

    Published: the weighted number of (pair, frame) items, ``w_neg N_neg + w_pos N_pos``; twice for dual models. With
    the weights 1/C(C, 2) and 1/C each term is the number of frames. Dual models count branch Z alone.

    Parameters
    ----------
    masks : (B, F) bool of branch Z, then (B,) bool of branch S
        Rows that count, of the branches that the model has.
    """
    if settings.gradient_scale == "none":
        return None
    return 2 * len(masks) * masks[0].sum().clamp_min(1)


def best_loss_at_start(settings: ObjectiveSettings) -> float | None:
    """The validation loss that early stopping wants improved from the start, if any (``early_stopping``).

    Published: minus infinity, so that no validation counts as an improvement and training ends at the ``patience``-th
    one after the warm-up whatever the losses are. There the first loss was compared with an infinite best one, which
    gives NaN.
    """
    return float("-inf") if settings.early_stopping == "published" else None


# ---- Batches ----


def published_batch(
    data: FeatureFile,
    indices: Sequence[int],
    *,
    branches: str,
    wanted: int | str = 0,
    wanted_seq: int = 0,
    rngs: Draws | None = None,
) -> Batch:
    """:func:`decvae.features.batches.decvae_batch` with the frames of ``frame_index: legacy``."""
    rows = None
    if branches != "S":
        lengths = [data.n_frames(index) for index in indices]
        draws = rngs or [None] * len(indices)
        drawn = [pick_frames(length, wanted, rng) for length, rng in zip(lengths, draws, strict=True)]
        rows = legacy_frames(drawn, lengths)
    return decvae_batch(data, indices, branches, wanted, wanted_seq, rngs, rows)


def legacy_frames(picked: Sequence[np.ndarray], lengths: Sequence[int]) -> list[np.ndarray]:
    """Frames that the published code took for those ``picked`` of each utterance of a batch.

    There a frame number is a place in the list of the frame numbers of all utterances, one after the other, so that an
    utterance longer than the first one gets early frames twice and its late frames never.

    >>> [rows.tolist() for rows in legacy_frames([np.arange(3), np.arange(8)], [3, 8])]
    [[0, 1, 2], [0, 0, 1, 1, 2, 2, 3, 4]]
    """
    listed = np.concatenate([np.arange(length) for length in lengths])
    return [np.sort(listed[rows]) for rows in picked]


def fixed_draws(
    make: Callable[..., Batch], seed: int, data: FeatureFile, indices: Sequence[int], rngs: Draws | None = None
) -> Batch:
    """``make(data, indices, rngs)`` that draws in validation, too: of an utterance the same frames every time.

    This is ``validation_frames: drawn``; a sum over frames is another loss for another number of them.
    """
    return make(data, indices, rngs=rngs or [np.random.default_rng([seed, 3, int(index)]) for index in indices])
