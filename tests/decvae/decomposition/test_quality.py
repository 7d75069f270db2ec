import numpy as np
import pytest

from decvae.decomposition.quality import assess, correlogram, energy_share, nrmse, peak_frequency


def test_nrmse_by_hand():
    x = np.array([[0.0, 1.0, 2.0, 4.0], [1.0, 1.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]])
    components = np.zeros((3, 2, 4))
    components[0, 0] = x[0] - 1.0  # error 1 everywhere, range 4
    components[1, 0] = x[1]
    np.testing.assert_allclose(nrmse(x, components), [0.25, np.nan, np.nan])
    assert nrmse(x[0], components[0]) == 0.25
    with pytest.raises(ValueError, match="do not fit"):
        nrmse(x, components[:, :, :3])


def test_correlogram_equals_corrcoef_on_present_rows():
    rng = np.random.default_rng(0)
    components = rng.standard_normal((6, 4, 400))
    present = np.ones((6, 4), dtype=bool)
    present[1, 3] = present[2, [0, 2]] = False
    present[3] = False
    components[~present] = 0
    result = correlogram(components, present)
    for c, p, r in zip(components, present, result, strict=True):
        pair = np.outer(p, p)
        assert np.isnan(r[~pair]).all()
        if p.any():
            np.testing.assert_allclose(r[pair], np.abs(np.corrcoef(c[p])).ravel(), atol=1e-12)
            np.testing.assert_allclose(np.diag(r)[p], 1, atol=1e-12)


def test_correlogram_of_orthogonal_rows_is_the_identity():
    t = np.arange(400) / 400
    rows = np.stack([np.sin(2 * np.pi * k * t) for k in (3, 7, 20)])
    np.testing.assert_allclose(correlogram(rows, np.ones(3, dtype=bool)), np.eye(3), atol=1e-12)
    with pytest.raises(ValueError, match="does not fit"):
        correlogram(rows, np.ones(2, dtype=bool))


def test_energy_shares_of_orthogonal_parts_add_up(make_tones):
    parts = np.stack([make_tones((400,), 800), 0.5 * make_tones((2000,), 800)])
    share = energy_share(parts.sum(axis=0), parts)
    np.testing.assert_allclose(share, [0.8, 0.2], atol=1e-3)
    np.testing.assert_array_equal(energy_share(np.zeros(800), parts), 0)


def test_peak_frequency_of_tones_lies_on_the_grid(make_tones):
    parts = np.stack([make_tones((500,)), make_tones((2030,)), np.zeros(400)])
    found = peak_frequency(parts, np.array([True, True, False]), 16000)
    np.testing.assert_allclose(found[:2], [500, 2030], atol=31.25)
    assert np.isnan(found[2]) and not (found[:2] % 31.25).any()
    assert np.isnan(peak_frequency(parts, np.zeros(3, dtype=bool), 16000)).all()


def test_pairs_of_the_assessment_are_in_order(make_tones):
    first, second = make_tones((500,)), make_tones((2000,))
    parts = np.stack([first, first + second, second])
    found = assess(parts.sum(axis=0), parts, np.ones(3, dtype=bool), 16000)
    matrix = correlogram(parts, np.ones(3, dtype=bool))
    np.testing.assert_allclose(found["correlation"], [matrix[0, 1], matrix[0, 2], matrix[1, 2]], rtol=1e-6)
    assert found["nrmse"].shape == () and found["peak_hz"].shape == found["energy_share"].shape == (3,)
