"""BetaVAE score (Higgins et al., ICLR 2017)."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from decvae.evaluation.metrics.checks import TrainTest
from decvae.evaluation.metrics.factor_votes import can_vote, fixed_factor_batches, in_chunks
from decvae.evaluation.metrics.registry import Metric


def beta_vae_score(
    split: TrainTest, *, batch_size: int = 64, n_train: int = 10_000, n_test: int = 5_000, seed: int = 0
) -> float | None:
    """How well the mean absolute difference of paired codes tells which factor the pairs share.

    Each of ``n_train`` points is the mean over ``batch_size`` pairs that share one value of one factor of
    ``|z_1 - z_2|``; a logistic regression names the factor. Pairs come from the samples at hand (see
    :mod:`decvae.evaluation.metrics.factor_votes`), training and test points from separate parts; codes are z-scored by
    the training part.

    Returns
    -------
    float or None
        Accuracy in 0..1; None if fewer than two factors vary.
    """
    if not can_vote(split):
        return None
    rng = np.random.default_rng(seed)
    scale = split.z_train.std(axis=0, dtype=np.float64)
    points, fixed = _points(split.z_train / scale, split.y_train, n_train, batch_size, rng)
    points_test, fixed_test = _points(split.z_test / scale, split.y_test, n_test, batch_size, rng)
    mean, deviation = points.mean(axis=0), points.std(axis=0)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the accuracy has converged long before the weights
        model = LogisticRegression(max_iter=200).fit((points - mean) / deviation, fixed)
    return float(model.score((points_test - mean) / deviation, fixed_test))


def _points(
    z: np.ndarray, y: np.ndarray, n_points: int, batch_size: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Mean absolute differences ``(n_points, n_codes)`` and the fixed factors ``(n_points,)``."""
    fixed, rows = fixed_factor_batches(y, n_points, 2 * batch_size, rng)
    points = [
        np.abs(z[rows[chunk, :batch_size]] - z[rows[chunk, batch_size:]]).mean(axis=1)
        for chunk in in_chunks(rows, z.shape[1])
    ]
    return np.concatenate(points), fixed


METRIC = Metric(("beta_vae",), "split", beta_vae_score, sound=lambda settings, seed: {"seed": seed})
