"""The decomposition of one split of a corpus on disk: written in resumable blocks, read utterance by utterance.

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
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from joblib import Parallel, delayed

from decvae.artifacts import ArtifactError, as_plain, create_h5, open_h5, progress, provenance, settings_hash
from decvae.corpora.store import Corpus, CorpusSplit, check_audio
from decvae.decomposition.decompose import decompose
from decvae.decomposition.filterbank import normalise_utterance, notch
from decvae.decomposition.quality import assess
from decvae.framing import SPEECH, Framing, count_frames, cut_frames, frame_length, hop_length
from decvae.settings.decomposition import DecompositionSettings, method_settings

FORMAT = "decvae-decomposition"
FORMAT_VERSION = 3
_SHARD_FORMAT = "decvae-decomposition-shard"
_BLOCK = 16  # utterances per shard
_CHUNK_FRAMES, _CHUNK_SAMPLES = 32, 16384
_LOSSLESS = {"shuffle": True, "compression": "gzip", "compression_opts": 1}
_LAST_AXIS = ("signal", "sequences/components")  # utterances lie along the last axis; in all others along the first


@dataclass(frozen=True)
class _Job:
    """The decomposition of one split, in shards of a few utterances each."""

    corpus_path: str
    split: str
    settings: DecompositionSettings
    seed: int
    engine: str
    device: str
    state_dir: Path
    key: str  # hash of all that a shard depends on but its audio
    size: int  # utterances per shard

    def shard(self, start: int) -> Path:
        """File of the utterances from ``start`` on."""
        return self.state_dir / f"{self.split}-{start:07d}.h5"

    def block(self, corpus: Corpus, start: int) -> range:
        """Utterances of that file."""
        return range(start, min(start + self.size, len(corpus[self.split])))


def utterance_generator(seed: int, split: str, index: int) -> np.random.Generator:
    """Random generator of one utterance, independent of which process works on it and when."""
    return np.random.default_rng([seed, int.from_bytes(hashlib.sha256(split.encode()).digest()[:4]), index])


def decompose_utterance(
    audio: np.ndarray,
    fs: int,
    settings: DecompositionSettings,
    rng: np.random.Generator,
    engine: str = "batched",
    device: str = "cpu",
    framing: Framing = SPEECH,
) -> dict[str, np.ndarray]:
    """Decompose one utterance at both scales.

    Parameters
    ----------
    audio : (T,)
        Raw samples; normalised and notch filtered here.
    engine, device : str
        See :func:`decvae.decomposition.decompose`.

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
        found = decompose(x, fs=fs, scale=scale, settings=settings, rng=rng, engine=engine, device=device)
        quantities = {
            "present": found.present,
            "centre_hz": found.centre_hz.astype(np.float32),
            **assess(x, found.components, found.present, fs),
        }
        result[f"{group}/components"] = found.components.astype(settings.storage)
        for name, values in quantities.items():
            result[f"{group}/{name}"] = values if scale == "frame" else values[None]
    return result


def _audio_digest(part: CorpusSplit, block: range) -> str:
    digest = hashlib.sha256()
    for index in block:
        digest.update(part.utterance_ids[index].encode())
        digest.update(part.audio(index).tobytes())
    return digest.hexdigest()


def _is_done(job: _Job, start: int) -> bool:
    """Whether the shard on disk is whole and was made from the same settings, code and audio."""
    try:
        shard = open_h5(job.shard(start), _SHARD_FORMAT)
    except ArtifactError:
        return False
    with shard, Corpus(job.corpus_path) as corpus:
        if shard.attrs["key"] != job.key:
            return False
        return bool(shard.attrs["audio"] == _audio_digest(corpus[job.split], job.block(corpus, start)))


def _decompose_block(job: _Job, corpus: Corpus, start: int) -> dict[str, np.ndarray]:
    """The datasets of a shard: those of its utterances end to end."""
    fs, part, results = corpus.sampling_rate, corpus[job.split], []
    for index in job.block(corpus, start):
        audio, name = part.audio(index), part.utterance_ids[index]
        try:
            check_audio(audio, name)
            if len(audio) < (shortest := frame_length(fs, corpus.framing)):
                raise ValueError(
                    f"utterance {name}: {len(audio)} samples are less than one frame of {shortest}; "
                    "leave out the recording"
                )
            rng = utterance_generator(job.seed, job.split, index)
            results.append(decompose_utterance(audio, fs, job.settings, rng, job.engine, job.device, corpus.framing))
        except ValueError as error:
            raise ValueError(f"{job.corpus_path}, split {job.split}, utterance {name}: {error}") from error
    return {
        name: np.concatenate([result[name] for result in results], axis=-1 if name in _LAST_AXIS else 0)
        for name in results[0]
    }


