"""Adjusted mutual information (AMI) between discrete variables, for all pairs at once.

Exactly the quantity of :func:`sklearn.metrics.adjusted_mutual_info_score` (arithmetic mean; Vinh, Epps and Bailey,
JMLR 2010), which takes minutes for the 18 000 pairs of 192 codes. With marginal counts a_i, b_j and joint counts n_ij
of N samples, both MI and its expectation under the permutation model are H_a + H_b - log N plus a sum of n log n
terms::

    MI    = H_a + H_b - log N + 1/N sum_ij n_ij log n_ij
    E[MI] = H_a + H_b - log N + 1/N sum_ij E[n log n],   n ~ Hypergeometric(N, a_i, b_j)

The expectation depends on a pair of marginal counts only, so it is tabulated once for the counts that occur.
"""

from __future__ import annotations

import numba
import numpy as np
from scipy.special import gammaln, xlogy

from decvae.evaluation.metrics.checks import drop_constant
from decvae.evaluation.metrics.discretise import discretise
from decvae.evaluation.metrics.registry import Metric


def mutual_information_score(z: np.ndarray, n_bins: int = 30) -> float | None:
    """Mean adjusted mutual information over all pairs of discretised codes.

    Parameters
    ----------
    z : (n_samples, n_codes)
        Constant codes are dropped.
    n_bins : int
        Equal-width bins of each code.

    Returns
    -------
    float or None
        Lower is better; chance is 0, slightly negative values are possible. None if fewer than two codes vary.

    Raises
    ------
    ValueError
        If ``z`` is malformed (see :func:`decvae.evaluation.metrics.checks.check_codes`).
    """
    z = drop_constant(z)
    if z.shape[1] < 2:
        return None
    first, second = np.triu_indices(z.shape[1], k=1)
    return float(_adjusted_information(discretise(z, n_bins), first, second).mean())


def adjusted_mutual_information(bins: np.ndarray, y: np.ndarray) -> np.ndarray:
    """AMI ``(n_codes, n_factors)`` between every column of ``bins`` and every column of ``y`` (integers).

    Each factor on the samples that have a label of it (``y >= 0``).
    """
    n_codes, information = bins.shape[1], np.empty((bins.shape[1], y.shape[1]))
    patterns, pattern_of = np.unique(y >= 0, axis=1, return_inverse=True)
    for pattern, known in enumerate(patterns.T):  # one, if no label is missing
        factors = np.flatnonzero(pattern_of.ravel() == pattern)
        first = np.repeat(np.arange(n_codes), len(factors))
        second = n_codes + np.tile(np.arange(len(factors)), n_codes)
        found = _adjusted_information(np.concatenate([bins, y[:, factors]], axis=1)[known], first, second)
        information[:, factors] = found.reshape(n_codes, -1)
    return information


def _adjusted_information(columns: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """AMI of the pairs ``(first[p], second[p])`` of integer columns ``(n_samples, n_columns)``."""
    n_samples = len(columns)
    classes, labels, counts = zip(
        *(np.unique(column, return_inverse=True, return_counts=True) for column in columns.T), strict=True
    )
    n_classes = np.array([len(found) for found in classes])
    labels = np.stack(labels)
    padded = np.zeros((len(counts), n_classes.max()), dtype=np.int64)
    for row, count in zip(padded, counts, strict=True):
        row[: len(count)] = count
    entropy = np.log(n_samples) - xlogy(padded, padded).sum(axis=1) / n_samples
    occurring, position = np.unique(padded, return_inverse=True)
    n_log_n = xlogy(np.arange(n_samples + 1), np.arange(n_samples + 1))
    expected = _expected_n_log_n(occurring, n_samples, gammaln(np.arange(n_samples + 1) + 1.0), n_log_n)
    observed_sum, expected_sum = _pair_sums(
        labels, n_classes, position.reshape(padded.shape), expected, n_log_n, first, second
    )
    entropy_sum = entropy[first] + entropy[second]
    expected_information = entropy_sum - np.log(n_samples) + expected_sum / n_samples
    numerator = _away_from_zero((observed_sum - expected_sum) / n_samples)
    score = numerator / _away_from_zero(entropy_sum / 2 - expected_information)
    # The limits of scikit-learn: two constant columns agree perfectly, a constant one tells nothing about another.
    constant = (n_classes[first] == 1).astype(int) + (n_classes[second] == 1)
    return np.where(constant == 2, 1.0, np.where(constant == 1, 0.0, score))


def _away_from_zero(values: np.ndarray) -> np.ndarray:
    """Values of magnitude at least epsilon with their sign kept, as in scikit-learn: no 0 / 0 for a perfect match."""
    epsilon = np.finfo(np.float64).eps
    return np.where(values < 0, np.minimum(values, -epsilon), np.maximum(values, epsilon))


@numba.njit(cache=True)
def _expected_n_log_n(counts: np.ndarray, n_samples: int, log_factorial: np.ndarray, n_log_n: np.ndarray) -> np.ndarray:
    """Symmetric table of E[n log n], n ~ Hypergeometric(n_samples, counts[u], counts[v])."""
    table = np.zeros((len(counts), len(counts)))
    for u in range(len(counts)):
        for v in range(u, len(counts)):
            a, b = counts[u], counts[v]
            rest = n_samples - a - b
            low, high = max(0, -rest), min(a, b)
            mode = min(max((a + 1) * (b + 1) // (n_samples + 2), low), high)
            peak = np.exp(
                log_factorial[a]
                + log_factorial[b]
                + log_factorial[n_samples - a]
                + log_factorial[n_samples - b]
                - log_factorial[n_samples]
                - log_factorial[mode]
                - log_factorial[a - mode]
                - log_factorial[b - mode]
                - log_factorial[rest + mode]
            )
            # Walk from the mode to both sides until the probabilities vanish; dividing by their sum removes the
            # rounding of the log-factorials, which are of order 1e5.
            mass, total = peak, peak * n_log_n[mode]
            p, n = peak, mode
            while n < high and p > 1e-22:
                p *= (a - n) * (b - n) / ((n + 1.0) * (rest + n + 1))
                n += 1
                mass += p
                total += p * n_log_n[n]
            p, n = peak, mode
            while n > low and p > 1e-22:
                p *= n * (rest + n) / ((a - n + 1.0) * (b - n + 1))
                n -= 1
                mass += p
                total += p * n_log_n[n]
            table[u, v] = table[v, u] = total / mass
    return table


@numba.njit(cache=True)
def _pair_sums(
    labels: np.ndarray,
    n_classes: np.ndarray,
    position: np.ndarray,
    expected: np.ndarray,
    n_log_n: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Sums of n_ij log n_ij and of its expectation over the contingency table of every pair of columns."""
    observed_sum, expected_sum = np.zeros(len(first)), np.zeros(len(first))
    width = n_classes.max()
    table = np.zeros((width, width), dtype=np.int64)
    for pair in range(len(first)):
        i, j = first[pair], second[pair]
        table[:] = 0
        for sample in range(labels.shape[1]):
            table[labels[i, sample], labels[j, sample]] += 1
        for u in range(n_classes[i]):
            for v in range(n_classes[j]):
                observed_sum[pair] += n_log_n[table[u, v]]
                expected_sum[pair] += expected[position[i, u], position[j, v]]
    return observed_sum, expected_sum


METRIC = Metric(
    ("mutual_information",),
    "codes",
    mutual_information_score,
    sound=lambda settings, seed: {"n_bins": settings.n_bins},
    published=lambda settings, seed: {},
)
