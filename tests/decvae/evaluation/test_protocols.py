from dataclasses import replace

import numpy as np
import pytest

from decvae.corpora.phonemes import FOLD_48_TO_39
from decvae.evaluation.latents import LatentTable
from decvae.evaluation.protocols import (
    KIND_OF_FACTOR,
    classes_scored_as,
    grouped_splits,
    grouping,
    scored_factors,
)

PHONEMES_48 = """aa ae ah ao aw ax ay b ch cl d dh dx eh el en epi er ey f g hh ih ix iy jh k l m n ng ow oy p r s sh
sil t th uh uw v vcl w y z zh"""


def make_table(**factors):
    """Three frames of each of 24 utterances by 6 speakers in 3 sessions."""
    utterance = np.repeat(np.arange(24), 3)
    n = len(utterance)
    return LatentTable(
        branch="Z",
        subspaces=["X"],
        mu=np.zeros((n, 1, 2), dtype=np.float32),
        logvar=None,
        features=None,
        utterance=utterance,
        frame=np.tile(np.arange(3), 24),
        overlap=np.zeros(n, dtype=bool),
        factors=factors,
        class_names={},
    )


UTTERANCE = np.repeat(np.arange(24), 3)
SPEAKER = UTTERANCE % 6


def test_frames_stay_with_their_utterance_and_labels_with_their_speaker():
    phoneme, emotion, stage = np.tile(np.arange(3), 24), UTTERANCE % 4, SPEAKER % 2
    table = make_table(phoneme=phoneme, speaker=SPEAKER, emotion=emotion, king_stage=stage)
    assert grouping(table, "phoneme").by == grouping(table, "speaker").by == "utterance"
    assert grouping(table, "king_stage").by == "speaker" and not grouping(table, "king_stage").leave_one_out
    assert grouping(table, "emotion").by == "speaker" and grouping(table, "emotion").leave_one_out
    assert np.array_equal(grouping(table, "emotion").groups, SPEAKER)


def test_a_fold_of_one_session_is_divided_by_its_speakers():
    table = make_table(speaker=SPEAKER, emotion=UTTERANCE % 4, session=np.zeros(len(SPEAKER), int))
    found = grouping(table, "emotion")
    assert found.by == "speaker" and found.leave_one_out and np.array_equal(found.groups, SPEAKER)


