"""Signals shared by the tests of the decomposition."""

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

FS = 16000


def _vowel(rng, n_samples, formants=(550.0, 1770.0, 2490.0), noise=0.18):
    """Noise through three formants plus white noise."""
    source = rng.standard_normal(n_samples + 1000)
    signal = sum(
        a * sosfilt(butter(4, [f - 100, f + 100], "bandpass", fs=FS, output="sos"), source)
        for f, a in zip(formants, (1.0, 0.5, 0.3), strict=True)
    )[1000:]
    return signal / signal.std() + noise * rng.standard_normal(n_samples)


def _tones(frequencies, n_samples=400, fs=FS, phases=(0.3, 1.1, 2.0), amplitudes=(1.0, 0.8, 0.6)):
    """A sum of tones."""
    t = np.arange(n_samples) / fs
    return sum(a * np.sin(2 * np.pi * f * t + p) for f, p, a in zip(frequencies, phases, amplitudes, strict=False))


@pytest.fixture(scope="session")
def make_vowel():
    return _vowel


@pytest.fixture(scope="session")
def make_tones():
    return _tones


@pytest.fixture(scope="session")
def frames():
    """Twelve frames of 400 samples: noise, vowels and chirps."""
    rng = np.random.default_rng(7)
    t = np.arange(400) / FS
    chirps = [np.sin(2 * np.pi * (f * t + 4e4 * t**2)) + np.sin(2 * np.pi * 4 * f * t) for f in (200, 400, 700, 900)]
    return np.stack([*rng.standard_normal((4, 400)), *(_vowel(rng, 400) for _ in range(4)), *chirps])
