"""Sizes of DecVAE that a test can compute in no time."""

from decvae.models.configuration_decvae import DecVAEConfig
from decvae.study.keys import merge

SMALL = {
    "branch_z": {"conv_dim": [4, 6, 8, 10, 12, 14, 16], "hidden_size": 24, "latent_dim": 6},
    "branch_s": {"conv_dim": [8] * 7, "hidden_size": 20, "latent_dim": 4, "attention_heads": 2},
    "projection_dim": 24,
}

TINY = {
    "branch_z": {"conv_dim": [4, 4, 4, 4, 4, 4, 8], "hidden_size": 12, "latent_dim": 3},
    "branch_s": {"conv_dim": [4] * 7, "hidden_size": 12, "latent_dim": 2, "attention_heads": 2},
    "projection_dim": 12,
}


def config_of(sizes, **values):
    """A configuration of these sizes with other values; sections of the branches are merged."""
    return DecVAEConfig(**merge(sizes, values))
