"""The published objective: its formula on tensors worked by hand, its limits, every option on its own, its batches."""

import math
from functools import partial
from itertools import combinations

import numpy as np
import pytest
import torch

from decvae.features.batches import decvae_batch
from decvae.features.store import FeatureFile
from decvae.models.objective import decomposition_loss, prior_loss
from decvae.models.published_objective import (
    best_loss_at_start,
    fixed_draws,
    gradient_divisor,
    legacy_frames,
    legacy_pairs,
    published_batch,
    published_decomposition_loss,
    published_prior_loss,
)
from decvae.settings.objective import ObjectiveSettings

LARGE = 60.0  # a softmax logit that leaves the others no mass


def _loss(x, components, mask, present=None, objective="corrected", **options):
    settings = ObjectiveSettings.named(objective, **options)
    return published_decomposition_loss(x, components, mask, settings, present=present)


def _published(x, components, mask, **options):
    return _loss(x, components, mask, objective="published", **options)


@pytest.fixture
def data(study):
    return FeatureFile(study.features["train"])


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
    found = _published(x, components, _full(3, n_frames))
    expected = np.mean([_published_by_hand(x[i].numpy(), components[:, i].numpy()) for i in range(3)])
    assert found.loss.item() == pytest.approx(expected, rel=1e-9)


def test_one_pair_by_hand():
    """Two values: p = (3/4, 1/4), q = (1/4, 3/4), m = (1/2, 1/2), so J = 3/4 ln 3/2 + 1/4 ln 1/2 = 0.1308 nats."""
    p, q = torch.tensor([[math.log(3), 0.0]]), torch.tensor([[0.0, math.log(3)]])
    divergence = 0.75 * math.log(1.5) + 0.25 * math.log(0.5)
    found = _published(p, torch.stack([p, q]), torch.ones(1, dtype=torch.bool))
    assert found.probability_negative.item() == pytest.approx(divergence, abs=1e-6)
    assert found.probability_positive.item() == pytest.approx(divergence / 2, abs=1e-6)  # X equals OC1
    assert found.cross_entropy_negative.item() == pytest.approx(-math.log(divergence), abs=1e-5)
    assert found.cross_entropy_positive.item() == pytest.approx(-math.log(1 - divergence) / 2, abs=1e-6)
    assert found.divergence_negative.item() == pytest.approx(divergence / math.log(2), abs=1e-6)  # always in bits


# ---- Limits (published values found by running the original code) ----


def test_identical_levels_are_at_the_collapse_floor():
    x = torch.randn(2, 192, dtype=torch.float64, requires_grad=True)
    found = _published(x, torch.stack([x, x, x]), torch.ones(2, dtype=torch.bool))
    assert found.probability_negative.item() == pytest.approx(192e-8, rel=1e-3)
    assert found.cross_entropy_negative.item() == pytest.approx(13.15, abs=0.02)
    found.loss.backward()
    assert torch.isfinite(x.grad).all()


def test_disjoint_levels_are_ln_2_apart():
    _, components = _ideal(3)
    found = _published(components[1], components, torch.ones(2, dtype=torch.bool))
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
    found = _published(x, components, torch.ones(2, dtype=torch.bool))
    assert found.probability_positive.item() == pytest.approx(positive, abs=1e-4)
    assert found.loss.item() == pytest.approx(loss, abs=3e-4)


def test_a_sum_over_frames_saturates_without_a_gradient():
    x, components = _ideal(3)
    x = x[:, None].repeat(1, 6, 1).requires_grad_()
    components = components[:, :, None].repeat(1, 1, 6, 1).requires_grad_()
    found = _published(x, components, _full(2, 6), pairing="aligned")
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
    once = _published(x, components, _full(2, 4), pairing="aligned")
    repeated = _published(*twice, _full(2, 8), pairing="aligned")
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
        _loss(x[:, 0], components[:, :, 0], torch.ones(4, dtype=torch.bool), pairing=pairing).loss
        for pairing in ("legacy", "aligned")
    )
    torch.testing.assert_close(legacy, aligned)
    x, components = _random()
    order = torch.tensor([2, 0, 3, 1])
    for pairing, same in (("aligned", True), ("legacy", False)):
        before, after = (
            _loss(*inputs, _full(2, 4), pairing=pairing).loss
            for inputs in ((x, components), (x[:, order], components[:, :, order]))
        )
        assert torch.allclose(before, after) is same


