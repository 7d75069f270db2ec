"""The decomposition of one split of a corpus on disk: written in resumable blocks, read utterance by utterance.

Layout (``format = "decvae-decomposition"``; C = ``n_components``, Cs = ``n_components_seq``, L samples per frame)::

    attrs: format, format_version, method, settings (JSON), corpus, split, sampling_rate, provenance (JSON)
    frames/signal         float32 or float16 (frames, C + 1, L)   row 0 is X: the normalised, notch filtered signal
    frames/present        bool    (frames, C)
    frames/centre_hz      float32 (frames, C)            spectral centroid, NaN where absent
    frames/peak_hz        float32 (frames, C)            largest value of the Welch spectrum, NaN where absent
    frames/energy_share   float32 (frames, C)            energy relative to that of X, 0 where absent
    frames/nrmse          float32 (frames,)              of the sum of the components, NaN where all are absent
    frames/correlation    float32 (frames, C (C - 1) / 2)  absolute; of OC1-OC2, OC1-OC3, ..; NaN if one is absent
    frames/offsets        int64   (n + 1,)               utterance i has frames offsets[i]:offsets[i + 1]
    sequences/signal      float32 or float16 (Cs + 1, samples)    row 0 is X; utterances end to end
    sequences/present, centre_hz, peak_hz, energy_share, nrmse, correlation   as those of the frames, (n, ...)
    sequences/offsets     int64   (n + 1,)
    utterance             str     (n,)
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from joblib import Parallel, delayed

from decvae.artifacts import ArtifactError, as_plain, atomic_path, open_h5, progress, provenance, settings_hash
from decvae.corpora.store import Corpus, CorpusSplit, check_audio
from decvae.decomposition import DecompositionSettings, decompose, method_settings, normalise_utterance, notch
from decvae.decomposition.quality import assess
from decvae.framing import count_frames, cut_frames, frame_length

FORMAT = "decvae-decomposition"
FORMAT_VERSION = 2
_SHARD_FORMAT = "decvae-decomposition-shard"
_BLOCK = 16  # utterances per shard
_QUANTITIES = ("present", "centre_hz", "peak_hz", "energy_share", "nrmse", "correlation")


@dataclass(frozen=True)
class _Block:
    """The work of one shard: utterances ``start:stop`` of a split."""

    corpus_path: str
    split: str
    start: int
    stop: int
    settings: DecompositionSettings
    seed: int
    path: str
    key: str  # hash of all that the shard depends on but the audio


def utterance_generator(seed: int, split: str, index: int) -> np.random.Generator:
    """Random generator of one utterance, independent of which process works on it and when."""
    return np.random.default_rng([seed, int.from_bytes(hashlib.sha256(split.encode()).digest()[:4]), index])


def decompose_utterance(
    audio: np.ndarray, fs: int, settings: DecompositionSettings, rng: np.random.Generator
) -> dict[str, dict[str, np.ndarray]]:
    """Decompose one utterance at both scales.

    Parameters
    ----------
    audio : (T,)
        Raw samples; normalised and notch filtered here.

    Returns
    -------
    {"frames": ..., "sequences": ...}
        Each with ``signal`` (F, C + 1, L) or (Cs + 1, T), ``present`` and ``centre_hz`` (F, C) or (Cs,), and the
        quantities of :func:`decvae.decomposition.quality.assess`.
    """
    signal = notch(normalise_utterance(audio), fs, settings.notch)
    result = {}
    for name, scale, x in (("frames", "frame", cut_frames(signal, fs)), ("sequences", "sequence", signal)):
        found = decompose(x, fs=fs, scale=scale, settings=settings, rng=rng)
        rows = np.concatenate([x[..., None, :], found.components], axis=-2)
        result[name] = {
            "signal": rows.astype(settings.storage),
            "present": found.present,
            "centre_hz": found.centre_hz.astype(np.float32),
            **assess(x, found.components, found.present, fs),
        }
    return result


def _audio_digest(part: CorpusSplit, start: int, stop: int) -> str:
    digest = hashlib.sha256()
    for index in range(start, stop):
        digest.update(part.utterance_ids[index].encode())
        digest.update(part.audio(index).tobytes())
    return digest.hexdigest()


def _is_done(block: _Block) -> bool:
    """Whether the shard on disk is whole and was made from the same settings, code and audio."""
    try:
        shard = open_h5(block.path, _SHARD_FORMAT)
    except ArtifactError:
        return False
    with shard, Corpus(block.corpus_path) as corpus:
        if shard.attrs["key"] != block.key:
            return False
        return shard.attrs["audio"] == _audio_digest(corpus[block.split], block.start, block.stop)


def _write_shard(block: _Block) -> None:
    with (
        Corpus(block.corpus_path) as corpus,
        atomic_path(block.path) as partial,
        h5py.File(partial, "w") as shard,
    ):
        part = corpus[block.split]
        for index in range(block.start, block.stop):
            audio, name = part.audio(index), part.utterance_ids[index]
            try:
                check_audio(audio, name)
                if len(audio) < frame_length(corpus.sampling_rate):
                    raise ValueError(
                        f"utterance {name}: {len(audio)} samples are less than one frame of "
                        f"{frame_length(corpus.sampling_rate)}; leave out the recording"
                    )
                rng = utterance_generator(block.seed, block.split, index)
                result = decompose_utterance(audio, corpus.sampling_rate, block.settings, rng)
            except ValueError as error:
                raise ValueError(f"{block.corpus_path}, split {block.split}, utterance {name}: {error}") from error
            for scale, arrays in result.items():
                for key, array in arrays.items():
                    shard[f"{index}/{scale}/{key}"] = array
        digest = _audio_digest(part, block.start, block.stop)
        shard.attrs.update(format=_SHARD_FORMAT, key=block.key, audio=digest)


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
        key = settings_hash([record, seed, corpus.sampling_rate, fingerprint, FORMAT_VERSION], 32)
    if n_utterances == 0:
        raise ValueError(f"{corpus_path}: split {split} has no utterances")
    blocks = [
        _Block(
            str(corpus_path),
            split,
            start,
            min(start + _BLOCK, n_utterances),
            settings,
            seed,
            str(state_dir / f"{split}-{start:07d}.h5"),
            key,
        )
        for start in range(0, n_utterances, _BLOCK)
    ]
    missing = [block for block in blocks if not _is_done(block)]
    finished = Parallel(n_jobs=workers, return_as="generator_unordered")(
        delayed(_write_shard)(block) for block in missing
    )
    for _ in progress(finished, len(missing), f"decomposing {split} ({settings.method})"):
        pass
    _join_shards(blocks, path, provenance({**record, "fingerprint": fingerprint}, seed))
    for leftover in (*state_dir.glob(f"{split}-*.h5"), *state_dir.glob(f".{split}-*.h5.partial-*")):
        leftover.unlink()
    if not any(state_dir.iterdir()):
        state_dir.rmdir()


def _join_shards(blocks: list[_Block], path: str | Path, record: dict[str, Any]) -> None:
    first = blocks[0]
    settings, n_utterances = first.settings, blocks[-1].stop
    with Corpus(first.corpus_path) as corpus, atomic_path(path) as partial, h5py.File(partial, "w") as file:
        part, fs = corpus[first.split], corpus.sampling_rate
        file.attrs.update(
            format=FORMAT,
            format_version=FORMAT_VERSION,
            method=settings.method,
            settings=json.dumps(as_plain(settings), sort_keys=True),
            corpus=corpus.name,
            split=first.split,
            sampling_rate=fs,
            provenance=json.dumps(record, sort_keys=True),
        )
        file.create_dataset("utterance", data=part.utterance_ids, dtype=h5py.string_dtype())
        frames, sequences = file.create_group("frames"), file.create_group("sequences")
        lengths = part.lengths()
        for group, counts in ((frames, [count_frames(int(n), fs) for n in lengths]), (sequences, lengths)):
            group["offsets"] = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        n_frames, length = int(frames["offsets"][-1]), frame_length(fs)
        n, n_seq = settings.n_components, settings.n_components_seq
        frames.create_dataset(
            "signal",
            (n_frames, n + 1, length),
            settings.storage,
            chunks=(min(32, n_frames), n + 1, length),
            track_times=False,
        )
        samples = int(sequences["offsets"][-1])
        sequences.create_dataset(
            "signal", (n_seq + 1, samples), settings.storage, chunks=(n_seq + 1, min(16384, samples)), track_times=False
        )
        for group, rows, columns in ((frames, n_frames, n), (sequences, n_utterances, n_seq)):
            group.create_dataset("present", (rows, columns), "?")
            for key in ("centre_hz", "peak_hz", "energy_share"):
                group.create_dataset(key, (rows, columns), "f4")
            group.create_dataset("nrmse", (rows,), "f4")
            group.create_dataset("correlation", (rows, columns * (columns - 1) // 2), "f4")
        for block in blocks:
            with open_h5(block.path, _SHARD_FORMAT) as shard:
                for index in range(block.start, block.stop):
                    where = slice(*frames["offsets"][index : index + 2])
                    for key in ("signal", *_QUANTITIES):
                        frames[key][where] = shard[f"{index}/frames/{key}"][:]
                    where = slice(*sequences["offsets"][index : index + 2])
                    sequences["signal"][:, where] = shard[f"{index}/sequences/signal"][:]
                    for key in _QUANTITIES:
                        sequences[key][index] = shard[f"{index}/sequences/{key}"][()]


class DecompositionCache:
    """An open cache file; use as a context manager. ``len`` is the number of utterances.

    Attributes
    ----------
    offsets, sequence_offsets : (n + 1,) int64
        Frames and samples of utterance i are ``offsets[i]:offsets[i + 1]``.
    utterance_ids : list of str
    sampling_rate : int
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
        self._file = open_h5(path, FORMAT)
        self.attrs: dict[str, Any] = dict(self._file.attrs)
        if self.attrs["format_version"] != FORMAT_VERSION:
            self._file.close()
            raise ArtifactError(
                f"{path} has format version {self.attrs['format_version']}, needed is {FORMAT_VERSION}. "
                "Delete it and run again."
            )
        self.sampling_rate = int(self.attrs["sampling_rate"])
        self.settings = DecompositionSettings.from_dict(json.loads(self.attrs["settings"]))
        self.utterance_ids: list[str] = [text.decode() for text in self._file["utterance"][:]]
        self.offsets: np.ndarray = self._file["frames/offsets"][:]
        self.sequence_offsets: np.ndarray = self._file["sequences/offsets"][:]
        indexed = (len(self.utterance_ids) + 1, self.offsets[-1], self.sequence_offsets[-1])
        held = (len(self.offsets), self._file["frames/signal"].shape[0], self._file["sequences/signal"].shape[1])
        if indexed != held:
            self._file.close()
            raise ArtifactError(
                f"{path}: its index {indexed} and its signals {held} disagree. Delete it and run again."
            )

    def __enter__(self) -> DecompositionCache:
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __len__(self) -> int:
        return len(self.utterance_ids)

    def _of_frames(self, key: str, index: int) -> np.ndarray:
        return self._file[f"frames/{key}"][self.offsets[index] : self.offsets[index + 1]]

    def frames(self, index: int) -> np.ndarray:
        """X and the components of all frames of one utterance, ``(F, C + 1, L)`` float32."""
        return self._of_frames("signal", index).astype(np.float32, copy=False)

    def frames_present(self, index: int) -> np.ndarray:
        """Which components of each frame are present, ``(F, C)`` bool."""
        return self._of_frames("present", index)

    def frames_centre_hz(self, index: int) -> np.ndarray:
        """Centre frequency of each component in Hz, ``(F, C)`` float32, NaN where absent."""
        return self._of_frames("centre_hz", index)

    def quantity(self, scale: str, name: str) -> np.ndarray:
        """One of the stored quantities (``present``, ``centre_hz``, ``nrmse``, ..) of all frames or all sequences.

        Parameters
        ----------
        scale : {"frame", "sequence"}
        """
        return self._file[f"{scale}s/{name}"][:]

    def sequence(self, index: int) -> np.ndarray:
        """X and the components of one whole utterance, ``(Cs + 1, T)`` float32."""
        part = slice(*self.sequence_offsets[index : index + 2])
        return self._file["sequences/signal"][:, part].astype(np.float32, copy=False)

    def sequence_present(self, index: int) -> np.ndarray:
        """Which components of one whole utterance are present, ``(Cs,)`` bool."""
        return self._file["sequences/present"][index]

    def sequence_centre_hz(self, index: int) -> np.ndarray:
        """Centre frequency of its components in Hz, ``(Cs,)`` float32, NaN where absent."""
        return self._file["sequences/centre_hz"][index]
