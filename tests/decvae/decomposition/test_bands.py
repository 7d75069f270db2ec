import numpy as np
import pytest
from scipy.signal import find_peaks, peak_prominences, welch

from decvae.decomposition.bands import (
    detect_bands,
    explicit_edges,
    interval_edges,
    local_maxima,
    peak_spectrum,
    prominences,
    random_edges,
    thin_by_distance,
)
from decvae.decomposition.decompose import decompose
from decvae.settings.decomposition import BoundarySettings, DecompositionSettings, PeakSettings

FS = 16000


@pytest.mark.parametrize("distance", [1, 3, 8])
def test_peaks_equal_scipy(distance):
    rng = np.random.default_rng(distance)
    for y in (*rng.random((20, 200)), *rng.integers(0, 6, (20, 200)).astype(float)):  # the latter with plateaus
        np.testing.assert_array_equal(local_maxima(y), find_peaks(y)[0])
        peaks = find_peaks(y)[0]
        np.testing.assert_allclose(prominences(y, peaks), peak_prominences(y, peaks)[0])
    for y in rng.random((20, 200)):  # without ties, where the order of equal peaks is not defined
        np.testing.assert_array_equal(
            thin_by_distance(y, find_peaks(y)[0], distance), find_peaks(y, distance=distance)[0]
        )


def test_spectrum_is_the_welch_spectrum_of_each_frame(frames):
    frequencies, psd = peak_spectrum(frames, FS, PeakSettings())
    for frame, row in zip(frames, psd, strict=True):
        f, p = welch(frame - frame.mean(), FS, "hann", nperseg=132, noverlap=10, nfft=512)
        np.testing.assert_allclose(row, p / p.max(), rtol=1e-9, atol=1e-14)
    np.testing.assert_array_equal(frequencies, f)
    assert frequencies[1] == 31.25


def test_interval_edges_are_the_published_ones():
    np.testing.assert_allclose(interval_edges(PeakSettings()), [50, 1198.9, 2233.1, 3199.3, 4117.8, 5000], atol=0.05)
    timit = PeakSettings(n_intervals=6, power_law=1.4, upper_hz=7500.0)
    np.testing.assert_allclose(interval_edges(timit), [50, 907.2, 1961.8, 3169.3, 4504.9, 5952.3, 7500], atol=0.05)


def test_tones_give_one_band_each(make_tones):
    bands = detect_bands(make_tones((500, 1500, 2500), 400)[None], FS, PeakSettings(prominence_threshold=0.5))
    np.testing.assert_allclose((bands.low_hz + bands.high_hz) / 2, [500, 1500, 2500], atol=31.25)
    np.testing.assert_allclose(bands.high_hz - bands.low_hz, 200, atol=31.25)


def test_peak_on_the_border_of_two_intervals_is_seen(make_tones):
    edge = interval_edges(PeakSettings())[2]
    bands = detect_bands(make_tones((edge,), 400)[None], FS, PeakSettings(prominence_threshold=0.5))
    assert np.any((bands.low_hz <= edge) & (edge <= bands.high_hz))


def test_bands_of_a_batch_are_those_of_its_frames(frames):
    together = detect_bands(frames, FS, PeakSettings())
    assert np.all(np.diff(together.owner) >= 0)
    for n, frame in enumerate(frames):
        alone = detect_bands(frame[None], FS, PeakSettings())
        mine = together.owner == n
        for name in ("low_hz", "high_hz"):
            np.testing.assert_allclose(getattr(together, name)[mine], getattr(alone, name))


def test_bands_are_ascending_and_inside_the_range(make_vowel):
    rng = np.random.default_rng(0)
    bands = detect_bands(np.stack([make_vowel(rng, 400) for _ in range(50)]), FS, PeakSettings())
    inside = np.diff(bands.owner) == 0
    assert np.all(np.diff(bands.low_hz)[inside] > 0) and np.all(bands.low_hz < bands.high_hz)
    assert bands.low_hz.min() >= 50 and bands.high_hz.max() <= 5031.25
    assert 4 <= np.bincount(bands.owner).mean() <= 11  # published: 4 to 11 bands in a frame, 7.4 on average


