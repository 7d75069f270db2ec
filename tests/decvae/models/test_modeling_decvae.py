"""Architecture: shapes, published parameter counts, sharing over levels, masks, saving and loading."""

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional as F
from transformers import AutoModel, AutoModelForPreTraining

from decvae.artifacts import ArtifactError
from decvae.models.auto import load_model
from decvae.models.configuration_decvae import DecVAEConfig
from decvae.models.modeling_decvae import DecVAEModel
from decvae.models.modeling_pretraining import DecVAEForPreTraining
from tests.decvae.networks import SMALL, config_of


def _inputs(config, batch=2, frames=5, samples=2400, seed=0):
    torch.manual_seed(seed)
    return {
        "frames": torch.randn(batch, frames, config.n_components + 1, 400),
        "frames_present": torch.ones(batch, frames, config.n_components, dtype=torch.bool),
        "sequence": torch.randn(batch, config.components("S") + 1, samples),
        "sequence_lengths": torch.full((batch,), samples),
        "sequence_present": torch.ones(batch, config.components("S"), dtype=torch.bool),
    }


def _count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_published_parameter_counts():
    """Spec 1.9, without the dead and non-trainable parameters of the published model."""
    model = DecVAEModel(DecVAEConfig(branch_z={"conv_norm": "layer"}))
    z, s = model.branch_z, model.branch_s
    assert [_count(layer.transform) for layer in z.encoder.layers] == [
        5632, 786944, 786944, 786944, 786944, 524800, 524800,
    ]  # fmt: skip
    assert _count(z.encoder) + _count(z.feature_norm) + _count(z.feature_projection) == 4_483_584 - 8_192 - 1_536
    assert _count(z.project) == 361_152
    assert _count(s.encoder) == 595_776
    assert _count(s.project) == 197_312
    assert _count(s.pool) + _count(s.norm) == 148_800
    assert _count(z.subspaces.mean[0]) == 9_264
    assert _count(s.subspaces.mean[0]) == 4_632
    projecting = DecVAEModel(DecVAEConfig(project_components=True))
    assert _count(projecting.branch_z.subspaces.combine) == 147_840


@pytest.mark.parametrize("n_components", [2, 3, 7, 12])
@pytest.mark.parametrize("project", [False, True])
def test_shapes(n_components, project):
    config = config_of(SMALL, n_components=n_components, branch_s={"n_components": 2}, project_components=project)
    output = DecVAEModel(config)(**_inputs(config))
    subspaces = n_components + 1 + project
    assert config.subspaces("Z")[:2] == ["X", "OC1"]
    assert len(config.subspaces("Z")) == subspaces
    assert output.z.features.shape == (2, 5, n_components + 1, 24)
    assert output.z.mu.shape == output.z.logvar.shape == (2, 5, subspaces, 6)
    assert output.s.features.shape == (2, 3, 24)
    assert output.s.mu.shape == (2, 3 + project, 4)


@pytest.mark.parametrize(("branches", "has_z", "has_s"), [("dual", 1, 1), ("Z", 1, 0), ("S", 0, 1)])
def test_single_branches_train_alone(branches, has_z, has_s):
    config = config_of(SMALL, branches=branches)
    inputs = _inputs(config)
    if not has_z:
        del inputs["frames"], inputs["frames_present"]
    mask = torch.ones(2, 5, dtype=torch.bool)
    output = DecVAEForPreTraining(config)(frame_mask=mask, **inputs)
    assert (output.z is not None, output.s is not None) == (bool(has_z), bool(has_s))
    assert {name[0] for name in output.parts} == ({"Z"} if has_z else set()) | ({"S"} if has_s else set())
    output.loss.backward()


def test_convolution_equals_conv1d():
    encoder = DecVAEModel(config_of(SMALL)).branch_z.encoder
    hidden = torch.randn(3, 79, 4)
    conv = encoder.layers[1].transform
    expected = F.conv1d(hidden.transpose(1, 2), conv.weight, conv.bias, conv.stride).transpose(1, 2)
    torch.testing.assert_close(conv(hidden), expected, atol=1e-5, rtol=1e-5)
    assert encoder.output_lengths(torch.tensor([400, 64000])).tolist() == [1, 199]


