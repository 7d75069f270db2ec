import numpy as np
import pytest

from decvae.decomposition.decompose import decompose
from decvae.settings.decomposition import METHODS, DecompositionSettings, EWTSettings, VMDSettings

FS = 16000

SCALES = ("frame", "sequence")
UNIFORM = DecompositionSettings(vmd=VMDSettings(init="uniform"))  # a random start may send two modes to one tone


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("method", METHODS)
def test_invariants(frames, method, scale):
    x = 0.2 * frames + 0.05
    result = decompose(x, method, 3, scale=scale)
    assert result.components.shape == (12, 3, 400) and result.components.dtype == np.float64
    np.testing.assert_allclose(result.components.sum(axis=1) + result.residual, x, atol=1e-14)
    # present ones first, ascending; absent ones are zero and have no frequency
    assert np.all(result.present[:, :-1] >= result.present[:, 1:])
    assert np.all(result.components.any(axis=2) == result.present)
    assert np.all(np.isfinite(result.centre_hz) == result.present)
    both = result.present[:, 1:]
    assert np.all(np.diff(result.centre_hz, axis=1)[both] > 0)


@pytest.mark.parametrize("method", ["filter", "ewt", "vmd"])
def test_three_tones_are_three_components_at_their_frequencies(method, make_tones):
    frequencies = (400.0, 1500.0, 3500.0)
    result = decompose(make_tones(frequencies, 400), method, 3, settings=UNIFORM)
    assert result.present.all()
    np.testing.assert_allclose(result.centre_hz, frequencies, rtol=0.05)
    for component, frequency, phase, amplitude in zip(
        result.components, frequencies, (0.3, 1.1, 2.0), (1.0, 0.8, 0.6), strict=True
    ):
        tone = make_tones((frequency,), 400, phases=(phase,), amplitudes=(amplitude,))
        assert np.corrcoef(component[60:-60], tone[60:-60])[0, 1] > 0.99


def test_two_tones_are_separated_by_emd(make_tones):
    result = decompose(make_tones((200.0, 2500.0), 400), "emd", 2)
    np.testing.assert_allclose(result.centre_hz, [200, 2500], rtol=0.1)


@pytest.mark.parametrize("n_components", [2, 5, 12])
@pytest.mark.parametrize("method", METHODS)
def test_number_of_components(frames, method, n_components):
    result = decompose(frames[4:6], method, n_components)
    assert result.components.shape == (2, n_components, 400)
    assert result.present[:, 0].all()


@pytest.mark.parametrize("method", ["ewt", "emd"])
def test_components_hold_the_whole_signal(frames, method):
    x = frames[4:8] + 0.3
    result = decompose(x, method, 4, settings=DecompositionSettings(weak_frame=0.0))
    expected = x if method == "ewt" else x - x.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(result.components.sum(axis=1), expected, atol=1e-10)


@pytest.mark.parametrize("method", METHODS)
def test_energy_is_kept_about(frames, method):
    result = decompose(frames[4:8], method, 3)
    energy = (result.components**2).sum(axis=(1, 2)) / (frames[4:8] ** 2).sum(axis=1)
    assert np.all(energy > 0.4) and np.all(energy < 1.6)


