"""The published decomposition, on frames of which the published code's bands and components are known."""

from pathlib import Path

import numpy as np
import pytest
from scipy.signal import welch

from decvae.decomposition import reference
from decvae.decomposition.decompose import decompose
from decvae.decomposition.published import absent_slots, detect_band_peaks, published_sizes
from decvae.settings.decomposition import METHODS, DecompositionSettings, PeakSettings

FS = 16000
SEARCH = PeakSettings(search="published")
# The same components, but another of the five is absent: the published code leaves the first dropped band's place
# empty, though that is the number of a frequency group.
KNOWN_TO_DIFFER = {"filter_C5": [3]}


@pytest.fixture(scope="module")
def case():
    with np.load(Path(__file__).parent / "data/published.npz") as file:
        return {name: file[name].astype(float) for name in file if name != "kind"}


def _published(method, n_components=3, **changes):
    return DecompositionSettings.published(method, n_components=n_components, n_components_seq=n_components, **changes)


def test_bands_are_the_published_ones(case):
    found = detect_band_peaks(case["frames"], FS, SEARCH)
    for n, expected in enumerate(case["bands_hz"]):
        own = found.owner == n
        edges = np.stack([found.low_hz[own], found.high_hz[own]], axis=1)
        np.testing.assert_array_equal(edges, expected[np.isfinite(expected[:, 0])])


@pytest.mark.parametrize("name", ["filter_C2", "filter_C3", "filter_C4", "filter_C5", "ewt_C3", "emd_C3"])
def test_components_are_the_published_ones(case, name):
    expected = case[f"frames_{name}"] * case[f"frames_{name}_unit"]
    method, count = name.split("_C")
    result = decompose(case["frames"], settings=_published(method, int(count)))
    error = np.abs(result.components - expected).max(axis=(1, 2))
    differing = np.flatnonzero(error > 1e-4).tolist()  # counts of the case are 1e-4 of a standard deviation at most
    assert differing == KNOWN_TO_DIFFER.get(name, [])
    equal = np.setdiff1d(np.arange(len(error)), differing)
    np.testing.assert_array_equal(result.present[equal], expected.any(axis=2)[equal])
    for n in differing:
        own, published = result.present[n], expected.any(axis=2)[n]
        np.testing.assert_allclose(result.components[n][own], expected[n][published], atol=1e-4)


def test_default_bands_and_places_are_others(case):
    default = decompose(case["frames"], "filter", 4)
    published = case["frames_filter_C4"].any(axis=2)
    assert (default.present[:, :-1] >= default.present[:, 1:]).all()
    assert (published[:, :-1] < published[:, 1:]).any()


@pytest.mark.parametrize("peaks", [{}, {"upper_hz": 7500.0, "bandwidth_hz": 400.0, "peaks_per_interval": 2}])
def test_bands_equal_scipys(frames, peaks):
    settings = PeakSettings(search="published", **peaks)
    found = detect_band_peaks(frames, FS, settings)
    for n, frame in enumerate(frames):
        own = found.owner == n
        expected = reference.detect_published_bands(frame, FS, settings)
        assert list(zip(found.low_hz[own], found.high_hz[own], strict=True)) == expected


def test_a_peak_lies_in_its_band_at_the_largest_value(frames):
    found = detect_band_peaks(frames, FS, SEARCH)
    assert np.all((found.low_hz <= found.peak_hz) & (found.peak_hz <= found.high_hz))
    frequencies, psd = welch(frames[0] - frames[0].mean(), FS, nperseg=132, noverlap=10, nfft=512)
    first = found.owner == 0
    for low, high, peak in zip(found.low_hz[first], found.high_hz[first], found.peak_hz[first], strict=True):
        inside = (frequencies >= low) & (frequencies <= high)
        assert psd[frequencies == peak] == psd[inside].max()


