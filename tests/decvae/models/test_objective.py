"""The objective at its analytic limits, and what each option promises."""

import math

import pytest
import torch
from scipy.spatial.distance import jensenshannon

from decvae.models.divergences import jensen_shannon
from decvae.models.objective import (
    centre_levels,
    decomposition_loss,
    masked_mean,
    prior_loss,
)

LARGE = 60.0  # a softmax logit that leaves the others no mass


def _disjoint(n_components, dim, batch=2, frames=3):
    """OCs with disjoint supports and X their uniform mixture."""
    block = dim // n_components
    components = torch.zeros(n_components, batch, frames, dim)
    for c in range(n_components):
        components[c, ..., c * block : (c + 1) * block] = LARGE
    return torch.zeros(batch, frames, dim), components


def _random(seed=0, shape=(3, 4, 5, 8), dtype=torch.float64):
    torch.manual_seed(seed)
    return torch.randn(shape[1:], dtype=dtype), torch.randn(shape, dtype=dtype)


@pytest.mark.parametrize("n_components", [2, 3, 4])
def test_uniform_mixture_of_disjoint_components(n_components):
    """JS(X, OC) in nats is .2158, .3182, .3804 for C = 2, 3, 4 (spec 2.7); the components are 1 bit apart."""
    x, components = _disjoint(n_components, 12)
    loss = decomposition_loss(x, components, torch.ones(2, 3, dtype=torch.bool))
    nats = {2: 0.21576, 3: 0.31825, 4: 0.38039}[n_components]
    assert loss.divergence_positive.item() == pytest.approx(nats / math.log(2), abs=1e-4)
    assert loss.divergence_negative.item() == pytest.approx(1.0, abs=1e-6)
    assert loss.cross_entropy_negative.item() == pytest.approx(0.0, abs=1e-6)
    assert loss.loss.item() == pytest.approx(-math.log(1 - nats / math.log(2)), abs=1e-4)


def test_identical_and_disjoint_levels_are_finite_with_finite_gradients():
    x = torch.randn(2, 3, 8, requires_grad=True)
    same = decomposition_loss(x, torch.stack([x, x]), torch.ones(2, 3, dtype=torch.bool))
    assert same.divergence_positive.item() == pytest.approx(0, abs=1e-6)
    same.loss.backward()
    assert torch.isfinite(x.grad).all()
    far = torch.zeros(3, 1, 1, 8)
    far[0, ..., 0] = far[1, ..., 1] = far[2, ..., 1] = 500.0
    far.requires_grad_()
    apart = decomposition_loss(far[0], far[1:], torch.ones(1, 1, dtype=torch.bool))
    assert apart.divergence_positive.item() == pytest.approx(1.0)
    apart.loss.backward()
    assert torch.isfinite(far.grad).all()


@pytest.mark.parametrize("centring", ["none", "level"])
def test_gradients(centring):
    x, components = _random(shape=(2, 2, 3, 4))
    mask = torch.tensor([[True, True, False], [True, True, True]])

    def loss(x, components):
        return decomposition_loss(x, components, mask, centring=centring).loss

    assert torch.autograd.gradcheck(loss, (x.requires_grad_(), components.requires_grad_()))


def test_pairs_are_of_the_same_frame():
    """Permuting frames of all levels jointly changes nothing; permuting those of one component does."""
    x, components = _random()
    mask = torch.ones(4, 5, dtype=torch.bool)
    order = torch.tensor([3, 0, 4, 1, 2])
    reference = decomposition_loss(x, components, mask).loss
    torch.testing.assert_close(decomposition_loss(x[:, order], components[:, :, order], mask).loss, reference)
    moved = components.clone()
    moved[1] = components[1][:, order]
    assert abs(decomposition_loss(x, moved, mask).loss - reference) > 1e-3


def test_loss_by_hand():
    """One utterance, two frames, two components: the definition written out with scipy."""
    x, components = _random(shape=(2, 1, 2, 5))
    found = decomposition_loss(x, components, torch.ones(1, 2, dtype=torch.bool))

    def js(a, b):
        return float((jensenshannon(a.softmax(-1), b.softmax(-1), axis=-1, base=2) ** 2).mean())

    positive = [js(x[0], components[c, 0]) for c in (0, 1)]
    negative = js(components[0, 0], components[1, 0])
    expected = sum(-math.log(1 - p) for p in positive) / 2 - math.log(negative)
    assert found.loss.item() == pytest.approx(expected, rel=1e-6)  # the floor inside the logarithm
    assert found.pairs[1, 2].item() == pytest.approx(negative, rel=1e-9)


def test_masked_frames_and_absent_components_do_not_count():
    x, components = _random()
    mask = torch.ones(4, 5, dtype=torch.bool)
    mask[:, 3:] = False
    reference = decomposition_loss(x[:, :3], components[:, :, :3], mask[:, :3], centring="level")
    torch.testing.assert_close(decomposition_loss(x, components, mask, centring="level").loss, reference.loss)
    present = torch.ones(3, 4, 5, dtype=torch.bool)
    present[2, :, 0] = False
    changed = components.clone()
    changed[2, :, 0] = 1e3
    for centring in ("none", "level"):
        torch.testing.assert_close(
            decomposition_loss(x, components, mask, present=present, centring=centring).loss,
            decomposition_loss(x, changed, mask, present=present, centring=centring).loss,
        )


