"""The generator: formants where they should be, exact SNR, seeds, settings."""

import numpy as np
import pytest
from scipy import signal

from decvae.corpora.simvowels import (
    VOWELS,
    generator_tables,
    pulse_excitation,
    simulate,
    simulate_traversal_set,
    speaker_grid,
    synthesise_tokens,
)
from decvae.corpora.store import Corpus
from decvae.settings.base import SPLITS
from decvae.settings.corpora import SimVowelsSettings

SMALL = SimVowelsSettings.parse({"n_utterances": {"train": 12, "dev": 5, "test": 5}, "utterance_seconds": 0.4})


def _tokens(n_vowels=5, factor=1.0, snr_db=100.0):
    settings = SimVowelsSettings(n_vowels=n_vowels, snr_db=snr_db)
    return synthesise_tokens(np.repeat(np.arange(n_vowels), 60), factor, settings, np.random.default_rng(0))


@pytest.mark.parametrize("factor", [0.8, 1.0, 1.2])
@pytest.mark.parametrize("n_vowels", [5, 8])
def test_formants_lie_at_the_published_frequencies_over_the_vocal_tract_factor(n_vowels, factor):
    _, formants = _tokens(n_vowels, factor)
    frequency, power = signal.welch(formants, fs=16000, nperseg=800)
    power = power.reshape(n_vowels, -1, 3, len(frequency)).mean(1)
    centroid = (power * frequency).sum(-1) / power.sum(-1)
    np.testing.assert_allclose(centroid, np.array(list(VOWELS[n_vowels].values())) / factor, rtol=0.015, atol=10.0)


def test_formants_sum_to_the_clean_token_and_snr_is_exact():
    tokens, formants = _tokens(snr_db=15.0)
    clean = formants.sum(1)
    np.testing.assert_allclose(np.abs(clean).max(-1), 1.0)
    ratio = (clean**2).mean(-1) / ((tokens - clean) ** 2).mean(-1)
    np.testing.assert_allclose(10 * np.log10(ratio), 15.0, atol=1e-9)


def test_corpus_is_seeded_and_complete(tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        simulate(tmp_path / f"{name}.h5", SMALL, seed)
    with Corpus(tmp_path / "a.h5") as a, Corpus(tmp_path / "b.h5") as b, Corpus(tmp_path / "c.h5") as c:
        for split in SPLITS:
            count = SMALL.utterances_of(split)
            assert len(a[split]) == count
            for index in range(count):
                np.testing.assert_array_equal(a[split].audio(index), b[split].audio(index))
        assert not np.array_equal(a["train"].audio(0), c["train"].audio(0))
        names = a["train"].class_names("speaker")
        for split in SPLITS:
            found = {float(names[code]) for code in a[split].factors["speaker"]}
            assert found == set(SimVowelsSettings().speakers_of(split))
            np.testing.assert_allclose(
                [float(names[code]) for code in a[split].factors["speaker"]], a[split].values["speaker_factor"]
            )
        assert len(a["train"].audio(0)) == 6400
        assert a.provenance["seed"] == 0


def test_one_more_utterance_changes_none_before_it(tmp_path):
    more = SimVowelsSettings.parse({"n_utterances": {"train": 13, "dev": 5, "test": 5}, "utterance_seconds": 0.4})
    simulate(tmp_path / "a.h5", SMALL, 0)
    simulate(tmp_path / "b.h5", more, 0)
    with Corpus(tmp_path / "a.h5") as a, Corpus(tmp_path / "b.h5") as b:
        np.testing.assert_array_equal(a["train"].audio(11), b["train"].audio(11))


def test_traversal_set_covers_the_published_grid(tmp_path):
    settings = SimVowelsSettings.parse({"kind": "sim_vowels", "traversal": {"repetitions": 2, "n_vowels": 8}})
    factors = speaker_grid(settings.traversal)
    assert len(factors) == 60
    assert (factors[0], factors[-1]) == (0.705, 1.295)
    simulate_traversal_set(tmp_path / "t.h5", settings, 0)
    with Corpus(tmp_path / "t.h5") as corpus:
        split = corpus["traversal"]
        assert len(split) == 60 * 8 * 2
        assert set(split.lengths()) == {400}
        labels = [split.frame_labels("vowel", index)[0].item() for index in range(16)]
        assert labels == np.repeat(np.arange(8), 2).tolist()


def test_pulses_have_the_speakers_period():
    pulses = pulse_excitation(1, 16000, 0.8, np.random.default_rng(0))[0]
    assert np.flatnonzero(pulses).size in (149, 150, 151)  # 120 Hz / 0.8 over one second


def test_generator_tables_hold_every_cell():
    signals, mels = generator_tables(SimVowelsSettings(), 0)
    assert set(signals.signal) == set(mels.signal) == {"X", "F1", "F2", "F3"}
    assert len(mels) == 60 * 5 * 4 * 80
    assert signals.speaker_factor.unique().tolist() == [1.105]
    wide = signals.pivot(index=["vowel", "time_ms"], columns="signal", values="amplitude")
    np.testing.assert_allclose(wide.X, wide.F1 + wide.F2 + wide.F3, atol=1e-3)  # noise of 100 dB


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"n_vowels": 6}, "`n_vowels` is 6; allowed: one of 5, 8"),
        ({"excitation": "hum"}, "`excitation` is 'hum'; allowed: one of noise, pulses"),
        ({"loudness": 1}, "`loudness` is not a known key"),
        ({"utterance_seconds": 0.01, "token_seconds": 0.1}, "shorter than one token"),
        ({"speakers": {"train": [1.0], "dev": [1.0], "test": [0.9]}}, "splits must not share speakers"),
    ],
)
def test_bad_settings_name_their_key(section, message):
    with pytest.raises(ValueError, match=message):
        SimVowelsSettings.parse(section)
