import numpy as np
import pytest
from vmdpy import VMD

from decvae.decomposition.vmd import implausibility, initial_frequencies, vmd, vmd_modes
from decvae.settings.decomposition import VMDSettings


def unit(frames):
    frames = frames - frames.mean(axis=1, keepdims=True)
    return frames / frames.std(axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("alpha", "tau", "dc", "init", "tolerance"),
    [(1500.0, 0.0, False, "uniform", 1e-6), (2000.0, 0.1, False, "zero", 1e-5), (300.0, 0.0, True, "uniform", 1e-6)],
)
def test_modes_and_iterations_equal_vmdpy(frames, alpha, tau, dc, init, tolerance):
    frames = unit(frames[::2])
    settings = VMDSettings(alpha=alpha, tau=tau, dc_mode=dc, init=init, tolerance=tolerance)
    start = initial_frequencies(len(frames), 3, 400, init)
    modes, omega, iterations = vmd(frames, start, settings)
    for n, frame in enumerate(frames):
        u, _, history = VMD(frame, alpha, tau, 3, dc, {"zero": 0, "uniform": 1}[init], tolerance)
        np.testing.assert_allclose(modes[n], u, atol=1e-8)
        np.testing.assert_allclose(omega[n], history[-1], atol=1e-10)
        assert iterations[n] == len(history)


def test_random_start_equals_vmdpy(frames):
    frame = unit(frames[5:6])
    np.random.seed(3)  # noqa: NPY002 - vmdpy draws from the global generator
    drawn = np.random.rand(1, 4)  # noqa: NPY002
    start = np.sort(np.exp(np.log(1 / 400) + (np.log(0.5) - np.log(1 / 400)) * drawn), axis=1)
    modes, _, _ = vmd(frame, start, VMDSettings(tolerance=1e-6))
    np.random.seed(3)  # noqa: NPY002
    u, _, _ = VMD(frame[0], 1500, 0, 4, 0, 2, 1e-6)
    np.testing.assert_allclose(modes[0], u, atol=1e-8)


def test_iteration_limit_is_that_of_vmdpy(frames):
    frame = unit(frames[:1])
    start = initial_frequencies(1, 3, 400, "uniform")
    # The stop rule never falls below the spacing of floating point numbers.
    modes, _, iterations = vmd(frame, start, VMDSettings(tolerance=1e-16))
    u, _, history = VMD(frame[0], 1500, 0, 3, 0, 1, 1e-16)
    assert iterations[0] == len(history) == 499
    np.testing.assert_allclose(modes[0], u, atol=1e-8)


def test_odd_length_keeps_all_samples(frames):
    frame = unit(frames[4:5, :399])
    modes, _, _ = vmd(frame, initial_frequencies(1, 3, 399, "uniform"), VMDSettings())
    assert modes.shape == (1, 3, 399)
    assert np.corrcoef(modes[0].sum(axis=0), frame[0])[0, 1] > 0.9


def test_frames_do_not_depend_on_batch_or_threads(frames):
    frames = unit(frames)
    start = initial_frequencies(len(frames), 3, 400, "random", np.random.default_rng(0))
    together = vmd(frames, start, VMDSettings())
    for one, several in zip(together, vmd(frames, start, VMDSettings(), workers=2), strict=True):
        np.testing.assert_array_equal(one, several)
    alone = vmd(frames[3:4], start[3:4], VMDSettings())
    for one, several in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one[0], several[3])


def test_random_start_is_seeded_and_in_range(frames):
    start = initial_frequencies(100, 3, 400, "random", np.random.default_rng(1))
    assert np.all(np.diff(start, axis=1) >= 0) and start.min() >= 1 / 400 and start.max() <= 0.5
    first, _ = vmd_modes(unit(frames), 3, VMDSettings(), np.random.default_rng(5))
    again, _ = vmd_modes(unit(frames), 3, VMDSettings(), np.random.default_rng(5))
    np.testing.assert_array_equal(first, again)
    with pytest.raises(ValueError, match="random generator"):
        vmd_modes(unit(frames), 3, VMDSettings())


def restarted(frames, n_restarts, seed=0):
    settings = VMDSettings(restarts=n_restarts, tolerance=1e-5)
    seen = []

    def solve(*arguments):
        seen.append(len(arguments[0]))
        return vmd(*arguments)

    modes, _ = vmd_modes(unit(frames), 3, settings, np.random.default_rng(seed), solve=solve)
    return modes.reshape(len(frames), 3, -1), seen


def test_implausible_frequencies_are_measured_in_hz():
    omega = np.array([[500, 1500, 2500], [2500, 500, 1500], [500, 600, 3000], [500, 1500, 5400]]) / 16000
    np.testing.assert_allclose(implausibility(omega, 16000, VMDSettings()), [0, 0, 140 + 600, 2100 + 400])


def test_restarts_are_bounded_and_only_improve(frames):
    settings = VMDSettings(tolerance=1e-5)
    starts = initial_frequencies(5 * len(frames), 3, 400, "random", np.random.default_rng(0)).reshape(-1, 5, 3)
    distances = np.array(
        [implausibility(vmd(unit(frames), starts[:, k], settings)[1], 16000, settings) for k in range(5)]
    )
    modes, seen = restarted(frames, 4)
    assert len(seen) <= 5 and seen[0] == len(frames) and seen[1] == (distances[0] > 0).sum() > 0
    for n in range(len(frames)):  # the first plausible start, else the least implausible one
        best = np.argmax(distances[:, n] == 0) if (distances[:, n] == 0).any() else distances[:, n].argmin()
        expected = vmd(unit(frames[n : n + 1]), starts[n : n + 1, best], settings)[0][0]
        np.testing.assert_allclose(modes[n], expected, atol=1e-9)


def test_a_corrected_frame_does_not_depend_on_its_neighbours(frames):
    together, _ = restarted(frames, 3)
    alone, _ = restarted(frames[:1], 3)
    np.testing.assert_allclose(together[0], alone[0], atol=1e-12)
