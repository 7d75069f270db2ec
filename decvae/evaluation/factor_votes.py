"""Batches in which one factor is held fixed, drawn from found data: what FactorVAE and BetaVAE scores vote on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np


def votable_factors(y: np.ndarray) -> np.ndarray:
    """Indices of the factors that vary; a factor with one class is fixed in every batch."""
    return np.flatnonzero(y.max(axis=0) > y.min(axis=0))


def fixed_factor_batches(
    y: np.ndarray, n_votes: int, batch_size: int, rng: np.random.Generator
) -> Iterator[tuple[int, np.ndarray]]:
    """Factors and the rows of batches that share a value of it.

    Parameters
    ----------
    y : (n_samples, n_factors) int
    n_votes, batch_size : int

    Yields
    ------
    (factor, rows)
        A factor that varies, drawn evenly, and ``batch_size`` rows (with replacement) of one of its values, drawn
        evenly from the values.
    """
    members = {k: [np.flatnonzero(y[:, k] == value) for value in np.unique(y[:, k])] for k in votable_factors(y)}
    factors = list(members)
    for _ in range(n_votes):
        factor = factors[rng.integers(len(factors))]
        group = members[factor][rng.integers(len(members[factor]))]
        yield factor, group[rng.integers(len(group), size=batch_size)]
