"""The published objective: its formula on tensors worked by hand, its limits, and every option on its own."""

import math
from itertools import combinations

import numpy as np
import pytest
import torch

from decvae.models.objective import (
    ObjectiveSettings,
    decomposition_loss,
    jensen_shannon,
    kullback_leibler,
    legacy_pairs,
    prior_loss,
)
from decvae.settings.objective import named_settings

PUBLISHED = ObjectiveSettings.named("published").divergence_options
LARGE = 60.0  # a softmax logit that leaves the others no mass


def _full(batch, frames):
    return torch.ones(batch, frames, dtype=torch.bool)


def _random(shape=(3, 2, 4, 6), scale=0.3, seed=0):
    torch.manual_seed(seed)
    return scale * torch.randn(shape[1:], dtype=torch.float64), scale * torch.randn(shape, dtype=torch.float64)


def _ideal(n_components, batch=2, dim=192):
    """Vectors of utterances: disjoint components, X their uniform mixture."""
    components = torch.zeros(n_components, batch, dim)
    for c, part in enumerate(np.array_split(np.arange(dim), n_components)):
        components[c, :, part] = LARGE
    return torch.zeros(batch, dim), components


def _softmax(values):
    exponents = np.exp(values - values.max())
    return exponents / exponents.sum()


def _published_by_hand(x, components, eps=1e-8):
    """The published loss of one utterance with loops: x (F, D), components (C, F, D)."""
    n_components, n_frames, _ = components.shape
    rows = np.concatenate([components[:, f] for f in range(n_frames)])  # frame by frame
    rows = rows.reshape(n_components, n_frames, -1)  # read as if component by component
    levels = [x, *rows]
    loss = 0.0
    for k, other in combinations(range(n_components + 1), 2):
        total = 0.0
        for f in range(n_frames):
            a, b = _softmax(levels[k][f]), _softmax(levels[other][f])
            m = (a + b) / 2
            total += 0.5 * np.sum((a + eps) * (np.log(a + eps) - np.log(m)) + (b + eps) * (np.log(b + eps) - np.log(m)))
        probability = min(max(total, 0.0), 1.0)
        if k == 0:
            loss += -max(np.log(1 - probability), -100) / n_components
        else:
            loss += -max(np.log(probability), -100) / math.comb(n_components, 2)
    return loss


@pytest.mark.parametrize(("n_components", "n_frames"), [(2, 1), (2, 4), (3, 4), (3, 5), (5, 3)])
def test_the_published_loss_is_the_formula_written_with_loops(n_components, n_frames):
    x, components = _random((n_components, 3, n_frames, 6))
    found = decomposition_loss(x, components, _full(3, n_frames), **PUBLISHED)
    expected = np.mean([_published_by_hand(x[i].numpy(), components[:, i].numpy()) for i in range(3)])
    assert found.loss.item() == pytest.approx(expected, rel=1e-9)


def test_one_pair_by_hand():
    """Two values: p = (3/4, 1/4), q = (1/4, 3/4), m = (1/2, 1/2), so J = 3/4 ln 3/2 + 1/4 ln 1/2 = 0.1308 nats."""
    p, q = torch.tensor([[math.log(3), 0.0]]), torch.tensor([[0.0, math.log(3)]])
    divergence = 0.75 * math.log(1.5) + 0.25 * math.log(0.5)
    found = decomposition_loss(p, torch.stack([p, q]), torch.ones(1, dtype=torch.bool), **PUBLISHED)
    assert found.probability_negative.item() == pytest.approx(divergence, abs=1e-6)
    assert found.probability_positive.item() == pytest.approx(divergence / 2, abs=1e-6)  # X equals OC1
    assert found.cross_entropy_negative.item() == pytest.approx(-math.log(divergence), abs=1e-5)
    assert found.cross_entropy_positive.item() == pytest.approx(-math.log(1 - divergence) / 2, abs=1e-6)
    assert found.divergence_negative.item() == pytest.approx(divergence / math.log(2), abs=1e-6)  # always in bits


