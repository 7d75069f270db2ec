"""Counts by module against the published architecture's."""

import pytest

from decvae.models.configuration_decvae import DecVAEConfig
from decvae.models.modeling_decvae import DecVAEModel
from decvae.models.parameters import main, parameter_counts
from tests.decvae.networks import config_of

# What the published model has besides: norm layers that no path uses, vectors of absent components without gradient.
DEAD_NORMS, VECTORS = 8_192, 1_536
OWN_ABSENT = 2 * 3 * 192  # features of absent components, learned


def test_published_counts():
    """Published: 4 483 584 for encoder and projection of Z, 5 925 584 in all; 6 221 264 with OCs_proj (C = 3)."""
    counts = parameter_counts(DecVAEModel(DecVAEConfig(branch_z={"conv_norm": "batch"})))
    shared = counts["Z encoder"] + counts["Z feature norm"] + counts["Z feature projection"]
    assert shared == 4_483_584 - DEAD_NORMS - VECTORS
    assert counts["Z projector"] == 361_152
    assert counts["S encoder"] == 595_776
    assert counts["S projector"] == 197_312
    assert counts["S pooling"] + counts["S pooling norm"] == 148_800
    assert {counts[f"Z heads of {level}"] for level in ("X", "OC1", "OC2", "OC3")} == {2 * 9_264}
    assert {counts[f"S heads of {level}"] for level in ("X", "OC1", "OC2", "OC3")} == {2 * 4_632}
    # The published model has heads for OCs_proj even where it is not projected.
    heads_of_projection = 2 * 9_264 + 2 * 4_632
    assert sum(counts.values()) == 5_925_584 - DEAD_NORMS - VECTORS - heads_of_projection + OWN_ABSENT
    projecting = parameter_counts(DecVAEModel(DecVAEConfig(branch_z={"conv_norm": "batch"}, project_components=True)))
    assert projecting["Z combination of components"] == projecting["S combination of components"] == 147_840
    assert sum(projecting.values()) == 6_221_264 - DEAD_NORMS - VECTORS + OWN_ABSENT


@pytest.mark.parametrize(
    "settings",
    [
        {"branches": "Z", "branch_z": {"encoder": "dense"}, "absent": "zeros"},
        {"branches": "S", "branch_s": {"encoder": "fc", "pooling": "lstm"}, "skip_connections": True},
        {"n_components": 5, "branch_s": {"n_components": 2}, "project_components": True},
    ],
)
def test_the_parts_add_up_to_the_model(settings):
    model = DecVAEModel(config_of({"branch_z": {"conv_dim": [8] * 7}, "branch_s": {"conv_dim": [8] * 7}}, **settings))
    assert sum(parameter_counts(model).values()) == sum(parameter.numel() for parameter in model.parameters())


def test_the_table_is_printed(tmp_path, capsys):
    main([])
    assert capsys.readouterr().out.splitlines()[-1].split() == ["total", "5,889,216"]
    model = DecVAEModel(DecVAEConfig(branches="Z", branch_z={"conv_dim": [8] * 7}))
    model.save_pretrained(tmp_path)
    main([str(tmp_path)])
    out = capsys.readouterr().out
    assert "S encoder" not in out
    assert int(out.split()[-1].replace(",", "")) == sum(parameter.numel() for parameter in model.parameters())
