"""The decomposition of one split of a corpus on disk: written in blocks, read utterance by utterance.

Layout (``format = "decvae-decomposition"``; C = ``n_components``, Cs = ``n_components_seq``, L samples per frame)::

    attrs: format, format_version, method, settings (JSON), corpus, split, sampling_rate, frame_length, hop_length,
           provenance (JSON)
    signal                float32 or float16 (samples,)  X of all utterances, end to end: normalised, notch filtered
    frames/components     float32 or float16 (frames, C, L)    X of a frame is cut from ``signal``
    frames/present        bool    (frames, C)
    frames/centre_hz      float32 (frames, C)            spectral centroid, NaN where absent
    frames/peak_hz        float32 (frames, C)            largest value of the Welch spectrum, NaN where absent
    frames/energy_share   float32 (frames, C)            energy relative to that of X, 0 where absent
    frames/nrmse          float32 (frames,)              of the sum of the components, NaN where all are absent
    frames/correlation    float32 (frames, C (C - 1) / 2)  absolute; of OC1-OC2, OC1-OC3, ..; NaN if one is absent
    frames/offsets        int64   (n + 1,)               utterance i has frames offsets[i]:offsets[i + 1]
    sequences/components  float32 or float16 (Cs, samples)
    sequences/present, centre_hz, peak_hz, energy_share, nrmse, correlation   as those of the frames, (n, ...)
    sequences/offsets     int64   (n + 1,)               utterance i has samples offsets[i]:offsets[i + 1]
    utterance             str     (n,)
    blocks/0000000, ..    the same datasets of a few utterances each, in which the samples lie, compressed without loss

The datasets at the top are virtual ones: each shows those of all blocks of this file as one.
"""

from __future__ import annotations

import hashlib
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from joblib import Parallel, delayed

from decvae.artifacts import ArtifactError, as_plain, create_h5, open_h5, progress, provenance
from decvae.corpora.store import Corpus, check_audio
from decvae.decomposition.decompose import decompose
from decvae.decomposition.filterbank import normalise_utterance, notch
from decvae.decomposition.quality import assess
from decvae.framing import SPEECH, Framing, count_frames, cut_frames, frame_length, hop_length
from decvae.settings.decomposition import DecompositionSettings, method_settings

FORMAT = "decvae-decomposition"
FORMAT_VERSION = 3
_BLOCK = 16  # utterances that a process decomposes together
_CHUNK_FRAMES, _CHUNK_SAMPLES = 32, 16384
_LOSSLESS = {"shuffle": True, "compression": "gzip", "compression_opts": 4}
_LAST_AXIS = ("signal", "sequences/components")  # utterances lie along the last axis; in all others along the first


def utterance_generator(seed: int, split: str, index: int) -> np.random.Generator:
    """Random generator of one utterance, independent of which process works on it and when."""
    return np.random.default_rng([seed, int.from_bytes(hashlib.sha256(split.encode()).digest()[:4]), index])


def decompose_utterance(
    audio: np.ndarray,
    fs: int,
    settings: DecompositionSettings,
    rng: np.random.Generator,
    framing: Framing = SPEECH,
) -> dict[str, np.ndarray]:
    """Decompose one utterance at both scales.

    Parameters
    ----------
    audio : (T,)
        Raw samples; normalised and notch filtered here.

    Returns
    -------
    dict
        The datasets of the layout above: ``signal`` (T,), ``frames/components`` (F, C, L), ``sequences/components``
        (Cs, T), and of each scale ``present``, ``centre_hz`` and the quantities of
        :func:`decvae.decomposition.quality.assess`, (F, ...) and (1, ...).
    """
    signal = notch(normalise_utterance(audio), fs, settings.notch)
    result = {"signal": signal.astype(settings.storage)}
    for group, scale, x in (("frames", "frame", cut_frames(signal, fs, framing)), ("sequences", "sequence", signal)):
        found = decompose(x, fs=fs, scale=scale, settings=settings, rng=rng)
        quantities = {
            "present": found.present,
            "centre_hz": found.centre_hz.astype(np.float32),
            **assess(x, found.components, found.present, fs),
        }
        result[f"{group}/components"] = found.components.astype(settings.storage)
        for name, values in quantities.items():
            result[f"{group}/{name}"] = values if scale == "frame" else values[None]
    return result