def test_legacy_pairs_keep_track_of_absent_components():
    x, components = _random()
    present = torch.ones(3, 2, 4, dtype=torch.bool)
    present[1, 0, 2] = False
    changed = components.clone()
    changed[1, 0, 2] = 7.0
    found = [_loss(x, c, _full(2, 4), present, pairing="legacy").loss for c in (components, changed)]
    torch.testing.assert_close(*found)
    assert _loss(x, changed, _full(2, 4), pairing="legacy").loss != found[0]


# ---- Symmetries and options ----


def test_the_positive_loss_of_one_frame_under_kl_is_the_divergence():
    p, q = torch.randn(2, 4, 6, dtype=torch.float64).log_softmax(-1)
    kl = 0.5 * ((p.exp() - q.exp()) * (p - q)).sum(-1)
    found = _loss(p, torch.stack([q, q]), torch.ones(4, dtype=torch.bool), divergence="kl", log_floor=0.0)
    assert found.cross_entropy_positive.item() == pytest.approx(kl.mean().item(), rel=1e-9)


OPTIONS = {
    "published": {"objective": "published"},
    "legacy pairing": {"pairing": "legacy"},
    "sum": {"frame_reduction": "sum_clamp"},
    "nats": {"units": "nats", "eps": 1e-8},
    "clamped logarithm": {"log_floor": 0.0},
    "kl": {"divergence": "kl"},
    "centred kl": {"divergence": "kl", "centring": "level"},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_gradients_of_every_option(options):
    x, components = _random((3, 2, 3, 4), scale=0.5)
    mask = torch.tensor([[True, True, False], [True, True, True]])

    def loss(x, components):
        return _loss(x, components, mask, **options).loss

    assert torch.autograd.gradcheck(loss, (x.requires_grad_(), components.requires_grad_()))


def test_an_utterance_without_frames_does_not_count():
    x, components = _random((3, 3, 4, 6))
    mask = _full(3, 4)
    mask[1] = False
    for options in ({"objective": "published"}, {}):
        found = _loss(x, components, mask, **options).loss
        kept = _loss(x[[0, 2]], components[:, [0, 2]], _full(2, 4), **options).loss
        torch.testing.assert_close(found, kept)
    nothing = _published(x, components, torch.zeros_like(mask))
    assert nothing.loss.item() == 0.0


# ---- Prior ----


def test_prior_by_hand():
    mask = torch.ones(4, dtype=torch.bool)
    zero = torch.zeros(4, 3, 8)
    summed = ObjectiveSettings(prior_reduction="sum")
    assert published_prior_loss(zero, zero, mask, summed).item() == 0.0
    one = torch.ones(4, 3, 8)
    assert prior_loss(one, zero, mask).item() == pytest.approx(4.0)  # d/2 for mu = 1, sigma = 1
    assert published_prior_loss(one, zero, mask, summed).item() == pytest.approx(16.0)
    doubled = published_prior_loss(one.repeat(2, 1, 1), zero.repeat(2, 1, 1), mask.repeat(2), summed)
    assert doubled.item() == pytest.approx(32.0)
    with pytest.raises(ValueError, match="`prior_reduction` is 'median'; allowed: one of mean, sum"):
        ObjectiveSettings(prior_reduction="median")


def test_the_published_prior_averages_components_and_their_projection_without_x():
    mu, logvar = torch.randn(5, 5, 8), torch.randn(5, 5, 8)  # X, OC1..OC3, OCs_proj
    normal = torch.distributions.Normal(mu, (0.5 * logvar).exp())
    per_subspace = torch.distributions.kl_divergence(normal, torch.distributions.Normal(0.0, 1.0)).sum((0, 2))
    found = published_prior_loss(mu, logvar, torch.ones(5, dtype=torch.bool), ObjectiveSettings.named("published"))
    torch.testing.assert_close(found, per_subspace[1:].sum() / 4)


# ---- Beside the default objective ----


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    "options",
    [{}, {"centring": "level"}, {"divergence": "kl"}, {"divergence": "kl", "centring": "level", "temperature": 0.5}],
)
def test_with_default_options_it_is_the_default_objective_to_the_last_bit(dtype, options):
    torch.manual_seed(0)
    x, components = torch.randn(5, 7, 11, dtype=dtype), torch.randn(3, 5, 7, 11, dtype=dtype)
    mask, present = torch.rand(5, 7) > 0.2, torch.rand(3, 5, 7) > 0.2
    settings = ObjectiveSettings(**options)
    assert not settings.has_published_loss and ObjectiveSettings.named("published").has_published_loss
    found = []
    for loss in (
        lambda *inputs: decomposition_loss(*inputs, mask, present=present, **options),
        lambda *inputs: published_decomposition_loss(*inputs, mask, settings, present=present),
    ):
        inputs = (x.clone().requires_grad_(), components.clone().requires_grad_())
        value = loss(*inputs)
        found.append((value.loss, *torch.autograd.grad(value.loss, inputs), *value.pairs.values()))
    assert all(map(torch.equal, *found))
    mu, logvar = torch.randn(2, 5, 7, 4, 6, dtype=dtype)
    assert torch.equal(prior_loss(mu, logvar, mask), published_prior_loss(mu, logvar, mask, settings))


