"""The sampler, and the FactorVAE and BetaVAE scores that vote with it."""

import numpy as np
import pytest

from decvae.evaluation.metrics.beta_vae import beta_vae_score
from decvae.evaluation.metrics.checks import TrainTest
from decvae.evaluation.metrics.factor_vae import factor_vae_score
from decvae.evaluation.metrics.factor_votes import fixed_factor_batches

GRID = np.stack(np.meshgrid(np.arange(5), np.arange(4), np.arange(30), indexing="ij"), axis=-1).reshape(-1, 3)[:, :2]
ORDER = np.random.default_rng(0).permutation(len(GRID))
Y = GRID[ORDER]
VOTES = {"n_train": 600, "n_test": 300}
SCORES = (factor_vae_score, beta_vae_score)


def score(metric, z, y=Y, **settings):
    return metric(TrainTest(z[:450], y[:450], z[450:], y[450:]), **{**VOTES, **settings})


def identity(noise=0.1):
    return Y + noise * np.random.default_rng(1).normal(size=Y.shape)


def test_batches_share_a_value_of_their_factor():
    factors, batches = fixed_factor_batches(Y, 200, 16, np.random.default_rng(0))
    assert set(factors) == {0, 1} and batches.shape == (200, 16)
    for factor, rows in zip(factors, batches, strict=True):
        assert np.ptp(Y[rows, factor]) == 0 and np.ptp(Y[rows, 1 - factor]) > 0
    assert {Y[rows[0], 0] for factor, rows in zip(factors, batches, strict=True) if factor == 0} == set(range(5))
    only = np.stack([Y[:, 0], np.zeros(len(Y), dtype=int)], axis=1)
    assert set(fixed_factor_batches(only, 20, 4, np.random.default_rng(0))[0]) == {0}


@pytest.mark.parametrize("metric", SCORES)
def test_identity_is_perfect(metric):
    assert score(metric, identity()) == 1


@pytest.mark.parametrize("metric", SCORES)
def test_noise_is_near_chance(metric):
    z = np.random.default_rng(2).normal(size=(600, 4))
    assert score(metric, z, n_train=2000, n_test=1000) == pytest.approx(0.5, abs=0.12)


def test_one_code_for_both_factors_cannot_tell_them_apart_by_a_vote():
    z = np.stack([Y[:, 0], np.random.default_rng(3).normal(size=600)], axis=1) + 0.0
    # Code 0 stands still with factor 0; with factor 1 fixed neither moves less, so both codes vote.
    assert score(factor_vae_score, z) > 0.6
    assert score(factor_vae_score, z[:, :1]) == pytest.approx(0.5, abs=0.1)


def test_collapsed_codes_are_pruned():
    z = np.hstack([identity(), np.full((600, 1), 2.0), 1e-3 * np.random.default_rng(4).normal(size=(600, 1))])
    assert score(factor_vae_score, z) == 1
    collapsed = Y[:, :1] + np.array([[1e-3, 0.0]]) * np.random.default_rng(4).normal(size=(600, 2))
    collapsed[:, 1] = 1e-3 * Y[:, 1]  # would tell the second factor, if it counted
    assert score(factor_vae_score, collapsed) < 0.6 < score(factor_vae_score, collapsed * [1, 1e3])
    assert score(factor_vae_score, 1e-3 * z[:, [0, 1]]) is None
    assert score(beta_vae_score, z) > 0.99


@pytest.mark.parametrize("metric", SCORES)
def test_one_factor_is_undefined_and_seeds_repeat(metric):
    assert score(metric, identity(), Y[:, :1]) is None
    z = np.random.default_rng(5).normal(size=(600, 3)) + 0.3 * Y[:, :1]
    assert score(metric, z, seed=3) == score(metric, z, seed=3)


@pytest.mark.parametrize("metric", SCORES)
def test_bad_input_is_refused(metric):
    with pytest.raises(ValueError, match="y_test has 149 rows, the codes have 150"):
        metric(TrainTest(identity()[:450], Y[:450], identity()[450:], Y[450:-1]))
