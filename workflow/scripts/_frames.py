"""What the embedding scripts share: facts about the components of every frame, and class names."""

from collections.abc import Iterable

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
