"""All metrics on codes whose scores are known: a balanced grid of 5 x 4 factor values, 30 samples of each."""

import numpy as np
import pytest

from decvae.evaluation.metrics.checks import TrainTest
from decvae.evaluation.metrics.dci import compute_dci
from decvae.evaluation.metrics.explicitness import compute_explicitness
from decvae.evaluation.metrics.irs import compute_irs
from decvae.evaluation.metrics.modularity import compute_modularity
from decvae.evaluation.metrics.mutual_information import mutual_information_score
from decvae.evaluation.metrics.total_correlation import total_correlation_scores

GRID = np.stack(np.meshgrid(np.arange(5), np.arange(4), np.arange(30), indexing="ij"), axis=-1).reshape(-1, 3)
Y = GRID[:, :2]
ORDER = np.random.default_rng(0).permutation(len(Y))
TRAIN, TEST = ORDER[:480], ORDER[480:]
ROTATION = np.array([[np.cos(0.7), -np.sin(0.7)], [np.sin(0.7), np.cos(0.7)]])


def noisy_identity(noise=0.02):
    return Y + noise * np.random.default_rng(1).normal(size=Y.shape)


def all_scores(z, backend="sklearn"):
    parts = z[TRAIN], Y[TRAIN], z[TEST], Y[TEST]
    dci = compute_dci(TrainTest(*parts), backend=backend)
    return {
        "disentanglement": dci.disentanglement,
        "completeness": dci.completeness,
        "informativeness": dci.informativeness,
        "modularity": compute_modularity(z, Y),
        "explicitness": compute_explicitness(TrainTest(*parts)).explicitness,
        "irs": compute_irs(z, Y),
        "mi": mutual_information_score(z),
        "tc": total_correlation_scores(z).total_correlation,
    }


def test_identity_is_perfect():
    scores = all_scores(Y.astype(float))
    assert scores.pop("mi") == pytest.approx(-0.007, abs=5e-4)
    assert scores.pop("tc") == pytest.approx(0, abs=1e-12)
    assert scores == pytest.approx(dict.fromkeys(scores, 1), abs=1e-3)


@pytest.mark.parametrize(("backend", "tolerance"), [("sklearn", 1e-3), ("histogram", 0.01)])
def test_a_little_noise_moves_the_robustness_only(backend, tolerance):
    scores = all_scores(noisy_identity(), backend)
    assert scores.pop("irs") == pytest.approx(0.973, abs=2e-3)
    assert scores.pop("mi") == pytest.approx(0, abs=0.01) and scores.pop("tc") < 1e-3
    assert scores == pytest.approx(dict.fromkeys(scores, 1), abs=tolerance)


@pytest.mark.parametrize("backend", ["sklearn", "histogram"])
def test_rotation_entangles_but_keeps_the_information(backend):
    scores = all_scores(noisy_identity() @ ROTATION, backend)
    assert scores["disentanglement"] == pytest.approx(0.044, abs=0.04)
    assert scores["completeness"] == pytest.approx(0.044, abs=0.04)
    assert scores["informativeness"] > 0.99
    assert scores["modularity"] == pytest.approx(0.25, abs=0.01)
    assert scores["irs"] == pytest.approx(0.56, abs=0.01)
    assert scores["mi"] == pytest.approx(0.78, abs=0.01)


def test_pure_noise_has_a_floor_of_modularity():
    scores = all_scores(np.random.default_rng(2).normal(size=(600, 6)), "histogram")
    assert scores["informativeness"] == pytest.approx((1 / 5 + 1 / 4) / 2, abs=0.06)
    assert abs(scores["explicitness"]) < 0.12
    assert scores["disentanglement"] < 0.05 and scores["completeness"] < 0.05
    assert abs(scores["mi"]) < 0.01
    assert 0.3 < scores["modularity"] < 0.9
    assert scores["irs"] == pytest.approx(0.22, abs=0.08)


def test_order_and_affine_maps_of_codes_change_nothing():
    rng = np.random.default_rng(3)
    z = np.hstack([noisy_identity(0.3) @ ROTATION, rng.normal(size=(600, 2))])
    plain = all_scores(z, "histogram")
    mapped = all_scores((z * [3, -0.5, 40, 2] + [1, 2, 3, 4])[:, [2, 0, 3, 1]], "histogram")
    for name in ("modularity", "mi"):  # bin edges are closed to the left, so a mirrored code may move an edge sample
        assert mapped.pop(name) == pytest.approx(plain.pop(name), abs=0.01)
    assert mapped == pytest.approx(plain, abs=0.03)  # bins of a mirrored code are cut elsewhere: 3 of 120 test samples
