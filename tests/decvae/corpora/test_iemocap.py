"""Reading IEMOCAP: who speaks, which emotion, when each phone."""

import pytest

from decvae.corpora.iemocap import list_recordings
from decvae.corpora.ingest import ingest_corpus
from decvae.corpora.recordings import IngestError
from decvae.corpora.store import Corpus
from decvae.settings.corpora import IemocapSettings


@pytest.mark.parametrize("majority", [False, True])
def test_speakers_emotions_and_splits(iemocap_tree, majority):
    listing = list_recordings(iemocap_tree(majority).parent, IemocapSettings())
    assert not listing.problems and len(listing.recordings) == 20
    assert listing.omitted == {"emotions other than ang, hap, exc, neu, sad": 10}
    found = {one.id: one for one in listing.recordings}
    # The first field says who wears the markers (F); the man speaks.
    assert found["Ses04F_impro01_M000"].factors == {
        "speaker": "Ses04M",
        "emotion": "hap",
        "session": "Ses04",
        "gender": "M",
        "style": "impro",
    }
    assert {one.factors["session"]: one.split for one in listing.recordings} == {
        **dict.fromkeys(("Ses01", "Ses02", "Ses03"), "train"),
        "Ses04": "dev",
        "Ses05": "test",
    }


def test_leave_one_speaker_out_is_a_matter_of_settings(iemocap_tree):
    settings = IemocapSettings(dev_speakers=("Ses01M",), test_speakers=("Ses01F",))
    by_split = {}
    for one in list_recordings(iemocap_tree(), settings).recordings:
        by_split.setdefault(one.split, set()).add(one.factors["speaker"])
    assert by_split["test"] == {"Ses01F"} and by_split["dev"] == {"Ses01M"} and len(by_split["train"]) == 8


def test_phones_are_timed_by_hand(iemocap_tree, tmp_path):
    path = tmp_path / "iemocap.h5"
    ingest_corpus(iemocap_tree(), IemocapSettings(), path, corpus="iemocap", seed=0)
    with Corpus(path) as corpus:
        split = corpus["dev"]
        starts, stops, codes = split.intervals("phoneme", 0)
        names = [split.class_names("phoneme")[code] for code in codes]
        # Frame 10 begins at 0.12 s, frame 29 ends at 0.32 s; between 0.32 and 0.37 s is silence.
        assert [*zip(starts.tolist(), stops.tolist(), names, strict=True)] == [
            (320, 1920, "SIL"),
            (1920, 5120, "IY"),
            (5920, 14880, "AY"),
        ]
        labels, _ = split.frame_labels("phoneme", 0)
        named = [split.class_names("phoneme")[code] for code in labels]
        # Centres 200 + 320 k; 5000 is in IY, 5320 and 5640 in the gap.
        assert named[:6] == ["SIL"] * 6 and named[6:16] == ["IY"] * 10 and named[16:18] == ["SIL"] * 2
        assert named[18] == "AY"
        assert corpus["test"].values["valence"].tolist() == [2.5] * 4


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        ("", "no labels"),
        ("\t SFrm  EFrm    SegAScr Phone\n Total score: -600\n", "no labels"),
        (" 0 9 -1 SIL\n 5 20 -1 IY\n", "times out of order"),
        (" 9 0 -1 SIL\n", "times out of order"),
        (" 0 9 -1 SIL\n 10 20 -1 +NOISE+\n", "unknown label"),
        (" 0 x -1 SIL\n", "bad labels"),
        (" 0 300 -1 SIL\n", "labels outside the audio"),
    ],
)
def test_a_bad_alignment_is_a_problem_and_left_out_on_request(iemocap_tree, tmp_path, rows, kind):
    root = iemocap_tree()
    (root / "Session3/sentences/ForcedAlignment/Ses03F_impro01/Ses03F_impro01_F000.phseg").write_text(rows)
    with pytest.raises(IngestError, match=rf"(?s)1 problem:.*{kind} \(1\)"):
        ingest_corpus(root, IemocapSettings(), tmp_path / "out.h5", corpus="iemocap", seed=0)
    ingest_corpus(root, IemocapSettings.parse({"strict": False}), tmp_path / "out.h5", corpus="iemocap", seed=0)
    with Corpus(tmp_path / "out.h5") as corpus:
        assert len(corpus["train"]) == 11 and corpus.provenance["skipped"] == {kind: 1}


def test_half_a_release_is_a_report(iemocap_tree):
    root = iemocap_tree()
    (root / "Session2").rename(root / "elsewhere")
    wav = root / "Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav"
    wav.rename(wav.with_name("Ses01F_impro01_F009.wav"))
    (root / "Session3/sentences/ForcedAlignment/Ses03F_impro01/Ses03F_impro01_F000.phseg").write_text("0 1 -3 QQ\n")
    found = list_recordings(root, IemocapSettings()).problems
    assert found.counts == {"half a tree": 1, "missing label": 1, "missing file": 1, "unknown label": 1}
