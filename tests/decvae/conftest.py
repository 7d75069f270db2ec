"""Small real inputs shared by the library's tests: a simulated corpus, its decomposition and its features."""

from types import SimpleNamespace

import pytest

from decvae.corpora.simvowels import simulate, simulate_traversal_set
from decvae.decomposition.cache import write_cache
from decvae.features.extract import write_features
from decvae.settings.corpora import SimVowelsSettings
from decvae.settings.decomposition import DecompositionSettings
from decvae.settings.features import FeatureSettings

SPLITS = ("train", "dev", "test", "traversal")


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    """Files of a tiny SimVowels study: ``corpus``, ``traversal``, ``decompositions[split]``, ``features[split]``."""
    root = tmp_path_factory.mktemp("study")
    settings = SimVowelsSettings.parse(
        {
            "utterance_seconds": 0.4,
            "n_utterances": {"train": 20, "dev": 10, "test": 10},
            "traversal": {"repetitions": 2, "speaker_step": 0.1},
        }
    )
    corpus, traversal = root / "corpus.h5", root / "traversal.h5"
    simulate(corpus, settings, seed=0)
    simulate_traversal_set(traversal, settings, seed=0)
    found = SimpleNamespace(root=root, corpus=corpus, traversal=traversal, decompositions={}, features={})
    for split in SPLITS:
        found.decompositions[split] = root / f"decomposition-{split}.h5"
        found.features[split] = root / f"features-{split}.h5"
        source = traversal if split == "traversal" else corpus
        write_cache(
            source,
            split,
            found.decompositions[split],
            DecompositionSettings(),
            seed=0,
            state_dir=root / f"state-{split}",
        )
        write_features(found.decompositions[split], found.features[split], "mel", FeatureSettings())
    return found


@pytest.fixture
def run_settings():
    """Resolved settings of a tiny DecVAE run; tests override what they need."""
    return {
        "model": "decvae",
        "corpus": "sim_vowels",
        "decomposition": "filter",
        "objective": "centred",
        "loss_space": "latents",
        "n_components": 3,
        "input": "mel",
        "branches": "dual",
        "seed": 0,
        "branch_z": {
            "beta": 0.1,
            "frames": 8,
            "conv_dim": [8, 8, 12, 12, 16, 16, 16],
            "hidden_size": 24,
            "latent_dim": 6,
            "learning_rate": 2e-3,
            "warmup_steps": 2,
        },
        "branch_s": {
            "beta": 0.1,
            "frames": 8,
            "conv_dim": [8, 8, 12, 12, 16, 16, 16],
            "hidden_size": 24,
            "latent_dim": 4,
            "attention_heads": 2,
            "learning_rate": 2e-3,
            "warmup_steps": 2,
        },
        "network": {"projection_dim": 24, "project_components": False},
        "loss": {},
        "autoencoder": {"widths": [32, 16], "latent_dim": 6},
        "linear": {"n_components": 5},
        "training": {
            "batch_size": 5,
            "max_epochs": 3,
            "checkpoint_epochs": 1,
            "keep_checkpoints": 1,
        },
    }