def _decompose_block(
    corpus_path: str | Path, split: str, indices: range, settings: DecompositionSettings, seed: int
) -> bytes:
    """Some utterances, decomposed: an HDF5 file of the datasets of the layout, compressed in the process that calls."""
    results = []
    with Corpus(corpus_path) as corpus:
        part, fs = corpus[split], corpus.sampling_rate
        for index in indices:
            audio, name = part.audio(index), part.utterance_ids[index]
            try:
                check_audio(audio, name)
                if len(audio) < (shortest := frame_length(fs, corpus.framing)):
                    raise ValueError(
                        f"utterance {name}: {len(audio)} samples are less than one frame of {shortest}; "
                        "leave out the recording"
                    )
                rng = utterance_generator(seed, split, index)
                results.append(decompose_utterance(audio, fs, settings, rng, corpus.framing))
            except ValueError as error:
                raise ValueError(f"{corpus_path}, split {split}, utterance {name}: {error}") from error
    content = BytesIO()
    with h5py.File(content, "w") as block:
        for name in results[0]:
            array = np.concatenate([result[name] for result in results], axis=-1 if name in _LAST_AXIS else 0)
            block.create_dataset(name, data=array, **_storage(name, array.shape))
    return content.getvalue()


def _storage(name: str, shape: tuple[int, ...]) -> dict[str, Any]:
    """How a dataset lies in the file: samples in compressed chunks, quantities as they are."""
    if name in _LAST_AXIS:
        return {"chunks": (*shape[:-1], min(_CHUNK_SAMPLES, shape[-1])), **_LOSSLESS}
    if name == "frames/components":
        return {"chunks": (min(_CHUNK_FRAMES, shape[0]), *shape[1:]), **_LOSSLESS}
    return {}


def write_cache(
    corpus_path: str | Path,
    split: str,
    path: str | Path,
    settings: DecompositionSettings,
    *,
    seed: int,
    workers: int = 1,
) -> None:
    """Decompose all utterances of a split into one file.

    Processes decompose and compress blocks of utterances, which are copied into the file as they are. The result does
    not depend on ``workers``.

    Parameters
    ----------
    corpus_path : path of a corpus file
    path : where to write
    seed : int
        Start of VMD; each utterance derives its own from it, the split and its index.
    workers : int
        Processes.

    Raises
    ------
    ValueError
        If an utterance has NaN or infinite samples, is all zeros or is shorter than one frame; the message names the
        utterance and the file.
    KeyError
        If the corpus has no such split.
    """
    with Corpus(corpus_path) as corpus:
        part, fs, framing = corpus[split], corpus.sampling_rate, corpus.framing
        record = {"decomposition": method_settings(settings), "corpus": corpus.provenance, "split": split}
        attributes = {
            "method": settings.method,
            "settings": json.dumps(as_plain(settings), sort_keys=True),
            "corpus": corpus.name,
            "split": split,
            "sampling_rate": fs,
            "frame_length": frame_length(fs, framing),
            "hop_length": hop_length(fs, framing),
            "provenance": json.dumps(provenance(record, seed), sort_keys=True),
        }
        names, lengths = part.utterance_ids, part.lengths()
    if not names:
        raise ValueError(f"{corpus_path}: split {split} has no utterances")
    blocks = [range(len(names))[start : start + _BLOCK] for start in range(0, len(names), _BLOCK)]
    contents = Parallel(n_jobs=workers, return_as="generator")(
        delayed(_decompose_block)(corpus_path, split, block, settings, seed) for block in blocks
    )
    with create_h5(path, FORMAT, FORMAT_VERSION) as file:
        file.attrs.update(attributes)
        file.create_dataset("utterance", data=names, dtype=h5py.string_dtype())
        n_frames = [count_frames(int(n), fs, framing) for n in lengths]
        for group, counts in (("frames", n_frames), ("sequences", lengths)):
            file[f"{group}/offsets"] = np.cumsum([0, *counts], dtype=np.int64)
        described = progress(contents, len(blocks), f"decomposing {split} ({settings.method})")
        for number, content in enumerate(described):
            with h5py.File(BytesIO(content)) as block:
                block.copy("/", file, f"blocks/{number:07d}")
        parts = list(file["blocks"].values())
        quantities = [f"{group}/{name}" for group in ("frames", "sequences") for name in parts[0][group]]
        for name in ("signal", *quantities):
            _show_as_one([part[name] for part in parts], file, name)


