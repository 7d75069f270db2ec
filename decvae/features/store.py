"""Read the feature files that :mod:`decvae.features.extract` writes.

Layout (``format = "decvae-features"``)::

    attrs: format, format_version, input, settings (JSON), preprocessing (JSON), corpus, split, provenance (JSON)
    frames/features      float32 (frames of all utterances, C + 1, 400)
    frames/present       bool    (frames, C)               the component is not empty
    frames/offsets       int64   (n + 1,)
    sequences/features   float32 (C_seq + 1, values of all utterances)
    sequences/present    bool    (n, C_seq)
    sequences/offsets    int64   (n + 1,)
    utterance            str     (n,)
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Protocol

import h5py
import numpy as np

from decvae.artifacts import open_h5

FORMAT = "decvae-features"
FORMAT_VERSION = 2


def centre_column(features: np.ndarray, columns: int) -> np.ndarray:
    """The spectrum under the centred window: the middle column of mel patches ``(..., bands * columns)``."""
    return features[..., columns // 2 :: columns]


class Features(Protocol):
    """Features of utterances, of a file or of a recording (:class:`decvae.models.processing.Recording`)."""

    frame_length: int
    n_components: int
    n_components_seq: int

    @property
    def path(self) -> Path | str:
        """Where they come from, for messages."""

    def n_frames(self, index: int) -> int:
        """Frames of utterance ``index``."""

    def frames(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Frame features ``(F, C + 1, L)`` and presence ``(F, C)`` of utterance ``index``."""

    def sequence(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Sequence features ``(C_seq + 1, T')`` and presence ``(C_seq,)`` of utterance ``index``."""


class FeatureFile:
    """Features of one split, read utterance by utterance; usable from several workers (each opens its own handle).

    Attributes
    ----------
    preprocessing : dict
        All that is needed to make the same inputs of another recording: ``input``, ``sampling_rate``,
        ``framing``, and the settings of ``decomposition`` and ``features``.

    Raises
    ------
    ArtifactError
        If the file is missing, cut short, or of another format or version.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._file: h5py.File | None = None
        self._owner = os.getpid()
        with open_h5(path, FORMAT, FORMAT_VERSION) as file:
            self.input = str(file.attrs["input"])
            self.preprocessing: dict[str, Any] = json.loads(file.attrs["preprocessing"])
            settings = json.loads(file.attrs["settings"])
            self._columns = settings["mel"]["columns"] if self.input == "mel" else 1
            self.offsets: np.ndarray = file["frames/offsets"][:]
            self.sequence_offsets: np.ndarray = file["sequences/offsets"][:]
            self.frame_length = file["frames/features"].shape[2]
            self.n_components = file["frames/present"].shape[1]
            self.n_components_seq = file["sequences/present"].shape[1]
            self.utterance_ids = [text.decode() for text in file["utterance"][:]]

    def __len__(self) -> int:
        return len(self.utterance_ids)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_file": None}

    @property
    def file(self) -> h5py.File:
        """The open handle of this process; a forked worker does not read through its parent's."""
        if self._file is not None and self._owner != os.getpid():
            self._file.close()  # in this process only; else HDF5 would hand out the inherited descriptor again
            self._file = None
        if self._file is None:
            self._file, self._owner = open_h5(self.path, FORMAT), os.getpid()
        return self._file

    def n_frames(self, index: int) -> int:
        """Frames of utterance ``index``."""
        return int(self.offsets[index + 1] - self.offsets[index])

    def frames(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Frame features ``(F, C + 1, L)`` float32 and presence ``(F, C)`` bool of utterance ``index``."""
        part = slice(self.offsets[index], self.offsets[index + 1])
        return self.file["frames/features"][part], self.file["frames/present"][part]

    def vectors(self, index: int) -> np.ndarray:
        """What models without an encoder of patches see: ``(F, C + 1, d)``, one spectrum (or waveform) per level."""
        return centre_column(self.frames(index)[0], self._columns)

    def sequence(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Sequence features ``(C_seq + 1, T')`` float32 and presence ``(C_seq,)`` bool of utterance ``index``."""
        part = slice(self.sequence_offsets[index], self.sequence_offsets[index + 1])
        return self.file["sequences/features"][:, part], self.file["sequences/present"][index]