def test_sequences_are_utterances_of_one_frame():
    x, components = _random(shape=(3, 4, 1, 8))
    as_frames = decomposition_loss(x, components, torch.ones(4, 1, dtype=torch.bool), centring="level")
    as_sequences = decomposition_loss(x[:, 0], components[:, :, 0], torch.ones(4, dtype=torch.bool), centring="level")
    torch.testing.assert_close(as_frames.loss, as_sequences.loss)


def test_centring_removes_what_only_names_the_level():
    """Features constant within each level solve the uncentred loss; centred, all levels become equal."""
    x, components = _disjoint(3, 12)
    mask = torch.ones(2, 3, dtype=torch.bool)
    assert decomposition_loss(x, components, mask).divergence_negative > 0.99
    assert decomposition_loss(x, components, mask, centring="level").divergence_negative < 1e-6


def test_centre_levels_standardises_valid_positions():
    levels = torch.randn(2, 3, 4, 5) * 3 + 7
    valid = torch.ones(2, 3, 4, dtype=torch.bool)
    valid[1, 0] = False
    centred = centre_levels(levels, valid)
    for level in range(2):
        kept = centred[level][valid[level]]
        torch.testing.assert_close(kept.mean(0), torch.zeros(5), atol=1e-5, rtol=0)
        torch.testing.assert_close(kept.var(0, unbiased=False), torch.ones(5), atol=1e-3, rtol=0)


def test_prior_is_the_gaussian_divergence():
    mu, logvar = torch.randn(6, 2, 3), torch.randn(6, 2, 3)
    normal = torch.distributions.Normal(mu, (0.5 * logvar).exp())
    expected = torch.distributions.kl_divergence(normal, torch.distributions.Normal(0.0, 1.0)).sum(-1)
    mask = torch.tensor([True] * 4 + [False] * 2)
    torch.testing.assert_close(prior_loss(mu, logvar, mask), expected[:4].mean())
    assert prior_loss(torch.ones(1, 1, 8), torch.zeros(1, 1, 8), mask[:1]).item() == pytest.approx(4.0)


def test_masked_mean_of_nothing_is_zero():
    assert masked_mean(torch.ones(3), torch.zeros(3, dtype=torch.bool)).item() == 0


def test_bad_arguments_are_named():
    x, components = _random()
    with pytest.raises(ValueError, match="at least 2 components"):
        decomposition_loss(x, components[:1], torch.ones(4, 5, dtype=torch.bool))
    for option in ("divergence", "centring"):
        with pytest.raises(ValueError, match=f"{option} must be one of"):
            decomposition_loss(x, components, torch.ones(4, 5, dtype=torch.bool), **{option: "batch"})


@pytest.mark.parametrize("divergence", ["js", "kl"])
def test_at_a_high_temperature_divergences_are_variances_of_differences(divergence):
    """To second order, JS is Var_d(h_k - h_l) / 8 T^2 and K, the mean of both KL, Var_d(h_k - h_l) / 2 T^2, in nats."""
    x, components = _random()
    mask, temperature = torch.ones(4, 5, dtype=torch.bool), 300.0
    found = decomposition_loss(x, components, mask, divergence=divergence, temperature=temperature)
    scale = {"js": 8 * math.log(2), "kl": 2}[divergence] * temperature**2
    expected = (x - components).var(-1, correction=0).mean((1, 2)) / scale
    torch.testing.assert_close(torch.stack([found.pairs[0, c] for c in (1, 2, 3)]), expected, rtol=1e-2, atol=0.0)


@pytest.mark.parametrize("divergence", ["js", "kl"])
def test_a_divergence_is_symmetric_and_blind_to_shifts_and_to_the_order_of_features(divergence):
    x, components = _random(shape=(3, 2, 4, 6))
    mask = torch.ones(2, 4, dtype=torch.bool)
    reference = decomposition_loss(x, components, mask, divergence=divergence)
    shifted = decomposition_loss(x + 3.0, components - 1.0, mask, divergence=divergence)
    order = torch.tensor([5, 2, 0, 1, 4, 3])
    permuted = decomposition_loss(x[..., order], components[..., order], mask, divergence=divergence)
    swapped = decomposition_loss(x, components[[2, 0, 1]], mask, divergence=divergence)
    for other in (shifted, permuted, swapped):
        torch.testing.assert_close(other.loss, reference.loss)
        torch.testing.assert_close(other.cross_entropy_negative, reference.cross_entropy_negative)
    assert all(0 <= value <= 1 for value in reference.pairs.values())


@pytest.mark.parametrize("n_components", [2, 3, 4, 5, 12])
def test_the_loss_is_the_sum_of_both_means(n_components):
    x, components = _random(shape=(n_components, 2, 3, 8))
    found = decomposition_loss(x, components, torch.ones(2, 3, dtype=torch.bool))
    torch.testing.assert_close(found.loss, found.cross_entropy_positive + found.cross_entropy_negative)
    assert len(found.pairs) == math.comb(n_components + 1, 2)


def test_rounding_beyond_the_bounds_gives_no_nan():
    """Sums of 192 float32 terms may exceed 1 bit by more than the floor inside the logarithm."""
    torch.manual_seed(0)
    levels = torch.zeros(3, 5000, 192)
    levels[0, :, :96] = levels[1, :, 96:] = LARGE
    levels[2] = levels[0]
    levels += torch.randn_like(levels)
    assert (jensen_shannon(levels[:2].log_softmax(-1), [(0, 1)]) > 1 + 1e-7).any()
    for divergence in ("js", "kl"):
        found = decomposition_loss(levels[0], levels[1:], torch.ones(5000, dtype=torch.bool), divergence=divergence)
        assert torch.isfinite(found.loss)
