"""Mel patches against librosa, normalisation within an utterance, and the feature file."""

import h5py
import librosa
import numpy as np
import pytest
from scipy import signal

from decvae.artifacts import ArtifactError
from decvae.decomposition.cache import DecompositionCache
from decvae.features.extract import (
    frame_features,
    mel_power,
    sequence_features,
    spectrum_power,
    standardise_levels,
    to_decibel,
    write_features,
)
from decvae.features.store import FeatureFile, centre_column
from decvae.settings.decomposition import DecompositionSettings, method_settings
from decvae.settings.features import FeatureSettings, MelSettings


@pytest.mark.filterwarnings("ignore:n_fft=1600 is too large")  # the published window is longer than the frame
def test_mel_power_equals_librosa():
    frames = np.random.default_rng(0).standard_normal((6, 4, 400)).astype(np.float32)
    expected = librosa.feature.melspectrogram(
        y=frames, sr=16000, n_fft=1600, hop_length=100, window=signal.windows.hann(1600, sym=True), n_mels=80
    )
    assert expected.shape == (6, 4, 80, 5)
    np.testing.assert_allclose(mel_power(frames, 16000, MelSettings()), expected.reshape(6, 4, 400), rtol=2e-4)


def test_spectrum_equals_scipy():
    frames = np.random.default_rng(0).standard_normal((6, 4, 400)) + 3
    frequencies, expected = signal.welch(frames, fs=1, nperseg=400, noverlap=40, nfft=799)
    found = spectrum_power(frames)
    assert found.shape == expected.shape and len(frequencies) == 400
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


def test_fft_features_are_the_spectrum_in_decibel_with_its_own_range():
    frames = np.random.default_rng(0).standard_normal((7, 3, 400))
    settings = FeatureSettings.parse({"fft": {"dynamic_range_db": 30.0}})
    features = frame_features(frames, "fft", settings, 16000)
    assert features.shape == frames.shape and features.dtype == np.float32
    decibel = librosa.power_to_db(spectrum_power(frames)[:, 1], ref=np.max, top_db=30)
    np.testing.assert_allclose(features[:, 1], (decibel - decibel.mean()) / decibel.std(), atol=1e-4)
    tone = np.sin(2 * np.pi * 1000 / 16000 * np.arange(400))
    peak = frame_features(np.tile(tone, (2, 3, 1)), "fft", settings, 16000).argmax(-1)
    assert (abs(peak - 1000 / 16000 * 799) < 1).all()


def test_decibel_equals_librosa_with_the_levels_own_maximum():
    power = np.random.default_rng(0).random((5, 2, 400)) ** 12
    expected = np.stack([librosa.power_to_db(power[:, level], ref=np.max, top_db=80) for level in range(2)], axis=1)
    np.testing.assert_allclose(to_decibel(power, MelSettings()), expected, atol=1e-9)


