"""Frame counts against the encoder's arithmetic and hand-worked labels."""

import numpy as np
import pytest

from decvae.framing import count_frames, cut_frames, frame_labels


@pytest.mark.parametrize(
    ("samples", "frames"), [(64000, 199), (114400, 357), (96000, 299), (6080, 18), (400, 1), (399, 0)]
)
def test_count_equals_the_conv_stack(samples, frames):
    length = samples
    for kernel, stride in zip((10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2), strict=True):
        length = max((length - kernel) // stride + 1, 0)
    assert count_frames(samples) == frames == length


def test_cut_frames_places_frames_at_the_hop():
    frames = cut_frames(np.arange(1360))
    assert frames.shape == (4, 400)
    assert frames[:, 0].tolist() == [0, 320, 640, 960]
    with pytest.raises(ValueError, match="shorter than one frame"):
        cut_frames(np.arange(399))


def test_labels_follow_the_centre_and_flags_the_window():
    # Two tokens of 1600 samples: frame 4 spans 1280..1680, its centre 1480 is in the first token.
    labels, overlap = frame_labels([0, 1600], [1600, 3200], [3, 0], n_frames=9)
    assert labels.tolist() == [3, 3, 3, 3, 3, 0, 0, 0, 0]
    assert overlap.tolist() == [False] * 4 + [True] + [False] * 4


def test_equal_neighbours_do_not_overlap_and_gaps_are_labelled():
    labels, overlap = frame_labels([0, 1600], [1600, 3200], [3, 3], n_frames=9)
    assert set(labels.tolist()) == {3}
    assert not overlap.any()
    labels, overlap = frame_labels([400], [800], [7], n_frames=4)
    assert labels.tolist() == [-1, 7, -1, -1]
    assert overlap.tolist() == [False, True, True, False]


def test_disordered_intervals_are_refused():
    with pytest.raises(ValueError, match="ascending"):
        frame_labels([0, 100], [200, 300], [0, 1], n_frames=1)