# ---- Limits (published values found by running the original code) ----


def test_identical_levels_are_at_the_collapse_floor():
    x = torch.randn(2, 192, dtype=torch.float64, requires_grad=True)
    found = decomposition_loss(x, torch.stack([x, x, x]), torch.ones(2, dtype=torch.bool), **PUBLISHED)
    assert found.probability_negative.item() == pytest.approx(192e-8, rel=1e-3)
    assert found.cross_entropy_negative.item() == pytest.approx(13.15, abs=0.02)
    found.loss.backward()
    assert torch.isfinite(x.grad).all()


def test_disjoint_levels_are_ln_2_apart():
    _, components = _ideal(3)
    found = decomposition_loss(components[1], components, torch.ones(2, dtype=torch.bool), **PUBLISHED)
    assert found.probability_negative.item() == pytest.approx(math.log(2), abs=1e-4)
    assert found.cross_entropy_negative.item() == pytest.approx(0.36651, abs=2e-4)
    # X is OC2: two of three positive pairs are disjoint, at -log(1 - ln 2) = 1.1813 each.
    assert found.cross_entropy_positive.item() == pytest.approx(2 * 1.1813 / 3, abs=5e-4)


@pytest.mark.parametrize(
    ("n_components", "positive", "loss"),
    [(2, 0.2158, 0.6095), (3, 0.3182, 0.7496), (4, 0.3804, 0.8452), (5, 0.4228, 0.9160)],
)
def test_ideal_sequences_have_the_loss_to_which_published_runs_converge(n_components, positive, loss):
    x, components = _ideal(n_components, dim=240)
    found = decomposition_loss(x, components, torch.ones(2, dtype=torch.bool), **PUBLISHED)
    assert found.probability_positive.item() == pytest.approx(positive, abs=1e-4)
    assert found.loss.item() == pytest.approx(loss, abs=3e-4)


def test_a_sum_over_frames_saturates_without_a_gradient():
    x, components = _ideal(3)
    x = x[:, None].repeat(1, 6, 1).requires_grad_()
    components = components[:, :, None].repeat(1, 1, 6, 1).requires_grad_()
    found = decomposition_loss(x, components, _full(2, 6), **{**PUBLISHED, "pairing": "aligned"})
    assert found.probability_positive.item() == found.probability_negative.item() == 1.0
    assert found.cross_entropy_positive.item() == 100.0
    assert found.cross_entropy_negative.item() == 0.0
    found.loss.backward()
    assert not x.grad.any() and not components.grad.any()
    free = decomposition_loss(x, components, _full(2, 6))
    (gradient,) = torch.autograd.grad(free.loss, x)
    assert gradient.any()


def test_a_sum_doubles_and_a_mean_stays_when_frames_are_repeated():
    x, components = _random(scale=0.05)
    twice = (x.repeat(1, 2, 1), components.repeat(1, 1, 2, 1))
    aligned = {**PUBLISHED, "pairing": "aligned"}
    once = decomposition_loss(x, components, _full(2, 4), **aligned)
    repeated = decomposition_loss(*twice, _full(2, 8), **aligned)
    assert repeated.probability_negative.item() == pytest.approx(2 * once.probability_negative.item(), rel=1e-9)
    mean, mean_twice = decomposition_loss(x, components, _full(2, 4)), decomposition_loss(*twice, _full(2, 8))
    torch.testing.assert_close(mean.loss, mean_twice.loss)


# ---- Pairing ----


