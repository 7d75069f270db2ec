"""The fully connected baselines."""

import pytest
import torch

from decvae.models.auto import load_model
from decvae.models.autoencoders import Autoencoder, AutoencoderConfig


def _model(beta=1.0):
    torch.manual_seed(0)
    return Autoencoder(AutoencoderConfig(input_dim=10, widths=[16, 8], latent_dim=3, beta=beta))


def test_loss_by_hand_in_evaluation_mode():
    model = _model(beta=0.5).eval()
    vectors, mask = torch.randn(2, 4, 10), torch.ones(2, 4, dtype=torch.bool)
    output = model(vectors, mask)
    mu, logvar = model.encode(vectors.flatten(0, 1))
    squares = ((model.decoder(mu) - vectors.flatten(0, 1)) ** 2).sum(-1).mean()
    divergence = (-0.5 * (1 + logvar - mu**2 - logvar.exp())).sum(-1).mean()
    torch.testing.assert_close(output.loss, squares + 0.5 * divergence)
    assert {name: value.item() for name, value in output.parts.items()} == pytest.approx(
        {"Z/reconstruction": squares.item(), "Z/prior": divergence.item()}
    )


def test_padded_frames_do_not_count():
    model = _model().eval()
    vectors, mask = torch.randn(2, 4, 10), torch.ones(2, 4, dtype=torch.bool)
    mask[1, 2:] = False
    reference = model(vectors, mask).loss
    vectors[1, 2:] = 1e6
    torch.testing.assert_close(model(vectors, mask).loss, reference)


def test_an_autoencoder_does_not_sample_and_a_variational_one_does():
    vectors, mask = torch.randn(2, 4, 10), torch.ones(2, 4, dtype=torch.bool)
    for beta, same in ((0.0, True), (1.0, False)):
        model = _model(beta).train()
        model.encoder.eval()
        first, second = model(vectors, mask).loss, model(vectors, mask).loss
        assert torch.equal(first, second) == same


def test_decoder_mirrors_the_encoder():
    model = Autoencoder(AutoencoderConfig())
    widths = [layer.out_features for layer in model.decoder if hasattr(layer, "out_features")]
    assert widths == [256, 512, 512, 512, 1024, 2048, 80]


def test_round_trip_and_negative_beta(tmp_path):
    model = _model().eval()
    model.save_pretrained(tmp_path)
    loaded = load_model(tmp_path)
    vectors = torch.randn(5, 10)
    torch.testing.assert_close(loaded.encode(vectors)[0], model.encode(vectors)[0], rtol=0, atol=0)
    with pytest.raises(ValueError, match="beta must be at least 0"):
        AutoencoderConfig(beta=-1.0)
