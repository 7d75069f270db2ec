"""Which samples may lie on both sides of a split: the groups of every factor, and the two protocols.

``sound``: a group is never divided between training and test. What a group is depends on the factor: frames of one
recording are nearly copies of each other, and a speaker's clinical label never changes, so that a classifier which has
heard the speaker reads the label off the voice. ``published``: the protocol of the paper, which divides both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import GroupShuffleSplit

from decvae.corpora.phonemes import FOLD_48_TO_39
from decvae.evaluation.classification import Splits, grouped_folds, groups_per_class
from decvae.evaluation.latents import LatentTable
from decvae.settings.evaluation import GROUPINGS, TEST_FOLDS

SESSION = "session"  # a factor of this name groups samples and is not scored
KIND_OF_FACTOR = {
    **dict.fromkeys(("vowel", "phoneme"), "phonetic"),
    "speaker": "identity",
    "emotion": "emotion",
    **dict.fromkeys(("king_stage", "disease_duration", "group", "cantagallo"), "clinical"),
    **dict.fromkeys(("alsfrs_total", "alsfrs_speech", "gender", "dialect"), "clinical"),
}
GROUP_OF_KIND = {"phonetic": "utterance", "identity": "utterance", "emotion": "speaker", "clinical": "speaker"}
LEFT_OUT_ONE_BY_ONE = ("emotion",)  # few groups: every session, or speaker if there is but one, is the test part once


@dataclass(frozen=True)
class Grouping:
    """The groups of one factor.

    Attributes
    ----------
    by : {"utterance", "speaker", "session"}
    groups : (n,) int
    leave_one_out : bool
        Each group is the test part once, instead of k folds of groups.
    """

    by: str
    groups: np.ndarray
    leave_one_out: bool = False


def scored_factors(table: LatentTable) -> dict[str, np.ndarray]:
    """The factors of a table that are scored: all but ``session``, which only groups."""
    return {name: codes for name, codes in table.factors.items() if name != SESSION}


def grouping(table: LatentTable, factor: str, choice: str | None = None) -> Grouping:
    """The groups that the sound protocol keeps together when it scores ``factor``.

    The kinds are listed in :data:`KIND_OF_FACTOR`. A factor that is not listed is grouped by speaker if it never
    changes within one, else by utterance.

    Parameters
    ----------
    choice : str or None
        One of :data:`decvae.settings.evaluation.GROUPINGS` instead of what the kind of the factor asks for.

    Raises
    ------
    ValueError
        If the factor is to be grouped by speaker or session and the table does not name them, by itself, or by
        utterance although a voice gives it away.
    """
    kind = KIND_OF_FACTOR.get(factor)
    speaker = table.factors.get("speaker")
    if kind is None:
        constant = speaker is not None and _never_changes(table.factors[factor], speaker)
        kind = "clinical" if constant else "phonetic"
    if choice is not None:
        return _chosen(table, factor, choice, GROUP_OF_KIND[kind])
    if GROUP_OF_KIND[kind] == "utterance":
        return Grouping("utterance", table.utterance)
    if speaker is None:
        raise ValueError(f"factor {factor} is scored on unseen speakers, but the latents have no factor `speaker`")
    if kind in LEFT_OUT_ONE_BY_ONE:
        sessions = table.factors.get(SESSION, ())
        by = SESSION if len(np.unique(sessions)) > 1 else "speaker"  # a fold may be a single session
        return Grouping(by, table.factors[by], leave_one_out=True)
    return Grouping("speaker", speaker)


def _chosen(table: LatentTable, factor: str, choice: str, asked: str) -> Grouping:
    """Groups by a choice; ``asked`` are those that the kind of the factor asks for."""
    if choice not in GROUPINGS:
        raise ValueError(f"unknown groups {choice!r} of factor {factor}; choose from {GROUPINGS}")
    by = choice.removeprefix("leave_one_").removesuffix("_out")
    if by == "utterance" and asked == "speaker":
        raise ValueError(
            f"factor {factor} goes with the speaker: grouped by utterance, a classifier reads it off a voice it has "
            "heard. Group it by speaker or session; what the leak is worth shows the published protocol"
        )
    if by == factor:
        raise ValueError(f"factor {factor} cannot be scored on unseen {by}s: its classes would be unseen, too")
    if by != "utterance" and by not in table.factors:
        raise ValueError(f"factor {factor} is to be grouped by {by}, but the latents have no factor `{by}`")
    groups = table.utterance if by == "utterance" else table.factors[by]
    return Grouping(by, groups, leave_one_out=choice != by)


def _never_changes(factor: np.ndarray, speaker: np.ndarray) -> bool:
    """Whether no speaker has two classes of a factor."""
    known = (factor >= 0) & (speaker >= 0)
    return max(groups_per_class(speaker[known], factor[known]).values(), default=0) == 1


def grouped_splits(y: np.ndarray, groups: np.ndarray, seed: int) -> Splits:
    """Row indices of training and test parts; no group lies in both parts of a split.

    Parameters
    ----------
    y : (n, n_factors) int
        Five folds, stratified by the factor that has the class with the fewest groups (g folds if that class has
        g < 5); a single random split of the groups, 80 to 20, if a class has one group only. Rows without a label
        (negative) are divided with the others.
    groups : (n,) int
    """
    fewest = [min(groups_per_class(column[column >= 0], groups[column >= 0]).values()) for column in y.T]
    hardest = int(np.argmin(fewest))
    if fewest[hardest] >= 2:
        return grouped_folds(y[:, hardest], groups, min(TEST_FOLDS, fewest[hardest]), seed)
    return list(GroupShuffleSplit(1, test_size=1 / TEST_FOLDS, random_state=seed).split(y, groups=groups))


def classes_scored_as(factor: str, names: list[str]) -> np.ndarray | None:
    """For every class of ``factor`` the class that it counts as; None if each counts as itself.

    Only the 48 phonemes of TIMIT are folded, to 39; they are known by their name and by the closure ``vcl``.
    """
    if factor != "phoneme" or not {"vcl", "sil"} <= set(names):
        return None
    targets = [FOLD_48_TO_39.get(name, name) for name in names]
    missing = sorted(set(targets) - set(names))
    if missing:
        raise ValueError(f"phonemes are scored as {missing}, which are not among the classes {names}")
    return np.array([names.index(target) for target in targets])
