import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt

from decvae.decomposition.bands import detect_bands
from decvae.decomposition.decompose import decompose
from decvae.decomposition.filterbank import filter_modes, normalise_utterance, notch
from decvae.settings.decomposition import DecompositionSettings, FilterSettings, NotchSettings, PeakSettings

FS = 16000


def test_modes_equal_scipy_filters_frame_by_frame(frames):
    modes, owner = filter_modes(frames, FS, PeakSettings(), FilterSettings())
    bands = detect_bands(frames, FS, PeakSettings())
    np.testing.assert_array_equal(owner, bands.owner)
    for mode, n, low, high in zip(modes, bands.owner, bands.low_hz, bands.high_hz, strict=True):
        sos = butter(2, [low, high], "bandpass", fs=FS, output="sos")
        np.testing.assert_allclose(mode, sosfiltfilt(sos, frames[n]), rtol=1e-10, atol=1e-12)


def test_normalise_utterance():
    x = normalise_utterance(3 + 2 * np.random.default_rng(0).standard_normal(1000))
    assert abs(x.mean()) < 1e-12 and abs(x.std() - 1) < 1e-6
    assert not normalise_utterance(np.zeros(10)).any()


@pytest.mark.parametrize(("frequency", "low", "high"), [(61.0, 0.0, 0.01), (40.0, 0.95, 1.01), (100.0, 0.95, 1.01)])
def test_notch_removes_hum_only(frequency, low, high, make_tones):
    x = make_tones((frequency,), 4 * FS)
    gain = notch(x, FS)[FS:-FS].std() / x[FS:-FS].std()
    assert low <= gain <= high


def test_notch_can_be_switched_off_and_refuses_a_band_above_nyquist():
    x = np.random.default_rng(0).standard_normal(400)
    np.testing.assert_array_equal(notch(x, FS, NotchSettings(enabled=False)), x)
    with pytest.raises(ValueError, match="upper_hz"):
        notch(x, 120)


@pytest.mark.parametrize("n_components", [3, 12])
def test_a_partition_adds_up_to_the_signal(frames, n_components):
    settings = DecompositionSettings(weak_frame=0.0, filter=FilterSettings(partition=True))
    x = frames + 0.4
    result = decompose(x, "filter", n_components, settings=settings)
    np.testing.assert_allclose(result.components.sum(axis=1), x, atol=1e-12)


def test_a_partition_separates_tones(make_tones):
    settings = DecompositionSettings(filter=FilterSettings(partition=True))
    result = decompose(make_tones((400, 1500, 3500), 800), "filter", 3, settings=settings)
    np.testing.assert_allclose(result.centre_hz, [400, 1500, 3500], rtol=0.1)
