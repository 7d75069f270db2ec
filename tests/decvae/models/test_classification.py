"""Fine-tuned models: which latents reach the head, the total loss, saving and loading."""

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoModelForAudioClassification, AutoModelForAudioFrameClassification

from decvae.artifacts import ArtifactError
from decvae.models.auto import load_classifier, load_model
from decvae.models.classification import DecVAEForFrameClassification, DecVAEForSequenceClassification
from decvae.models.modeling_decvae import DecVAEModel
from decvae.models.modeling_pretraining import DecVAEForPreTraining
from decvae.training.optimisation import parameter_groups
from tests.decvae.networks import TINY, config_of

CLASSES = {0: "a", 1: "e", 2: "u"}
KINDS = {"frame": DecVAEForFrameClassification, "sequence": DecVAEForSequenceClassification}


def _config(branch="Z", head="mlp", **values):
    weights = {"weight_decomposition": 0.1, "weight_prior": 0.2, "weight_classification": 0.7}
    sizes = {"hidden_dim": 8, "attention_heads": 2, "dropout": 0.0}
    supervised = {"factor": "vowel", "branch": branch, "head": head, **sizes, **weights}
    return config_of(TINY, **{"id2label": CLASSES, "classifier": {"supervised": supervised}, **values})


def _model(level="frame", seed=0, **values):
    torch.manual_seed(seed)
    return KINDS[level](_config(**values)).eval()


def _inputs(config, batch=3, frames=6, samples=2400):
    torch.manual_seed(1)
    lengths = torch.tensor([frames, frames - 2, frames - 1])[:batch]
    return {
        "frames": torch.randn(batch, frames, config.n_components + 1, 400),
        "frames_present": torch.ones(batch, frames, config.n_components, dtype=torch.bool),
        "frame_mask": torch.arange(frames) < lengths.unsqueeze(1),
        "sequence": torch.randn(batch, config.components("S") + 1, samples),
        "sequence_lengths": torch.full((batch,), samples),
        "sequence_present": torch.ones(batch, config.components("S"), dtype=torch.bool),
    }


class Recorder(torch.nn.Module):
    """In the place of the head: keeps what it gets."""

    def forward(self, latents, mask, pool):
        self.latents, self.mask = latents, mask
        return latents[:, 0] if pool else latents


def _seen(model, inputs):
    (name,) = model.classifier
    model.classifier[name] = recorder = Recorder()
    output = model(**inputs)
    return recorder, output


def test_each_row_is_all_subspaces_of_one_frame():
    """Markers: subspace c of utterance b and frame f has the value 100 b + 10 f + c everywhere."""
    model = _model(project_components=True)
    inputs = _inputs(model.config)
    marker = 100 * torch.arange(3).view(3, 1, 1, 1) + 10 * torch.arange(6).view(1, 6, 1, 1)
    marker = (marker + torch.arange(5).view(1, 1, 5, 1)).float().expand(3, 6, 5, 3)
    model.decvae.register_forward_hook(lambda module, args, output: setattr(output.z, "mu", marker))
    recorder, _ = _seen(model, inputs)
    assert recorder.latents.shape == (3, 6, 12)
    expected = [230.0] * 3 + [231.0] * 3 + [232.0] * 3 + [233.0] * 3  # X, OC1..OC3 of frame 3; no OCs_proj
    assert recorder.latents[2, 3].tolist() == expected
    assert torch.equal(recorder.mask, inputs["frame_mask"])


def test_every_frame_stands_beside_its_own_utterance():
    model = _model(branch="Z+S", branch_s={"n_components": 2})
    inputs = _inputs(model.config)
    recorder, output = _seen(model, inputs)
    assert recorder.latents.shape == (3, 6, 4 * 3 + 3 * 2)
    for utterance in range(3):
        for frame in range(6):
            found = recorder.latents[utterance, frame]
            torch.testing.assert_close(found[:12], output.z.mu[utterance, frame].flatten())
            torch.testing.assert_close(found[12:], output.s.mu[utterance].flatten())


def test_a_head_on_sequences_needs_no_frames():
    model = _model("sequence", branch="S", branches="S")
    inputs = {name: value for name, value in _inputs(model.config).items() if name.startswith("sequence")}
    assert model(**inputs).logits.shape == (3, 3)
    names = {name.split(".")[1] for name, _ in model.named_parameters() if name.startswith("classifier.")}
    assert names == {"branch_s"} and set(parameter_groups(model)) == {"s"}


