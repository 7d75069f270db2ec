"""Reading TIMIT: case and container of the tree, standard lists, trimming, folding and frame labels by hand."""

import numpy as np
import pytest

from decvae.corpora.ingest import ingest_corpus
from decvae.corpora.recordings import IngestError
from decvae.corpora.store import Corpus
from decvae.corpora.timit import CORE_TEST_SPEAKERS, DEV_SPEAKERS, SPEAKER, list_recordings
from decvae.settings.corpora import TimitSettings

SECTION = {"factors": ["phoneme", "speaker", "gender", "dialect"]}


def test_the_lists_are_the_standard_ones():
    assert len(CORE_TEST_SPEAKERS) == 24 and len(DEV_SPEAKERS) == 50 and not CORE_TEST_SPEAKERS & DEV_SPEAKERS
    assert all(SPEAKER.fullmatch(name) for name in CORE_TEST_SPEAKERS | DEV_SPEAKERS)
    # The core test set has two men and one woman of each of eight dialects.
    assert sum(name[0] == "F" for name in CORE_TEST_SPEAKERS) == 8


@pytest.mark.parametrize(("upper", "sphere"), [(True, True), (False, False), (True, False)])
def test_every_variant_of_the_tree_is_read(timit_tree, upper, sphere):
    listing = list_recordings(timit_tree(upper, sphere).parent, TimitSettings())
    assert not listing.problems
    # A speaker whose name has SA in it stays; SA sentences are known by file name.
    assert {one.id: one.split for one in listing.recordings} == {
        "FCJF0-SX9": "train",
        "MSAT0-SX9": "train",
        "FAKS0-SX9": "dev",
        "MDAB0-SX9": "test",
    }
    assert listing.omitted == {"SA sentences": 5, "TEST speakers of neither list": 1}


def test_trimmed_audio_folded_phones_and_frames(timit_tree, tmp_path):
    ingest_corpus(timit_tree(), TimitSettings.parse(SECTION), tmp_path / "timit.h5", corpus="timit", seed=0)
    with Corpus(tmp_path / "timit.h5") as corpus:
        split = corpus["dev"]
        assert split.lengths().tolist() == [12800 - 1600]
        names = split.class_names("phoneme")
        starts, stops, codes = split.intervals("phoneme", 0)
        assert [*zip(starts.tolist(), stops.tolist(), [names[code] for code in codes], strict=True)] == [
            (0, 1600, "vcl"),
            (1600, 2400, "b"),
            (4000, 11200, "iy"),
        ]
        # Centres at 200 + 320 k: five in vcl, two in b, five in the glottal gap (sil), then iy.
        labels, overlap = split.frame_labels("phoneme", 0)
        assert [names[code] for code in labels] == ["vcl"] * 5 + ["b"] * 2 + ["sil"] * 5 + ["iy"] * 22
        assert np.flatnonzero(overlap).tolist() == [4, 7, 12]
        assert split.class_names("gender")[split.factors["gender"][0]] == "F"
        assert split.class_names("dialect") == ["DR1", "DR2"]


def test_problems_are_found_together(timit_tree):
    root = timit_tree()
    train = root / "TRAIN/DR1/FCJF0"
    (train / "SX9.PHN").write_text("0 100 h#\n100 50 iy\n")
    for sentence, text in (("SX10", ""), ("SX11", "0 1 xx\n"), ("SX12", "0 1\n")):
        (train / "SX9.WAV").with_name(f"{sentence}.WAV").write_bytes((train / "SX9.WAV").read_bytes())
        (train / f"{sentence}.PHN").write_text(text)
    (train / "SX13.PHN").write_text("0 1 iy\n")
    found = list_recordings(root, TimitSettings()).problems
    assert found.counts == dict.fromkeys(
        ("times out of order", "no labels", "unknown label", "bad labels", "missing file"), 1
    )
    assert "SX11.PHN: xx" in found.report()


def test_another_rate_than_that_of_the_labels_is_a_problem(timit_tree, write_audio, tmp_path):
    root = timit_tree()
    write_audio(root / "TRAIN/DR1/FCJF0/SX9.WAV", rate=8000, format="NIST", subtype="PCM_16")
    with pytest.raises(IngestError, match=r"(?s)1 problem:.*wrong rate \(1\).*8000 Hz instead of 16000 Hz"):
        ingest_corpus(root, TimitSettings.parse(SECTION), tmp_path / "timit.h5", corpus="timit", seed=0)
    lenient = TimitSettings.parse({**SECTION, "strict": False})
    ingest_corpus(root, lenient, tmp_path / "timit.h5", corpus="timit", seed=0)
    with Corpus(tmp_path / "timit.h5") as corpus:
        assert corpus["train"].utterance_ids == ["MSAT0-SX9"] and corpus.provenance["skipped"] == {"wrong rate": 1}


def test_half_a_tree_is_a_problem(tmp_path):
    (tmp_path / "TIMIT/TRAIN").mkdir(parents=True)
    assert list_recordings(tmp_path, TimitSettings()).problems.counts == {"half a tree": 1}
