"""FactorVAE score (Kim and Mnih, ICML 2018)."""

from __future__ import annotations

import numpy as np

from decvae.evaluation.metrics.checks import TrainTest
from decvae.evaluation.metrics.factor_votes import can_vote, fixed_factor_batches, in_chunks
from decvae.evaluation.metrics.registry import Metric

MIN_STD = 0.05  # in units of the codes; one that varies less has collapsed


def factor_vae_score(
    split: TrainTest, *, batch_size: int = 64, n_train: int = 10_000, n_test: int = 5_000, seed: int = 0
) -> float | None:
    """Which code varies least when a factor is fixed tells which factor it was.

    A batch of samples that share a factor's value votes for the code with the smallest variance relative to its
    variance over the training part; the factor most often fixed with a code, among training votes, is what that code
    predicts. The data are found, not simulated on demand, so batches are drawn with replacement from the samples with
    that value, training and test votes from separate parts; disentanglement_lib's numbers of votes are the defaults.
    Codes whose standard deviation is below 0.05 have collapsed and do not count.

    Returns
    -------
    float or None
        Accuracy of the majority vote on the test part in 0..1; chance is one over the number of factors. None if fewer
        than two factors vary, or every code has collapsed.
    """
    deviation = split.z_train.std(axis=0, dtype=np.float64)
    active = deviation >= MIN_STD
    if not can_vote(split) or not active.any():
        return None
    rng = np.random.default_rng(seed)
    fixed, least = _votes(split.z_train[:, active] / deviation[active], split.y_train, n_train, batch_size, rng)
    votes = np.zeros((active.sum(), split.y_train.shape[1]), dtype=np.int64)
    np.add.at(votes, (least, fixed), 1)
    fixed, least = _votes(split.z_test[:, active] / deviation[active], split.y_test, n_test, batch_size, rng)
    return float((votes.argmax(axis=1)[least] == fixed).mean())


def _votes(
    z: np.ndarray, y: np.ndarray, n_votes: int, batch_size: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The fixed factor and the code of least variance ``(n_votes,)`` of every batch."""
    fixed, rows = fixed_factor_batches(y, n_votes, batch_size, rng)
    least = [z[rows[chunk]].var(axis=1).argmin(axis=1) for chunk in in_chunks(rows, z.shape[1])]
    return fixed, np.concatenate(least)


METRIC = Metric(("factor_vae",), "split", factor_vae_score, sound=lambda settings, seed: {"seed": seed})
