import numpy as np
import pytest
from ewtpy.ewtpy import EWT1D, EWT_Meyer_FilterBank

from decvae.decomposition.ewt import band_boundaries, ewt_modes, largest_maxima, meyer_filters
from decvae.settings.decomposition import EWTSettings

FS = 16000


@pytest.mark.parametrize("smoothing", ["gaussian", "average", "none"])
@pytest.mark.parametrize("length", [400, 401])
def test_boundaries_equal_ewtpy(frames, smoothing, length):
    frames = np.pad(frames, ((0, 0), (0, length - 400)), mode="reflect")
    settings = EWTSettings(smoothing=smoothing, smoothing_bins=11, smoothing_sigma_bins=2.0)
    boundaries = band_boundaries(frames, FS, 3, settings, "frame")
    for frame, mine in zip(frames, boundaries, strict=True):
        _, _, theirs = EWT1D(frame, N=4, reg=smoothing, lengthFilter=11, sigmaFilter=2.0)
        np.testing.assert_allclose(mine, theirs, rtol=1e-12)


@pytest.mark.parametrize("n_samples", [800, 799])
def test_filters_equal_ewtpy_below_the_uppermost_transition(frames, n_samples):
    boundaries = band_boundaries(frames, FS, 4, EWTSettings(), "frame")
    mine = meyer_filters(boundaries, n_samples)
    for row, bank in zip(boundaries, mine, strict=True):
        theirs = EWT_Meyer_FilterBank(row, n_samples)[: n_samples // 2 + 1].T
        np.testing.assert_allclose(bank[:-1], theirs[:-1], atol=1e-12)
        # The uppermost of ewtpy decays towards pi, ours stays at one.
        gamma_pi = theirs[-1] < bank[-1] - 1e-12
        np.testing.assert_allclose(bank[-1][~gamma_pi], theirs[-1][~gamma_pi], atol=1e-12)
        assert np.all(bank[-1][gamma_pi] == 1)


def test_squared_filters_are_a_partition_of_unity(frames):
    bank = meyer_filters(band_boundaries(frames, FS, 5, EWTSettings(), "frame"), 800)
    np.testing.assert_allclose((bank**2).sum(axis=1), 1, atol=1e-12)
    bank = meyer_filters(np.array([[0.5, np.nan, np.nan], [np.nan] * 3, [0.2, 0.9, 2.0]]), 800)
    np.testing.assert_allclose((bank**2).sum(axis=1), 1, atol=1e-12)
    assert not bank[0, 2:].any() and not bank[1, 1:].any()


@pytest.mark.parametrize("length", [400, 401])
def test_modes_add_up_to_the_frame(frames, length):
    frames = np.pad(frames, ((0, 0), (0, length - 400)), mode="reflect")
    modes, owner = ewt_modes(frames, FS, 3, EWTSettings())
    total = np.zeros(frames.shape)
    np.add.at(total, owner, modes)
    np.testing.assert_allclose(total, frames, atol=1e-12)


def test_low_band_is_left_over_on_request(frames):
    first, owner = ewt_modes(frames, FS, 3, EWTSettings(low_band="first"))
    rest, _ = ewt_modes(frames, FS, 3, EWTSettings(low_band="residual"))
    lowest = np.flatnonzero(np.diff(owner, prepend=-1))
    np.testing.assert_allclose(np.delete(first, lowest, axis=0), np.delete(rest, lowest, axis=0), atol=1e-12)
    assert np.all(np.abs(first[lowest] - rest[lowest]).max(axis=1) > 1e-3)


def test_fewer_maxima_give_fewer_bands_or_are_completed():
    bump = np.exp(-0.5 * ((np.arange(200) - 30) / 5) ** 2)[None]
    np.testing.assert_array_equal(largest_maxima(bump, 3), [[30, np.nan, np.nan]])
    frame = 0.9 ** np.arange(400)[None]  # its spectrum falls from 0 Hz on: no maximum at all
    assert np.isnan(band_boundaries(frame, FS, 3, EWTSettings(smoothing="none"), "frame")).all()
    assert ewt_modes(frame, FS, 3, EWTSettings(smoothing="none"))[0].shape == (0, 400)
    completed = band_boundaries(frame, FS, 3, EWTSettings(smoothing="none", completion=True), "frame")
    np.testing.assert_allclose(completed, np.pi * np.array([[0.25, 0.5, 0.75]]))


def test_separation_passes_over_near_maxima():
    spectrum = np.zeros((1, 100))
    spectrum[0, [20, 24, 60]] = 3, 2, 1
    np.testing.assert_array_equal(largest_maxima(spectrum, 2), [[20, 24]])
    np.testing.assert_array_equal(largest_maxima(spectrum, 2, separation=5), [[20, 60]])


def test_sequence_boundaries_lie_between_formants(make_vowel):
    x = make_vowel(np.random.default_rng(3), 2 * FS)[None]
    boundaries = band_boundaries(x, FS, 3, EWTSettings(), "sequence")[0] * FS / (2 * np.pi)
    assert 200 < boundaries[0] < 450 and 900 < boundaries[1] < 1400 and 1900 < boundaries[2] < 2300


def test_tones_are_separated(make_tones):
    tones = [make_tones((f,), 400, phases=(p,)) for f, p in ((400, 0.1), (1500, 0.5), (3500, 0.9))]
    modes, _ = ewt_modes(sum(tones)[None], FS, 3, EWTSettings())
    inner = slice(80, -80)
    for mode, tone in zip(modes, tones, strict=True):
        assert np.corrcoef(mode[inner], tone[inner])[0, 1] > 0.999
