"""Batches addressed by step."""

from functools import partial

import numpy as np
import pytest
import torch

from decvae.batches import StepBatches, decvae_batch, vector_batch
from decvae.feature_file import FeatureFile


@pytest.fixture
def data(study):
    return FeatureFile(study.features["train"])


def test_whole_batch_holds_the_features(data):
    batch = decvae_batch(data, [3, 7], "dual")
    assert batch["frames"].shape == (2, 19, 4, 400)
    assert batch["frame_mask"].all()
    np.testing.assert_array_equal(batch["frames"][1], data.frames(7)[0])
    np.testing.assert_array_equal(batch["frames_present"][1], data.frames(7)[1])
    np.testing.assert_array_equal(batch["sequence"][0], data.sequence(3)[0])
    assert batch["sequence_lengths"].tolist() == [6400, 6400]


def test_drawn_frames_are_distinct_frames_of_the_same_utterance(data):
    batch = decvae_batch(data, [3], "dual", wanted=6, wanted_seq=4, rng=np.random.default_rng(0))
    whole = data.frames(3)[0]
    rows = [int(np.flatnonzero((whole == frame).all((1, 2))).item()) for frame in batch["frames"][0].numpy()]
    assert len(set(rows)) == 6
    assert rows == sorted(rows)
    crop, sequence = batch["sequence"][0].numpy(), data.sequence(3)[0]
    assert any(np.array_equal(crop, sequence[:, 400 * start : 400 * start + 1600]) for start in range(13))


def test_given_frames_are_taken(data):
    batch = decvae_batch(data, [3, 5], "Z", rows=[np.array([2, 3, 4]), np.array([7])])
    np.testing.assert_array_equal(batch["frames"][0], data.frames(3)[0][2:5])
    np.testing.assert_array_equal(batch["frames"][1, 0], data.frames(5)[0][7])
    assert batch["frame_mask"].tolist() == [[True] * 3, [True, False, False]]


def test_single_branches_read_only_their_input(data):
    assert set(decvae_batch(data, [0], "Z")) == {"frames", "frames_present", "frame_mask"}
    assert set(decvae_batch(data, [0], "S")) == {"sequence", "sequence_lengths", "sequence_present"}


def test_vectors_are_the_centre_spectrum_of_x(data):
    batch = vector_batch(data, [0, 1])
    np.testing.assert_array_equal(batch["vectors"][1], data.vectors(1)[:, 0])


def _batches(data, **options):
    make = partial(decvae_batch, branches="Z", wanted=4)
    return StepBatches(data, make, **{"batch_size": 6, "seed": 0, **options})


def test_an_epoch_is_a_permutation_and_depends_on_the_seed_and_step_alone(data):
    batches = _batches(data)
    assert batches.steps_per_epoch == 3
    first = np.concatenate([batches.utterances(step) for step in range(3)])
    assert len(set(first)) == 18
    assert not np.array_equal(first[:6], batches.utterances(3))
    assert torch.equal(batches[4]["frames"], _batches(data)[4]["frames"])
    assert not torch.equal(batches[4]["frames"], _batches(data, seed=1)[4]["frames"])


def test_processes_share_a_batch(data):
    whole = _batches(data).utterances(2)
    parts = [_batches(data, rank=rank, world=2) for rank in (0, 1)]
    for part in parts:
        np.testing.assert_array_equal(part.utterances(2), whole)
        assert len(part[2]["frames"]) == 3
    with pytest.raises(ValueError, match="multiple of the 4 processes"):
        _batches(data, world=4)
