"""Recordings and Festival labels of the voice become a folder corpus."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import soundfile

from decvae.corpora.ingest import ingest_corpus
from decvae.corpora.store import Corpus
from decvae.settings.corpora import FolderSettings

SCRIPT = Path(__file__).resolve().parents[2] / "examples/festvox_ru.py"
LAB = "separator ;\nnfields 1\n#\n0.20000 125 pau\n0.20000 125 e\n0.45000 125 gg\n0.50000 125 pau\n"


@pytest.fixture(scope="module")
def demo():
    spec = importlib.util.spec_from_file_location("festvox_ru", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def voice(tmp_path):
    """Twenty recordings of half a second with labels, and one recording without labels."""
    for folder in ("wav", "lab"):
        (tmp_path / "voice" / folder).mkdir(parents=True)
    noise = np.random.default_rng(0).normal(0, 0.1, 8000)
    for number in range(21):
        soundfile.write(tmp_path / f"voice/wav/ru_{number:04d}.wav", noise, 16000)
        if number < 20:
            (tmp_path / f"voice/lab/ru_{number:04d}.lab").write_text(LAB)
    return tmp_path / "voice"


def test_the_corpus_is_read(demo, voice, tmp_path):
    assert demo.write_corpus(voice, tmp_path / "out") == 20
    settings = FolderSettings(split_by="recording")
    assert not ingest_corpus(tmp_path / "out", settings, tmp_path / "corpus.h5", corpus="russian", seed=0)
    with Corpus(tmp_path / "corpus.h5") as corpus:
        assert {split: len(corpus[split]) for split in corpus.splits} == {"train": 14, "dev": 3, "test": 3}
        part = corpus["test"]
        codes, overlap = part.frame_labels("phoneme", 0)
        names = np.array(part.class_names("phoneme"))
        # Centres at 12.5 ms + 20 ms k: frames 10 to 21 lie in gg; the windows of 9 and 22 hold its limits.
        assert names[codes].tolist() == ["pau"] * 10 + ["gg"] * 12 + ["pau"] * 2
        assert np.flatnonzero(overlap).tolist() == [9, 22]


def test_a_folder_that_is_no_voice(demo, tmp_path):
    with pytest.raises(ValueError, match="has no recordings"):
        demo.write_corpus(tmp_path / "nothing", tmp_path / "out")
