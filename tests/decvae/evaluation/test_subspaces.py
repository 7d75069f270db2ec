import numpy as np
import pandas as pd
import pytest

from decvae.evaluation.protocols import grouped_splits
from decvae.evaluation.subspaces import (
    Subspaces,
    evidence_units,
    importance_rows,
    learnable_factors,
    linear_cka,
    probe,
)

GROUPS = np.repeat(np.arange(40), 15)
N = len(GROUPS)


def make_subspaces(seed=0):
    """OC1 holds the vowel, OC2 the speaker, X both, OC3 nothing."""
    rng = np.random.default_rng(seed)
    factors = {"vowel": rng.integers(3, size=N), "speaker": GROUPS % 4}
    mu = 0.3 * rng.normal(size=(N, 4, 5))
    vowel, speaker = rng.normal(size=(3, 5))[factors["vowel"]], rng.normal(size=(4, 5))[factors["speaker"]]
    mu[:, 1] += vowel
    mu[:, 2] += speaker
    mu[:, 0] += vowel @ rng.normal(size=(5, 5)) + speaker @ rng.normal(size=(5, 5))
    y = np.stack(list(factors.values()), axis=1)
    splits = dict.fromkeys(factors, grouped_splits(y, GROUPS, 0))
    return Subspaces(mu.astype(np.float32), ["X", "OC1", "OC2", "OC3"], factors, splits, 0)


@pytest.fixture(scope="module")
def evidence():
    return pd.DataFrame([row for unit in evidence_units(make_subspaces()) for row in unit()])


def value(evidence, kind, subspace, factor=""):
    rows = evidence[(evidence.evidence == kind) & (evidence.subspace == subspace) & (evidence.factor == factor)]
    assert len(rows) == 1
    return rows.value.item()


def test_each_subspace_tells_its_own_factor(evidence):
    assert value(evidence, "alone", "OC1", "vowel") > 0.95 > 0.5 > value(evidence, "alone", "OC2", "vowel")
    assert value(evidence, "alone", "OC2", "speaker") > 0.95 > 0.45 > value(evidence, "alone", "OC1", "speaker")
    assert value(evidence, "alone", "OC3", "vowel") == pytest.approx(1 / 3, abs=0.08)
    assert abs(value(evidence, "loss_without", "OC3", "speaker")) < 0.02
    assert value(evidence, "overlap", "OC1+OC2") < 0.1 and 0.5 < value(evidence, "orthogonality", "all") < 1
    bounded = evidence[evidence.evidence.isin(["all", "alone", "loss_without"])]
    assert (bounded.n == 5).all() and (bounded.ci_low <= bounded.value).all()


def test_a_single_subspace_is_only_probed():
    full = make_subspaces()
    one = Subspaces(full.mu[:, :1], ["X"], full.factors, full.splits, 0)
    rows = pd.DataFrame([row for unit in evidence_units(one) for row in unit()])
    assert set(rows.evidence) == {"all", "label_noise", "class_imbalance"}


def test_alignment_by_hand_and_by_invariance():
    rng = np.random.default_rng(1)
    z = rng.normal(size=(2000, 3))
    rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    assert linear_cka(z, 4 * z @ rotation + 1) == pytest.approx(1)
    assert linear_cka(z, rng.normal(size=(2000, 3))) < 0.01
    # cov(x, y)^2 / (var x var y) for one code each.
    other = 0.6 * z[:, :1] + 0.8 * z[:, 1:2]
    assert linear_cka(z[:, :1], other) == pytest.approx(np.corrcoef(z[:, 0], other[:, 0])[0, 1] ** 2)
    assert linear_cka(z, np.ones((2000, 2))) is None


def test_noise_and_imbalance_reach_training_labels_only():
    subspaces = make_subspaces()
    z, y, splits = subspaces.mu[:, 1], subspaces.factors["vowel"], subspaces.splits["vowel"]
    clean = probe(z, y, splits)
    assert clean.shape == (5,) and clean.mean() > 0.95
    # Two thirds of the labels wrong, evenly over the two others: nothing left to learn.
    assert probe(z, y, splits, label_noise=2 / 3).mean() < 0.75
    assert probe(z, y, splits, label_noise=0.2).mean() > 0.9
    rare, again = (probe(z, y, splits, class_imbalance=0.1, seed=3) for _ in range(2))
    assert np.array_equal(rare, again) and not np.array_equal(rare, clean)
    with pytest.raises(ValueError, match=r"label_noise must lie in \[0, 1\)"):
        probe(z, y, splits, label_noise=1.0)


def test_a_factor_with_hardly_a_row_per_class_is_left_out():
    """Ten utterances of ten speakers, as branch S of a small corpus has them."""
    rows = np.arange(20)
    factors = {"speaker": rows % 10, "group": rows % 2}
    splits = {name: [(rows[:10], rows[10:]), (rows[10:], rows[:10])] for name in factors}
    assert list(learnable_factors(factors, splits)) == ["group"]


def test_importance_adds_up_over_the_codes_of_a_subspace():
    first = np.array([[0.5, 0.0], [0.3, 0.0], [0.2, 0.1], [0.0, 0.9]])  # two subspaces of two codes, two factors
    second = np.array([[0.6, 0.0], [0.0, 0.4], [0.4, 0.0], [0.0, 0.6]])
    rows = pd.DataFrame(importance_rows([first, second], ["X", "OC1"], ["vowel", "speaker"]))
    found = rows.set_index(["factor", "subspace"]).value.to_dict()
    assert found == pytest.approx(
        {("vowel", "X"): 0.7, ("vowel", "OC1"): 0.3, ("speaker", "X"): 0.2, ("speaker", "OC1"): 0.8}
    )
    assert (rows.n == 2).all() and (rows.ci_low < rows.value).all()
