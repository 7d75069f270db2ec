import numpy as np
import pytest

from decvae.decomposition.boundaries import explicit_edges, random_edges
from decvae.decomposition.decompose import decompose
from decvae.settings.decomposition import BoundarySettings, DecompositionSettings

FS = 16000


def given(*edges, **more):
    return DecompositionSettings.parse({"boundaries": {"source": "given", "edges_hz": list(edges)}, **more})


def test_detected_bands_have_no_explicit_edges():
    assert explicit_edges(BoundarySettings(), 3, FS) is None


def test_random_edges_are_seeded_and_wide_enough():
    edges = [random_edges(BoundarySettings(source="random", seed=seed), 5) for seed in range(200)]
    assert np.diff(edges, axis=1).min() >= 200
    assert np.all(np.array(edges)[:, [0, -1]] == (50, 5000))
    np.testing.assert_array_equal(edges[7], random_edges(BoundarySettings(source="random", seed=7), 5))
    assert len({tuple(item) for item in edges}) == 200


@pytest.mark.parametrize("method", ["filter", "ewt"])
def test_given_bands_hold_the_tones_inside_them(method, make_tones):
    x = make_tones((400, 1500, 3500), 400)
    result = decompose(x, method, 3, settings=given(100, 900, 2500, 4500))
    assert result.present.all()
    np.testing.assert_allclose(result.centre_hz, [400, 1500, 3500], rtol=0.05)
    shifted = decompose(x, method, 3, settings=given(100, 300, 2500, 4500))  # two tones in the second band
    assert 400 < shifted.centre_hz[1] < 1500


@pytest.mark.parametrize("method", ["filter", "ewt"])
def test_random_bands_are_the_same_for_all_frames(frames, method):
    values = {"boundaries": {"source": "random", "seed": 2}}
    together = decompose(frames, method, 4, settings=DecompositionSettings.parse(values))
    alone = decompose(frames[5], method, 4, settings=DecompositionSettings.parse(values))
    np.testing.assert_allclose(together.components[5], alone.components, atol=1e-12)
    other = DecompositionSettings.parse({"boundaries": {"source": "random", "seed": 3}})
    assert np.abs(decompose(frames[5], method, 4, settings=other).components - alone.components).max() > 1e-3


@pytest.mark.parametrize("scale", ["frame", "sequence"])
def test_more_given_bands_than_components_are_grouped_by_the_filter_bank_and_refused_by_ewt(frames, scale):
    settings = given(100, 500, 900, 1500, 2500, 4500)
    assert decompose(frames, "filter", 3, scale=scale, settings=settings).present.all()
    with pytest.raises(ValueError, match="5 bands; EWT takes at most 3"):
        decompose(frames, "ewt", 3, scale=scale, settings=settings)


@pytest.mark.parametrize("method", ["filter", "ewt"])
def test_edges_above_nyquist_are_refused(frames, method):
    with pytest.raises(ValueError, match="edges_hz = 4500 Hz is not below half of the sampling rate 8000 Hz"):
        decompose(frames, method, fs=8000, settings=given(100, 900, 4500))
    with pytest.raises(ValueError, match="upper_hz = 5000"):
        decompose(frames, method, fs=8000, settings=DecompositionSettings.parse({"boundaries": {"source": "random"}}))


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"source": "given"}, "edges_hz"),
        ({"source": "given", "edges_hz": [500, 300]}, "ascending"),
        ({"source": "given", "edges_hz": [500, "900"]}, r"edges_hz\[1\]"),
        ({"source": "given", "edges_hz": 500}, "a list, each a number > 0"),
        ({"source": "guessed"}, "detected, given, random"),
        ({"lower_hz": 6000}, "lower_hz"),
    ],
)
def test_mistakes_are_named(values, named):
    with pytest.raises(ValueError, match=named):
        DecompositionSettings.parse({"boundaries": values})


def test_too_many_random_bands_are_refused():
    with pytest.raises(ValueError, match="30 random bands of min_width_hz = 200"):
        random_edges(BoundarySettings(source="random"), 30)
