import numpy as np
import pytest

from decvae.decomposition.quality import correlogram, nrmse


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