def _show_as_one(parts: list[h5py.Dataset], file: h5py.File, name: str) -> None:
    """Add a virtual dataset that shows datasets of the same file end to end."""
    axis = parts[0].ndim - 1 if name in _LAST_AXIS else 0
    ends = np.cumsum([part.shape[axis] for part in parts])
    shape = list(parts[0].shape)
    shape[axis] = int(ends[-1])
    layout = h5py.VirtualLayout(tuple(shape), parts[0].dtype)
    layout.dcpl.set_obj_track_times(False)  # h5py's default for other datasets: the same content is the same file
    for part, end in zip(parts, ends, strict=True):
        where = (slice(None),) * axis + (slice(end - part.shape[axis], end),)
        layout[where] = h5py.VirtualSource(".", part.name, part.shape, part.dtype)  # "." is the file itself
    file.create_virtual_dataset(name, layout)


def with_signal(x: np.ndarray, components: np.ndarray) -> np.ndarray:
    """All levels: X ``(..., L)`` before its components ``(..., C, L)``, as ``(..., C + 1, L)`` float32."""
    return np.concatenate([x[..., None, :], components], axis=-2, dtype=np.float32)


class DecompositionCache:
    """An open cache file; use as a context manager. ``len`` is the number of utterances.

    Attributes
    ----------
    offsets, sequence_offsets : (n + 1,) int64
        Frames and samples of utterance i are ``offsets[i]:offsets[i + 1]``.
    utterance_ids : list of str
    sampling_rate : int
    frame_length : int
        Samples of a frame.
    framing : Framing
    settings : DecompositionSettings
    attrs : dict
        All attributes of the file.

    Raises
    ------
    ArtifactError
        If the file is missing, cut short, inconsistent, of another version or not a cache.
    """

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self._file = open_h5(path, FORMAT, FORMAT_VERSION)
        self.attrs: dict[str, Any] = dict(self._file.attrs)
        self.sampling_rate = int(self.attrs["sampling_rate"])
        self.frame_length = int(self.attrs["frame_length"])
        seconds = (int(self.attrs[name]) / self.sampling_rate for name in ("frame_length", "hop_length"))
        self.framing = Framing(*seconds)
        self.settings = DecompositionSettings.parse(json.loads(self.attrs["settings"]))
        self.utterance_ids: list[str] = [text.decode() for text in self._file["utterance"][:]]
        self.offsets: np.ndarray = self._file["frames/offsets"][:]
        self.sequence_offsets: np.ndarray = self._file["sequences/offsets"][:]
        indexed = (len(self.utterance_ids) + 1, self.offsets[-1], self.sequence_offsets[-1])
        # A virtual dataset keeps its shape where a part is missing: what counts is what the blocks hold.
        n_frames, n_samples = (
            sum(len(block[name]) for block in self._file["blocks"].values()) for name in ("frames/present", "signal")
        )
        held = (len(self.offsets), n_frames, n_samples)
        if indexed != held:
            self._file.close()
            raise ArtifactError(
                f"{path}: its index {indexed} and its signals {held} disagree. Delete it and run again."
            )

    def __enter__(self) -> DecompositionCache:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self.utterance_ids)

    def signal(self, index: int) -> np.ndarray:
        """X of one whole utterance, ``(T,)`` float32."""
        part = slice(*self.sequence_offsets[index : index + 2])
        return self._file["signal"][part].astype(np.float32, copy=False)

    def frames(self, index: int) -> np.ndarray:
        """X and the components of all frames of one utterance, ``(F, C + 1, L)`` float32."""
        components = self._file["frames/components"][slice(*self.offsets[index : index + 2])]
        return with_signal(cut_frames(self.signal(index), self.sampling_rate, self.framing), components)

    def sequence(self, index: int) -> np.ndarray:
        """X and the components of one whole utterance, ``(Cs + 1, T)`` float32."""
        components = self._file["sequences/components"][:, slice(*self.sequence_offsets[index : index + 2])]
        return with_signal(self.signal(index), components)

    def quantity(self, scale: str, name: str) -> np.ndarray:
        """One of the stored quantities (``present``, ``centre_hz``, ``nrmse``, ..) of all frames or all sequences.

        Parameters
        ----------
        scale : {"frame", "sequence"}
        """
        return self._file[f"{scale}s/{name}"][:]
