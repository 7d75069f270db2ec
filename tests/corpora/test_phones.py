"""Phone tables on hand-worked examples."""

import numpy as np
import pytest

from tests.corpora.phones import arpabet, release, sphinx_labels, timit_labels
from tests.corpora.synthesis import Phone, Speech


def speech(*names, ends=()):
    """Phones of 1000 samples each over noise that doubles at three fifths of every phone."""
    noise = np.random.default_rng(0).normal(0, 0.1, (len(names), 1000))
    noise[:, :600] *= 0.01
    phones = [Phone(1000 * k, 1000 * k + 1000, name, k in ends) for k, name in enumerate(names)]
    return Speech(noise.ravel().astype(np.float32), phones, [])


def test_an_r_coloured_vowel_is_two_phones():
    assert arpabet(speech("A@")) == [(0, 600, "aa", False), (600, 1000, "r", False)]


def test_the_release_of_a_stop_is_where_the_energy_rises():
    assert release(speech("d").audio, 0, 1000) == 600


def test_the_silence_before_a_stop_is_its_closure():
    spoken = speech("a", "t")
    noise = np.random.default_rng(1).normal(0, 0.1, 2000)
    noise[600:1000] *= 1e-3
    labels = timit_labels(Speech(noise.astype(np.float32), spoken.phones, []))
    assert labels == [(0, 600, "ae"), (600, 1000, "tcl"), (1000, 2000, "t")]


def test_timit_labels_of_a_word_between_silences():
    labels = timit_labels(speech("_", "t", "u:", "_:", "h", "_"))
    assert labels == [
        *((0, 1000, "h#"), (1000, 1600, "tcl"), (1600, 2000, "t"), (2000, 3000, "ux"), (3000, 4000, "pau")),
        *((4000, 5000, "hh"), (5000, 6000, "h#")),
    ]


def test_allophones_of_timit():
    names = [label for _, _, label in timit_labels(speech("a", "h", "E", "n", "@", "?", "@L", "n-", "3"))]
    assert names == ["ae", "hv", "eh", "nx", "ax", "q", "el", "en", "axr"]


def test_sphinx_labels():
    found = sphinx_labels(speech("_", "b", "I", "t", "s", "_:", "g", "U", "d", "@L", "_", ends=(8,)))
    assert [label for _, _, label in found] == ["SIL", "B", "IH", "TS", "SIL", "G", "UH", "DD", "AX", "L", "SIL"]
    assert found[3][:2] == (3000, 5000) and found[8][:2] == (9000, 9500)


def test_an_unknown_phone_is_named():
    with pytest.raises(KeyError, match="X9"):
        arpabet(speech("X9"))
