"""Maps of what models read and of what they make of it, from the files of a study: rows for :mod:`.embedding`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from decvae.analysis.embedding import Rows, embedding_table
from decvae.corpora.store import Corpus, CorpusSplit
from decvae.decomposition.cache import DecompositionCache
from decvae.evaluation.latents import read_latents
from decvae.features.store import FeatureFile
from decvae.settings.embeddings import EmbeddingSettings


def map_inputs(
    features: Sequence[str | Path],
    decompositions: Sequence[str | Path],
    corpus: str | Path,
    splits: Sequence[str],
    branches: Sequence[str],
    settings: EmbeddingSettings,
    *,
    label: str,
    seed: int,
) -> pd.DataFrame:
    """Maps of the inputs of models: of frames (branch Z), and of their means over utterances (branch S).

    Parameters
    ----------
    features, decompositions : paths
        One HDF5 file for each of the ``splits``, in their order.
    corpus : path
        HDF5 corpus of the labels.
    splits, branches : sequences of str
    settings : EmbeddingSettings
    label : str
        Written into every row.
    seed : int

    Returns
    -------
    DataFrame
        As of :func:`decvae.analysis.embedding.embedding_table`.
    """
    with Corpus(corpus) as opened:
        pairs = zip(features, splits, strict=True)
        utterances = [part for path, split in pairs for part in _frames(FeatureFile(path), opened[split])]
        of_utterances = list(opened[splits[-1]].factors)
    counts = [len(levels) for levels, _ in utterances]
    present, centre_hz = component_facts(decompositions, "Z")
    frames = Rows(
        np.concatenate([levels for levels, _ in utterances]),
        np.repeat(np.arange(len(counts)), counts),
        np.concatenate([np.arange(count) for count in counts]),
        {name: np.concatenate([known[name] for _, known in utterances]) for name in utterances[0][1]},
        present,
        centre_hz,
    )
    rows = {"Z": frames, "S": means_over_utterances(frames, of_utterances)}
    tables = [embedding_table(rows[branch], settings, branch=branch, seed=seed, label=label) for branch in branches]
    return pd.concat(tables, ignore_index=True)


def map_latents(
    latents: Sequence[str | Path],
    decompositions: Sequence[str | Path],
    branches: Sequence[str],
    settings: EmbeddingSettings,
    *,
    seed: int,
    **origin: str,
) -> pd.DataFrame:
    """Maps of the latent means of a run at a checkpoint, of frames (branch Z) and of sequences (branch S).

    Parameters
    ----------
    latents, decompositions : paths
        One HDF5 file for each split, in the same order.
    branches : sequence of str
    settings : EmbeddingSettings
    seed : int
    **origin : str
        ``run``, ``label`` and ``checkpoint``, written into every row.

    Returns
    -------
    DataFrame
        As of :func:`decvae.analysis.embedding.embedding_table`; projected subspaces are left out.
    """
    tables, maps = read_latents(latents), []
    for branch in branches:
        table = tables[branch]
        places = [place for place, name in enumerate(table.subspaces) if name != "OCs_proj"]
        present, centre_hz = component_facts(decompositions, branch)
        rows = Rows(
            table.mu[:, places],
            table.utterance,
            table.frame,
            {name: class_labels(table.class_names[name], codes) for name, codes in table.factors.items()},
            present[:, : len(places) - 1],
            centre_hz[:, : len(places) - 1],
        )
        maps.append(embedding_table(rows, settings, branch=branch, seed=seed, **origin))
    return pd.concat(maps, ignore_index=True)


def component_facts(paths: Iterable[str | Path], branch: str) -> tuple[np.ndarray, np.ndarray]:
    """Presence ``(n, C)`` bool and centre frequency ``(n, C)`` in Hz of all frames (S: sequences) of the splits."""
    present, centre_hz, scale = [], [], "frame" if branch == "Z" else "sequence"
    for path in paths:
        with DecompositionCache(path) as cache:
            present.append(cache.quantity(scale, "present"))
            centre_hz.append(cache.quantity(scale, "centre_hz"))
    return np.concatenate(present), np.concatenate(centre_hz)


def class_labels(names: Sequence[str], codes: np.ndarray) -> np.ndarray:
    """Name of each code; empty for -1, which stands for no label."""
    return np.array([*names, ""], dtype=object)[codes]


def means_over_utterances(frames: Rows, factors: Iterable[str]) -> Rows:
    """One row per utterance: means of levels and of centre frequencies, and whether a component is in some frame.

    Of its factors it has those ``factors`` that belong to whole utterances.
    """
    starts = np.flatnonzero(np.diff(frames.utterance, prepend=-1))
    counts = np.diff(starts, append=len(frames.utterance))
    found = np.isfinite(frames.centre_hz)
    n_found = np.add.reduceat(found, starts, axis=0, dtype=np.int64)
    total = np.add.reduceat(np.where(found, frames.centre_hz, 0.0), starts, axis=0)
    return Rows(
        levels=np.add.reduceat(frames.levels, starts, axis=0) / counts[:, None, None],
        utterance=frames.utterance[starts],
        frame=np.zeros(len(starts), int),
        factors={name: frames.factors[name][starts] for name in factors},
        present=np.logical_or.reduceat(frames.present, starts, axis=0),
        centre_hz=np.divide(total, n_found, out=np.full(total.shape, np.nan), where=n_found > 0),
    )


def _frames(features: FeatureFile, labels: CorpusSplit) -> Iterator[tuple[np.ndarray, dict[str, np.ndarray]]]:
    """Inputs ``(frames, C + 1, D)`` of every utterance of a split, and the class names of its frames."""
    of_utterances = {name: class_labels(labels.class_names(name), codes) for name, codes in labels.factors.items()}
    for index in range(len(features)):
        levels = features.vectors(index)
        known = {
            name: class_labels(labels.class_names(name), labels.frame_labels(name, index)[0])
            for name in labels.interval_names
        }
        yield levels, known | {name: np.repeat(names[index], len(levels)) for name, names in of_utterances.items()}
