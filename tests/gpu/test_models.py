"""Loss, gradient and latents of a DecVAE on a GPU, beside the CPU's in float64."""

import copy

import numpy as np
import pytest
import torch

from decvae.corpora.store import Corpus
from decvae.features.store import FeatureFile
from decvae.models.configuration_decvae import DecVAEConfig
from decvae.models.modeling_pretraining import DecVAEForPreTraining
from decvae.training.pretrain import build_model
from tests.decvae.networks import SMALL

OBJECTIVES = ("published", "corrected", "centred")


def model_of(objective, **options):
    torch.manual_seed(0)
    return DecVAEForPreTraining(DecVAEConfig(**{**SMALL, "objective": objective, **options}))


def batch_of(device, dtype=torch.float32, frames=8):
    torch.manual_seed(1)
    batch = {
        "frames": torch.randn(4, frames, 4, 400),
        "frames_present": torch.rand(4, frames, 3) > 0.1,
        "frame_mask": torch.ones(4, frames, dtype=torch.bool),
        "sequence": torch.randn(4, 4, 4000),
        "sequence_lengths": torch.tensor([4000, 4000, 3600, 2800]),
        "sequence_present": torch.ones(4, 3, dtype=torch.bool),
    }
    return {name: (v.to(dtype) if v.is_floating_point() else v).to(device) for name, v in batch.items()}


def loss_and_gradient(model, batch, **autocast):
    model.zero_grad()
    with torch.autocast("cuda", dtype=torch.bfloat16, enabled=bool(autocast)):
        loss = model(**batch).loss
    loss.backward()
    gradient = [p.grad.flatten().double().cpu() for p in model.parameters() if p.grad is not None]
    return loss.item(), torch.cat(gradient)


def distance(found, expected):
    return float((found - expected).norm() / expected.norm())


@pytest.mark.parametrize("objective", OBJECTIVES)
# Centring divides by what little an untrained encoder's features vary, which the rounding of bfloat16 disturbs most.
@pytest.mark.parametrize(
    ("precision", "loss_bound", "gradient_bound"), [("float32", 1e-4, 1e-3), ("tf32", 1e-2, 5e-2), ("bf16", 5e-2, 0.8)]
)
def test_loss_and_gradient(objective, precision, loss_bound, gradient_bound):
    model = model_of(objective)
    exact = copy.deepcopy(model).double()
    expected_loss, expected = loss_and_gradient(exact, batch_of("cpu", torch.float64))
    allowed = precision == "tf32"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = allowed
    options = {"enabled": True} if precision == "bf16" else {}
    loss, gradient = loss_and_gradient(model.cuda(), batch_of("cuda"), **options)
    print(f"{objective} {precision}: loss {loss / expected_loss - 1:+.1e}, gradient {distance(gradient, expected):.1e}")
    assert abs(loss - expected_loss) <= loss_bound * abs(expected_loss)
    assert distance(gradient, expected) <= gradient_bound


def test_encode_on_the_gpu_equals_the_cpu(study, run_settings):
    model = build_model(run_settings, FeatureFile(study.features["train"]), 0).decvae
    with Corpus(study.corpus) as corpus:
        audio = corpus["dev"].audio(0)
    expected = model.encode(audio, 16000)
    found = model.cuda().encode(audio, 16000)
    np.testing.assert_allclose(found.z.mu, expected.z.mu, atol=1e-4)
    np.testing.assert_allclose(found.s.mu, expected.s.mu, atol=1e-4)