@pytest.mark.parametrize("method", METHODS)
def test_amplitude_scales_the_components(frames, method):
    one, many = decompose(frames, method, 3), decompose(1e-3 * frames, method, 3)
    np.testing.assert_array_equal(one.present, many.present)
    np.testing.assert_allclose(many.components, 1e-3 * one.components, atol=1e-9)
    np.testing.assert_allclose(many.centre_hz, one.centre_hz, rtol=1e-5)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "make",
    [
        lambda t: (-1.0) ** t,  # energy at half of the sampling rate only: the filter bank finds no band
        lambda t: 0.9**t,
        lambda t: (t == 200) * 1.0,
        lambda t: (t > 200) * 1.0,
        lambda t: np.sign(np.sin(0.2 * t)),
        lambda t: np.where(t < 200, 0.0, np.sin(0.3 * t)),
        lambda t: 1e6 + np.sin(0.3 * t),
        lambda t: 1e300 * np.sin(0.3 * t),
        lambda t: 1e-300 * np.sin(0.3 * t),
    ],
)
def test_awkward_signals(make, method):
    x = make(np.arange(400))
    result = decompose(x, method, 3)
    assert np.isfinite(result.components).all()
    assert np.all(result.components.any(axis=1) == result.present)
    np.testing.assert_allclose(result.components.sum(axis=0) + result.residual, x, atol=1e-9 * np.abs(x).max())


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("method", METHODS)
def test_silence_and_constants_have_no_components(frames, method, scale):
    x = frames[:4].copy()
    x[1], x[2] = 0.0, 0.7
    result = decompose(x, method, 3, scale=scale)
    assert result.present.any(axis=1).tolist() == [True, False, False, True]
    assert not result.components[1:3].any() and np.isnan(result.centre_hz[1:3]).all()
    np.testing.assert_array_equal(result.residual[1:3], x[1:3])
    assert not decompose(np.zeros(400), method, 3, scale=scale).present.any()


def test_quiet_frames_are_silent_on_request(frames):
    x = frames[4:6] / frames[4:6].std(axis=1, keepdims=True) * [[0.01], [1.0]]
    result = decompose(x, settings=DecompositionSettings(silence_rms=0.07))
    assert result.present.any(axis=1).tolist() == [False, True]


@pytest.mark.parametrize("length", [32, 33, 101, 399])
@pytest.mark.parametrize("method", METHODS)
def test_short_and_odd_lengths(method, length):
    x = np.random.default_rng(length).standard_normal((3, length))
    for scale in SCALES:
        result = decompose(x, method, 3, scale=scale)
        assert result.components.shape == (3, 3, length)
        np.testing.assert_allclose(result.components.sum(axis=1) + result.residual, x, atol=1e-12)


@pytest.mark.parametrize("fs", [8000, 44100])
@pytest.mark.parametrize("method", ["filter", "ewt", "vmd"])
def test_other_sampling_rates(method, fs, make_tones):
    result = decompose(make_tones((400, 1500, 3000), fs // 20, fs=fs), method, 3, fs=fs, settings=UNIFORM)
    np.testing.assert_allclose(result.centre_hz, [400, 1500, 3000], rtol=0.06)


@pytest.mark.parametrize("method", METHODS)
def test_one_signal_equals_a_batch_and_repeats_exactly(frames, method):
    batch = decompose(frames.reshape(3, 4, 400), method, 3)
    again = decompose(frames.reshape(3, 4, 400), method, 3, rng=np.random.default_rng(0), workers=2)
    np.testing.assert_array_equal(batch.components, again.components)
    assert batch.components.shape == (3, 4, 3, 400) and batch.residual.shape == (3, 4, 400)
    alone = decompose(frames[0], method, 3)  # VMD starts the first frame of a batch from the same draw
    np.testing.assert_allclose(alone.components, batch.components[0, 0], atol=1e-12)


def test_blocks_do_not_show(frames, monkeypatch):
    whole = decompose(frames, "vmd", 3, rng=np.random.default_rng(2))
    monkeypatch.setattr("decvae.decomposition.decompose._BLOCK_SAMPLES", 5 * 400)
    np.testing.assert_array_equal(
        decompose(frames, "vmd", 3, rng=np.random.default_rng(2)).components, whole.components
    )


def test_seed_of_vmd_matters(frames):
    one = decompose(frames, "vmd", 4, rng=np.random.default_rng(1))
    assert np.abs(one.components - decompose(frames, "vmd", 4, rng=np.random.default_rng(2)).components).max() > 1e-6


def test_arguments_override_settings(frames):
    settings = DecompositionSettings(method="ewt", n_components=4, n_components_seq=5)
    assert decompose(frames[0], settings=settings).components.shape == (4, 400)
    assert decompose(frames[0], settings=settings, scale="sequence").components.shape == (5, 400)
    assert decompose(frames[0], n_components=2, settings=settings).components.shape == (2, 400)
    np.testing.assert_array_equal(
        decompose(frames[0], "filter", 4, settings=settings).components, decompose(frames[0], "filter", 4).components
    )


def test_top_k_leaves_weaker_modes_to_the_residual(make_vowel):
    x = make_vowel(np.random.default_rng(0), FS)
    settings = DecompositionSettings(grouping_sequence="top_k")
    top, equal = decompose(x, scale="sequence", settings=settings), decompose(x, scale="sequence")
    assert (top.residual**2).sum() > (equal.residual**2).sum()
    np.testing.assert_allclose(top.centre_hz, [550, 1770, 2490], rtol=0.05)


def test_sequence_bandwidth_is_used_at_the_sequence_scale_only(make_vowel):
    x = make_vowel(np.random.default_rng(0), FS)
    sharp = DecompositionSettings(ewt=EWTSettings(sequence_bandwidth_hz=0.0, sequence_separation_hz=0.0))
    frame, sequence = ((decompose(x, "ewt", scale=s), decompose(x, "ewt", scale=s, settings=sharp)) for s in SCALES)
    np.testing.assert_array_equal(frame[0].components, frame[1].components)
    np.testing.assert_allclose(sequence[0].centre_hz[:2], [550, 1770], rtol=0.05)
    assert sequence[1].centre_hz[1] < 900  # published behaviour: all maxima fall into one formant


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_first_bad_sample_is_named(frames, bad):
    x = frames.copy()
    x[3, 17:] = bad
    with pytest.raises(ValueError, match=r"index \(3, 17\)"):
        decompose(x)
    with pytest.raises(ValueError, match="index 17"):
        decompose(x[3])


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda x: decompose(x[:31]), "32 samples"),
        (lambda x: decompose(np.float64(1.0)), "array of real numbers"),
        (lambda x: decompose(x.astype(complex)), "complex"),
        (lambda x: decompose(x, "fft"), "method"),
        (lambda x: decompose(x, n_components=1), "n_components"),
        (lambda x: decompose(x, scale="word"), "scale"),
        (lambda x: decompose(x, fs=0), "sampling rate"),
    ],
)
def test_bad_calls_are_refused(frames, call, named):
    with pytest.raises(ValueError, match=named):
        call(frames[0])