def test_levels_are_standardised_one_by_one_and_do_not_depend_on_their_scale():
    frames = np.random.default_rng(0).standard_normal((7, 3, 400))
    features = frame_features(frames, "mel", FeatureSettings(), 16000)
    assert features.dtype == np.float32
    np.testing.assert_allclose(features.mean((0, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(features.std((0, 2)), 1, atol=1e-4)
    scaled = frame_features(frames * np.array([1.0, 10.0, 0.1])[:, None], "mel", FeatureSettings(), 16000)
    np.testing.assert_allclose(scaled, features, atol=1e-3)


def test_published_waveforms_keep_how_strong_a_component_is():
    frames = np.random.default_rng(0).standard_normal((5, 4, 400)) * np.array([1, 0.23, 0.1, 0])[:, None]
    settings = FeatureSettings.parse({"waveform": {"standardise": "none"}})
    np.testing.assert_array_equal(frame_features(frames, "waveform", settings, 16000), frames.astype(np.float32))
    found = sequence_features(frames[0], "waveform", settings, 16000, 400)
    np.testing.assert_array_equal(found, frames[0].astype(np.float32))


def test_a_published_sequence_is_one_spectrum():
    settings = FeatureSettings.parse({"fft": {"sequence": "whole", "dynamic_range_db": 300.0}})
    sequence = np.random.default_rng(0).standard_normal((3, 2000))
    found = sequence_features(sequence, "fft", settings, 16000, 400)
    assert found.shape == (3, 2000) and found.dtype == np.float32
    power = signal.welch(sequence, 1.0, "hann", nperseg=400, noverlap=40, nfft=3999)[1]
    expected = 10 * np.log10(power)
    expected = (expected - expected.mean(1, keepdims=True)) / expected.std(1, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    short = sequence_features(sequence[:, :100], "fft", settings, 16000, 400)
    assert short.shape == (3, 400) and np.isfinite(short).all()


def test_waveform_features_are_the_standardised_waveform():
    frames = np.random.default_rng(0).standard_normal((7, 3, 400))
    np.testing.assert_array_equal(
        frame_features(frames, "waveform", FeatureSettings(), 16000), standardise_levels(frames)
    )


def test_silent_level_is_finite():
    frames = np.random.default_rng(0).standard_normal((7, 3, 400))
    frames[:, 2] = 0
    assert np.isfinite(frame_features(frames, "mel", FeatureSettings(), 16000)).all()


def test_sequences_are_abutting_blocks():
    sequence = np.random.default_rng(0).standard_normal((2, 1300))
    features = sequence_features(sequence, "mel", FeatureSettings(), 16000, 400)
    blocks = sequence[:, :1200].reshape(2, 3, 400).swapaxes(0, 1)
    expected = frame_features(blocks, "mel", FeatureSettings(), 16000).swapaxes(0, 1).reshape(2, 1200)
    np.testing.assert_array_equal(features, expected)


def test_bad_input_types_and_sizes_are_named():
    frames = np.ones((2, 2, 400))
    with pytest.raises(ValueError, match="'cepstrum' is not one of mel, waveform, fft"):
        frame_features(frames, "cepstrum", FeatureSettings(), 16000)
    with pytest.raises(ValueError, match="n_mels x columns = 160"):
        frame_features(frames, "mel", FeatureSettings(mel=MelSettings(n_mels=40, columns=4)), 16000)
    with pytest.raises(ValueError, match=r"`mel\.melody` is not a known key"):
        FeatureSettings.parse({"mel": {"melody": 1}})


def test_vectors_are_the_centre_column_of_the_patches(study):
    assert centre_column(np.arange(400), 5).tolist() == [5 * band + 2 for band in range(80)]
    data = FeatureFile(study.features["dev"])
    np.testing.assert_array_equal(data.vectors(3), data.frames(3)[0][..., 2::5])


def test_file_holds_every_utterances_features(study):
    data = FeatureFile(study.features["dev"])
    with DecompositionCache(study.decompositions["dev"]) as cache:
        assert (len(data), data.utterance_ids) == (10, cache.utterance_ids)
        assert (data.frame_length, data.n_components, data.n_components_seq) == (400, 3, 3)
        for index in (0, 9):
            features, present = data.frames(index)
            np.testing.assert_array_equal(
                features, frame_features(cache.frames(index), "mel", FeatureSettings(), 16000)
            )
            np.testing.assert_array_equal(
                present, cache.quantity("frame", "present")[slice(*cache.offsets[index : index + 2])]
            )
            sequence, _ = data.sequence(index)
            expected = sequence_features(cache.sequence(index), "mel", FeatureSettings(), 16000, 400)
            np.testing.assert_array_equal(sequence, expected)


@pytest.mark.parametrize("kind", ["mel", "waveform", "fft"])
def test_the_file_says_how_its_inputs_were_made(study, tmp_path, kind):
    write_features(study.decompositions["dev"], tmp_path / "x.h5", kind, FeatureSettings())
    made = FeatureFile(tmp_path / "x.h5").preprocessing
    assert (made["input"], made["sampling_rate"]) == (kind, 16000)
    with DecompositionCache(study.decompositions["dev"]) as cache:
        settings = DecompositionSettings.parse(made["decomposition"])
        assert method_settings(settings) == method_settings(cache.settings)
        expected = frame_features(cache.frames(2), kind, FeatureSettings.parse(made["features"]), 16000)
    np.testing.assert_array_equal(FeatureFile(tmp_path / "x.h5").frames(2)[0], expected)


def test_a_file_of_another_version_is_refused(study, tmp_path):
    path = tmp_path / "old.h5"
    path.write_bytes(study.features["dev"].read_bytes())
    with h5py.File(path, "r+") as file:
        file.attrs["format_version"] = 1
    with pytest.raises(ArtifactError, match="has format version 1, needed is 2"):
        FeatureFile(path)


def test_a_decomposition_is_not_a_feature_file(study, tmp_path):
    with pytest.raises(ArtifactError, match="decvae-decomposition"):
        FeatureFile(study.decompositions["dev"])
    with pytest.raises(ArtifactError, match="does not exist"):
        write_features(tmp_path / "none.h5", tmp_path / "out.h5", "mel", FeatureSettings())
