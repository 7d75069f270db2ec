"""The batched engine gives what the libraries give, frame by frame."""

import numpy as np
import pytest

from decvae.decomposition.decompose import decompose
from decvae.settings.decomposition import METHODS, DecompositionSettings

UNIFORM = {"vmd": {"init": "uniform", "tolerance": 1e-6}}
FS = 16000
# VMD iterates to a tolerance, where rounding shows; PyEMD's cubic splines come from another solver.
TOLERANCE = {"filter": 1e-10, "ewt": 1e-10, "vmd": 1e-8, "emd": 1e-9}


def same(x, method, values, scale="frame", n_components=3):
    settings = DecompositionSettings.parse(values)
    batched, reference = (
        decompose(x, method, n_components, FS, scale, settings, np.random.default_rng(3), engine=engine)
        for engine in ("batched", "reference")
    )
    np.testing.assert_array_equal(batched.present, reference.present)
    np.testing.assert_allclose(batched.components, reference.components, atol=TOLERANCE[method])
    np.testing.assert_allclose(batched.centre_hz, reference.centre_hz, rtol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_noise_vowels_and_chirps(frames, method):
    same(frames, method, UNIFORM)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("length", [64, 255, 399])
def test_other_lengths(method, length):
    same(np.random.default_rng(length).standard_normal((3, length)), method, UNIFORM)


@pytest.mark.parametrize("method", METHODS)
def test_silence_dc_click_step_clipping(method):
    t = np.arange(400)
    tone = np.sin(0.05 * t) + 0.5 * np.sin(0.41 * t)
    noisy = 3 * tone + np.random.default_rng(1).standard_normal(400)
    # A click of one sample has a flat spectrum, in which rounding alone, another on each processor, makes the maxima.
    click = (t == 200) + 0.5 * (t == 201)
    signals = [0.0 * t, 0.0 * t + 2.5, click, (t > 200) * 1.0, np.clip(noisy, -2, 2), 100 + tone]
    same(np.stack(signals), method, UNIFORM)


@pytest.mark.parametrize("method", METHODS)
def test_a_sequence(method, make_vowel):
    same(make_vowel(np.random.default_rng(0), 4001), method, UNIFORM, scale="sequence")


@pytest.mark.parametrize(
    ("method", "values"),
    [
        ("filter", {"filter": {"partition": True}}),
        ("filter", {"filter": {"order": 3}, "boundaries": {"source": "given", "edges_hz": [100, 900, 2000, 3000]}}),
        ("filter", {"filter": {"partition": True}, "boundaries": {"source": "random"}}),
        ("filter", {"grouping_frame": "frequency_groups"}),
        ("ewt", {"ewt": {"filters": "single"}}),
        ("ewt", {"ewt": {"filters": "single", "low_band": "residual", "smoothing": "average"}}),
        ("ewt", {"boundaries": {"source": "given", "edges_hz": [100, 900, 2000, 3000]}}),
        ("ewt", {"boundaries": {"source": "random", "seed": 4}, "ewt": {"filters": "single"}}),
        ("vmd", {"vmd": {"init": "random", "restarts": 2, "tolerance": 1e-5}}),
        ("vmd", {"vmd": {"init": "random", "tolerance": 1e-5, "tau": 0.1, "dc_mode": True}}),
        ("emd", {"emd": {"spline": "cubic_hermite", "extrema": "parabol", "max_iterations": 100}}),
        ("emd", {"emd": {"spline": "pchip", "extrema": "parabol", "std_threshold": 0.05}}),
        ("emd", {"emd": {"spline": "cubic"}}),
        ("emd", {"emd": {"spline": "cubic_hermite", "max_modes": 6}}),
    ],
)
def test_options(frames, method, values):
    same(frames, method, values)


def test_the_iterations_of_vmdpy_are_fixed(frames):
    settings = DecompositionSettings.parse({"vmd": {"max_iterations": 20}})
    with pytest.raises(ValueError, match="499"):
        decompose(frames, "vmd", settings=settings, engine="reference")


def test_unknown_engines_are_refused(frames):
    with pytest.raises(ValueError, match="engine is 'gpu', must be one of batched, torch, reference"):
        decompose(frames, engine="gpu")