def test_dense_frame_encoder_has_the_same_outputs():
    config = config_of(SMALL, branch_z={"encoder": "dense", "dense_dim": [32, 20]})
    model = DecVAEModel(config)
    assert _count(model.branch_z.encoder) == (400 * 32 + 3 * 32) + (32 * 20 + 3 * 20)
    assert model(**_inputs(config)).z.mu.shape == (2, 5, 4, 6)


def test_the_encoder_is_shared_by_all_levels_and_frames_are_independent():
    config = config_of(SMALL)
    model = DecVAEModel(config).eval()
    inputs = _inputs(config)
    inputs["frames"][:, :, 2] = inputs["frames"][:, :, 0]
    features = model(**inputs).z.features
    torch.testing.assert_close(features[:, :, 2], features[:, :, 0])
    alone = {name: value[:1] for name, value in inputs.items()}
    alone["frames"], alone["frames_present"] = alone["frames"][:, :1], alone["frames_present"][:, :1]
    torch.testing.assert_close(model(**alone).z.features[0, 0], features[0, 0], atol=1e-5, rtol=1e-5)


def test_padding_of_a_sequence_does_not_change_it():
    config = config_of(SMALL)
    model = DecVAEModel(config).eval()
    inputs = _inputs(config, samples=4000)
    inputs["sequence_lengths"] = torch.tensor([4000, 2400])
    inputs["sequence"][1, :, 2400:] = 0
    features = model(**inputs).s.features[1]
    inputs["sequence"] = inputs["sequence"][1:, :, :2400]
    short = {name: value[1:] if name != "sequence" else value for name, value in inputs.items()}
    torch.testing.assert_close(model(**short).s.features[0], features, atol=1e-5, rtol=1e-5)


def test_absent_components_have_the_learned_embedding():
    config = config_of(SMALL)
    model = DecVAEModel(config)
    inputs = _inputs(config)
    inputs["frames_present"][0, 1, 2] = False
    output = model(**inputs).z
    torch.testing.assert_close(output.features[0, 1, 3], model.branch_z.subspaces.absent[2])


def test_every_subspace_gets_a_gradient_from_its_prior_and_none_without_it():
    mask = torch.ones(2, 5, dtype=torch.bool)
    for beta in (0.0, 0.5):
        config = config_of(SMALL, branch_z={"beta": beta}, branch_s={"beta": beta})
        model = DecVAEForPreTraining(config)
        output = model(frame_mask=mask, **_inputs(config))
        output.loss.backward()
        for branch in (model.decvae.branch_z, model.decvae.branch_s):
            for head in (*branch.subspaces.mean, *branch.subspaces.logvar):
                assert (head.weight.grad.abs().sum() > 0) == (beta > 0)
        expected = sum(output.parts[f"{b}/decomposition"] + beta * output.parts[f"{b}/prior"] for b in "ZS")
        torch.testing.assert_close(output.loss.detach(), expected)
        decomposition = sum(output.parts[f"{b}/decomposition"] for b in "ZS")
        torch.testing.assert_close(output.decomposition.detach(), decomposition)
        torch.testing.assert_close((output.decomposition + output.prior).detach(), expected)


def test_a_loss_on_the_latents_trains_the_heads_without_a_prior():
    config = config_of(
        SMALL, branch_z={"beta": 0.0}, branch_s={"beta": 0.0}, loss_space="latents", project_components=True
    )
    model = DecVAEForPreTraining(config)
    model(frame_mask=torch.ones(2, 5, dtype=torch.bool), **_inputs(config)).loss.backward()
    for branch in (model.decvae.branch_z, model.decvae.branch_s):
        trained = [head.weight.grad is not None and bool(head.weight.grad.any()) for head in branch.subspaces.mean]
        assert trained == [True] * 4 + [False]  # OCs_proj is no level of the loss