def test_sessions_group_and_are_not_scored():
    table = make_table(speaker=SPEAKER, emotion=UTTERANCE % 4, session=SPEAKER // 2)
    found = grouping(table, "emotion")
    assert found.by == "session" and found.leave_one_out and np.array_equal(found.groups, SPEAKER // 2)
    assert list(scored_factors(table)) == ["speaker", "emotion"]


def test_factors_that_nobody_listed_are_judged_by_the_data():
    table = make_table(speaker=SPEAKER, smoker=SPEAKER % 2, loudness=UTTERANCE % 5)
    assert not {"smoker", "loudness"} & KIND_OF_FACTOR.keys()
    assert grouping(table, "smoker").by == "speaker" and grouping(table, "loudness").by == "utterance"


def test_a_clinical_label_without_speakers_is_refused():
    with pytest.raises(ValueError, match="factor king_stage is scored on unseen speakers"):
        grouping(make_table(king_stage=SPEAKER % 2), "king_stage")


def test_five_folds_of_groups_and_fewer_where_a_class_is_rare():
    y = np.stack([np.tile(np.arange(3), 24), SPEAKER % 2], axis=1)
    splits = grouped_splits(y, UTTERANCE, seed=0)
    assert len(splits) == 5
    assert np.array_equal(np.sort(np.concatenate([test for _, test in splits])), np.arange(72))
    for train, test in splits:
        assert not set(UTTERANCE[train]) & set(UTTERANCE[test])
    assert len(grouped_splits(y, SPEAKER, seed=0)) == 3  # each class of the second factor has three speakers
    lonely = np.where(UTTERANCE == 0, 7, 0)[:, None]
    assert len(grouped_splits(lonely, UTTERANCE, seed=0)) == 1


def test_phonemes_of_timit_are_folded_to_39():
    names = PHONEMES_48.split()
    assert len(names) == 48
    target = classes_scored_as("phoneme", names)
    assert len(np.unique(target)) == 39
    for name, scored in FOLD_48_TO_39.items():
        assert names[target[names.index(name)]] == scored
    assert classes_scored_as("vowel", names) is None and classes_scored_as("phoneme", ["a", "sil"]) is None
    with pytest.raises(ValueError, match=r"scored as \['l'\]"):
        classes_scored_as("phoneme", ["vcl", "sil", "el"])


def test_groups_can_be_chosen_by_factor():
    table = make_table(phoneme=np.tile(np.arange(3), 24), speaker=SPEAKER, emotion=UTTERANCE % 4, session=SPEAKER // 2)
    unseen = grouping(table, "phoneme", "speaker")
    assert unseen.by == "speaker" and not unseen.leave_one_out and np.array_equal(unseen.groups, SPEAKER)
    each = grouping(table, "emotion", "leave_one_speaker_out")
    assert each.by == "speaker" and each.leave_one_out and np.array_equal(each.groups, SPEAKER)
    session = grouping(table, "emotion", "session")
    assert session.by == "session" and not session.leave_one_out
    assert grouping(table, "speaker", "utterance").by == "utterance"


def test_labels_of_patients_are_scored_on_unseen_patients_whatever_their_column_is_called(caplog):
    patient, loudness = UTTERANCE % 8, UTTERANCE % 5
    table = make_table(diagnosis=patient % 2, loudness=loudness, patient=patient)
    for split_by in ("patient", None):  # drawn by patient, or by recording
        own = replace(table, split_by=split_by)
        found = grouping(own, "diagnosis")
        assert found.by == "patient" and np.array_equal(found.groups, patient) and not found.leave_one_out
        assert grouping(own, "loudness").by == "utterance"
        with pytest.raises(ValueError, match="diagnosis goes with the patient"):
            grouping(own, "diagnosis", "utterance")
    assert "diagnosis never changes within a class of patient" in caplog.text
    assert grouping(replace(table, split_by="patient"), "patient").by == "utterance"


def test_people_are_told_apart_by_what_the_splits_are_drawn_by():
    patient = UTTERANCE % 8
    table = replace(make_table(king_stage=patient % 2, emotion=UTTERANCE % 3, patient=patient), split_by="patient")
    assert grouping(table, "king_stage").by == "patient"
    assert grouping(table, "emotion").by == "patient" and grouping(table, "emotion").leave_one_out


def test_a_label_within_a_finer_column_is_named_and_a_synonym_owns_nothing(caplog):
    patient = UTTERANCE % 8
    table = make_table(diagnosis=patient % 2, german=1 - patient % 2, ward=patient % 4, patient=patient)
    assert grouping(table, "diagnosis").by == "patient"
    assert "within a class of patient or ward" in caplog.text
    assert grouping(make_table(diagnosis=patient % 2, german=1 - patient % 2), "diagnosis").by == "utterance"
    file = make_table(diagnosis=patient % 2, file=UTTERANCE)  # every utterance a class: utterances are kept anyway
    assert grouping(file, "diagnosis").by == "utterance"


def test_any_factor_can_be_a_group():
    patient = UTTERANCE % 8
    table = make_table(loudness=UTTERANCE % 5, patient=patient)
    assert np.array_equal(grouping(table, "loudness", "patient").groups, patient)
    each = grouping(table, "loudness", "leave_one_patient_out")
    assert each.by == "patient" and each.leave_one_out


@pytest.mark.parametrize(
    ("factor", "choice", "message"),
    [
        ("speaker", "speaker", "speaker cannot be scored on unseen speakers"),
        ("phoneme", "session", "no factor `session`"),
        ("king_stage", "utterance", "king_stage goes with the speaker"),
        ("smoker", "utterance", "smoker goes with the speaker"),
        ("phoneme", "leave_one_sesion_out", "no factor `sesion`; they have phoneme"),
        ("phoneme", "spekaer", "Did you mean `speaker`"),
    ],
)
def test_choices_that_leak_or_do_not_exist_are_refused(factor, choice, message):
    phoneme = np.tile(np.arange(3), 24)
    table = make_table(phoneme=phoneme, speaker=SPEAKER, king_stage=SPEAKER % 2, smoker=SPEAKER // 3)
    with pytest.raises(ValueError, match=message):
        grouping(table, factor, choice)