@pytest.mark.parametrize(
    ("n_modes", "n_components", "scale", "sizes"),
    [
        (7, 2, "frame", [4, 3]),
        (11, 2, "frame", [6, 5]),
        (15, 2, "frame", [8, 7]),
        (3, 2, "frame", [1, 2]),
        (3, 2, "sequence", [2, 1]),
        (6, 4, "frame", [1, 1, 1, 3]),
        (8, 5, "frame", [2, 2, 2, 2, 0]),
        (8, 5, "sequence", [2, 2, 2, 1, 1]),
    ],
)
def test_published_sizes(n_modes, n_components, scale, sizes):
    assert published_sizes(n_modes, n_components, scale).tolist() == sizes


@pytest.mark.parametrize(
    ("n_components", "is_kept", "group", "amplitude", "absent"),
    [
        (3, [1, 0, 1, 0], [0, 2, 2, 3], [1, 0.01, 0.5, 0.01], [1]),  # its own place
        (4, [1, 1, 1, 0], [0, 1, 2, 4], [1, 0.5, 0.1, 0.01], [3]),  # 3 is no mode's group
        (4, [1, 1, 1, 0], [0, 1, 2, 3], [1, 0.5, 0.1, 0.01], [2]),  # 3 is: the weakest gives its place
        (5, [1, 1, 0, 0, 0], [0, 1, 2, 3, 4], [1, 0.1, 0, 0, 0], [1, 3, 4]),
        (4, [1, 1], [0, 2], [1, 0.5], [1, 3]),  # none dropped: groups without a mode
    ],
)
def test_places_of_absent_components(n_components, is_kept, group, amplitude, absent):
    found = absent_slots(n_components, np.array(is_kept, bool), np.array(group), np.array(amplitude))
    assert found == absent


@pytest.mark.parametrize("scale", ["frame", "sequence"])
@pytest.mark.parametrize("method", METHODS)
def test_components_and_residual_add_up(frames, method, scale):
    x = 0.2 * frames + 0.05
    result = decompose(x, settings=_published(method, 4), scale=scale)
    np.testing.assert_allclose(result.components.sum(axis=1) + result.residual, x, atol=1e-13)
    assert np.array_equal(result.components.any(axis=2), result.present)
    assert np.array_equal(np.isfinite(result.centre_hz), result.present)


def test_loudness_decides_as_published(frames):
    loud, quiet = (decompose(scale * frames, settings=_published("filter")).present for scale in (1, 0.01))
    assert quiet.sum() < loud.sum()
    kept = decompose(0.01 * frames, settings=_published("filter", amplitude="unit")).present
    np.testing.assert_array_equal(kept, loud)


def test_each_part_can_be_asked_for_alone(make_vowel):
    rng = np.random.default_rng(3)
    x = np.stack([make_vowel(rng, 400) for _ in range(20)])
    default = decompose(x, "filter", 5)
    placed = decompose(x, "filter", 5, settings=DecompositionSettings(absent_place="published"))
    np.testing.assert_array_equal(placed.present.sum(axis=1), default.present.sum(axis=1))
    assert not np.array_equal(placed.present, default.present)
    for n in range(20):  # the same components in other places, still ascending
        np.testing.assert_array_equal(
            placed.components[n][placed.present[n]], default.components[n][default.present[n]]
        )
    sizes = decompose(x, "filter", 2, settings=DecompositionSettings(group_sizes="published"))
    even = decompose(x, "filter", 2)
    np.testing.assert_allclose(sizes.components.sum(axis=1), even.components.sum(axis=1), atol=1e-12)


def test_the_default_does_not_pass_here(frames, monkeypatch):
    def refuse(*arguments):
        raise AssertionError("the default asked for something published")

    for name in ("group_published", "detect_band_peaks"):
        for module in ("decompose", "filterbank", "published"):
            monkeypatch.setattr(f"decvae.decomposition.{module}.{name}", refuse, raising=False)
    for method in METHODS:
        assert decompose(frames, method).present.any()
    with pytest.raises(AssertionError, match="something published"):
        decompose(frames, settings=_published("filter"))


@pytest.mark.parametrize("method", ["filter", "ewt", "emd"])
def test_the_reference_engine_agrees(frames, method):
    settings = _published(method)
    fast, slow = (decompose(frames, settings=settings, engine=engine) for engine in ("batched", "reference"))
    np.testing.assert_allclose(fast.components, slow.components, atol=1e-8)
