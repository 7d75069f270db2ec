"""How DecVAE uses its objective: what gets a gradient, parts and total, the gradient's divisor, saved options."""

import pytest
import torch

from decvae.models.modeling_pretraining import DecVAEForPreTraining
from decvae.models.published_objective import published_decomposition_loss, published_prior_loss
from decvae.settings.objective import ObjectiveSettings
from tests.decvae.networks import SMALL, config_of


def _model(**options):
    torch.manual_seed(0)
    return DecVAEForPreTraining(config_of(SMALL, **{"objective": "published", **options}))


def _batch(branches="dual", batch=3, frames=5):
    torch.manual_seed(1)
    z = {
        "frames": torch.randn(batch, frames, 4, 400),
        "frames_present": torch.ones(batch, frames, 3, dtype=torch.bool),
        "frame_mask": torch.ones(batch, frames, dtype=torch.bool),
    }
    s = {
        "sequence": torch.randn(batch, 4, 2400),
        "sequence_lengths": torch.full((batch,), 2400),
        "sequence_present": torch.ones(batch, 3, dtype=torch.bool),
    }
    return {**(z if branches != "S" else {}), **(s if branches != "Z" else {})}


def _gradients(model):
    return {name: parameter.grad for name, parameter in model.named_parameters()}


def test_the_published_loss_is_made_of_its_four_terms():
    model, batch = _model(branch_z={"beta": 0.5}, branch_s={"beta": 0.25}), _batch()
    output = model(**batch)
    rows = torch.ones(3, dtype=torch.bool)
    settings = ObjectiveSettings.named("published")
    expected = 0.0
    for branch, mask, factor in ((output.z, batch["frame_mask"], 0.5 * 10), (output.s, rows, 0.25 * 400)):
        levels = branch.features.double().movedim(-2, 0)
        expected += published_decomposition_loss(levels[0], levels[1:], mask, settings).loss
        mu, logvar = branch.mu.double(), branch.logvar.double()
        kl = -0.5 * (1 + logvar - mu**2 - logvar.exp())[..., 1:, :]
        expected += factor * kl.sum() / 3
    torch.testing.assert_close(output.loss, expected)
    torch.testing.assert_close(output.loss, output.decomposition + output.prior)
    reduced = {f"{branch}/probability_{kind}" for branch in "ZS" for kind in ("positive", "negative")}
    assert set(output.parts) - set(_model(objective="centred")(**batch).parts) == reduced


def _with_more_in_s(**options):
    """A model with 3 components of frames and 5 of sequences, and a batch for it."""
    batch = _batch()
    batch["sequence"] = torch.randn(3, 6, 2400)
    batch["sequence_present"] = torch.ones(3, 5, dtype=torch.bool)
    return _model(branch_s={"n_components": 5}, **options), batch


def test_published_branch_s_is_weighed_by_the_components_of_frames():
    model, batch = _with_more_in_s()
    output = model(**batch)
    own, _ = _with_more_in_s(loss={"sequence_components": "own"})
    difference = output.parts["S/decomposition"] - own(**batch).parts["S/decomposition"]
    entropies = (output.parts[f"S/cross_entropy_{kind}"] for kind in ("positive", "negative"))
    # Five pairs with X of weight 1/3, ten others of weight 1/3, instead of 1/5 and 1/10.
    expected = sum(entropy * (count / 3 - 1) for entropy, count in zip(entropies, (5, 10), strict=True))
    torch.testing.assert_close(difference, expected)
    mu, logvar = output.s.mu.double(), output.s.logvar.double()
    kl = -0.5 * (1 + logvar - mu**2 - logvar.exp())[..., 1:4, :]
    torch.testing.assert_close(output.parts["S/prior"], kl.sum() / 3)


@pytest.mark.parametrize("counted", ["own", "frames"])
def test_heads_beyond_the_components_of_frames_have_no_prior_as_published(counted):
    model, batch = _with_more_in_s(loss={"sequence_components": counted})
    model(**batch).loss.backward()
    heads = model.decvae.branch_s.subspaces
    trained = [place for place, head in enumerate(heads.logvar) if head.weight.grad is not None]
    assert trained == ([1, 2, 3, 4, 5] if counted == "own" else [1, 2, 3])
    assert [place for place, head in enumerate(heads.mean) if head.weight.requires_grad] == trained


def test_components_of_sequences_are_counted_alone_in_a_model_of_branch_s():
    model = _model(branches="S", branch_s={"n_components": 5})
    assert model.sequence_components is None and model.decvae.branch_s.subspaces.mean[5].weight.requires_grad


