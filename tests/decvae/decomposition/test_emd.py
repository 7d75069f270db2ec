import numpy as np
import pytest
from PyEMD import EMD

from decvae.decomposition.emd import emd_modes
from decvae.decomposition.sifting import extend, parabolic_extrema, simple_extrema, spline_slopes, zero_crossings
from decvae.settings.decomposition import EMDSettings


def pyemd(settings):
    return EMD(
        spline_kind=settings.spline,
        extrema_detection=settings.extrema,
        energy_ratio_thr=settings.energy_ratio_threshold,
        std_thr=settings.std_threshold,
        svar_thr=settings.scaled_variance_threshold,
        total_power_thr=settings.total_power_threshold,
        range_thr=settings.range_threshold,
        MAX_ITERATION=settings.max_iterations,
    )


@pytest.fixture(scope="module")
def signals(frames):
    """Smooth and rough signals, plateaus, steps, clicks, exact zeros; many lengths."""
    rng, t = np.random.default_rng(5), np.arange(400)
    clipped = np.clip(3 * np.sin(0.05 * t) + rng.standard_normal(400), -1, 1)
    special = [
        np.zeros(400),
        (t == 200) * 1.0,
        (t > 200) * 1.0,
        np.sign(np.sin(0.2 * t)),
        np.where(t < 200, 0.0, np.sin(0.3 * t)),
        np.round(3 * rng.standard_normal(400)),
        (-1.0) ** t,
        0.9**t,
        clipped,
        np.cumsum(rng.standard_normal(400)) / 10,
    ]
    lengths = [rng.standard_normal(n) for n in (33, 64, 401, 1000)]
    smooth = [np.convolve(rng.standard_normal(400), np.ones(n), "same") for n in (3, 9, 30, 90)]
    return [*frames, *special, *lengths, *smooth]


@pytest.mark.parametrize("spline", ["pchip", "cubic_hermite", "cubic"])
def test_modes_equal_pyemd_and_add_up(signals, spline):
    settings = EMDSettings(spline=spline)
    reference = pyemd(settings)
    tolerance = 1e-10 if spline == "cubic" else 0.0  # its tridiagonal system is solved in another order
    for signal in signals:
        modes, _ = emd_modes(signal[None], 3, settings)
        with np.errstate(divide="ignore", invalid="ignore"):
            expected = reference.emd(signal, max_imf=3)
        np.testing.assert_allclose(modes, expected, rtol=0, atol=tolerance)
        np.testing.assert_allclose(modes.sum(axis=0), signal, atol=1e-10)


@pytest.mark.parametrize("spline", ["pchip", "cubic_hermite", "cubic"])
def test_interpolated_extrema_equal_pyemd(frames, spline):
    settings = EMDSettings(spline=spline, extrema="parabol", max_iterations=20, range_threshold=0.1)
    modes, owner = emd_modes(frames, 2, settings)
    tolerance = 1e-7 if spline == "cubic" else 0.0  # the vertices of flat parabolas amplify its rounding
    for n, frame in enumerate(frames):
        np.testing.assert_allclose(modes[owner == n], pyemd(settings).emd(frame, max_imf=2), rtol=0, atol=tolerance)


@pytest.mark.parametrize("kind", ["simple", "parabol"])
def test_extrema_and_their_mirror_images_equal_pyemd(signals, kind):
    reference = EMD(extrema_detection=kind)
    find = parabolic_extrema if kind == "parabol" else simple_extrema
    for signal in signals:
        times = np.arange(len(signal), dtype=float)
        *expected, zeros = reference.find_extrema(times, signal)
        found = find(signal)
        np.testing.assert_array_equal(found[0], expected[:2])
        np.testing.assert_array_equal(found[1], expected[2:])
        assert zero_crossings(signal) == len(zeros)
        if min(points.shape[1] for points in found) > 1:
            mirrored = reference.prepare_points(times, signal, *expected)
            for mine, theirs in zip(extend(signal, *found, kind == "parabol"), mirrored, strict=True):
                np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 40])
@pytest.mark.parametrize("kind", range(4))
def test_slopes_reproduce_a_line(kind, n):
    x = np.cumsum(np.random.default_rng(n).uniform(0.5, 3, n))
    np.testing.assert_allclose(spline_slopes(x, 2 - 0.7 * x, kind), -0.7 if n > 1 else 0.0, atol=1e-12)


def test_a_single_extremum_of_a_kind_is_no_error():
    wave = np.cos(np.linspace(0.4, 2 * np.pi + 0.9, 200))
    for extrema in ("simple", "parabol"):
        modes, _ = emd_modes(wave[None], 3, EMDSettings(extrema=extrema))
        np.testing.assert_allclose(modes.sum(axis=0), wave, atol=1e-12)


def test_threads_change_nothing(frames):
    one, owner_one = emd_modes(frames, 3, EMDSettings(), workers=1)
    two, owner_two = emd_modes(frames, 3, EMDSettings(), workers=2)
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(owner_one, owner_two)


def test_no_frames_give_no_modes():
    modes, owner = emd_modes(np.empty((0, 400)), 3, EMDSettings())
    assert modes.shape == (0, 400) and owner.shape == (0,)
