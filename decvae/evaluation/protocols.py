"""Which samples may lie on both sides of a split: the groups of every factor, and the two protocols.

``sound``: a group is never divided between training and test. What a group is depends on the factor: frames of one
recording are nearly copies of each other, and a speaker's clinical label never changes, so that a classifier which has
heard the speaker reads the label off the voice. ``published``: the protocol of the paper, which divides both.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import GroupShuffleSplit

from decvae.corpora.phonemes import FOLD_48_TO_39
from decvae.evaluation.classification import Splits, grouped_folds, groups_per_class
from decvae.evaluation.latents import LatentTable
from decvae.evaluation.metrics.checks import classes_of
from decvae.settings.base import suggest
from decvae.settings.evaluation import TEST_FOLDS, group_of_choice

logger = logging.getLogger(__name__)

SESSION = "session"  # a factor of this name groups samples and is not scored
KIND_OF_FACTOR = {
    **dict.fromkeys(("vowel", "phoneme"), "phonetic"),
    "speaker": "identity",
    "emotion": "emotion",
    **dict.fromkeys(("king_stage", "disease_duration", "group", "cantagallo"), "clinical"),
    **dict.fromkeys(("alsfrs_total", "alsfrs_speech", "gender", "dialect"), "clinical"),
}
GROUP_OF_KIND = {"phonetic": "utterance", "identity": "utterance", "emotion": "speaker", "clinical": "speaker"}
LEARNABLE_SHARE = 0.5  # of the labels of a factor that must be of classes that occur in two groups
LEFT_OUT_ONE_BY_ONE = ("emotion",)  # few groups: every session, or speaker if there is but one, is the test part once


@dataclass(frozen=True)
class Grouping:
    """The groups of one factor.

    Attributes
    ----------
    by : str
        ``utterance``, or the factor whose classes are the groups, such as ``speaker``.
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

    The kinds are listed in :data:`KIND_OF_FACTOR`. What goes with a person is grouped by the factor that the splits
    were drawn by (``table.split_by``), else by ``speaker``. A factor that is not listed goes with the first of these in
    whose classes it never changes; else with the finest other factor of that kind, which is logged; else it is grouped
    by utterance.

    Parameters
    ----------
    choice : str or None
        ``utterance``, the name of a factor, or ``leave_one_NAME_out``, instead of what the factor asks for.

    Raises
    ------
    ValueError
        If the factor is to be grouped by one that the table does not have, by itself, or by utterance although it goes
        with a factor that has several utterances.
    """
    kind = KIND_OF_FACTOR.get(factor)
    owners = [name for name in dict.fromkeys((table.split_by, "speaker")) if name in table.factors and name != factor]
    if kind is None:
        kind, owners = _kind_by_data(table, factor, owners)
    if choice is not None:
        by = owners[0] if owners and GROUP_OF_KIND[kind] == "speaker" else GROUP_OF_KIND[kind]
        return _chosen(table, factor, choice, by)
    if GROUP_OF_KIND[kind] == "utterance":
        return Grouping("utterance", table.utterance)
    if not owners:
        raise ValueError(
            f"factor {factor} is scored on unseen speakers, but the latents have no factor `speaker`; name the factor "
            f"that tells people apart by `evaluation.groups: {{{factor}: NAME}}`, or as `split_by` of the corpus"
        )
    if kind in LEFT_OUT_ONE_BY_ONE:
        sessions = table.factors.get(SESSION, ())
        by = SESSION if len(np.unique(sessions)) > 1 else owners[0]  # a fold may be a single session
        return Grouping(by, table.factors[by], leave_one_out=True)
    return Grouping(owners[0], table.factors[owners[0]])


def _kind_by_data(table: LatentTable, factor: str, owners: list[str]) -> tuple[str, list[str]]:
    """Kind of a factor that is not listed, and the factors that it goes with, the one to group by first."""
    if factor == table.split_by:
        return "identity", owners
    held = [name for name in owners if _never_changes(table.factors[factor], table.factors[name])]
    if held:
        return "clinical", held
    found = _holding(table, factor)
    if not found:
        return "phonetic", owners
    logger.warning(
        "branch %s: %s never changes within a class of %s: whoever has heard one of its utterances knows the label "
        "of the others. It is scored on unseen classes of %s; `evaluation.groups: {%s: NAME}` chooses another factor",
        table.branch,
        factor,
        " or ".join(found),
        found[0],
        factor,
    )
    return "clinical", found


def _holding(table: LatentTable, factor: str) -> list[str]:
    """Factors in whose classes, of several utterances, ``factor`` never changes; the one with most classes first.

    They have more classes than the factor: a coarser one, or another word for the same, is no owner of it.
    """
    y, sizes = table.factors[factor], {}
    n_classes = len(classes_of(y))
    for name, codes in table.factors.items():
        known = codes >= 0
        n_owners, n_utterances = len(classes_of(codes)), len(np.unique(table.utterance[known]))
        if name != factor and n_classes < n_owners < n_utterances and _never_changes(y, codes):
            sizes[name] = n_owners
    return sorted(sizes, key=lambda name: -sizes[name])


def _chosen(table: LatentTable, factor: str, choice: str, asked: str) -> Grouping:
    """Groups by a choice; ``asked`` are those that the factor asks for."""
    by = group_of_choice(choice)
    if by == "utterance" and asked != "utterance":
        raise ValueError(
            f"factor {factor} goes with the {asked}: grouped by utterance, a classifier reads it off a {asked} it has "
            f"heard. Group it by {asked}; what the leak is worth shows the published protocol"
        )
    if by == factor:
        raise ValueError(f"factor {factor} cannot be scored on unseen {by}s: its classes would be unseen, too")
    if by != "utterance" and by not in table.factors:
        raise ValueError(
            f"factor {factor} is to be grouped by {by}, but the latents have no factor `{by}`; they have "
            f"{', '.join(table.factors)}.{suggest(by, table.factors)}"
        )
    groups = table.utterance if by == "utterance" else table.factors[by]
    return Grouping(by, groups, leave_one_out=choice != by)


def _never_changes(factor: np.ndarray, owner: np.ndarray) -> bool:
    """Whether no class of ``owner`` has two classes of ``factor``."""
    known = (factor >= 0) & (owner >= 0)
    return max(groups_per_class(owner[known], factor[known]).values(), default=0) == 1


def why_not_scored(y: np.ndarray, grouping: Grouping) -> str:
    """Why a factor cannot be learned from some groups and recognised in others; empty if it can.

    A class that occurs in one group only is never on both sides of a split. A factor needs two other classes, and most
    of its labelled rows in such classes: names of files and free text have neither.

    Parameters
    ----------
    y : (n,) int
        Negative where a label is missing.
    """
    known = y >= 0
    groups, labels = grouping.groups[known], y[known]
    if len(np.unique(labels)) < 2:
        return "it has one class only"
    shared = [code for code, count in groups_per_class(labels, groups).items() if count > 1]
    what = f"in more than one {grouping.by}, so that a split can have them on both sides"
    if len(shared) < 2:
        return f"{len(shared)} of its {len(np.unique(labels))} classes occur {what}; two are needed"
    share = float(np.mean(np.isin(labels, shared)))
    if share < LEARNABLE_SHARE:
        return f"only {share:.0%} of its labels are of classes that occur {what}; {LEARNABLE_SHARE:.0%} are needed"
    return ""


def is_split(y: np.ndarray, splits: Splits) -> bool:
    """Whether every training part of a factor has two classes and every test part two labels."""
    return all(len(classes_of(y[train])) > 1 and np.sum(y[test] >= 0) > 1 for train, test in splits)


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
