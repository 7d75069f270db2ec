"""Layers, skip connections and pooling against torch's own functions; gradient checkpointing and low precision."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from decvae.models import encoders
from decvae.models.encoders import ChannelsLastConv, EncoderLayer, make_pooling
from decvae.models.modeling_decvae import DecVAEModel
from decvae.models.modeling_pretraining import DecVAEForPreTraining
from decvae.study.keys import merge
from tests.decvae.networks import SMALL, config_of

SIZES = merge(SMALL, {"branch_z": {"dense_dim": [20, 16, 16]}, "branch_s": {"dense_dim": [12, 12]}})
ENCODERS = [{}, {"branch_z": {"encoder": "dense"}, "branch_s": {"encoder": "fc"}}]
POOLINGS = ["attention", "lstm", "average", "max"]


def _inputs(config, batch=2, frames=5, samples=2400, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return {
        "frames": torch.randn(batch, frames, config.n_components + 1, 400, generator=generator),
        "frames_present": torch.ones(batch, frames, config.n_components, dtype=torch.bool),
        "frame_mask": torch.ones(batch, frames, dtype=torch.bool),
        "sequence": torch.randn(batch, config.components("S") + 1, samples, generator=generator),
        "sequence_lengths": torch.full((batch,), samples),
        "sequence_present": torch.ones(batch, config.components("S"), dtype=torch.bool),
    }


@pytest.mark.parametrize(("inputs", "outputs"), [(5, 5), (5, 7)])
def test_a_skip_connection_averages_over_the_kernel_and_maps_the_channels(inputs, outputs):
    layer = EncoderLayer(ChannelsLastConv(inputs, outputs, 3, 2), nn.LayerNorm(outputs), skip=True)
    hidden = torch.randn(2, 19, inputs)
    conv = layer.transform
    straight = F.layer_norm(F.conv1d(hidden.mT, conv.weight, conv.bias, stride=2).mT, (outputs,))
    around = F.avg_pool1d(hidden.mT, 3, 2)
    if inputs != outputs:
        around = F.conv1d(around, layer.shortcut.weight)
    torch.testing.assert_close(layer(hidden), F.gelu(straight + around.mT))
    assert (layer.shortcut is None) == (inputs == outputs)


def test_a_skip_connection_of_a_linear_map_is_the_identity():
    layer = EncoderLayer(nn.Linear(6, 6), nn.LayerNorm(6), skip=True)
    hidden = torch.randn(4, 1, 6)
    expected = F.gelu(F.layer_norm(layer.transform(hidden), (6,)) + hidden)
    torch.testing.assert_close(layer(hidden), expected)


@pytest.mark.parametrize("encoders", ENCODERS)
def test_skip_connections_are_around_all_layers_but_the_first(encoders):
    config = config_of(SIZES, skip_connections=True, **encoders)
    model = DecVAEModel(config)
    for branch in (model.branch_z, model.branch_s):
        assert [layer.skip for layer in branch.encoder.layers] == [False] + [True] * (len(branch.encoder.layers) - 1)
    assert model(**_inputs(config)).z.mu.shape == (2, 5, 4, 6)


def test_pooling_of_a_toy_sequence_by_hand():
    steps = torch.tensor([[[1.0, -4.0], [3.0, -2.0], [9.0, 9.0]]])
    lengths = torch.tensor([2])
    assert make_pooling("average", 2, 1)(steps, lengths).tolist() == [[2.0, -3.0]]
    assert make_pooling("max", 2, 1)(steps, lengths).tolist() == [[3.0, -2.0]]


def test_lstm_pooling_takes_the_last_layers_final_states():
    pool = make_pooling("lstm", 6, 1)
    steps = torch.randn(3, 5, 6)
    outputs, _ = pool.lstm(steps)
    final = torch.cat([outputs[:, -1, :6], outputs[:, 0, 6:]], dim=1)  # forward at the end, backward at the start
    torch.testing.assert_close(pool(steps, torch.full((3,), 5)), pool.project(final))


@pytest.mark.parametrize("encoders", ENCODERS)
@pytest.mark.parametrize("pooling", POOLINGS)
def test_padding_of_a_sequence_never_counts(encoders, pooling):
    config = config_of(SIZES, **merge(encoders, {"branch_s": {"pooling": pooling}}))
    model = DecVAEModel(config).eval()
    inputs = _inputs(config, samples=4000)
    inputs["sequence_lengths"] = torch.tensor([4000, 2400])
    features = model(**inputs).s.features[1]
    inputs["sequence"][1, :, 2400:] = 50.0
    torch.testing.assert_close(model(**inputs).s.features[1], features, atol=1e-5, rtol=1e-5)
    alone = {name: value[1:] for name, value in inputs.items()}
    alone["sequence"] = alone["sequence"][:, :, :2400]
    torch.testing.assert_close(model(**alone).s.features[0], features, atol=1e-5, rtol=1e-5)


def test_the_fully_connected_sequence_encoder_sees_frame_by_frame():
    config = config_of(SIZES, branch_s={"encoder": "fc"})
    encoder = DecVAEModel(config).branch_s.encoder
    signal = torch.randn(2, 1300)
    steps = encoder(signal)
    assert steps.shape == (2, 3, 12)
    assert encoder.output_lengths(torch.tensor([399, 400, 1300])).tolist() == [0, 1, 3]
    torch.testing.assert_close(steps[:, 1], encoder(signal[:, 400:800])[:, 0])


def test_signals_pass_in_parts_as_they_do_together(monkeypatch):
    torch.manual_seed(0)
    encoder = DecVAEModel(config_of(SIZES)).branch_z.encoder
    signal, results = torch.randn(7, 400), []
    for samples in (400 * 7, 400 * 2, 100):
        monkeypatch.setattr(encoders, "CPU_SAMPLES", samples)
        encoder.zero_grad()
        steps = encoder(signal)
        steps.square().sum().backward()
        results.append([steps.detach(), *(parameter.grad.clone() for parameter in encoder.parameters())])
    torch.testing.assert_close(results[1], results[0])
    torch.testing.assert_close(results[2], results[0])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch's own parts
@pytest.mark.parametrize("network", ENCODERS)
def test_compiled_encoders_have_the_same_steps_and_gradients(network):
    model = DecVAEForPreTraining(config_of(SIZES, **network)).train()
    encoder, signal, results = model.decvae.branch_z.encoder, torch.randn(6, 400), []
    for compiled in (False, True):
        if compiled:
            model.compile()
            assert encoder._compiled_call_impl is not None
        encoder.zero_grad()
        steps = encoder(signal)
        steps.square().sum().backward()
        results.append([steps.detach(), *(parameter.grad.clone() for parameter in encoder.parameters())])
    torch.testing.assert_close(results[1], results[0], rtol=1e-3, atol=1e-4)


def test_absent_components_may_have_zeros():
    config = config_of(SIZES, absent="zeros")
    model = DecVAEForPreTraining(config)
    inputs = _inputs(config)
    inputs["frames_present"][0, 1, 2] = inputs["sequence_present"][1, 0] = False
    output = model(**inputs)
    assert not output.z.features[0, 1, 3].any() and not output.s.features[1, 1].any()
    assert output.z.features[0, 1, 2].any()
    output.loss.backward()
    assert not any("absent" in name for name, _ in model.named_parameters())


@pytest.mark.parametrize("norm", ["group", "batch"])
def test_absent_components_may_be_encoded_like_any_other(norm):
    config = config_of(SIZES, absent="encoded", branch_z={"conv_norm": norm})
    torch.manual_seed(0)
    model = DecVAEForPreTraining(config)
    inputs = _inputs(config)
    everything = model(**inputs)
    inputs["frames_present"] = torch.zeros_like(inputs["frames_present"])
    inputs["sequence_present"] = torch.zeros_like(inputs["sequence_present"])
    nothing = model(**inputs)
    torch.testing.assert_close(nothing.z.features, everything.z.features, rtol=0, atol=0)
    torch.testing.assert_close(nothing.s.features, everything.s.features, rtol=0, atol=0)
    assert everything.z.features.any() and not any("absent" in name for name, _ in model.named_parameters())


@pytest.mark.parametrize("network", [{"branch_z": {"conv_norm": "batch_running"}}, *ENCODERS])
def test_gradient_checkpointing_changes_neither_loss_nor_gradients(network):
    config = config_of(SIZES, **network)
    torch.manual_seed(0)
    model, inputs = DecVAEForPreTraining(config).train(), _inputs(config)
    initial = {name: value.clone() for name, value in model.state_dict().items()}
    results = []
    for checkpointing in (False, True):
        model.load_state_dict(initial)
        model.zero_grad()
        if checkpointing:
            model.activation_checkpointing_enable()
            assert all(layer.gradient_checkpointing for layer in model.decvae.branch_z.encoder.layers)
        loss = model(**inputs).loss
        loss.backward()
        gradients = [parameter.grad.clone() for parameter in model.parameters() if parameter.grad is not None]
        results.append((loss.detach(), gradients, {name: value.clone() for name, value in model.named_buffers()}))
    torch.testing.assert_close(results[1], results[0], rtol=0, atol=0)
    if "conv_norm" in network.get("branch_z", {}):
        assert not torch.equal(results[1][2]["decvae.branch_z.feature_norm.running_mean"], torch.zeros(4, 16))


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("norm", ["group", "batch", "instance"])
def test_half_precision_is_close(norm, pooling):
    config = config_of(SIZES, branch_z={"conv_norm": norm}, branch_s={"pooling": pooling}, skip_connections=True)
    torch.manual_seed(0)
    model, inputs = DecVAEForPreTraining(config), _inputs(config)
    exact = model(**inputs)
    with torch.autocast("cpu", torch.bfloat16):
        rough = model(**inputs)
        rough.loss.backward()
    assert rough.z.features.dtype == torch.bfloat16
    for branch in "zs":
        error = (rough[branch].features.float() - exact[branch].features).norm() / exact[branch].features.norm()
        assert 0 < error < 0.1
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


@pytest.mark.parametrize("encoders", ENCODERS)
@pytest.mark.parametrize("norm", ["layer", "batch", "batch_running", "instance"])
@pytest.mark.parametrize(("batch", "frames", "masked"), [(1, 3, False), (2, 1, False), (1, 1, False), (2, 3, True)])
def test_small_and_empty_batches_have_a_finite_loss_and_gradient(encoders, norm, batch, frames, masked):
    """One utterance, one frame, both, and no frame at all."""
    config = config_of(SIZES, **merge(encoders, {"branch_z": {"conv_norm": norm, "dense_norm": norm}}))
    model, inputs = DecVAEForPreTraining(config), _inputs(config, batch, frames)
    inputs["frame_mask"] &= not masked
    output = model(**inputs)
    output.loss.backward()
    assert torch.isfinite(output.loss)
    assert all(torch.isfinite(value).all() for value in (output.z.mu, output.s.mu))
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


@pytest.mark.parametrize("encoders", ENCODERS)
@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_sequence_shorter_than_the_receptive_field_is_padded_to_one_step(encoders, pooling):
    config = config_of(SIZES, branches="S", **merge(encoders, {"branch_s": {"pooling": pooling}}))
    model = DecVAEModel(config).eval()
    inputs = {name: value for name, value in _inputs(config, samples=150).items() if "frame" not in name}
    mu = model(**inputs).s.mu
    inputs["sequence"] = F.pad(inputs["sequence"], (0, 250))
    torch.testing.assert_close(model(**inputs).s.mu, mu)
    inputs["sequence_lengths"] = torch.full((2,), 400)
    torch.testing.assert_close(model(**inputs).s.mu, mu)
