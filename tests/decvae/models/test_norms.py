"""Norms against torch's and against formulas by hand; what statistics see and what depends on them."""

import pytest
import torch
from torch.nn import functional as F

from decvae.models.modeling_decvae import DecVAEModel
from decvae.models.modeling_pretraining import DecVAEForPreTraining
from decvae.models.norms import LEVEL_NORMS, LevelNorm, TimeNorm
from tests.decvae.networks import config_of

EPS = 1e-5
SMALL = {
    "branches": "Z",
    "branch_z": {"conv_dim": [4, 6, 8, 10, 12, 14, 16], "dense_dim": [20, 16], "hidden_size": 24, "latent_dim": 6},
    "projection_dim": 24,
}


def _rows(batch=3, frames=5, levels=2, steps=4, channels=6, seed=0):
    """Hidden values (B, F, L, T, channels) whose levels and channels differ in mean and scale."""
    generator = torch.Generator().manual_seed(seed)
    hidden = torch.randn(batch, frames, levels, steps, channels, generator=generator)
    return hidden * (1 + torch.arange(channels)) + torch.arange(levels).view(levels, 1, 1)


def _apply(norm, rows, eligible=None):
    eligible = torch.ones(rows.shape[:3], dtype=torch.bool) if eligible is None else eligible
    return norm(rows.flatten(0, 2), eligible).unflatten(0, rows.shape[:3])


def _model_inputs(config, batch=3, frames=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shape = (batch, frames, config.n_components)
    return {
        "frames": torch.randn(batch, frames, config.n_components + 1, 400, generator=generator),
        "frames_present": torch.ones(shape, dtype=torch.bool),
        "frame_mask": torch.ones(shape[:2], dtype=torch.bool),
    }


def test_time_norm_equals_group_norm():
    hidden = torch.randn(3, 79, 4)
    expected = F.group_norm(hidden.transpose(1, 2), 4).transpose(1, 2)
    torch.testing.assert_close(TimeNorm(4, EPS)(hidden), expected)


def test_time_norm_has_the_gradients_of_group_norm():
    norm = TimeNorm(4, EPS).double()
    hidden = torch.randn(3, 7, 4, dtype=torch.float64, requires_grad=True)
    target = torch.randn(3, 7, 4, dtype=torch.float64)
    torch.nn.init.normal_(norm.weight)
    expected = F.group_norm(hidden.transpose(1, 2), 4, norm.weight, norm.bias, EPS).transpose(1, 2)
    wanted = (hidden, norm.weight, norm.bias)
    found = torch.autograd.grad((norm(hidden) * target).sum(), wanted)
    torch.testing.assert_close(found, torch.autograd.grad((expected * target).sum(), wanted))
    assert torch.autograd.gradcheck(norm, hidden)


def test_time_norm_keeps_half_precision_out_of_its_statistics():
    hidden = (torch.randn(2, 50, 4) + 30).bfloat16().requires_grad_()
    found = TimeNorm(4, EPS)(hidden)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, TimeNorm(4, EPS)(hidden.detach().float()))
    found.sum().backward()
    assert hidden.grad.dtype == torch.bfloat16


@pytest.mark.parametrize("training", [True, False])
def test_batch_statistics_are_those_of_the_eligible_rows_of_each_level(training):
    """Spec invariant 19: mean 0 and variance 1 of every channel, in training and evaluation."""
    rows = _rows()
    eligible = torch.rand(rows.shape[:3], generator=torch.Generator().manual_seed(1)) < 0.7
    norm = LevelNorm("batch", 6, 2, EPS).train(training)
    standard = _apply(norm, rows, eligible)
    for level in range(2):
        inside, values = (part[:, :, level][eligible[:, :, level]].flatten(0, 1) for part in (standard, rows))
        torch.testing.assert_close(inside.mean(0), torch.zeros(6), atol=1e-5, rtol=0)
        torch.testing.assert_close(inside.var(0, correction=0), torch.ones(6), atol=1e-4, rtol=0)
        torch.testing.assert_close(inside, F.batch_norm(values, None, None, training=True, eps=EPS))