def test_absent_pairs_may_count():
    x, components = _random()
    present = torch.ones(3, 2, 4, dtype=torch.bool)
    present[1, 0, 2] = False
    everything = _loss(x, components, _full(2, 4)).loss
    assert torch.equal(_loss(x, components, _full(2, 4), present, absent_pairs="include").loss, everything)
    assert not torch.equal(_loss(x, components, _full(2, 4), present).loss, everything)


# ---- Training and batches ----


@pytest.mark.parametrize(("branches", "divisor"), [("dual", 6400), ("Z", 3200), ("S", 32)])
def test_the_published_divisor_counts_pairs(branches, divisor):
    """16 utterances of 100 frames, C = 3, weights 1/3: ``2 (4800 / 3 + 4800 / 3)`` if dual; S counts utterances."""
    masks = {"Z": _full(16, 100), "S": torch.ones(16, dtype=torch.bool)}
    used = [masks[name] for name in ("ZS" if branches == "dual" else branches)]
    assert gradient_divisor(used, ObjectiveSettings.named("published")).item() == divisor
    assert gradient_divisor(used, ObjectiveSettings.named("corrected")) is None


def test_nothing_improves_on_the_published_best_loss():
    assert best_loss_at_start(ObjectiveSettings.named("published")) == -math.inf
    assert best_loss_at_start(ObjectiveSettings.named("centred")) is None


def test_legacy_frames_are_those_of_the_first_utterances():
    """Lengths 3 and 8: the second utterance gets frames [0, 0, 1, 1, 2, 2, 3, 4], as found by running the original."""
    short, long = legacy_frames([np.arange(3), np.arange(8)], [3, 8])
    assert short.tolist() == [0, 1, 2]
    assert long.tolist() == [0, 0, 1, 1, 2, 2, 3, 4]
    equal = [np.array([1, 4]), np.array([0, 3])]
    assert [rows.tolist() for rows in legacy_frames(equal, [5, 5])] == [[1, 4], [0, 3]]  # harmless if lengths are equal


def test_the_frame_index_reaches_the_batch(data, monkeypatch):
    monkeypatch.setattr(data, "n_frames", lambda index: {3: 3, 5: 8}[index])
    batch = published_batch(data, [3, 5], branches="Z")
    np.testing.assert_array_equal(batch["frames"][1], data.frames(5)[0][[0, 0, 1, 1, 2, 2, 3, 4]])


@pytest.mark.parametrize("branches", ["dual", "Z", "S"])
def test_utterances_of_one_length_have_the_batch_of_the_default_objective(data, branches):
    options = {"branches": branches, "wanted": 6, "wanted_seq": 4}
    batches = [
        make(data, [3, 5], **options, rngs=[np.random.default_rng(i) for i in (0, 1)])
        for make in (decvae_batch, published_batch)
    ]
    assert all(torch.equal(batches[0][name], batches[1][name]) for name in batches[0])


def test_fixed_draws_are_the_same_in_every_validation_and_leave_training_alone(data):
    make = partial(decvae_batch, branches="Z", wanted=4)
    first, again = (fixed_draws(make, 0, data, [3, 7]) for _ in range(2))
    assert first["frames"].shape[1] == 4 and torch.equal(first["frames"], again["frames"])
    assert torch.equal(fixed_draws(make, 0, data, [7])["frames"][0], first["frames"][1])
    assert not torch.equal(fixed_draws(make, 1, data, [3, 7])["frames"], first["frames"])
    rngs = [np.random.default_rng(9)]
    drawn = fixed_draws(make, 0, data, [3], rngs=rngs)["frames"]
    assert torch.equal(drawn, make(data, [3], rngs=[np.random.default_rng(9)])["frames"])
