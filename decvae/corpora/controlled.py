"""Controlled sets of a corpus: short clips of every combination of classes of some factors, for latent responses.

A set is drawn from the corpus file, at random and seeded. Clips are segments of one label where the set has a
time-aligned factor (a phone, say), and otherwise windows at random places of the utterances.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from decvae.artifacts import provenance
from decvae.corpora.store import Corpus, CorpusSplit, Utterance, write_corpus
from decvae.framing import frame_length
from decvae.settings.corpora import ControlledSet


class ControlledSetError(ValueError):
    """The corpus has no clips for a controlled set; the message names the factors and counts what there is."""


def write_controlled_set(
    corpus_path: str | Path, path: str | Path, settings: ControlledSet, seed: int, *, split: str = "traversal"
) -> None:
    """Draw a set from a corpus file and write it as the only ``split`` of a file of its own.

    Raises
    ------
    ControlledSetError
        If the corpus lacks a factor, class or split, or no combination has clips.
    """
    with Corpus(corpus_path) as corpus:
        names = _class_names(corpus, settings)
        clips = draw_clips(candidates(corpus, settings), settings, names, np.random.default_rng(seed))
        record = provenance(settings, seed) | {"silent": 0}
        write_corpus(
            path,
            {split: _utterances(corpus, clips, settings, record)},
            corpus=f"{corpus.name}-{split}",
            sampling_rate=corpus.sampling_rate,
            class_names=names,
            provenance=record,
            framing=corpus.framing,
        )


def _class_names(corpus: Corpus, settings: ControlledSet) -> dict[str, list[str]]:
    """Classes of all factors; raises if one that the set asks for is not there."""
    if absent := [split for split in settings.splits if split not in corpus.splits]:
        raise ControlledSetError(f"the corpus has no split {', '.join(absent)}; it has {', '.join(corpus.splits)}")
    split = corpus[settings.splits[0]]
    known = {name: split.class_names(name) for name in (*split.interval_names, *split.factors)}
    for name in (*settings.factors, *settings.classes, *settings.most):
        if name not in known:
            raise ControlledSetError(
                f"the corpus has no factor {name!r}; it has {', '.join(known)} (see `factors` of its section)"
            )
        if unknown := [one for one in settings.classes.get(name, ()) if one not in known[name]]:
            raise ControlledSetError(f"{name} has no class {', '.join(unknown)}; it has {', '.join(known[name])}")
    return known


def candidates(corpus: Corpus, settings: ControlledSet) -> pd.DataFrame:
    """Every segment of a wanted class and length: split, utterance, start, stop (samples), the code of each factor.

    Without a time-aligned factor among those of the set: every utterance that is long enough. Column ``place`` says
    where in a longer segment a clip lies, 0 (start) to 1 (end): in the middle of a label; in an utterance it is not yet
    known (NaN).
    """
    return pd.concat([_of_split(corpus[name], settings).assign(split=name) for name in settings.splits])


def _of_split(split: CorpusSplit, settings: ControlledSet) -> pd.DataFrame:
    wanted = dict.fromkeys((*settings.factors, *settings.classes))
    aligned = [name for name in wanted if name in split.interval_names]
    if len(aligned) > 1:
        raise ControlledSetError(f"a set can have one time-aligned factor, not {', '.join(aligned)}")
    if aligned:
        utterance, start, stop, code = split.all_intervals(aligned[0])
        table = pd.DataFrame({"utterance": utterance, "start": start, "stop": stop, aligned[0]: code})
    else:
        table = pd.DataFrame({"utterance": np.arange(len(split)), "start": 0, "stop": split.lengths()})
    table["place"] = 0.5 if aligned else np.nan
    for name, codes in split.factors.items():
        table[name] = codes[table["utterance"]]
    shortest = max(round(settings.min_seconds * split.sampling_rate), _frame(split))
    kept = table["stop"] - table["start"] >= shortest
    for name in wanted:
        kept &= table[name] >= 0
    for name, classes in settings.classes.items():
        kept &= table[name].isin([split.class_names(name).index(one) for one in classes])
    return table[kept]


def _frame(of: Corpus | CorpusSplit) -> int:
    """Samples of a frame, which no clip may be shorter than."""
    return frame_length(of.sampling_rate, of.framing)


def draw_clips(
    found: pd.DataFrame, settings: ControlledSet, names: dict[str, list[str]], rng: np.random.Generator
) -> pd.DataFrame:
    """The clips of a set, ordered by cell.

    Parameters
    ----------
    found : DataFrame
        From :func:`candidates`.
    names : {factor: class names}
    rng : Generator

    Raises
    ------
    ControlledSetError
        If no combination of classes is left.
    """
    first, others = settings.factors[0], list(settings.factors[1:])
    # One clip of an utterance at most in each cell, so that a cell is never one speaker's habit in one sentence.
    left = found.sample(frac=1, random_state=rng).drop_duplicates([*settings.factors, "split", "utterance"])
    if settings.complete and len(left):
        wanted = settings.classes.get(first)
        asked = len(wanted) if wanted else left[first].nunique()
        left = left[left.groupby(others)[first].transform("nunique") == asked]
    for name, most in settings.most.items():
        there = np.sort(left[name].unique())
        left = left[left[name].isin(rng.choice(there, min(most, len(there)), replace=False))]
    cells = left[list(settings.factors)].drop_duplicates()
    per_class = cells[first].value_counts()
    left = left[left[first].isin(per_class.index[per_class >= settings.min_cells])]
    if left.empty:
        raise ControlledSetError(_report(found, settings, names))
    clips = left.groupby(list(settings.factors), sort=True).head(settings.per_cell)
    clips = clips.sort_values([*settings.factors, "split", "utterance"], ignore_index=True)
    return clips.assign(place=clips["place"].fillna(pd.Series(rng.random(len(clips)))))


def _report(found: pd.DataFrame, settings: ControlledSet, names: dict[str, list[str]]) -> str:
    """Why a set is empty: candidates of every class of every factor."""
    first = settings.factors[0]
    lines = [
        f"no clips of {' x '.join(settings.factors)}: {len(found)} segments of at least {settings.min_seconds:g} s in "
        f"{', '.join(settings.splits)}, but no combination is left (complete: {str(settings.complete).lower()}; each "
        f"{first} needs {settings.min_cells} cells). Segments of each class:"
    ]
    for name in settings.factors:
        counts = found[name].value_counts()
        classes = settings.classes.get(name) or [names[name][code] for code in sorted(counts.index)]
        counted = [f"{one} {counts.get(names[name].index(one), 0)}" for one in classes]
        lines.append(f"  {name}: {', '.join(counted) or 'none'}")
    lines.append("Lower min_seconds or min_cells, name fewer classes, or set complete: false.")
    return "\n".join(lines)


def _utterances(
    corpus: Corpus, clips: pd.DataFrame, settings: ControlledSet, record: dict[str, Any]
) -> Iterator[Utterance]:
    """The clips with their factors; those of digital silence are left out and counted in ``record``."""
    splits = {name: corpus[name] for name in settings.splits}
    longest = max(round(settings.max_seconds * corpus.sampling_rate), _frame(corpus))
    for clip in clips.itertuples():
        split = splits[clip.split]
        spare = max(clip.stop - clip.start - longest, 0)
        start = clip.start + round(spare * clip.place)
        audio = split.audio(clip.utterance)[start : min(clip.stop, start + longest)]
        if not audio.any():
            record["silent"] += 1
            continue
        whole = (np.array([0]), np.array([len(audio)]))
        yield Utterance(
            id=f"{split.utterance_ids[clip.utterance]}@{start}",
            audio=audio,
            factors={name: int(codes[clip.utterance]) for name, codes in split.factors.items()},
            intervals={
                name: (*whole, np.array([getattr(clip, name)])) for name in split.interval_names if name in clips
            },
        )
