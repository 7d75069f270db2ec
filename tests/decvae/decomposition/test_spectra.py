import numpy as np
import pytest
from scipy.signal import welch

from decvae.decomposition import spectra
from decvae.decomposition.spectra import welch_density


@pytest.mark.parametrize(
    ("length", "segment", "overlap", "n_fft"), [(400, 132, 10, 512), (399, 65, 32, None), (50, 50, 25, 77)]
)
def test_density_equals_scipy(length, segment, overlap, n_fft, monkeypatch):
    x = 3 + np.random.default_rng(0).standard_normal((9, length))
    for block in (spectra._BLOCK_VALUES, 1):
        monkeypatch.setattr(spectra, "_BLOCK_VALUES", block)
        frequencies, density = welch_density(x, 16000, segment, overlap, n_fft)
        expected = welch(x, 16000, "hann", nperseg=segment, noverlap=overlap, nfft=n_fft)
        np.testing.assert_allclose(frequencies, expected[0])
        np.testing.assert_allclose(density, expected[1], rtol=1e-9, atol=1e-18)
