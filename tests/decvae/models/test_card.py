"""Model cards: valid YAML header, facts of the training, written beside the weights."""

import numpy as np
import yaml

from decvae.models.card import model_card
from decvae.models.checkpoints import CheckpointStore
from decvae.models.fitted import LinearModel, fit_linear
from decvae.models.modeling_decvae import DecVAEModel
from tests.decvae.networks import config_of

MADE = {"corpus": "sim_vowels", "input": "mel", "sampling_rate": 16000, "decomposition": {"method": "ewt"}}
SMALL = {"branches": "Z", "branch_z": {"conv_dim": [4] * 7, "hidden_size": 8, "latent_dim": 2}, "projection_dim": 8}


def test_a_card_has_a_header_and_what_a_reader_needs():
    config = config_of(SMALL, preprocessing=MADE, objective="corrected", branch_z={"beta": 0.5})
    card = model_card(config.to_dict(), epoch=12, step=300, validation_loss=0.123456789)
    _, header, text = card.split("---\n", 2)
    assert yaml.safe_load(header)["license"] == "apache-2.0"
    for fact in (
        "| Training data | sim_vowels |",
        "| Input | mel at 16000 Hz, decomposition ewt |",
        "| Objective | corrected, beta_z 0.5, beta_s 0.1 |",
        "| Trained for | 12 epochs, 300 steps |",
        "| Validation loss | 0.123457 |",
        "arXiv:2601.06844",
        "DecVAEModel.from_pretrained",
        "## Limitations",
    ):
        assert fact in text
    settings = yaml.safe_load(text.split("```yaml\n")[1].split("```")[0])
    assert settings["branch_z"]["latent_dim"] == 2 and settings["preprocessing"] == MADE


def test_every_checkpoint_has_a_card(tmp_path):
    store = CheckpointStore(tmp_path, keep=1)
    store.save(DecVAEModel(config_of(SMALL)), epoch=0, step=0, validation_loss=2.5, names=["init"])
    card = (tmp_path / "checkpoints/epoch-0000/README.md").read_text()
    assert "the untrained state" in card and "| Validation loss | 2.5 |" in card and "not recorded" in card


def test_the_card_of_a_linear_baseline(tmp_path):
    model = fit_linear("pca", np.random.default_rng(0).standard_normal((20, 4)).astype(np.float32), 2, 0)
    assert isinstance(model, LinearModel)
    CheckpointStore(tmp_path, keep=0).save(model, epoch=0, step=0, validation_loss=None, names=["best"])
    card = (tmp_path / "checkpoints/epoch-0000/README.md").read_text()
    assert card.startswith("---\n") and "# Linear baseline" in card and "load_model" in card
