"""The named objectives and their options."""

import pytest

from decvae.settings.objective import ObjectiveSettings, named_settings


def test_named_objectives():
    published, corrected, centred = (ObjectiveSettings.named(name) for name in ("published", "corrected", "centred"))
    assert corrected == ObjectiveSettings()
    differing = {key for key, value in published.to_dict().items() if value != corrected.to_dict()[key]}
    assert differing == set(corrected.to_dict()) - {"divergence", "centring", "loss_space", "temperature"}
    assert {key for key, value in centred.to_dict().items() if value != corrected.to_dict()[key]} == {"centring"}
    mixed = ObjectiveSettings.named("published", pairing="aligned", units=None)
    assert (mixed.pairing, mixed.units) == ("aligned", "nats")
    assert named_settings("published")["branch_s"] == {"prior_weight": 400.0}
    branch_z = {"prior_weight": 10.0, "conv_norm": "batch", "dense_norm": "batch"}
    assert named_settings("published")["branch_z"] == branch_z
    assert named_settings("centred")["branch_z"] == {"prior_weight": 1.0, "conv_norm": "group", "dense_norm": "layer"}


@pytest.mark.parametrize(
    ("name", "overrides", "message"),
    [
        ("mystery", {}, "objective must be one of .*'mystery'"),
        ("centred", {"pairng": "legacy"}, "no option"),
        ("centred", {"pairing": "diagonal"}, "pairing must be one of"),
        ("centred", {"eps": -1.0}, "eps must be at least 0"),
        ("centred", {"temperature": 0.0}, "temperature must be above 0"),
    ],
)
def test_bad_settings_are_named(name, overrides, message):
    with pytest.raises(ValueError, match=message):
        ObjectiveSettings.named(name, **overrides)
