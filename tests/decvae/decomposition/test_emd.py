import numpy as np
from PyEMD import EMD

from decvae.decomposition.emd import emd_modes
from decvae.decomposition.settings import EMDSettings


def test_modes_equal_pyemd_and_add_up(frames):
    modes, owner = emd_modes(frames, 3, EMDSettings())
    reference = EMD(
        spline_kind="pchip",
        energy_ratio_thr=5e-3,
        std_thr=0.1,
        svar_thr=0.01,
        total_power_thr=1e-4,
        range_thr=1e-3,
        MAX_ITERATION=1000,
    )
    for n, frame in enumerate(frames):
        np.testing.assert_array_equal(modes[owner == n], reference.emd(frame, max_imf=3))
        np.testing.assert_allclose(modes[owner == n].sum(axis=0), frame, atol=1e-10)


def test_settings_reach_pyemd(frames):
    settings = EMDSettings(spline="cubic", extrema="parabol", max_iterations=20, range_threshold=0.1)
    modes, owner = emd_modes(frames[:2], 2, settings)
    reference = EMD(
        spline_kind="cubic",
        extrema_detection="parabol",
        energy_ratio_thr=5e-3,
        std_thr=0.1,
        svar_thr=0.01,
        total_power_thr=1e-4,
        range_thr=0.1,
        MAX_ITERATION=20,
    )
    np.testing.assert_array_equal(modes[owner == 1], reference.emd(frames[1], max_imf=2))


def test_processes_change_nothing(frames):
    one, owner_one = emd_modes(frames, 3, EMDSettings(), workers=1)
    two, owner_two = emd_modes(frames, 3, EMDSettings(), workers=2)
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(owner_one, owner_two)


def test_no_frames_give_no_modes():
    modes, owner = emd_modes(np.empty((0, 400)), 3, EMDSettings())
    assert modes.shape == (0, 400) and owner.shape == (0,)
