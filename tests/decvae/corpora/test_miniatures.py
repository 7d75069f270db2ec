"""The readers on the miniature corpora: real layouts, every file taken, labels where the sound is."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from decvae.corpora.ingest import ingest_corpus
from decvae.corpora.store import Corpus
from decvae.settings.corpora import parse_corpus
from tests.corpora.voc_als import PEOPLE

RECORDINGS = {
    "timit": {"train": 8 * 4, "dev": 4 * 4, "test": 4 * 4},
    "iemocap": {"train": 48, "dev": 16, "test": 16},  # of 100 turns those of the four emotions: 8 of every speaker
    "folder": {"train": 32, "dev": 16, "test": 16},
}
SECTIONS = {
    "timit": {},
    "voc_als": {"skip_seconds": 1.0, "min_seconds": 1.0, "dev_share": 0.25, "test_share": 0.25},
    "iemocap": {"max_seconds": 7.0},
    "folder": {},
}


@pytest.fixture(scope="module")
def ingested(mini_corpus, tmp_path_factory):
    """Function: the corpus file of a miniature, by name and options of its builder."""

    def write(kind, **options):
        path = tmp_path_factory.mktemp(kind) / "corpus.h5"
        settings = parse_corpus({"kind": kind, **SECTIONS[kind]})
        problems = ingest_corpus(mini_corpus(kind, **options), settings, path, corpus=kind, seed=0)
        assert not problems
        return path

    return write


def loudness_by_class(corpus, split, name):
    """Median loudness in dB of frames without overlap, by class; each relative to its utterance."""
    found = defaultdict(list)
    part = corpus[split]
    names = part.class_names(name)
    for index in range(len(part)):
        audio = part.audio(index)
        codes, overlap = part.frame_labels(name, index)
        frames = np.lib.stride_tricks.sliding_window_view(audio, 400)[::320][: len(codes)]
        level = 10 * np.log10(np.mean(frames**2, axis=1) / np.mean(audio**2) + 1e-12)
        for code in np.unique(codes[~overlap & (codes >= 0)]):
            found[names[code]] += level[(codes == code) & ~overlap].tolist()
    return {label: np.median(values) for label, values in found.items()}


@pytest.mark.parametrize("kind", RECORDINGS)
def test_every_recording_is_taken_and_no_speaker_is_in_two_splits(ingested, kind):
    with Corpus(ingested(kind)) as corpus:
        assert {split: len(corpus[split]) for split in corpus.splits} == RECORDINGS[kind]
        names = corpus["train"].class_names("speaker")
        people = [{names[code] for code in corpus[split].factors["speaker"]} for split in corpus.splits]
        assert sum(map(len, people)) == len(set().union(*people))
        assert corpus.sampling_rate == 16000


def test_timit_frames_carry_their_phone(ingested):
    with Corpus(ingested("timit")) as corpus:
        level = loudness_by_class(corpus, "train", "phoneme")
        assert len(level) > 35
        assert min(level[vowel] for vowel in ("iy", "ey", "aa", "ow")) > level["sil"] + 15
        assert level["aa"] > level["f"] + 10


def test_timit_in_lower_case_as_riff_is_the_same_corpus(ingested):
    with Corpus(ingested("timit")) as first, Corpus(ingested("timit", upper=False, sphere=False)) as second:
        for split in first.splits:
            one, other = first[split], second[split]
            assert one.utterance_ids == other.utterance_ids
            assert all(np.array_equal(one.audio(k), other.audio(k)) for k in range(len(one)))
            assert all(np.array_equal(one.factors[name], other.factors[name]) for name in one.factors)


def test_voc_als_stages_and_people(ingested):
    with Corpus(ingested("voc_als")) as corpus:
        stage = {person.id: "control" if person.king is None else str(person.king) for person in PEOPLE}
        seen = {}
        for split in corpus.splits:
            part = corpus[split]
            speakers, stages = (np.take(part.class_names(n), part.factors[n]) for n in ("speaker", "king_stage"))
            assert set(Counter(speakers.tolist()).values()) == {8}  # all tasks of a person are on one side
            seen |= dict(zip(speakers.tolist(), stages.tolist(), strict=True))
            assert (part.lengths() == 16000 * 1.6).all()
        assert seen == stage


def test_iemocap_with_and_without_majority(ingested):
    with Corpus(ingested("iemocap")) as first, Corpus(ingested("iemocap", majority=False)) as second:
        for split in first.splits:
            assert first[split].utterance_ids == second[split].utterance_ids
            assert np.array_equal(first[split].factors["emotion"], second[split].factors["emotion"])
        part = first["train"]
        speakers = set(np.take(part.class_names("speaker"), part.factors["speaker"]).tolist())
        assert speakers == {f"Ses0{session}{sex}" for session in (1, 2, 3) for sex in "FM"}
        pairs = set(zip(part.factors["speaker"].tolist(), part.factors["emotion"].tolist(), strict=True))
        assert len(pairs) == 6 * 4  # every speaker in every emotion
        level = loudness_by_class(first, "train", "phoneme")
        assert level["IY"] > level["SIL"] + 15 and {"+LAUGHTER+", "+BREATHING+", "+LIPSMACK+"} & level.keys()


def test_folder_of_four_formats_and_rates(ingested):
    with Corpus(ingested("folder")) as corpus:
        part = corpus["test"]
        assert set(part.class_names("accent")) == {"american", "british", "scottish", "caribbean"}
        level = loudness_by_class(corpus, "test", "sound")
        assert level["vowel"] > level["consonant"] > level["silence"]