def test_batch_statistics_carry_no_gradient():
    """Spec invariant 19: d(out)/d(x) is weight / sqrt(var + eps) on the diagonal and zero elsewhere."""
    rows = _rows(batch=1, frames=2, levels=1, steps=3, channels=2)
    norm = LevelNorm("batch", 2, 1, EPS)
    torch.nn.init.uniform_(norm.weight, 1, 2)
    jacobian = torch.autograd.functional.jacobian(lambda values: _apply(norm, values), rows).reshape(12, 12)
    slopes = norm.weight / torch.sqrt(rows.flatten(0, 3).var(0, correction=0) + EPS)
    torch.testing.assert_close(jacobian, torch.diag(slopes.detach().repeat(6)))


@pytest.mark.parametrize("kind", LEVEL_NORMS)
def test_excluded_rows_change_nothing_for_the_others(kind):
    rows = _rows()
    eligible = torch.ones(rows.shape[:3], dtype=torch.bool)
    eligible[0, 1:, 1] = eligible[2, 3] = False
    expected = _apply(LevelNorm(kind, 6, 2, EPS), rows, eligible)
    changed = torch.where(eligible[..., None, None], rows, 100.0)
    torch.testing.assert_close(_apply(LevelNorm(kind, 6, 2, EPS), changed, eligible)[eligible], expected[eligible])


def test_the_gradient_of_scale_and_offset_is_that_of_batch_norm():
    rows = _rows(levels=1)
    norm, peer = LevelNorm("batch", 6, 1, EPS), torch.nn.BatchNorm1d(6, eps=EPS)
    target = torch.randn(rows.shape, generator=torch.Generator().manual_seed(3))
    (_apply(norm, rows) * target).sum().backward()
    (peer(rows.flatten(0, 3)) * target.flatten(0, 3)).sum().backward()
    torch.testing.assert_close(norm.weight.grad, peer.weight.grad, atol=1e-3, rtol=1e-4)
    torch.testing.assert_close(norm.bias.grad, peer.bias.grad, atol=1e-4, rtol=1e-4)


def test_running_statistics_equal_batch_norm_level_by_level():
    norm, peers = LevelNorm("batch_running", 6, 2, EPS), [torch.nn.BatchNorm1d(6, eps=EPS) for _ in range(2)]
    for seed in range(3):
        rows = _rows(seed=seed)
        standard = _apply(norm, rows)
        for level, peer in enumerate(peers):
            torch.testing.assert_close(
                standard[:, :, level].flatten(0, 2), peer(rows[:, :, level].flatten(0, 2)), atol=1e-5, rtol=1e-5
            )
    for level, peer in enumerate(peers):
        torch.testing.assert_close(norm.running_mean[level], peer.running_mean)
        torch.testing.assert_close(norm.running_var[level], peer.running_var)
    rows = _rows(seed=9)
    standard = _apply(norm.eval(), rows)
    for level, peer in enumerate(peers):
        torch.testing.assert_close(
            standard[:, :, level].flatten(0, 2), peer.eval()(rows[:, :, level].flatten(0, 2)), atol=1e-5, rtol=1e-5
        )
    torch.testing.assert_close(norm.running_mean[0], peers[0].running_mean)  # evaluation does not move them


def test_instance_statistics_equal_instance_norm_with_its_gradient():
    rows = _rows(levels=1).requires_grad_()
    standard = _apply(LevelNorm("instance", 6, 1, EPS), rows)
    expected = F.instance_norm(rows.flatten(1, 3).transpose(1, 2), eps=EPS).transpose(1, 2).reshape(rows.shape)
    torch.testing.assert_close(standard, expected)
    target = torch.randn(rows.shape, generator=torch.Generator().manual_seed(3))
    (ours,) = torch.autograd.grad((standard * target).sum(), rows)
    (theirs,) = torch.autograd.grad((expected * target).sum(), rows)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", LEVEL_NORMS)