def test_save_and_load_round_trip(tmp_path):
    config = config_of(SMALL, n_components=4, branch_s={"n_components": 2}, objective="corrected")
    model = DecVAEForPreTraining(config)
    model.save_pretrained(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README.md", "config.json", "model.safetensors"]
    for loaded in (DecVAEForPreTraining.from_pretrained(tmp_path), AutoModelForPreTraining.from_pretrained(tmp_path)):
        assert loaded.config.to_dict() == {**config.to_dict(), "architectures": ["DecVAEForPreTraining"]} | {
            key: loaded.config.to_dict()[key] for key in ("dtype", "_name_or_path") if key in loaded.config.to_dict()
        }
        for name, value in model.state_dict().items():
            torch.testing.assert_close(loaded.state_dict()[name], value, rtol=0, atol=0)
    bare = AutoModel.from_pretrained(tmp_path)
    assert isinstance(bare, DecVAEModel)
    inputs = _inputs(config)
    torch.testing.assert_close(bare.eval()(**inputs).z.mu, model.decvae.eval()(**inputs).z.mu, rtol=0, atol=0)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"n_components": 1}, "n_components` is 1; allowed: an integer >= 2 and <= 12"),
        ({"branch_z": {"beta": -0.1}}, r"`branch_z.beta` is .*; allowed: a number >= 0"),
        ({"branch_s": {"n_components": 13}}, "`branch_s.n_components` is 13; allowed: an integer >= 2 and <= 12"),
        ({"loss_space": "pixels"}, "`loss_space` is .*; allowed: one of"),
        ({"objective": "mystery"}, "objective must be one of"),
        ({"branches": "both"}, "branches must be one of"),
        ({"branch_z": {"encoder": "rnn"}}, r"`branch_z.encoder` is .*; allowed: one of"),
        ({"branch_s": {"encoder": "dense"}}, r"`branch_s.encoder` is .*; allowed: one of"),
        ({"branch_z": {"conv_norm": "power"}}, r"`branch_z.conv_norm` is .*; allowed: one of"),
        ({"branch_z": {"dense_norm": "group"}}, r"`branch_z.dense_norm` is .*; allowed: one of"),
        ({"branch_z": {"conv_dim": [8, 8]}}, r"`branch_z.conv_dim` is .*; allowed: a list of exactly 7"),
        ({"branch_s": {"attention_heads": 5}}, r"branch_s\.attention_heads \(5\) must divide projection_dim"),
        ({"frame_length": 100}, "a frame of 100 values leaves"),
    ],
)
def test_impossible_configurations_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        DecVAEConfig(**values)


def test_wrong_length_of_frames_is_named():
    config = config_of(SMALL, branch_z={"encoder": "dense"})
    inputs = _inputs(config)
    inputs["frames"] = inputs["frames"][..., :320]
    with pytest.raises(ValueError, match="frames have 320 values, expected 400"):
        DecVAEModel(config)(**inputs)


def test_wrong_number_of_levels_is_named():
    config = config_of(SMALL)
    inputs = _inputs(config)
    inputs["frames"] = inputs["frames"][:, :, :3]
    with pytest.raises(ValueError, match="frames has 3 levels, expected X and 3 components"):
        DecVAEModel(config)(**inputs)


def test_missing_and_mismatched_weights_are_named(tmp_path):
    model = DecVAEModel(config_of(SMALL, branches="Z"))
    model.save_pretrained(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    del weights["branch_z.project.0.bias"]
    weights["branch_z.subspaces.mean.0.weight"] = torch.zeros(5, 24)
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    for load in (DecVAEModel, AutoModel):
        with pytest.raises(ArtifactError, match="do not fit DecVAEModel") as error:
            load.from_pretrained(tmp_path)
        assert "missing ['branch_z.project.0.bias']" in str(error.value)
        assert "branch_z.subspaces.mean.0.weight (5, 24) for (6, 24)" in str(error.value)
    loaded, info = DecVAEModel.from_pretrained(tmp_path, ignore_mismatched_sizes=True, output_loading_info=True)
    assert info["missing_keys"] == {"branch_z.project.0.bias"}
    torch.testing.assert_close(loaded.branch_z.project[1].weight, model.branch_z.project[1].weight)


@pytest.mark.parametrize("kind", [DecVAEModel, DecVAEForPreTraining])
def test_a_mistyped_folder_is_named_at_once(kind, tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("nothing is asked of the network")

    monkeypatch.setattr("socket.socket.connect", refuse)
    for name in (tmp_path / "epoch-0021", "results/epoch-0021"):
        with pytest.raises(ArtifactError, match=r"no such folder as .*epoch-0021"):
            kind.from_pretrained(name)
        with pytest.raises(ArtifactError, match=r"no such folder as .*epoch-0021"):
            load_model(name)
