"""Controlled sets: which combinations stay, how clips are cut, and what is said if there are none."""

from collections import Counter

import numpy as np
import pytest

from decvae.corpora.controlled import ControlledSetError, write_controlled_set
from decvae.corpora.store import Corpus, Utterance, write_corpus
from decvae.settings.corpora import ControlledSet

NAMES = {"phoneme": ["a", "e", "s"], "speaker": ["S0", "S1", "S2"], "stage": ["control", "1", "2"]}
LENGTH = 16000


@pytest.fixture
def corpus(tmp_path):
    """Utterances of a second, four of every speaker, half of each in dev: a from 0, e from 4000, s from 12000 samples.

    Samples count up, so that a clip says where it was. Speaker S2 never says e; e lasts 8000 samples, a 4000, s 1000.
    """

    def utterance(number):
        speaker = number % 3
        starts, stops, codes = np.array([[0, 4000, 12000], [4000, 12000, 13000], [0, 1, 2]])
        said = codes != 1 if speaker == 2 else codes >= 0
        return Utterance(
            id=f"u{number:02d}",
            audio=(np.arange(1, LENGTH + 1) / LENGTH).astype(np.float32),
            factors={"speaker": speaker, "stage": (number // 3) % 3},
            intervals={"phoneme": (starts[said], stops[said], codes[said])},
        )

    path = tmp_path / "corpus.h5"
    splits = {
        "train": map(utterance, range(6)),
        "dev": map(utterance, range(6, 12)),
        "test": map(utterance, range(12, 13)),
    }
    write_corpus(path, splits, corpus="tiny", sampling_rate=LENGTH, class_names=NAMES, provenance={})
    return path


def drawn(corpus, tmp_path, seed=0, **settings):
    """Ids, cells and (first sample, length) of the clips of a set."""
    path = tmp_path / "set.h5"
    write_controlled_set(corpus, path, ControlledSet.parse({"min_seconds": 0.025, **settings}), seed)
    with Corpus(path) as file:
        split = file["traversal"]
        codes = {name: values for name, values in split.factors.items()}
        codes |= {name: split.all_intervals(name)[3] for name in split.interval_names}
        cells = [
            tuple(split.class_names(name)[codes[name][k]] for name in settings["factors"]) for k in range(len(split))
        ]
        places = [(round(split.audio(k)[0] * LENGTH) - 1, len(split.audio(k))) for k in range(len(split))]
        return split.utterance_ids, cells, places


def test_cells_have_a_limit_and_every_clip_its_own_utterance(corpus, tmp_path):
    ids, cells, _ = drawn(corpus, tmp_path, factors=["phoneme", "speaker"], per_cell=3, min_seconds=0.05)
    every = {(phone, f"S{k}") for phone in "aes" for k in range(3)} - {("e", "S2")}
    assert Counter(cells) == dict.fromkeys(every, 3)  # 4 or 5 utterances of every speaker
    assert len({(cell, name.split("@")[0]) for cell, name in zip(cells, ids, strict=True)}) == len(ids)


def test_the_middle_of_long_segments_is_taken_and_short_ones_are_left_out(corpus, tmp_path):
    _, cells, places = drawn(
        corpus, tmp_path, factors=["phoneme", "speaker"], min_seconds=0.125, max_seconds=0.3125, per_cell=9
    )
    assert {cell[0] for cell in cells} == {"a", "e"}
    expected = {"a": (0, 4000), "e": (4000 + (8000 - 5000) // 2, 5000)}
    assert all(place == expected[cell[0]] for cell, place in zip(cells, places, strict=True))


def test_complete_sets_keep_what_every_class_of_the_first_factor_has(corpus, tmp_path):
    _, cells, _ = drawn(corpus, tmp_path, factors=["phoneme", "speaker"], complete=True, min_seconds=0.05)
    assert {cell[1] for cell in cells} == {"S0", "S1"}
    # A class that is asked for and never occurs leaves nothing.
    only = {"phoneme": ["a", "e"], "speaker": ["S0", "S1"]}
    with pytest.raises(ControlledSetError, match="speaker: S0 2, S1 0"):
        drawn(corpus, tmp_path, factors=["speaker", "phoneme"], complete=True, classes=only, splits=["test"])


def test_classes_of_a_factor_that_makes_no_cells_choose_the_segments(corpus, tmp_path):
    _, cells, places = drawn(corpus, tmp_path, factors=["speaker", "stage"], classes={"phoneme": ["e"]}, per_cell=1)
    assert {cell[0] for cell in cells} == {"S0", "S1"} and {start for start, _ in places} == {4960}


def test_utterances_are_cut_at_random_places_where_no_label_is_asked_for(corpus, tmp_path):
    ids, _, places = drawn(corpus, tmp_path, factors=["speaker", "stage"], max_seconds=0.25, per_cell=2)
    starts = {start for start, _ in places}
    assert len(starts) == len(ids) and max(starts) > 6000 > min(starts) and {length for _, length in places} == {4000}


def test_the_draw_is_seeded(corpus, tmp_path):
    settings = {"factors": ["phoneme", "speaker"], "per_cell": 1, "most": {"speaker": 2}}
    draws = [drawn(corpus, tmp_path, seed, **settings) for seed in (0, 0, *range(1, 8))]
    assert draws[0] == draws[1]
    assert len({tuple(ids) for ids, _, _ in draws}) > 3
    assert all(len({cell[1] for cell in cells}) == 2 for _, cells, _ in draws)
    assert len({frozenset(cell[1] for cell in cells) for _, cells, _ in draws}) > 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"factors": ["phoneme", "mood"]}, "no factor 'mood'; it has phoneme, speaker, stage"),
        ({"factors": ["phoneme", "speaker"], "classes": {"phoneme": ["x"]}}, "phoneme has no class x; it has a, e, s"),
        (
            {"factors": ["phoneme", "speaker"], "min_seconds": 0.4},
            r"(?s)no clips of phoneme x speaker: 8 segments.*each phoneme needs 3 cells.*phoneme: e 8\n"
            r"  speaker: S0 4, S1 4\n",
        ),
    ],
)
def test_what_cannot_be_is_refused(corpus, tmp_path, settings, message):
    with pytest.raises(ControlledSetError, match=message):
        drawn(corpus, tmp_path, min_cells=3, splits=["train", "dev"], **settings)
