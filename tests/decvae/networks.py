"""Sizes of DecVAE that a test can compute in no time."""

SMALL = {
    "conv_dim_z": [4, 6, 8, 10, 12, 14, 16],
    "conv_dim_s": [8] * 7,
    "hidden_size": 24,
    "intermediate_dim": 20,
    "projection_dim": 24,
    "latent_dim_z": 6,
    "latent_dim_s": 4,
    "attention_heads": 2,
}

TINY = {
    "conv_dim_z": [4, 4, 4, 4, 4, 4, 8],
    "conv_dim_s": [4] * 7,
    "hidden_size": 12,
    "intermediate_dim": 12,
    "projection_dim": 12,
    "latent_dim_z": 3,
    "latent_dim_s": 2,
    "attention_heads": 2,
}
