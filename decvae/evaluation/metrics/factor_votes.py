"""Batches in which one factor is held fixed, drawn from found data: what FactorVAE and BetaVAE scores vote on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from decvae.evaluation.metrics.checks import TrainTest, classes_of


def votable_factors(y: np.ndarray) -> np.ndarray:
    """Indices of the factors that vary; a factor with one class is fixed in every batch."""
    return np.array([k for k, factor in enumerate(y.T) if len(classes_of(factor)) > 1], dtype=np.int64)


def can_vote(split: TrainTest) -> bool:
    """Whether two factors vary in either part."""
    return len(votable_factors(split.y_train)) > 1 and len(votable_factors(split.y_test)) > 1


def fixed_factor_batches(
    y: np.ndarray, n_votes: int, batch_size: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Factors and the rows of batches that share a value of it.

    Parameters
    ----------
    y : (n_samples, n_factors) int
        Negative where a label is missing: such a sample is in no batch of that factor.
    n_votes, batch_size : int

    Returns
    -------
    factors : (n_votes,)
        Index of a factor that varies, drawn evenly.
    rows : (n_votes, batch_size)
        Rows, with replacement, of one of its values, which are drawn evenly, too.
    """
    factors = rng.choice(votable_factors(y), size=n_votes)
    position = rng.random(n_votes)
    rows = np.empty((n_votes, batch_size), dtype=np.int64)
    for k in np.unique(factors):
        values = classes_of(y[:, k])
        for place, value in enumerate(values):
            votes = np.flatnonzero((factors == k) & ((position * len(values)).astype(int) == place))
            members = np.flatnonzero(y[:, k] == value)
            rows[votes] = members[rng.integers(len(members), size=(len(votes), batch_size))]
    return factors, rows


def in_chunks(rows: np.ndarray, n_codes: int) -> Iterator[slice]:
    """Slices of votes whose codes take at most about 32 MB."""
    size = max(1, 4_000_000 // (rows.shape[1] * n_codes))
    for start in range(0, len(rows), size):
        yield slice(start, start + size)
