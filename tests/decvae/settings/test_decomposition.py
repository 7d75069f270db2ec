import pytest
from pydantic import ValidationError

from decvae.artifacts import as_plain, settings_hash
from decvae.settings.decomposition import (
    METHODS,
    PUBLISHED,
    DecompositionSettings,
    PeakSettings,
    VMDSettings,
    method_settings,
)


def test_round_trip_through_plain_dicts():
    settings = DecompositionSettings(
        method="vmd", n_components=5, peaks=PeakSettings(upper_hz=7500.0), vmd=VMDSettings(alpha=1.0)
    )
    assert DecompositionSettings.parse(as_plain(settings)) == settings


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"metod": "ewt"}, "`metod`.*`method`"),
        ({"vmd": {"alfa": 1.0}}, "`vmd.alfa`.*`alpha`"),
        ({"vmd": {"tolerance": "1e-8"}}, "`vmd.tolerance`.*write 1.0e-8"),  # what YAML makes of 1e-8
        ({"vmd": 3}, "vmd"),
        ({"ewt": {"completion": 1}}, "ewt.completion"),
        ({"n_components": 3.5}, "n_components"),
        ({"n_components": True}, "n_components"),
        ({"n_components": 1}, "n_components"),
        ({"n_components_seq": 13}, "n_components_seq"),
        ({"method": "stft"}, "one of filter, ewt, vmd, emd"),
        ({"grouping_frame": "top_k"}, "grouping_frame"),
        ({"peaks": {"lower_hz": 600, "upper_hz": 500}}, "lower_hz"),
        ({"emd": {"max_modes": 0}}, "max_modes"),
    ],
)
def test_mistakes_are_named(values, named):
    with pytest.raises(ValueError, match=named):
        DecompositionSettings.parse(values)


def test_optional_value_may_be_null_or_a_number():
    assert DecompositionSettings.parse({"emd": {"max_modes": None}}).emd.max_modes is None
    assert DecompositionSettings.parse({"emd": {"max_modes": 6}}).emd.max_modes == 6


def _changed(section, name):
    """Settings with one leaf changed."""
    settings = DecompositionSettings()
    old = getattr(getattr(settings, section), name)
    new = old * 1.01 if isinstance(old, float) else old + 2
    return {section: {name: new}}


@pytest.mark.parametrize(
    ("change", "methods"),
    [
        (_changed("vmd", "alpha"), {"vmd"}),
        (_changed("ewt", "smoothing_bins"), {"ewt"}),
        (_changed("emd", "std_threshold"), {"emd"}),
        (_changed("filter", "order"), {"filter"}),
        (_changed("peaks", "bandwidth_hz"), {"filter"}),
        (_changed("notch", "upper_hz"), set(METHODS)),
        ({"grouping_frame": "high_freqs_first"}, {"filter", "emd"}),
        ({"weak_frame": 2e-5}, set(METHODS)),
        ({"n_components_seq": 4}, set(METHODS)),
        ({"preset": "default"}, set()),
        ({"preset": "published"}, set(METHODS)),
        ({"peaks": {"search": "published"}}, {"filter"}),
        ({"group_sizes": "published"}, {"filter", "emd"}),
        ({"absent_place": "published"}, set(METHODS)),
        ({"row_order": "published"}, set(METHODS)),
        ({"amplitude": "signal"}, set(METHODS)),
    ],
)
def test_a_setting_reaches_only_the_methods_that_use_it(change, methods):
    reached = {
        method
        for method in METHODS
        if settings_hash(method_settings(DecompositionSettings.parse({"method": method})))
        != settings_hash(method_settings(DecompositionSettings.parse({"method": method, **change})))
    }
    assert reached == methods


def test_the_preset_fills_in_what_is_not_given():
    settings = DecompositionSettings.published("ewt", ewt={"smoothing_bins": 13}, amplitude="unit")
    assert settings.ewt.filters == "single" and settings.row_order == "published" and settings.method == "ewt"
    assert settings.ewt.smoothing_bins == 13 and settings.amplitude == "unit"
    assert DecompositionSettings.parse(as_plain(settings)) == settings
    assert settings.replace(n_components=4).ewt == settings.ewt
    given = settings.model_dump(exclude_unset=True)
    assert given == {"preset": "published", "method": "ewt", "ewt": {"smoothing_bins": 13}, "amplitude": "unit"}


def test_the_preset_changes_what_it_lists_and_nothing_else():
    default, published = DecompositionSettings().plain(), DecompositionSettings.parse({"preset": "published"}).plain()
    for key, value in PUBLISHED.items():
        own = value if isinstance(value, dict) else {}
        assert published[key] == ({**default[key], **own} if own else value) != default[key]
    assert {key for key in default if default[key] != published[key]} == {*PUBLISHED, "preset"}


def test_a_copy_cannot_take_another_preset():
    with pytest.raises(ValueError, match="preset is 'default' and a copy keeps it; give it first"):
        DecompositionSettings().replace(preset="published")


def test_settings_are_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        DecompositionSettings().method = "ewt"
