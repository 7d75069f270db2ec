"""Batches of features for training and encoding, addressed by step so that training can resume anywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from decvae.feature_file import FeatureFile

Batch = dict[str, Tensor]


def _padded(arrays: Sequence[np.ndarray], axis: int = 0) -> tuple[Tensor, Tensor]:
    """Stack arrays of different length along ``axis``, zero-padded at the end; also their lengths ``(B,)``."""
    lengths = [array.shape[axis] for array in arrays]
    longest = max(lengths)
    widths = [[(0, longest - n if dim == axis else 0) for dim in range(arrays[0].ndim)] for n in lengths]
    stacked = np.stack([np.pad(array, width) for array, width in zip(arrays, widths, strict=True)])
    return torch.from_numpy(stacked), torch.tensor(lengths)


def pick_frames(n_frames: int, wanted: int, rng: np.random.Generator | None) -> np.ndarray:
    """Ascending frames drawn without replacement; all of them if ``wanted`` is 0 or there is no ``rng``."""
    if rng is None or wanted == 0 or wanted >= n_frames:
        return np.arange(n_frames)
    return np.sort(rng.choice(n_frames, size=wanted, replace=False))


def _crop_sequence(sequence: np.ndarray, wanted: int, rng: np.random.Generator | None, length: int) -> np.ndarray:
    blocks = sequence.shape[1] // length
    if rng is None or wanted == 0 or wanted >= blocks:
        return sequence
    start = int(rng.integers(blocks - wanted + 1)) * length
    return sequence[:, start : start + wanted * length]


def decvae_batch(
    data: FeatureFile,
    indices: Sequence[int],
    branches: str,
    wanted: int = 0,
    wanted_seq: int = 0,
    rng: np.random.Generator | None = None,
    rows: Sequence[np.ndarray] | None = None,
) -> Batch:
    """Inputs of DecVAE for some utterances.

    Parameters
    ----------
    indices : sequence of int
        Utterances.
    branches : {"dual", "Z", "S"}
        Which inputs are read.
    wanted : int
        Frames drawn per utterance without replacement by ``rng`` (0: all).
    wanted_seq : int
        Consecutive blocks of one frame's length kept of every sequence, from a place drawn by ``rng`` (0: all).
    rows : sequence of arrays, optional
        Frames of each utterance to take, in the place of a draw.

    Returns
    -------
    dict
        Keyword arguments of :meth:`decvae.models.DecVAEForPreTraining.forward`.
    """
    batch: Batch = {}
    if branches in ("dual", "Z"):
        frames, present = [], []
        for place, index in enumerate(indices):
            values, found = data.frames(index)
            chosen = pick_frames(len(values), wanted, rng) if rows is None else rows[place]
            frames.append(values[chosen])
            present.append(found[chosen])
        batch["frames"], lengths = _padded(frames)
        batch["frames_present"], _ = _padded(present)
        batch["frame_mask"] = torch.arange(batch["frames"].shape[1]) < lengths.unsqueeze(1)
    if branches in ("dual", "S"):
        sequences, present = zip(*(data.sequence(index) for index in indices), strict=True)
        sequences = [_crop_sequence(sequence, wanted_seq, rng, data.frame_length) for sequence in sequences]
        batch["sequence"], batch["sequence_lengths"] = _padded(sequences, axis=1)
        batch["sequence_present"] = torch.from_numpy(np.stack(present))
    return batch


def vector_batch(
    data: FeatureFile, indices: Sequence[int], wanted: int = 0, rng: np.random.Generator | None = None
) -> Batch:
    """Inputs of the autoencoders: one vector of X per frame (:meth:`decvae.feature_file.FeatureFile.vectors`)."""
    vectors = []
    for index in indices:
        values = data.vectors(index)[:, 0]
        vectors.append(values[pick_frames(len(values), wanted, rng)])
    batch, lengths = _padded(vectors)
    return {"vectors": batch, "frame_mask": torch.arange(batch.shape[1]) < lengths.unsqueeze(1)}


class StepBatches(Dataset):
    """The batches of a training run, one item per optimiser step.

    Item ``step`` depends on the seed and the step alone: each epoch is a fresh permutation of the utterances, and
    frames are drawn anew, so a resumed run sees exactly what an unbroken one would. With several processes, each takes
    its share of every batch.

    Parameters
    ----------
    make : callable
        ``make(data, indices, rng=None) -> Batch``; without ``rng`` it takes all frames.
    """

    def __init__(
        self,
        data: FeatureFile,
        make: Callable[..., Batch],
        *,
        batch_size: int,
        seed: int,
        rank: int = 0,
        world: int = 1,
    ):
        if batch_size % world:
            raise ValueError(f"training.batch_size ({batch_size}) must be a multiple of the {world} processes")
        self.data, self.make = data, make
        self.batch_size, self.seed = min(batch_size, len(data)), seed
        self.rank, self.world = rank, world

    @property
    def steps_per_epoch(self) -> int:
        """Batches of one epoch; the last, smaller one is left out."""
        return len(self.data) // self.batch_size

    def utterances(self, step: int) -> np.ndarray:
        """Utterances of the whole (global) batch at ``step``."""
        epoch, position = divmod(step, self.steps_per_epoch)
        order = np.random.default_rng([self.seed, 1, epoch]).permutation(len(self.data))
        return order[position * self.batch_size : (position + 1) * self.batch_size]

    def __getitem__(self, step: int) -> Batch:
        rng = np.random.default_rng([self.seed, 2, step, self.rank])
        return self.make(self.data, self.utterances(step)[self.rank :: self.world], rng=rng)


def move(batch: Batch, device: Any) -> Batch:
    """The batch on ``device``."""
    return {name: value.to(device, non_blocking=True) for name, value in batch.items()}
