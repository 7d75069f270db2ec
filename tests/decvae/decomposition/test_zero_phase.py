import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt

from decvae.decomposition.zero_phase import design, filter_each


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
