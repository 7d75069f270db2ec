import numpy as np
import pytest
from scipy.stats import spearmanr

from decvae.evaluation.metrics.udr import agreement, compute_udr, similarity

RNG = np.random.default_rng(0)
Z = RNG.normal(size=(500, 4))


def test_similarity_is_spearman():
    other = np.exp(Z[:, [1]]) - 0.5 * Z[:, [0]]
    expected = [abs(spearmanr(Z[:, i], other[:, 0]).statistic) for i in range(4)]
    assert similarity(Z, other)[:, 0] == pytest.approx(expected)


def test_agreement_by_hand():
    assert agreement(np.eye(3)) == pytest.approx(1)
    assert agreement(np.ones((2, 2))) == pytest.approx(0.5)
    # Columns: 1/1.5 and 0.25/0.5... rows: 1/1 and 0.25/1: (1/1.5 + 0.25/0.5 + 1/1 + 0.25/1) / 4.
    assert agreement(np.array([[1.0, 0.0], [0.5, 0.5]])) == pytest.approx((1 / 1.5 + 0.5 + 1 + 0.25) / 4)
    assert agreement(np.zeros((2, 2))) is None
    with pytest.raises(ValueError, match=">= 0"):
        agreement(np.array([[-1.0]]))


def test_same_axes_in_another_order_agree_and_rotations_do_not():
    same = np.tanh(Z[:, [2, 0, 3, 1]]) * [-1, 2, 3, 1]
    rotation = np.linalg.qr(RNG.normal(size=(4, 4)))[0]
    alike, unlike = compute_udr([Z, same]), compute_udr([Z, Z @ rotation])
    assert alike[0] == alike[1] > 0.85 and unlike[0] == unlike[1] < 0.7
    scores = compute_udr([Z, same, Z @ rotation])
    assert scores[2] < scores[0] == pytest.approx((alike[0] + unlike[0]) / 2)  # the median of two, not of itself


def test_models_that_cannot_be_compared():
    with pytest.raises(ValueError, match="found 1"):
        compute_udr([Z])
    with pytest.raises(ValueError, match="model 1 has 499 samples, model 0 has 500"):
        compute_udr([Z, Z[:-1]])
    with pytest.raises(ValueError, match="every code of model 1 is constant"):
        compute_udr([Z, np.ones((500, 2))])
    assert compute_udr([Z, np.insert(Z, 0, 5.0, axis=1)]) == pytest.approx(compute_udr([Z, Z]))
