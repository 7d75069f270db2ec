"""Batches of features for training and encoding, addressed by step so that training can resume anywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from decvae.features.store import FeatureFile, Features

Batch = dict[str, Tensor]
# One generator for each utterance, so that a draw does not depend on the other utterances; None draws nothing.
Draws = Sequence[np.random.Generator | None]


def _padded(arrays: Sequence[np.ndarray], axis: int = 0) -> tuple[Tensor, Tensor]:
    """Stack arrays of different length along ``axis``, zero-padded at the end; also their lengths ``(B,)``."""
    lengths = [array.shape[axis] for array in arrays]
    longest = max(lengths)
    widths = [[(0, longest - n if dim == axis else 0) for dim in range(arrays[0].ndim)] for n in lengths]
    stacked = np.stack([np.pad(array, width) for array, width in zip(arrays, widths, strict=True)])
    return torch.from_numpy(stacked), torch.tensor(lengths)


def frame_count(wanted: int | str, n_frames: int) -> int:
    """Frames that ``wanted``, a number or a share such as ``"50%"``, means for an utterance; 0 means all.

    >>> frame_count("50%", 199), frame_count(8, 199), frame_count(8, 5), frame_count(0, 199), frame_count("1%", 20)
    (100, 8, 5, 199, 1)
    """
    if isinstance(wanted, str):
        return max(1, round(n_frames * float(wanted.removesuffix("%")) / 100))
    return min(wanted or n_frames, n_frames)


def pick_frames(n_frames: int, wanted: int | str, rng: np.random.Generator | None) -> np.ndarray:
    """Ascending frames drawn without replacement; all of them if ``wanted`` is 0 or there is no ``rng``."""
    count = frame_count(wanted, n_frames)
    if rng is None or count == n_frames:
        return np.arange(n_frames)
    return np.sort(rng.choice(n_frames, size=count, replace=False))


def _crop_sequence(sequence: np.ndarray, wanted: int, rng: np.random.Generator | None, length: int) -> np.ndarray:
    blocks = sequence.shape[1] // length
    if rng is None or wanted == 0 or wanted >= blocks:
        return sequence
    start = int(rng.integers(blocks - wanted + 1)) * length
    return sequence[:, start : start + wanted * length]


def decvae_batch(
    data: Features,
    indices: Sequence[int],
    branches: str,
    wanted: int | str = 0,
    wanted_seq: int = 0,
    rngs: Draws | None = None,
    rows: Sequence[np.ndarray] | None = None,
) -> Batch:
    """Inputs of DecVAE for some utterances.

    Parameters
    ----------
    indices : sequence of int
        Utterances.
    branches : {"dual", "Z", "S"}
        Which inputs are read.
    wanted : int or str
        Frames drawn per utterance without replacement by its generator in ``rngs``: a number, or a share such as
        ``"50%"`` (0, or no generators: all).
    wanted_seq : int
        Consecutive blocks of one frame's length kept of every sequence, from a place drawn by ``rngs`` (0: all).
    rows : sequence of arrays, optional
        Frames of each utterance to take, in the place of a draw.

    Returns
    -------
    dict
        Keyword arguments of :meth:`decvae.models.modeling_pretraining.DecVAEForPreTraining.forward`.
    """
    batch: Batch = {}
    rngs = rngs or [None for _ in indices]
    if branches in ("dual", "Z"):
        if rows is None:
            rows = [pick_frames(data.n_frames(i), wanted, rng) for i, rng in zip(indices, rngs, strict=True)]
        frames, present = [], []
        for index, chosen in zip(indices, rows, strict=True):
            values, found = data.frames(index)
            frames.append(values[chosen])
            present.append(found[chosen])
        batch["frames"], lengths = _padded(frames)
        batch["frames_present"], _ = _padded(present)
        batch["frame_mask"] = torch.arange(batch["frames"].shape[1]) < lengths.unsqueeze(1)
    if branches in ("dual", "S"):
        sequences, present = zip(*(data.sequence(index) for index in indices), strict=True)
        sequences = [
            _crop_sequence(sequence, wanted_seq, rng, data.frame_length)
            for sequence, rng in zip(sequences, rngs, strict=True)
        ]
        batch["sequence"], batch["sequence_lengths"] = _padded(sequences, axis=1)
        batch["sequence_present"] = torch.from_numpy(np.stack(present))
    return batch


def vector_batch(data: FeatureFile, indices: Sequence[int], wanted: int | str = 0, rngs: Draws | None = None) -> Batch:
    """Inputs of the autoencoders: one vector of X per frame (:meth:`decvae.features.store.FeatureFile.vectors`)."""
    vectors = []
    for index, rng in zip(indices, rngs or [None for _ in indices], strict=True):
        values = data.vectors(index)[:, 0]
        vectors.append(values[pick_frames(len(values), wanted, rng)])
    batch, lengths = _padded(vectors)
    return {"vectors": batch, "frame_mask": torch.arange(batch.shape[1]) < lengths.unsqueeze(1)}


class StepBatches(Dataset[Batch]):
    """The batches of a training run; each optimiser step has ``accumulation`` of them, whose gradients are added up.

    Item ``step * accumulation + part`` depends on the seed and on this number alone: each epoch is a fresh permutation
    of the utterances, and frames are drawn anew, so a resumed run sees exactly what an unbroken one would. With several
    processes each takes its share of every batch; all together they see the utterances and the frames of one process.

    Parameters
    ----------
    make : callable
        ``make(data, indices, rngs=None) -> Batch``; without ``rngs`` it takes all frames.
    batch_size : int
        Utterances of an optimiser step, over all its parts and processes; at most as many as ``data`` has.

    Raises
    ------
    ValueError
        If the utterances of a step cannot be shared out evenly.
    """

    def __init__(
        self,
        data: FeatureFile,
        make: Callable[..., Batch],
        *,
        batch_size: int,
        seed: int,
        accumulation: int = 1,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        shares = accumulation * world
        if batch_size % shares or len(data) < shares:
            raise ValueError(
                f"training.batch_size ({batch_size}) and the {len(data)} utterances must leave every one of {world} "
                f"processes the same number of utterances in each of {accumulation} accumulated batches; make "
                f"batch_size a multiple of {shares}"
            )
        self.data, self.make, self.seed = data, make, seed
        self.batch_size = min(batch_size, len(data) // shares * shares)
        self.accumulation, self.rank, self.world = accumulation, rank, world

    @property
    def steps_per_epoch(self) -> int:
        """Optimiser steps of one epoch; the last, smaller batch is left out."""
        return len(self.data) // self.batch_size

    def utterances(self, step: int) -> np.ndarray:
        """Utterances of the whole optimiser step, of all processes."""
        epoch, position = divmod(step, self.steps_per_epoch)
        order = np.random.default_rng([self.seed, 1, epoch]).permutation(len(self.data))
        return order[position * self.batch_size : (position + 1) * self.batch_size]

    def share(self, item: int) -> tuple[np.ndarray, range]:
        """Utterances of one item that this process takes, and their places in the whole optimiser step."""
        step, part = divmod(item, self.accumulation)
        size = self.batch_size // (self.accumulation * self.world)
        start = (part * self.world + self.rank) * size
        return self.utterances(step)[start : start + size], range(start, start + size)

    def __getitem__(self, item: int) -> Batch:
        utterances, places = self.share(item)
        step = item // self.accumulation
        return self.make(
            self.data, utterances, rngs=[np.random.default_rng([self.seed, 2, step, place]) for place in places]
        )


def move(batch: Batch, device: Any) -> Batch:
    """The batch on ``device``."""
    return {name: value.to(device, non_blocking=True) for name, value in batch.items()}
