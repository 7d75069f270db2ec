"""Mel patches against librosa, normalisation within an utterance, and the feature file."""

import librosa
import numpy as np
import pytest
from scipy import signal

from decvae.artifacts import ArtifactError
from decvae.decomposition.cache import DecompositionCache
from decvae.feature_file import FeatureFile, centre_column
from decvae.features import (
    FeatureSettings,
    MelSettings,
    frame_features,
    mel_power,
    sequence_features,
    standardise_levels,
    to_decibel,
    write_features,
)


@pytest.mark.filterwarnings("ignore:n_fft=1600 is too large")  # the published window is longer than the frame
def test_mel_power_equals_librosa():
    frames = np.random.default_rng(0).standard_normal((6, 4, 400)).astype(np.float32)
    expected = librosa.feature.melspectrogram(
        y=frames, sr=16000, n_fft=1600, hop_length=100, window=signal.windows.hann(1600, sym=True), n_mels=80
    )
    assert expected.shape == (6, 4, 80, 5)
    np.testing.assert_allclose(mel_power(frames), expected.reshape(6, 4, 400), rtol=2e-4)


def test_decibel_equals_librosa_with_the_levels_own_maximum():
    power = np.random.default_rng(0).random((5, 2, 400)) ** 12
    expected = np.stack([librosa.power_to_db(power[:, level], ref=np.max, top_db=80) for level in range(2)], axis=1)
    np.testing.assert_allclose(to_decibel(power), expected, atol=1e-9)


def test_levels_are_standardised_one_by_one_and_do_not_depend_on_their_scale():
    frames = np.random.default_rng(0).standard_normal((7, 3, 400))
    features = frame_features(frames, "mel", FeatureSettings(), 16000)
    assert features.dtype == np.float32
    np.testing.assert_allclose(features.mean((0, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(features.std((0, 2)), 1, atol=1e-4)
    scaled = frame_features(frames * np.array([1.0, 10.0, 0.1])[:, None], "mel", FeatureSettings(), 16000)
    np.testing.assert_allclose(scaled, features, atol=1e-3)


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
    with pytest.raises(ValueError, match="'fft' is not one of"):
        frame_features(frames, "fft", FeatureSettings(), 16000)
    with pytest.raises(ValueError, match="n_mels x columns = 160"):
        frame_features(frames, "mel", FeatureSettings(mel=MelSettings(n_mels=40, columns=4)), 16000)
    with pytest.raises(ValueError, match=r"unknown feature settings: .'melody'"):
        FeatureSettings.from_dict({"mel": {"melody": 1}})


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
            np.testing.assert_array_equal(present, cache.frames_present(index))
            sequence, _ = data.sequence(index)
            expected = sequence_features(cache.sequence(index), "mel", FeatureSettings(), 16000, 400)
            np.testing.assert_array_equal(sequence, expected)


def test_a_decomposition_is_not_a_feature_file(study, tmp_path):
    with pytest.raises(ArtifactError, match="decvae-decomposition"):
        FeatureFile(study.decompositions["dev"])
    with pytest.raises(ArtifactError, match="does not exist"):
        write_features(tmp_path / "none.h5", tmp_path / "out.h5", "mel", FeatureSettings())