def _storage(name: str, shape: tuple[int, ...]) -> dict[str, Any]:
    """How a dataset lies in the file: samples in compressed chunks, quantities as they are."""
    if name in _LAST_AXIS:
        return {"chunks": (*shape[:-1], min(_CHUNK_SAMPLES, shape[-1])), **_LOSSLESS}
    if name == "frames/components":
        return {"chunks": (min(_CHUNK_FRAMES, shape[0]), *shape[1:]), **_LOSSLESS}
    return {}


def _write_shard(job: _Job, start: int) -> None:
    with Corpus(job.corpus_path) as corpus, create_h5(job.shard(start), _SHARD_FORMAT, FORMAT_VERSION) as shard:
        for name, array in _decompose_block(job, corpus, start).items():
            shard.create_dataset(name, data=array, **_storage(name, array.shape))
        shard.attrs.update(key=job.key, audio=_audio_digest(corpus[job.split], job.block(corpus, start)))


def write_cache(
    corpus_path: str | Path,
    split: str,
    path: str | Path,
    settings: DecompositionSettings,
    *,
    seed: int,
    state_dir: str | Path,
    workers: int = 1,
    fingerprint: str = "",
    engine: str = "batched",
    device: str = "cpu",
) -> None:
    """Decompose all utterances of a split into one file.

    Blocks of utterances are written as shards to ``state_dir``; a job that was killed goes on where it stopped, with an
    identical result, which does not depend on ``workers`` either. Shards are removed once the file is in place.

    Parameters
    ----------
    corpus_path : path of a corpus file
    path : where to write
    seed : int
        Start of VMD; each utterance derives its own from it, the split and its index.
    state_dir : folder of this job alone
    workers : int
        Processes.
    fingerprint : str
        Of the code, for instance; shards with another one are made anew.
    engine, device : str
        See :func:`decvae.decomposition.decompose`; part of the provenance.

    Raises
    ------
    ValueError
        If an utterance has NaN or infinite samples, is all zeros or is shorter than one frame; the message names the
        utterance and the file.
    KeyError
        If the corpus has no such split.
    """
    state_dir = Path(state_dir)
    state_dir.mkdir(parents=True, exist_ok=True)
    with Corpus(corpus_path) as corpus:
        n_utterances = len(corpus[split])
        record = {"decomposition": method_settings(settings), "corpus": corpus.provenance, "split": split}
        record |= {"engine": engine, "device": device}
        key = settings_hash(
            [record, seed, corpus.sampling_rate, asdict(corpus.framing), fingerprint, FORMAT_VERSION], 32
        )
    if n_utterances == 0:
        raise ValueError(f"{corpus_path}: split {split} has no utterances")
    job = _Job(str(corpus_path), split, settings, seed, engine, device, state_dir, key, _BLOCK)
    starts = range(0, n_utterances, _BLOCK)
    missing = [start for start in starts if not _is_done(job, start)]
    finished = Parallel(n_jobs=workers, return_as="generator_unordered")(
        delayed(_write_shard)(job, start) for start in missing
    )
    for _ in progress(finished, len(missing), f"decomposing {split} ({settings.method})"):
        pass
    _join_shards(job, starts, path, provenance({**record, "fingerprint": fingerprint}, seed))
    for leftover in (*state_dir.glob(f"{split}-*.h5"), *state_dir.glob(f".{split}-*.h5.partial-*")):
        leftover.unlink()
    if not any(state_dir.iterdir()):
        state_dir.rmdir()


def _join_shards(job: _Job, starts: range, path: str | Path, record: dict[str, Any]) -> None:
    """Copy all shards into one file, compressed as they are, and show their datasets as one."""
    with Corpus(job.corpus_path) as corpus, create_h5(path, FORMAT, FORMAT_VERSION) as file:
        part, fs = corpus[job.split], corpus.sampling_rate
        file.attrs.update(
            method=job.settings.method,
            settings=json.dumps(as_plain(job.settings), sort_keys=True),
            corpus=corpus.name,
            split=job.split,
            sampling_rate=fs,
            frame_length=frame_length(fs, corpus.framing),
            hop_length=hop_length(fs, corpus.framing),
            provenance=json.dumps(record, sort_keys=True),
        )
        file.create_dataset("utterance", data=part.utterance_ids, dtype=h5py.string_dtype())
        lengths = part.lengths()
        n_frames = [count_frames(int(n), fs, corpus.framing) for n in lengths]
        for group, counts in (("frames", n_frames), ("sequences", lengths)):
            file[f"{group}/offsets"] = np.cumsum([0, *counts], dtype=np.int64)
        places = [f"blocks/{number:07d}" for number in range(len(starts))]
        for start, place in zip(starts, places, strict=True):
            with open_h5(job.shard(start), _SHARD_FORMAT) as shard:
                file.create_group(place)
                for name in shard:
                    shard.copy(name, file[place])
        for name in _dataset_names(file[places[0]]):
            _show_as_one([file[f"{place}/{name}"] for place in places], file, name)


def _dataset_names(group: h5py.Group) -> list[str]:
    names: list[str] = []
    group.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
    return names


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