def test_integers_and_empty_batches(make_tones):
    x = (1000 * make_tones((400, 1500), 400)).astype(np.int16)
    np.testing.assert_array_equal(decompose(x).components, decompose(x.astype(float)).components)
    assert decompose(np.empty((0, 400))).components.shape == (0, 3, 400)


def test_quiet_low_frames_are_silent_on_request(make_tones):
    x = 0.05 * np.stack([make_tones((100,)), make_tones((900,)), 10 * make_tones((100,))])
    settings = DecompositionSettings(silence_low_rms=0.07, silence_rms=0.01)
    assert decompose(x, settings=settings).present.any(axis=1).tolist() == [False, True, True]


@pytest.mark.parametrize("method", METHODS)
def test_clipped_signals(method):
    x = np.clip(3 * np.sin(0.1 * np.arange(400)) + np.sin(0.5 * np.arange(400)), -1, 1)
    result = decompose(x, method, 3)
    assert result.present[0] and np.isfinite(result.components).all()


@pytest.mark.parametrize("method", METHODS)
def test_fewer_oscillations_than_components_leave_absent_ones(method, make_tones):
    result = decompose(make_tones((500,)), method, 12, settings=DecompositionSettings(weak_frame=1e-4))
    assert 1 <= result.present.sum() < 12
    assert not result.components[~result.present].any()


@pytest.mark.parametrize("method", METHODS)
def test_a_sampling_rate_below_the_upper_band(method):
    x = np.random.default_rng(0).standard_normal((4, 100))
    result = decompose(x, method, 3, fs=4000)  # peaks.upper_hz is 5000
    assert result.present.all() and result.centre_hz.max() < 2000


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("scale", SCALES)
def test_nan_and_short_signals_are_refused_by_every_method(method, scale):
    for bad in (np.nan, np.inf, -np.inf):
        with pytest.raises(ValueError, match=f"{bad} at index 3"):
            decompose(np.where(np.arange(400) == 3, bad, 1.0), method, scale=scale)
    with pytest.raises(ValueError, match="at least 32 samples, found 20"):
        decompose(np.ones(20), method, scale=scale)
