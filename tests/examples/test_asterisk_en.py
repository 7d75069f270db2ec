"""English prompts become a folder corpus; alignments agree with a synthesiser that knows when it says each phone."""

import gzip
import importlib.util
import itertools
from pathlib import Path

import av
import numpy as np
import pytest

from decvae.corpora.ingest import ingest_corpus
from decvae.corpora.store import Corpus
from decvae.settings.corpora import FolderSettings
from tests.corpora.synthesis import RATE, Voice, speak

SCRIPT = Path(__file__).resolve().parents[2] / "examples/asterisk_en.py"
TEXTS = {
    "agent-pass": "Please enter your password followed by the pound key.",
    "digits/five": "five",
    "digits/seven": "7",
    "goodbye": "Goodbye. [pause]",
}


@pytest.fixture(scope="module")
def demo():
    spec = importlib.util.spec_from_file_location("asterisk_en", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def spoken(text):
    """(samples int16, phones) of a text, with silence around it."""
    speech = speak(text.replace("[pause]", ""), Voice("en-us", 120))
    quiet = 0.001 * np.random.default_rng(0).standard_normal(RATE // 4)
    audio = np.concatenate([quiet, 0.5 * speech.audio / np.abs(speech.audio).max(), quiet])
    return (2**15 * audio).clip(-(2**15), 2**15 - 1).astype(np.int16), [
        (phone.start / RATE + 0.25, phone.stop / RATE + 0.25, phone.name) for phone in speech.phones
    ]


def write_g722(path, samples):
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", format="g722") as container:
        stream = container.add_stream("g722", rate=RATE, layout="mono")
        for start in range(0, len(samples) - 319, 320):
            frame = av.AudioFrame.from_ndarray(samples[None, start : start + 320], format="s16", layout="mono")
            frame.rate, frame.pts = RATE, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def test_words(demo):
    expected = ["don't", "press", "one", "thank", "you", "three"]
    assert demo.words_of("Don't [beep] press 'one', (or 2)... Thank-you! 3") == expected


def test_phones_begin_where_they_are_spoken(demo):
    samples, phones = spoken("Please enter your password followed by the pound key.")
    found = demo.Aligner().phones(samples, demo.words_of(TEXTS["agent-pass"]))
    assert found[0][0] == 0 and all(left[1] == pytest.approx(right[0]) for left, right in itertools.pairwise(found))
    # s of pass-word, k and iy of key, and the end of speech, in the names of both.
    begins = {name: [start for start, _, label in found if label == name] for name in ("S", "K", "IY")}
    said = {name: [start for start, _, label in phones if label == name] for name in ("s", "k", "i:")}
    assert abs(begins["K"][-1] - said["k"][-1]) < 0.06
    assert min(abs(begins["S"][0] - start) for start in said["s"]) < 0.06
    spoken_until = phones[-1][1]
    assert abs(found[-1][0] - spoken_until) < 0.12 and found[-1][2] == "SIL"


def test_prompts_become_a_corpus(demo, tmp_path):
    sounds, out = tmp_path / "sounds", tmp_path / "out"
    for name, text in TEXTS.items():
        write_g722(sounds / f"{name}.g722", spoken(text)[0])
    write_g722(sounds / "noise.g722", spoken("x")[0])
    lines = ["; a comment", *(f"{name}: {text}" for name, text in TEXTS.items())]
    lines += [
        "noise: [a tone]",
        "absent: Not there.",
        "noise2: Xyzzyq",
        "wrong: Seven different words that nobody says",
    ]
    write_g722(sounds / "noise2.g722", spoken("x")[0])
    write_g722(sounds / "wrong.g722", spoken("ee")[0])
    (tmp_path / "prompts.txt.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    outcome = demo.write_corpus(sounds, tmp_path / "prompts.txt.gz", out)
    others = ("no words", "no file", "words not in the dictionary", "text and sound do not fit")
    assert outcome == {"aligned": 4, **dict.fromkeys(others, 1)}
    section = {"split_by": "recording", "dev_share": 0.25, "test_share": 0.25}
    assert not ingest_corpus(out, FolderSettings.parse(section), tmp_path / "c.h5", corpus="prompts", seed=0)
    with Corpus(tmp_path / "c.h5") as corpus:
        names = corpus["train"].class_names("phoneme")
        assert {"SIL", "F", "AY", "V"} <= set(names)
        ids = [name for split in corpus.splits for name in corpus[split].utterance_ids]
        assert sorted(ids) == ["wav/agent-pass", "wav/digits-five", "wav/digits-seven", "wav/goodbye"]


def test_nothing_to_align(demo, tmp_path):
    (tmp_path / "prompts.txt").write_text("absent: Not there.\n")
    with pytest.raises(ValueError, match="'no file': 1"):
        demo.write_corpus(tmp_path, tmp_path / "prompts.txt", tmp_path / "out")