def test_number_of_peaks_is_limited_to_the_most_prominent(make_tones):
    bands = detect_bands(make_tones((300, 700, 1100), 400)[None], FS, PeakSettings(n_intervals=1, peaks_per_interval=1))
    np.testing.assert_allclose((bands.low_hz + bands.high_hz) / 2, [300], atol=31.25)


def test_range_is_cut_at_half_of_the_sampling_rate(make_tones):
    bands = detect_bands(make_tones((500, 3000), 200, fs=8000)[None], 8000, PeakSettings())
    assert bands.high_hz.max() < 4000
    with pytest.raises(ValueError, match="sampling rate 80"):
        detect_bands(np.ones((1, 64)), 80, PeakSettings())


def given(*edges, **more):
    return DecompositionSettings.parse({"boundaries": {"source": "given", "edges_hz": list(edges)}, **more})


def test_detected_bands_have_no_explicit_edges():
    assert explicit_edges(BoundarySettings(), 3, FS) is None


def test_random_edges_are_seeded_and_wide_enough():
    edges = [random_edges(BoundarySettings(source="random", seed=seed), 5) for seed in range(200)]
    assert np.diff(edges, axis=1).min() >= 200
    assert np.all(np.array(edges)[:, [0, -1]] == (50, 5000))
    np.testing.assert_array_equal(edges[7], random_edges(BoundarySettings(source="random", seed=7), 5))
    assert len({tuple(item) for item in edges}) == 200


@pytest.mark.parametrize("method", ["filter", "ewt"])
def test_given_bands_hold_the_tones_inside_them(method, make_tones):
    x = make_tones((400, 1500, 3500), 400)
    result = decompose(x, method, 3, settings=given(100, 900, 2500, 4500))
    assert result.present.all()
    np.testing.assert_allclose(result.centre_hz, [400, 1500, 3500], rtol=0.05)
    shifted = decompose(x, method, 3, settings=given(100, 300, 2500, 4500))  # two tones in the second band
    assert 400 < shifted.centre_hz[1] < 1500


@pytest.mark.parametrize("method", ["filter", "ewt"])
def test_random_bands_are_the_same_for_all_frames(frames, method):
    values = {"boundaries": {"source": "random", "seed": 2}}
    together = decompose(frames, method, 4, settings=DecompositionSettings.parse(values))
    alone = decompose(frames[5], method, 4, settings=DecompositionSettings.parse(values))
    np.testing.assert_allclose(together.components[5], alone.components, atol=1e-12)
    other = DecompositionSettings.parse({"boundaries": {"source": "random", "seed": 3}})
    assert np.abs(decompose(frames[5], method, 4, settings=other).components - alone.components).max() > 1e-3


@pytest.mark.parametrize("scale", ["frame", "sequence"])
def test_more_given_bands_than_components_are_grouped_by_the_filter_bank_and_refused_by_ewt(frames, scale):
    settings = given(100, 500, 900, 1500, 2500, 4500)
    assert decompose(frames, "filter", 3, scale=scale, settings=settings).present.all()
    with pytest.raises(ValueError, match="5 bands; EWT takes at most 3"):
        decompose(frames, "ewt", 3, scale=scale, settings=settings)


@pytest.mark.parametrize("method", ["filter", "ewt"])
def test_edges_above_nyquist_are_refused(frames, method):
    with pytest.raises(ValueError, match="edges_hz = 4500 Hz is not below half of the sampling rate 8000 Hz"):
        decompose(frames, method, fs=8000, settings=given(100, 900, 4500))
    with pytest.raises(ValueError, match="upper_hz = 5000"):
        decompose(frames, method, fs=8000, settings=DecompositionSettings.parse({"boundaries": {"source": "random"}}))


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"source": "given"}, "edges_hz"),
        ({"source": "given", "edges_hz": [500, 300]}, "ascending"),
        ({"source": "given", "edges_hz": [500, "900"]}, r"edges_hz\[1\]"),
        ({"source": "given", "edges_hz": 500}, "a list, each a number > 0"),
        ({"source": "guessed"}, "detected, given, random"),
        ({"lower_hz": 6000}, "lower_hz"),
    ],
)
def test_mistakes_are_named(values, named):
    with pytest.raises(ValueError, match=named):
        DecompositionSettings.parse({"boundaries": values})


def test_too_many_random_bands_are_refused():
    with pytest.raises(ValueError, match="30 random bands of min_width_hz = 200"):
        random_edges(BoundarySettings(source="random"), 30)