def test_channels_without_statistics_pass_as_they_are(kind):
    """A single eligible value, or none at all, is neither blown up nor erased."""
    rows = _rows(batch=1, frames=2, steps=1)
    eligible = torch.tensor([[[True, False], [False, False]]])
    norm = LevelNorm(kind, 6, 2, EPS)
    torch.testing.assert_close(_apply(norm, rows, eligible), rows, atol=1e-3, rtol=1e-4)
    if kind == "batch_running":
        assert not norm.running_mean.any() and bool((norm.running_var == 1).all())


@pytest.mark.parametrize("encoder", ["conv", "dense"])
@pytest.mark.parametrize(
    ("norm", "own_batch", "own_utterance"),
    [("layer", True, True), ("batch", False, False), ("batch_running", True, True), ("instance", True, False)],
)
def test_what_a_latent_depends_on_in_evaluation(encoder, norm, own_batch, own_utterance):
    """Spec invariant 20: other utterances of the batch, and other frames of the utterance."""
    config = config_of(SMALL, branch_z={"encoder": encoder, "conv_norm": norm, "dense_norm": norm})
    torch.manual_seed(0)
    model = DecVAEModel(config)
    inputs = _model_inputs(config)
    model.train()(**inputs)  # running statistics
    model.eval()
    mu = model(**inputs).z.mu[0, 0]

    def same(changed):
        return torch.allclose(model(**{**inputs, "frames": changed}).z.mu[0, 0], mu, atol=1e-6)

    assert same(torch.cat([inputs["frames"][:1], 3 * inputs["frames"][1:] + 1])) == own_batch
    changed = inputs["frames"].clone()
    changed[0, 1:] *= torch.linspace(-2, 2, 400)
    assert same(changed) == own_utterance


@pytest.mark.parametrize("norm", LEVEL_NORMS)
def test_a_level_is_encoded_alike_as_x_and_as_component(norm):
    """Spec invariant 4."""
    config = config_of(SMALL, branch_z={"conv_norm": norm})
    model = DecVAEModel(config)
    inputs = _model_inputs(config)
    inputs["frames"][:, :, 2] = inputs["frames"][:, :, 0]
    features = model(**inputs).z.features
    torch.testing.assert_close(features[:, :, 2], features[:, :, 0])


@pytest.mark.parametrize("encoder", ["conv", "dense"])
@pytest.mark.parametrize("norm", LEVEL_NORMS)
def test_padding_and_absent_components_do_not_enter_statistics(encoder, norm):
    config = config_of(SMALL, branch_z={"encoder": encoder, "conv_norm": norm, "dense_norm": norm})
    torch.manual_seed(0)
    model = DecVAEModel(config)
    inputs = _model_inputs(config)
    inputs["frame_mask"][1, 2:] = False
    inputs["frames_present"][0, 0, 1] = False
    mu = model(**inputs).z.mu
    inputs["frames"][1, 2:] = 7.0
    inputs["frames"][0, 0, 2] = torch.linspace(-9, 9, 400)
    torch.testing.assert_close(model(**inputs).z.mu[inputs["frame_mask"]], mu[inputs["frame_mask"]])


def test_running_statistics_are_saved(tmp_path):
    config = config_of(SMALL, branch_z={"conv_norm": "batch_running"})
    model = DecVAEForPreTraining(config)
    inputs = _model_inputs(config)
    model.train()(**inputs)
    model.save_pretrained(tmp_path)
    loaded = DecVAEModel.from_pretrained(tmp_path).eval()
    assert loaded.branch_z.encoder.layers[0].norm.running_mean.any()
    torch.testing.assert_close(loaded(**inputs).z.mu, model.eval()(**inputs).z.mu, rtol=0, atol=0)
