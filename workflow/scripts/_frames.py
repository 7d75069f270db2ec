"""What the embedding scripts share: facts about the components of every frame, and class names."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from decvae.decomposition.cache import DecompositionCache


def component_facts(paths: Iterable[str], branch: str = "Z") -> tuple[np.ndarray, np.ndarray]:
    """Presence ``(n, C)`` bool and centre frequency ``(n, C)`` in Hz of all frames (S: sequences) of the splits."""
    present, centre_hz = [], []
    for path in paths:
        with DecompositionCache(path) as cache:
            for index in range(len(cache)):
                if branch == "Z":
                    present.append(cache.frames_present(index))
                    centre_hz.append(cache.frames_centre_hz(index))
                else:
                    present.append(cache.sequence_present(index)[None])
                    centre_hz.append(cache.sequence_centre_hz(index)[None])
    return np.concatenate(present), np.concatenate(centre_hz)


def class_labels(names: list[str], codes: np.ndarray) -> np.ndarray:
    """Name of each code; empty for -1, which stands for no label."""
    return np.array([*names, ""], dtype=object)[codes]


def means_over_utterances(frames: dict[str, Any], factors: Sequence[str]) -> dict[str, Any]:
    """The rows of frames (arguments of ``embedding_table``) as one row per utterance: means of levels and of centre
    frequencies, components that are present in some frame, and those ``factors`` that belong to whole utterances."""
    starts = np.flatnonzero(np.diff(frames["utterance"], prepend=-1))
    counts = np.diff(starts, append=len(frames["utterance"]))
    found = np.isfinite(frames["centre_hz"])
    n_found = np.add.reduceat(found, starts, axis=0, dtype=np.int64)
    total = np.add.reduceat(np.where(found, frames["centre_hz"], 0.0), starts, axis=0)
    return {
        "levels": np.add.reduceat(frames["levels"], starts, axis=0) / counts[:, None, None],
        "utterance": frames["utterance"][starts],
        "frame": np.zeros(len(starts), int),
        "factors": {name: frames["factors"][name][starts] for name in factors},
        "present": np.logical_or.reduceat(frames["present"], starts, axis=0),
        "centre_hz": np.divide(total, n_found, out=np.full(total.shape, np.nan), where=n_found > 0),
    }