@pytest.mark.parametrize("prior_on_x", [False, True])
def test_heads_of_x_learn_only_if_x_has_a_prior(prior_on_x):
    model = _model(loss={"prior_on_x": prior_on_x})
    model(**_batch()).loss.backward()
    for branch in (model.decvae.branch_z, model.decvae.branch_s):
        for heads in (branch.subspaces.mean, branch.subspaces.logvar):
            assert (heads[0].weight.grad is not None and bool(heads[0].weight.grad.any())) is prior_on_x
            assert heads[0].weight.requires_grad is prior_on_x
        assert all(head.weight.grad.any() for head in branch.subspaces.mean[1:])


def test_without_beta_heads_rest_and_the_loss_is_the_decomposition():
    model = _model(branch_z={"beta": 0.0}, branch_s={"beta": 0.0})
    output = model(**_batch())
    output.loss.backward()
    torch.testing.assert_close(output.loss, output.decomposition)
    heads = {name: gradient for name, gradient in _gradients(model).items() if "subspaces.mean" in name}
    assert all(gradient is None or not gradient.any() for gradient in heads.values())


@pytest.mark.parametrize("branch", ["Z", "S"])
def test_a_branch_trains_its_own_parameters_and_a_dual_loss_is_the_sum(branch):
    model = _model()
    whole = model(**_batch())
    parts = [whole.parts[f"{name}/{part}"] for name in "ZS" for part in ("decomposition", "prior")]
    factors = [1.0, 0.1 * 10, 1.0, 0.1 * 400]
    torch.testing.assert_close(whole.loss.detach(), sum(f * p for f, p in zip(factors, parts, strict=True)))
    alone = _model(branches=branch)
    alone.load_state_dict({name: value for name, value in model.state_dict().items() if name in alone.state_dict()})
    output = alone(**_batch(branch))
    torch.testing.assert_close(output.parts[f"{branch}/decomposition"], whole.parts[f"{branch}/decomposition"])
    model.zero_grad()
    own = model(**_batch())
    (own.z.features if branch == "Z" else own.s.features).sum().backward()
    other = "branch_s" if branch == "Z" else "branch_z"
    assert all(gradient is None for name, gradient in _gradients(model).items() if other in name)


def test_absent_components_count_in_the_published_loss_alone():
    batch = _batch("Z")
    batch["frames_present"][0, 2, 1] = False
    present = batch["frames_present"].movedim(-1, 0)
    found = {}
    for name, given in (("exclude", present), ("include", None)):
        model = _model(branches="Z", loss={"absent_pairs": name})
        output = model(**batch)
        levels = output.z.features.double().movedim(-2, 0)
        settings = model.objective.replace(absent_pairs="exclude")
        expected = published_decomposition_loss(levels[0], levels[1:], batch["frame_mask"], settings, present=given)
        found[name] = output.parts["Z/decomposition"]
        torch.testing.assert_close(found[name], expected.loss.detach())
    assert not torch.allclose(found["exclude"], found["include"])


def test_the_loss_is_computed_in_float64_under_autocast():
    for objective in ("published", "centred"):
        model = _model(objective=objective)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            output = model(**_batch())
        assert output.loss.dtype == torch.float64 and torch.isfinite(output.loss)
        torch.testing.assert_close(output.loss, model(**_batch()).loss, rtol=0.1, atol=0.1)


def test_options_are_saved_complete_and_loaded(tmp_path):
    model = _model(loss={"pairing": "aligned"}, loss_space="latents")
    model.save_pretrained(tmp_path)
    loaded = DecVAEForPreTraining.from_pretrained(tmp_path)
    expected = ObjectiveSettings.named("published", pairing="aligned", loss_space="latents")
    assert loaded.objective == model.objective == expected
    assert loaded.config.loss["units"] == "nats" and loaded.config.branch_z.conv_norm == "batch"
    batch = _batch()
    torch.testing.assert_close(loaded(**batch).loss, model.eval()(**batch).loss)


def test_published_validation_depends_on_the_batch_and_corrected_does_not():
    batch = _batch("Z")
    first = {name: value[:1] for name, value in batch.items()}
    for objective, same in (("published", False), ("corrected", True)):
        model = _model(objective=objective, branches="Z").eval()
        whole, alone = model(**batch).z.mu[:1], model(**first).z.mu
        assert torch.allclose(whole, alone, atol=1e-5) is same


def test_options_of_the_prior_reach_the_loss():
    model = _model(objective="corrected", loss={"prior_reduction": "sum"}, branch_z={"prior_weight": 3.0, "beta": 0.2})
    output = model(**_batch())
    z, s = ((branch.mu.double(), branch.logvar.double()) for branch in (output.z, output.s))
    summed = ObjectiveSettings(prior_reduction="sum")
    expected = published_prior_loss(*z, _batch()["frame_mask"], summed)
    torch.testing.assert_close(output.parts["Z/prior"], expected.detach())
    of_s = published_prior_loss(*s, torch.ones(3, dtype=torch.bool), summed)
    torch.testing.assert_close(output.prior, 3.0 * 0.2 * expected + 0.1 * of_s)
