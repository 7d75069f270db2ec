"""Batches addressed by step."""

from functools import partial
from multiprocessing import Pipe, get_context

import numpy as np
import pytest
import torch

from decvae.features.batches import StepBatches, decvae_batch, frame_count, vector_batch
from decvae.features.store import FeatureFile


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
    batch = decvae_batch(data, [3], "dual", wanted=6, wanted_seq=4, rngs=[np.random.default_rng(0)])
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


def test_a_share_of_frames_is_of_each_utterance():
    """The shares of the published ablation: N = 2 p of 199 frames for p percent."""
    assert [frame_count(f"{p}%", 199) for p in (10, 50, 90, 100)] == [20, 100, 179, 199]
    assert (frame_count("1%", 20), frame_count(8, 5), frame_count(8, 199), frame_count(0, 199)) == (1, 5, 8, 199)


def test_share_and_number_draw_the_same_frames(data):
    share, number = (
        decvae_batch(data, [3], "Z", wanted=wanted, rngs=[np.random.default_rng(0)]) for wanted in ("50%", 10)
    )
    assert torch.equal(share["frames"], number["frames"]) and share["frames"].shape[1] == 10


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


def test_processes_and_accumulated_parts_share_a_batch(data):
    whole = _batches(data)
    frames = whole[2]["frames"]
    for options in ({"world": 2}, {"accumulation": 3}, {"world": 3, "accumulation": 2}):
        world, accumulation = options.get("world", 1), options.get("accumulation", 1)
        parts = [_batches(data, rank=rank, **options) for rank in range(world)]
        np.testing.assert_array_equal(parts[0].utterances(2), whole.utterances(2))
        items = [part[2 * accumulation + number] for number in range(accumulation) for part in parts]
        assert torch.equal(torch.cat([item["frames"] for item in items]), frames)


def test_a_batch_that_cannot_be_shared_is_refused(data):
    for options in ({"world": 4}, {"accumulation": 4}):
        with pytest.raises(ValueError, match="make batch_size a multiple of 4"):
            _batches(data, **options)
    with pytest.raises(ValueError, match="the 20 utterances"):
        _batches(data, batch_size=40, accumulation=40)
    assert _batches(data, batch_size=40, accumulation=8).batch_size == 16


def test_a_worker_opens_its_own_handle(data):
    """A forked worker must not read through its parent's handle: they would share one position in the file."""
    expected = [data.frames(index)[0] for index in range(3)]
    loader = torch.utils.data.DataLoader(_batches(data, batch_size=1), batch_size=None, sampler=range(3), num_workers=2)
    inherited = data.file
    assert [batch["frames"].shape for batch in loader] == [(1, 4, 4, 400)] * 3
    ours, theirs = Pipe(duplex=False)
    worker = get_context("fork").Process(target=_report_handle, args=(data, inherited, theirs))
    worker.start()
    assert ours.recv() == (False, True)
    worker.join()
    np.testing.assert_array_equal(data.frames(2)[0], expected[2])


def _report_handle(data, inherited, pipe):
    opened = data.file
    pipe.send((bool(inherited), bool(opened)))  # closed here, and only here
