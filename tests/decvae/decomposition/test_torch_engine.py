"""The engine torch, on torch's CPU device, gives what the default engine and scipy give."""

import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt

from decvae.decomposition import torch_engine
from decvae.decomposition.decompose import decompose
from decvae.decomposition.vmd import initial_frequencies, vmd
from decvae.decomposition.zero_phase import design
from decvae.settings.decomposition import DecompositionSettings, VMDSettings

FS = 16000
METHODS = ("filter", "ewt", "vmd")
SETTINGS = [
    ("filter", {}),
    ("filter", {"filter": {"partition": True}}),
    ("filter", {"filter": {"order": 4}, "boundaries": {"source": "random"}}),
    ("ewt", {}),
    ("ewt", {"ewt": {"filters": "single", "low_band": "residual"}}),
    ("ewt", {"boundaries": {"source": "given", "edges_hz": [100, 900, 2000, 3000]}}),
    ("vmd", {}),
    ("vmd", {"vmd": {"init": "uniform", "tau": 0.1, "max_iterations": 60}}),
    ("vmd", {"vmd": {"dc_mode": True, "restarts": 3}}),
]


def same(x, method, values, scale="frame"):
    settings = DecompositionSettings.parse({"method": method, **values})
    default, result = (
        decompose(x, settings=settings, scale=scale, rng=np.random.default_rng(1), engine=engine)
        for engine in ("batched", "torch")
    )
    np.testing.assert_array_equal(result.present, default.present)
    np.testing.assert_allclose(result.components, default.components, atol=1e-10 * np.abs(x).max())
    np.testing.assert_allclose(result.centre_hz, default.centre_hz, rtol=1e-8)


@pytest.mark.parametrize(("method", "values"), SETTINGS)
def test_frames_equal_the_default_engine(frames, method, values):
    same(frames, method, values)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("length", [64, 255, 4001])
def test_other_lengths_and_sequences(method, length):
    same(np.random.default_rng(length).standard_normal((3, length)), method, {})
    same(np.random.default_rng(length).standard_normal(length), method, {}, scale="sequence")


@pytest.mark.parametrize("method", METHODS)
def test_silence_dc_click_step_clipping(method):
    t = np.arange(400)
    tone = np.sin(0.05 * t) + 0.5 * np.sin(0.41 * t)
    noisy = 3 * tone + np.random.default_rng(1).standard_normal(400)
    same(np.stack([0.0 * t, 0.0 * t + 2.5, (t == 200) * 1.0, np.clip(noisy, -2, 2), 100 + tone]), method, {})
    same(0.0 * t, method, {})


@pytest.mark.parametrize(("edges", "kind"), [((300, 500), "bandpass"), (800, "lowpass"), ((55, 70), "bandstop")])
def test_filtering_by_fft_equals_scipy(edges, kind):
    x = np.random.default_rng(0).standard_normal((4, 500)) + 3.0
    which = np.array([2, 0, 3, 1])
    found = torch_engine.filter_each([design(3, edges, kind, FS)], x, np.zeros(4, dtype=int), which, "cpu")
    expected = sosfiltfilt(butter(3, edges, kind, fs=FS, output="sos"), x, axis=1)[which]
    np.testing.assert_allclose(found, expected, atol=1e-10)


def test_frames_leave_the_iteration_as_they_converge(frames):
    start = initial_frequencies(len(frames), 4, 400, "random", np.random.default_rng(0))
    kept = start.copy()
    settings = VMDSettings(max_iterations=200)
    modes, omega, iterations = torch_engine.vmd(frames, start, settings)
    expected = vmd(frames, start, settings)
    np.testing.assert_array_equal(start, kept)
    np.testing.assert_array_equal(iterations, expected[2])
    assert len(np.unique(iterations)) > 3 and iterations.max() == 200
    np.testing.assert_allclose(omega, expected[1], atol=1e-10)
    np.testing.assert_allclose(modes, expected[0], atol=1e-10)


def test_a_signal_shorter_than_the_padding_is_refused():
    with pytest.raises(ValueError, match="40 samples is too short for this filter"):
        decompose(np.random.default_rng(0).standard_normal(40), engine="torch", settings=steep())


def steep():
    return DecompositionSettings.parse({"filter": {"order": 12}, "boundaries": {"source": "random"}})


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"method": "emd", "engine": "torch"}, "EMD runs on the CPU only"),
        ({"method": "vmd", "device": "cuda"}, "device 'cuda' needs engine=\"torch\""),
        ({"method": "ewt", "engine": "torch", "device": "gpu"}, "device 'gpu' cannot be used"),
        ({"method": "filter", "engine": "torch", "device": "cuda:99"}, "device 'cuda:99' cannot be used"),
    ],
)
def test_impossible_devices_are_refused(frames, options, named):
    with pytest.raises(ValueError, match=named):
        decompose(frames, **options)
