"""FactorVAE score (Kim and Mnih, ICML 2018)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from decvae.evaluation.metrics.checks import check_train_test
from decvae.evaluation.metrics.factor_votes import fixed_factor_batches, in_chunks, votable_factors


@dataclass(frozen=True)
class FactorVAEScore:
    """Accuracy of the majority vote on the test part.

    Attributes
    ----------
    score : float or None
        In 0..1; chance is one over the number of factors. None if fewer than two factors vary, or every code has
        collapsed.
    n_pruned : int
        Codes left out because they hardly vary (standard deviation below ``min_std``), constant ones included.
    """

    score: float | None
    n_pruned: int


def factor_vae_score(
    z_train: np.ndarray,
    y_train: np.ndarray,
    z_test: np.ndarray,
    y_test: np.ndarray,
    *,
    batch_size: int = 64,
    n_train: int = 10_000,
    n_test: int = 5_000,
    min_std: float = 0.05,
    seed: int = 0,
) -> FactorVAEScore:
    """Which code varies least when a factor is fixed tells which factor it was.

    A batch of samples that share a factor's value votes for the code with the smallest variance relative to its
    variance over the training part; the factor most often fixed with a code, among training votes, is what that code
    predicts. The data are found, not simulated on demand, so batches are drawn with replacement from the samples with
    that value; disentanglement_lib's numbers of votes are the defaults.

    Parameters
    ----------
    z_train, z_test : (n, n_codes)
    y_train, y_test : (n, n_factors) int
        Negative where a label is missing.
        Training and test votes are drawn from separate parts.
    min_std : float
        Standard deviation, in units of the codes, below which a code is taken as collapsed.

    Raises
    ------
    ValueError
        For malformed codes or factors, constant codes only, or a factor with one training class.
    """
    n_codes = np.shape(z_train)[1]
    z_train, y_train, z_test, y_test = check_train_test(z_train, y_train, z_test, y_test)
    deviation = z_train.std(axis=0, dtype=np.float64)
    active = deviation >= min_std
    pruned = n_codes - int(active.sum())
    if len(votable_factors(y_train)) < 2 or len(votable_factors(y_test)) < 2 or not active.any():
        return FactorVAEScore(None, pruned)
    rng = np.random.default_rng(seed)
    fixed, least = _votes(z_train[:, active] / deviation[active], y_train, n_train, batch_size, rng)
    votes = np.zeros((active.sum(), y_train.shape[1]), dtype=np.int64)
    np.add.at(votes, (least, fixed), 1)
    fixed, least = _votes(z_test[:, active] / deviation[active], y_test, n_test, batch_size, rng)
    hits = votes.argmax(axis=1)[least] == fixed
    return FactorVAEScore(float(hits.mean()), pruned)


def _votes(
    z: np.ndarray, y: np.ndarray, n_votes: int, batch_size: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The fixed factor and the code of least variance ``(n_votes,)`` of every batch."""
    fixed, rows = fixed_factor_batches(y, n_votes, batch_size, rng)
    least = [z[rows[chunk]].var(axis=1).argmin(axis=1) for chunk in in_chunks(rows, z.shape[1])]
    return fixed, np.concatenate(least)
