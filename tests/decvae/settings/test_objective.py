"""The named objectives and their options."""

import pytest

from decvae.settings.objective import ObjectiveSettings, named_settings


def test_named_objectives():
    published, corrected, centred = (ObjectiveSettings.named(name) for name in ("published", "corrected", "centred"))
    assert corrected == ObjectiveSettings()
    differing = {key for key, value in published.plain().items() if value != corrected.plain()[key]}
    assert differing == set(corrected.plain()) - {"divergence", "centring", "loss_space", "temperature"}
    assert {key for key, value in centred.plain().items() if value != corrected.plain()[key]} == {"centring"}
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
        ("centred", {"pairng": "legacy"}, "`pairng` is not a known key. Did you mean `pairing`"),
        ("centred", {"pairing": "diagonal"}, "`pairing` is 'diagonal'; allowed: one of aligned, legacy"),
        ("centred", {"eps": -1.0}, "`eps` is -1.0; allowed: a number >= 0"),
        ("centred", {"temperature": 0.0}, "`temperature` is 0.0; allowed: a number > 0"),
    ],
)
def test_bad_settings_are_named(name, overrides, message):
    with pytest.raises(ValueError, match=message):
        ObjectiveSettings.named(name, **overrides)
