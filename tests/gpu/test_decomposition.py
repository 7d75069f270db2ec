"""The torch engine on a GPU gives what the default engine gives on the CPU."""

import numpy as np
import pytest

from decvae.decomposition.cache import DecompositionCache, write_cache
from decvae.decomposition.decompose import decompose
from decvae.settings.decomposition import DecompositionSettings

METHODS = ("filter", "ewt", "vmd")


def same(x, method, scale="frame", **values):
    settings = DecompositionSettings.parse({"method": method, **values})
    expected = decompose(x, settings=settings, scale=scale, rng=np.random.default_rng(1))
    found = decompose(x, settings=settings, scale=scale, rng=np.random.default_rng(1), engine="torch", device="cuda")
    np.testing.assert_array_equal(found.present, expected.present)
    np.testing.assert_allclose(found.components, expected.components, atol=1e-8 * np.abs(x).max())
    np.testing.assert_allclose(found.centre_hz, expected.centre_hz, rtol=1e-6)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("length", [400, 401, 255])
def test_frames_of_even_and_odd_length(method, length):
    same(np.random.default_rng(length).standard_normal((40, length)), method)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("length", [16000, 7999])
def test_sequences(method, length):
    values = {"vmd": {"max_iterations": 60}} if method == "vmd" else {}
    same(np.random.default_rng(length).standard_normal((2, length)), method, "sequence", **values)


@pytest.mark.parametrize("method", METHODS)
def test_silence_tones_and_clicks_leave_the_same_components_absent(method):
    t = np.arange(400)
    tone = np.sin(0.05 * t) + 0.5 * np.sin(0.41 * t)
    same(np.stack([0.0 * t, 0.0 * t + 2.5, (t == 200) * 1.0, tone, 100 + tone]), method)


@pytest.mark.parametrize("method", METHODS)
def test_a_cache_written_by_the_gpu(study, tmp_path, method):
    settings = DecompositionSettings.parse({"method": method})
    paths = {device: tmp_path / f"{device}.h5" for device in ("cpu", "cuda")}
    for device, path in paths.items():
        write_cache(study.corpus, "dev", path, settings, seed=0, state_dir=tmp_path / f"state-{device}", device=device)
    with DecompositionCache(paths["cpu"]) as expected, DecompositionCache(paths["cuda"]) as found:
        np.testing.assert_array_equal(found.quantity("frame", "present"), expected.quantity("frame", "present"))
        for index in range(3):
            np.testing.assert_allclose(found.frames(index), expected.frames(index), atol=1e-5)
            np.testing.assert_allclose(found.sequence(index), expected.sequence(index), atol=1e-5)
