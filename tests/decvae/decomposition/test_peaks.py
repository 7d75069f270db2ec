import numpy as np
import pytest
from scipy.signal import find_peaks, peak_prominences, welch

from decvae.decomposition.peaks import (
    detect_bands,
    interval_edges,
    local_maxima,
    peak_spectrum,
    prominences,
    thin_by_distance,
)
from decvae.settings.decomposition import PeakSettings

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
    np.testing.assert_allclose(bands.peak_hz, [500, 1500, 2500], atol=31.25)
    assert np.all(bands.low_hz < bands.peak_hz) and np.all(bands.peak_hz < bands.high_hz)
    assert bands.peak.max() == 1.0


def test_peak_on_the_border_of_two_intervals_is_seen(make_tones):
    edge = interval_edges(PeakSettings())[2]
    bands = detect_bands(make_tones((edge,), 400)[None], FS, PeakSettings(prominence_threshold=0.5))
    assert np.abs(bands.peak_hz - edge).min() < 31.25


def test_bands_of_a_batch_are_those_of_its_frames(frames):
    together = detect_bands(frames, FS, PeakSettings())
    assert np.all(np.diff(together.owner) >= 0)
    for n, frame in enumerate(frames):
        alone = detect_bands(frame[None], FS, PeakSettings())
        mine = together.owner == n
        for name in ("low_hz", "high_hz", "peak_hz", "peak"):
            np.testing.assert_allclose(getattr(together, name)[mine], getattr(alone, name))


def test_bands_are_ascending_and_inside_the_range(make_vowel):
    rng = np.random.default_rng(0)
    bands = detect_bands(np.stack([make_vowel(rng, 400) for _ in range(50)]), FS, PeakSettings())
    inside = np.diff(bands.owner) == 0
    assert np.all(np.diff(bands.peak_hz)[inside] > 0)
    assert bands.low_hz.min() >= 50 and bands.high_hz.max() <= 5031.25
    assert 4 <= np.bincount(bands.owner).mean() <= 11  # published: 4 to 11 bands in a frame, 7.4 on average


def test_number_of_peaks_is_limited_to_the_most_prominent(make_tones):
    bands = detect_bands(make_tones((300, 700, 1100), 400)[None], FS, PeakSettings(n_intervals=1, peaks_per_interval=1))
    np.testing.assert_allclose(bands.peak_hz, [300], atol=31.25)


def test_range_is_cut_at_half_of_the_sampling_rate(make_tones):
    bands = detect_bands(make_tones((500, 3000), 200, fs=8000)[None], 8000, PeakSettings())
    assert bands.high_hz.max() < 4000
    with pytest.raises(ValueError, match="sampling rate 80"):
        detect_bands(np.ones((1, 64)), 80, PeakSettings())
