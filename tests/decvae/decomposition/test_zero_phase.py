import numpy as np
import pytest
from scipy.signal import butter, sosfilt_zi, sosfiltfilt

from decvae.decomposition.zero_phase import design, design_bands, filter_each


@pytest.mark.parametrize("length", [32, 401])
def test_each_signal_is_filtered_as_scipy_does(length):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((7, length))
    bands = [(60.0, 200.0), (1000.0, 1200.0), (4000.0, 7000.0)]
    which, signal = rng.integers(3, size=20), rng.integers(7, size=20)
    found = filter_each([design(2, band, "bandpass", 16000) for band in bands], x, which, signal)
    for row, f, n in zip(found, which, signal, strict=True):
        expected = sosfiltfilt(butter(2, bands[f], "bandpass", fs=16000, output="sos"), x[n])
        np.testing.assert_allclose(row, expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("order", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("fs", [100.0, 16000.0])
def test_bands_are_designed_at_once_as_scipy_designs_each(order, fs):
    random = np.sort(np.random.default_rng(order).uniform(0.002, 0.497, (300, 2)), axis=1)
    symmetric = np.array([[0.2, 0.3], [0.25 - 1e-3, 0.25 + 1e-3], [0.1, 0.4]])  # around a quarter of the rate: ties
    bands = fs * np.concatenate([symmetric, random[np.diff(random)[:, 0] > 1e-3]])
    for band, found in zip(bands.tolist(), design_bands(order, bands, fs), strict=True):
        sos = butter(order, band, "bandpass", fs=fs, output="sos")
        np.testing.assert_allclose(found.sos, sos, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(found.start, sosfilt_zi(sos), rtol=1e-8, atol=1e-12)
        assert found.padding == design(order, tuple(band), "bandpass", fs).padding
    assert design_bands(order, np.empty((0, 2)), fs) == []


@pytest.mark.parametrize("kind", ["lowpass", "highpass"])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_padding_is_that_of_scipy(kind, order):
    x = np.random.default_rng(0).standard_normal((1, 100))
    found = filter_each([design(order, 900.0, kind, 8000)], x, np.array([0]), np.array([0]))[0]
    np.testing.assert_allclose(found, sosfiltfilt(butter(order, 900, kind, fs=8000, output="sos"), x[0]), atol=1e-13)


def test_too_short_signals_are_refused_and_nothing_is_nothing():
    filters = [design(2, (500.0, 900.0), "bandpass", 16000)]
    with pytest.raises(ValueError, match="needs 16"):
        filter_each(filters, np.ones((1, 15)), np.array([0]), np.array([0]))
    assert filter_each([], np.ones((1, 15)), np.array([], int), np.array([], int)).shape == (0, 15)
