import numpy as np
import pytest
from scipy.signal import welch

from decvae.decomposition.decompose import decompose
from decvae.decomposition.grouping import group_modes, group_sizes, peak_density, spectral_centroid
from decvae.settings.decomposition import DecompositionSettings

FS = 16000


@pytest.mark.parametrize(
    ("n_modes", "sizes"),  # published sizes for three components
    [(3, [1, 1, 1]), (4, [1, 1, 2]), (5, [2, 2, 1]), (7, [2, 2, 3]), (8, [3, 3, 2]), (10, [3, 3, 4])],
)
def test_equal_sizes_are_the_published_ones_for_three_components(n_modes, sizes):
    assert group_sizes(n_modes, 3, "equally_distribute").tolist() == sizes


@pytest.mark.parametrize("strategy", ["equally_distribute", "high_freqs_first", "low_freqs_first"])
def test_every_mode_is_used_and_no_component_is_empty(strategy):
    for n_components in range(2, 13):
        for n_modes in range(1, 40):
            sizes = group_sizes(n_modes, n_components, strategy)
            assert sizes.sum() == n_modes and len(sizes) == n_components
            if n_modes >= n_components:
                assert sizes.min() >= 1
            if strategy == "equally_distribute":
                assert np.ptp(sizes) <= 1


def test_unequal_sizes():
    assert group_sizes(6, 3, "high_freqs_first").tolist() == [1, 1, 4]
    assert group_sizes(6, 3, "low_freqs_first").tolist() == [4, 1, 1]
    with pytest.raises(ValueError, match="sideways"):
        group_sizes(6, 3, "sideways")


FREQUENCIES = (3000.0, 500.0, 1500.0, 1000.0, 2200.0)  # five modes of frame 1, in no order


@pytest.fixture
def three_frames(make_tones):
    """Modes of three frames and their owners."""
    tones = [make_tones((f,), 400, amplitudes=(a,)) for f, a in zip(FREQUENCIES, (1, 5, 2, 3, 4), strict=True)]
    owner = np.array([2, 1, 1, 1, 1, 1])  # frame 0 has none, frame 2 has one
    return np.stack([make_tones((700.0,), 400), *tones]), owner


def test_modes_are_summed_in_ascending_order(three_frames):
    modes, owner = three_frames
    components, present, centre_hz = group_modes(modes, owner, 3, 2, FS, "equally_distribute", 0.0)
    assert present.tolist() == [[False, False], [True, True], [True, False]]
    np.testing.assert_allclose(components[1, 0], modes[2] + modes[4], atol=1e-12)  # 500, 1000
    np.testing.assert_allclose(components[1, 1], modes[1] + modes[3] + modes[5], atol=1e-12)
    np.testing.assert_allclose(components[2, 0], modes[0])
    assert not components[0].any() and not components[2, 1].any()
    assert np.isnan(centre_hz[~present]).all() and np.isfinite(centre_hz[present]).all()
    assert abs(centre_hz[2, 0] - 700) < 5


def test_merging_at_one_end(three_frames):
    modes, owner = three_frames
    components, _, _ = group_modes(modes, owner, 3, 3, FS, "high_freqs_first", 0.0)
    np.testing.assert_allclose(components[1], [modes[2], modes[4], modes[1] + modes[3] + modes[5]], atol=1e-12)
    components, _, _ = group_modes(modes, owner, 3, 3, FS, "low_freqs_first", 0.0)
    np.testing.assert_allclose(components[1], [modes[2] + modes[4] + modes[3], modes[5], modes[1]], atol=1e-12)


def test_top_k_keeps_the_strongest_modes(three_frames):
    modes, owner = three_frames
    components, present, _ = group_modes(modes, owner, 3, 3, FS, "top_k", 0.0)
    np.testing.assert_allclose(components[1], [modes[2], modes[4], modes[5]], atol=1e-12)  # amplitudes 5, 3, 4
    assert present[2].tolist() == [True, False, False]


def test_weak_modes_are_left_out(three_frames):
    modes, owner = three_frames
    modes[3] *= 1e-6
    components, present, _ = group_modes(modes, owner, 3, 5, FS, "equally_distribute", 1e-8)
    assert present[1].tolist() == [True, True, True, True, False]
    np.testing.assert_allclose(components[1, 2], modes[5])


def test_no_modes_at_all():
    components, present, centre_hz = group_modes(
        np.empty((0, 400)), np.empty(0, dtype=int), 2, 3, FS, "equally_distribute", 0.0
    )
    assert components.shape == (2, 3, 400) and not components.any() and not present.any() and np.isnan(centre_hz).all()


def test_order_follows_the_centroid_of_the_sums(make_tones):
    # The two modes summed first cancel but for a high remainder, so that the sum belongs last.
    low, high = make_tones((400.0,), 400), 0.3 * make_tones((4000.0,), 400)
    modes = np.stack([low, -low + high, make_tones((1500.0,), 400)])
    components, present, centre_hz = group_modes(modes, np.zeros(3, dtype=int), 1, 2, FS, "low_freqs_first", 0.0)
    assert present.all() and centre_hz[0, 0] < centre_hz[0, 1]
    np.testing.assert_allclose(components[0], [modes[2], high], atol=1e-12)


def test_density_and_centroid_against_scipy(make_tones):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((5, 400))
    expected = welch(x, FS, "hann", nperseg=66, noverlap=10, nfft=512)[1].max(axis=-1)
    np.testing.assert_allclose(peak_density(x, FS), expected)
    centroid = spectral_centroid(np.stack([make_tones((f,), 400) for f in (300.0, 1234.0, 5000.0)]), FS)
    np.testing.assert_allclose(centroid, [300, 1234, 5000], rtol=0.01)
    assert np.isnan(spectral_centroid(np.ones((1, 400)), FS)).all()


@pytest.mark.parametrize("method", ["filter", "emd"])
def test_frequency_groups_keep_their_places(make_tones, method):
    settings = DecompositionSettings(grouping_frame="frequency_groups", weak_frame=1e-4)
    result = decompose(make_tones((300, 3000), 400), method, 3, settings=settings)
    assert result.present[0] and result.present[2] and result.centre_hz[2] > 2210
    if method == "filter":  # nothing lies between 1200 and 2210 Hz
        assert result.present.tolist() == [True, False, True]
        assert not result.components[1].any() and np.isnan(result.centre_hz[1])


def test_frequency_groups_need_a_limit_between_every_two_components():
    with pytest.raises(ValueError, match="has 4 limits, but n_components 7 needs 6"):
        DecompositionSettings(grouping_frame="frequency_groups", n_components=7)
