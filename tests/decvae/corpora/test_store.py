"""Writing and reading the corpus format."""

import numpy as np
import pytest

from decvae.artifacts import ArtifactError
from decvae.corpora.store import Corpus, Utterance, write_corpus


def _write(path, utterances):
    write_corpus(
        path,
        {"train": utterances},
        corpus="toy",
        sampling_rate=16000,
        class_names={"speaker": ["A", "B"], "vowel": ["a", "e"]},
        provenance={"settings_hash": "x"},
    )


def _utterance(name, length, seed=0):
    audio = np.random.default_rng(seed).standard_normal(length).astype(np.float32)
    half = length // 2
    intervals = {"vowel": (np.array([0, half]), np.array([half, length]), np.array([0, 1]))}
    return Utterance(name, audio, {"speaker": 1}, {"age": 30.5}, intervals)


def test_round_trip_of_ragged_utterances(tmp_path):
    path = tmp_path / "toy.h5"
    utterances = [_utterance("one", 3200, 1), _utterance("two", 1600, 2)]
    _write(path, utterances)
    with Corpus(path) as corpus:
        assert (corpus.name, corpus.sampling_rate, corpus.splits) == ("toy", 16000, ["train"])
        split = corpus["train"]
        assert split.utterance_ids == ["one", "two"]
        assert split.lengths().tolist() == [3200, 1600]
        for index, utterance in enumerate(utterances):
            np.testing.assert_array_equal(split.audio(index), utterance.audio)
        assert split.factors["speaker"].tolist() == [1, 1]
        assert split.values["age"].tolist() == [30.5, 30.5]
        assert split.class_names("vowel") == ["a", "e"]
        assert split.frame_labels("vowel", 0)[0].tolist() == [0, 0, 0, 0, 0, 1, 1, 1, 1]
        with pytest.raises(KeyError, match="no split 'test'"):
            corpus["test"]


@pytest.mark.parametrize(
    ("audio", "message"),
    [
        (np.zeros(800, np.float32), "utterance bad: all samples are 0: nothing sounds"),
        (np.full(800, 0.25, np.float32), "utterance bad: all samples are 0.25: nothing sounds"),
        (np.array([1.0, np.nan], np.float32), "utterance bad: sample 1 is NaN"),
        (np.zeros(0, np.float32), "utterance bad: audio must be a non-empty"),
    ],
)
def test_unusable_audio_is_refused_by_name_and_leaves_no_file(tmp_path, audio, message):
    with pytest.raises(ValueError, match=message):
        _write(tmp_path / "toy.h5", [_utterance("good", 800), Utterance("bad", audio, {"speaker": 0})])
    assert list(tmp_path.iterdir()) == []


def test_factors_must_be_complete_and_ids_unique(tmp_path):
    incomplete = _utterance("two", 800)
    incomplete.factors = {}
    with pytest.raises(ValueError, match="speaker is given for 1 of 2"):
        _write(tmp_path / "a.h5", [_utterance("one", 800), incomplete])
    with pytest.raises(ValueError, match="not unique"):
        _write(tmp_path / "b.h5", [_utterance("one", 800), _utterance("one", 800)])


def test_a_truncated_file_is_refused(tmp_path):
    path = tmp_path / "toy.h5"
    _write(path, [_utterance("one", 32000)])
    path.write_bytes(path.read_bytes()[:20000])
    with pytest.raises(ArtifactError, match=r"toy\.h5.*cut short"):
        Corpus(path)