@pytest.mark.parametrize("head", ["mlp", "cnn", "lstm", "transformer"])
@pytest.mark.parametrize("level", KINDS)
@pytest.mark.parametrize("branch", ["Z", "Z+S"])
def test_shapes_and_gradients(head, level, branch):
    model = _model(level, branch=branch, head=head).train()
    inputs = _inputs(model.config)
    labels = torch.tensor([0, 2, -100])
    if level == "frame":
        labels = torch.where(inputs["frame_mask"], torch.randint(3, (3, 6)), -100)
    output = model(labels=labels, **inputs)
    assert output.logits.shape == ((3, 6, 3) if level == "frame" else (3, 3))
    output.loss.backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in model.classifier.parameters() if parameter.dim() > 1)
    assert model.decvae.branch_z.encoder.layers[0].transform.weight.grad.any()


def test_the_total_is_the_weighted_sum_of_its_terms():
    model = _model()
    inputs = _inputs(model.config)
    labels = torch.where(inputs["frame_mask"], 1, -100)
    output = model(labels=labels, **inputs)
    plain = DecVAEForPreTraining(model.config).eval()
    plain.decvae.load_state_dict(model.decvae.state_dict())
    reference = plain(**inputs)
    cross_entropy = torch.nn.functional.cross_entropy(output.logits[inputs["frame_mask"]], labels[labels >= 0])
    torch.testing.assert_close(output.parts["all/classification"], cross_entropy)
    expected = 0.1 * reference.decomposition + 0.2 * reference.prior + 0.7 * cross_entropy
    torch.testing.assert_close(output.loss, expected)
    assert set(output.parts) == {*reference.parts, "all/classification"}


def test_class_weights_reach_the_loss():
    model = _model()
    model.config.classifier["class_weights"] = [1.0, 0.0, 3.0]
    inputs = _inputs(model.config)
    labels = torch.where(inputs["frame_mask"], torch.arange(18).view(3, 6) % 3, -100)
    output = model(labels=labels, **inputs)
    weight = torch.tensor([1.0, 0.0, 3.0])
    expected = torch.nn.functional.cross_entropy(output.logits.flatten(0, 1), labels.flatten(), weight=weight)
    torch.testing.assert_close(output.parts["all/classification"], expected)


@pytest.mark.parametrize("level", KINDS)
def test_save_and_load_round_trip(tmp_path, level):
    model = _model(level, head="lstm")
    model.save_pretrained(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} >= {"config.json", "model.safetensors"}
    auto = {"frame": AutoModelForAudioFrameClassification, "sequence": AutoModelForAudioClassification}[level]
    inputs = _inputs(model.config)
    for loaded in (load_classifier(tmp_path), auto.from_pretrained(tmp_path)):
        assert type(loaded) is KINDS[level] and loaded.config.id2label == CLASSES
        assert loaded.config.classifier == model.config.classifier
        assert torch.equal(loaded.eval()(**inputs).logits, model(**inputs).logits)
    for bare in (load_model(tmp_path), AutoModel.from_pretrained(tmp_path)):
        assert type(bare) is DecVAEModel
        np.testing.assert_array_equal(bare.eval()(**inputs).z.mu.detach(), model(**inputs).z.mu.detach())
    DecVAEForPreTraining(_config(classifier=None)).save_pretrained(tmp_path / "plain")
    with pytest.raises(ArtifactError, match="has no classification head"):
        load_classifier(tmp_path / "plain")


@pytest.mark.parametrize(
    ("level", "values", "message"),
    [
        ("frame", {"branch": "S"}, "head 'mlp' of a factor of frames needs branch Z"),
        ("sequence", {"branch": "S", "head": "lstm"}, "head 'lstm' of a factor of utterances needs branch Z"),
        ("frame", {"branch": "Z+S", "branches": "Z"}, r"a head on branch Z\+S needs it in the model.*'Z'"),
        ("frame", {"branch": "z"}, r"`classifier.supervised.branch` is .z.; allowed: one of"),
    ],
)
def test_heads_that_cannot_be_are_errors(level, values, message):
    with pytest.raises(ValueError, match=message):
        _model(level, **values)