@pytest.mark.parametrize(("n_components", "n_frames"), [(3, 4), (3, 6), (2, 4), (4, 5)])
def test_legacy_pairs_are_those_of_the_reshape(n_components, n_frames):
    """Each feature names its component and frame; a frame that is not selected lies in between."""
    labels = torch.tensor([[[100.0 * level + f] for f in range(n_frames + 1)] for level in range(n_components + 1)])
    levels = labels.unsqueeze(1)  # (C + 1, 1, F, 1)
    mask = torch.ones(1, n_frames + 1, dtype=torch.bool)
    mask[0, 1] = False
    found, valid = legacy_pairs(levels, mask.expand(levels.shape[:3]), mask)
    frames = [f for f in range(n_frames + 1) if f != 1]
    assert found[0, 0, :n_frames, 0].tolist() == frames
    for c in range(n_components):
        row = [c * n_frames + f for f in range(n_frames)]
        expected = [100.0 * (r % n_components + 1) + frames[r // n_components] for r in row]
        assert found[c + 1, 0, :n_frames, 0].tolist() == expected
    assert valid[:, 0, :n_frames].all() and not valid[:, 0, n_frames:].any()
    if n_frames % n_components == 0:  # then negatives compare one component with itself, in two frames
        names = found[1:, 0, :n_frames, 0] // 100
        assert all(torch.equal(names[0], name) for name in names)


def test_legacy_pairing_leaves_sequences_and_aligned_pairing_leaves_frames_alone():
    x, components = _random((3, 4, 1, 6))
    legacy, aligned = (
        decomposition_loss(x[:, 0], components[:, :, 0], torch.ones(4, dtype=torch.bool), pairing=pairing).loss
        for pairing in ("legacy", "aligned")
    )
    torch.testing.assert_close(legacy, aligned)
    x, components = _random()
    order = torch.tensor([2, 0, 3, 1])
    for pairing, same in (("aligned", True), ("legacy", False)):
        before, after = (
            decomposition_loss(*inputs, _full(2, 4), pairing=pairing).loss
            for inputs in ((x, components), (x[:, order], components[:, :, order]))
        )
        assert torch.allclose(before, after) is same


def test_legacy_pairs_keep_track_of_absent_components():
    x, components = _random()
    present = torch.ones(3, 2, 4, dtype=torch.bool)
    present[1, 0, 2] = False
    changed = components.clone()
    changed[1, 0, 2] = 7.0
    found = [
        decomposition_loss(x, c, _full(2, 4), present=present, pairing="legacy").loss for c in (components, changed)
    ]
    torch.testing.assert_close(*found)
    assert decomposition_loss(x, changed, _full(2, 4), pairing="legacy").loss != found[0]


# ---- Symmetries and options ----


@pytest.mark.parametrize("divergence", ["js", "kl"])
def test_a_divergence_is_symmetric_and_blind_to_shifts_and_to_the_order_of_features(divergence):
    x, components = _random()
    reference = decomposition_loss(x, components, _full(2, 4), divergence=divergence)
    shifted = decomposition_loss(x + 3.0, components - 1.0, _full(2, 4), divergence=divergence)
    order = torch.tensor([5, 2, 0, 1, 4, 3])
    permuted = decomposition_loss(x[..., order], components[..., order], _full(2, 4), divergence=divergence)
    swapped = decomposition_loss(x, components[[2, 0, 1]], _full(2, 4), divergence=divergence)
    for other in (shifted, permuted, swapped):
        torch.testing.assert_close(other.loss, reference.loss)
        torch.testing.assert_close(other.cross_entropy_negative, reference.cross_entropy_negative)
    assert all(0 <= value <= 1 for value in reference.pairs.values())


def test_kullback_leibler_is_that_of_torch_made_a_probability():
    logits_p, logits_q = torch.randn(2, 10, 7, dtype=torch.float64)
    p, q = (torch.distributions.Categorical(logits=logits) for logits in (logits_p, logits_q))
    kl = torch.distributions.kl_divergence
    expected = 1 - torch.exp(-(kl(p, q) + kl(q, p)) / 2)
    found = kullback_leibler(p.logits, q.logits)
    torch.testing.assert_close(found, expected)
    total_variation = (p.probs - q.probs).abs().sum(-1) / 2
    assert (total_variation**2 <= found).all()  # Bretagnolle and Huber
    x, components = _ideal(3)
    apart = decomposition_loss(x, components, torch.ones(2, dtype=torch.bool), divergence="kl")
    assert apart.divergence_negative.item() == pytest.approx(1.0)
    same = decomposition_loss(x, torch.stack([x, x]), torch.ones(2, dtype=torch.bool), divergence="kl")
    assert same.divergence_positive.item() == 0.0


def test_the_positive_loss_of_one_frame_under_kl_is_the_divergence():
    p, q = torch.randn(2, 4, 6, dtype=torch.float64).log_softmax(-1)
    kl = 0.5 * ((p.exp() - q.exp()) * (p - q)).sum(-1)
    found = decomposition_loss(p, torch.stack([q, q]), torch.ones(4, dtype=torch.bool), divergence="kl", log_floor=0.0)
    assert found.cross_entropy_positive.item() == pytest.approx(kl.mean().item(), rel=1e-9)


OPTIONS = {
    "published": PUBLISHED,
    "legacy pairing": {"pairing": "legacy"},
    "sum": {"frame_reduction": "sum_clamp"},
    "nats": {"units": "nats", "eps": 1e-8},
    "clamped logarithm": {"log_floor": 0.0},
    "kl": {"divergence": "kl"},
    "centred kl": {"divergence": "kl", "centring": "level"},
    "weights": {"weights": {(0, 1): 0.9, (1, 2): 0.4}},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_gradients_of_every_option(options):
    x, components = _random((3, 2, 3, 4), scale=0.5)
    mask = torch.tensor([[True, True, False], [True, True, True]])

    def loss(x, components):
        return decomposition_loss(x, components, mask, **options).loss

    assert torch.autograd.gradcheck(loss, (x.requires_grad_(), components.requires_grad_()))


@pytest.mark.parametrize("n_components", [2, 3, 4, 5, 12])
def test_default_weights_give_the_sum_of_both_means(n_components):
    x, components = _random((n_components, 2, 3, 8))
    found = decomposition_loss(x, components, _full(2, 3))
    torch.testing.assert_close(found.loss, found.cross_entropy_positive + found.cross_entropy_negative)
    assert len(found.pairs) == math.comb(n_components + 1, 2)


def test_weights_of_pairs():
    x, components = _random()
    plain = decomposition_loss(x, components, _full(2, 4))
    zero = {pair: 0.0 for pair in plain.pairs}
    alone = [decomposition_loss(x, components, _full(2, 4), weights={**zero, pair: 1.0}).loss for pair in plain.pairs]
    weights = {pair: 0.1 * (1 + place) for place, pair in enumerate(plain.pairs)}
    found = decomposition_loss(x, components, _full(2, 4), weights=weights).loss
    torch.testing.assert_close(found, sum(w * part for w, part in zip(weights.values(), alone, strict=True)))
    with pytest.raises(ValueError, match=r"\[\(2, 1\)\]; with 3 components there are"):
        decomposition_loss(x, components, _full(2, 4), weights={(2, 1): 1.0})


def test_rounding_beyond_the_bounds_gives_no_nan():
    """Sums of 192 float32 terms may exceed 1 bit by more than the floor inside the logarithm."""
    torch.manual_seed(0)
    levels = torch.zeros(3, 500, 192)
    levels[0, :, :96] = levels[1, :, 96:] = LARGE
    levels[2] = levels[0]
    levels += torch.randn_like(levels)
    assert (jensen_shannon(levels[:2].log_softmax(-1), [(0, 1)]) > 1 + 1e-7).any()
    for divergence in ("js", "kl"):
        found = decomposition_loss(levels[0], levels[1:], torch.ones(500, dtype=torch.bool), divergence=divergence)
        assert torch.isfinite(found.loss)


def test_an_utterance_without_frames_does_not_count():
    x, components = _random((3, 3, 4, 6))
    mask = _full(3, 4)
    mask[1] = False
    for options in (PUBLISHED, {}):
        found = decomposition_loss(x, components, mask, **options).loss
        kept = decomposition_loss(x[[0, 2]], components[:, [0, 2]], _full(2, 4), **options).loss
        torch.testing.assert_close(found, kept)
    nothing = decomposition_loss(x, components, torch.zeros_like(mask), **PUBLISHED)
    assert nothing.loss.item() == 0.0


# ---- Prior ----


def test_prior_by_hand():
    mask = torch.ones(4, dtype=torch.bool)
    zero = torch.zeros(4, 3, 8)
    assert prior_loss(zero, zero, mask, reduction="sum").item() == 0.0
    one = torch.ones(4, 3, 8)
    assert prior_loss(one, zero, mask).item() == pytest.approx(4.0)  # d/2 for mu = 1, sigma = 1
    assert prior_loss(one, zero, mask, reduction="sum").item() == pytest.approx(16.0)
    doubled = prior_loss(one.repeat(2, 1, 1), zero.repeat(2, 1, 1), mask.repeat(2), reduction="sum")
    assert doubled.item() == pytest.approx(32.0)
    with pytest.raises(ValueError, match="reduction must be one of"):
        prior_loss(one, zero, mask, reduction="median")


def test_the_published_prior_averages_components_and_their_projection_without_x():
    mu, logvar = torch.randn(5, 5, 8), torch.randn(5, 5, 8)  # X, OC1..OC3, OCs_proj
    normal = torch.distributions.Normal(mu, (0.5 * logvar).exp())
    per_subspace = torch.distributions.kl_divergence(normal, torch.distributions.Normal(0.0, 1.0)).sum((0, 2))
    found = prior_loss(mu, logvar, torch.ones(5, dtype=torch.bool), reduction="sum", on_x=False)
    torch.testing.assert_close(found, per_subspace[1:].sum() / 4)


# ---- Names ----


def test_named_objectives():
    published, corrected, centred = (ObjectiveSettings.named(name) for name in ("published", "corrected", "centred"))
    assert corrected == ObjectiveSettings()
    differing = {key for key, value in published.to_dict().items() if value != corrected.to_dict()[key]}
    assert differing == set(corrected.to_dict()) - {"divergence", "centring", "loss_space", "temperature"}
    assert {key for key, value in centred.to_dict().items() if value != corrected.to_dict()[key]} == {"centring"}
    mixed = ObjectiveSettings.named("published", pairing="aligned", units=None)
    assert (mixed.pairing, mixed.units) == ("aligned", "nats")
    assert named_settings("published")["branch_s"] == {"prior_weight": 400.0}
    branch_z = {"prior_weight": 10.0, "conv_norm": "batch", "dense_norm": "batch"}
    assert named_settings("published")["branch_z"] == branch_z
    assert named_settings("centred")["branch_z"] == {"prior_weight": 1.0, "conv_norm": "group", "dense_norm": "layer"}


@pytest.mark.parametrize(
    ("name", "overrides", "message"),
    [
        ("mystery", {}, "objective must be one of .*'mystery'"),
        ("centred", {"pairng": "legacy"}, "no option"),
        ("centred", {"pairing": "diagonal"}, "pairing must be one of"),
        ("centred", {"eps": -1.0}, "eps must be at least 0"),
        ("centred", {"temperature": 0.0}, "temperature must be above 0"),
    ],
)
def test_bad_settings_are_named(name, overrides, message):
    with pytest.raises(ValueError, match=message):
        ObjectiveSettings.named(name, **overrides)


@pytest.mark.parametrize("option", ["divergence", "units", "frame_reduction", "pairing"])
def test_bad_options_are_named(option):
    x, components = _random()
    with pytest.raises(ValueError, match=f"{option} must be one of"):
        decomposition_loss(x, components, _full(2, 4), **{option: "other"})
