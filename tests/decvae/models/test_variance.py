"""The between-component share against one-way analysis of variance and by hand, on arrays and on tensors."""

import numpy as np
import pytest
import torch
from scipy.stats import f_oneway

from decvae.models.variance import between_component_share


def test_share_of_known_values():
    named = np.broadcast_to(np.array([[0.0, 1.0], [2.0, -1.0], [4.0, 0.0]])[:, None], (3, 50, 2))
    everywhere = np.ones((3, 50), dtype=bool)
    assert between_component_share(named, everywhere) == pytest.approx(1)
    content = np.repeat(np.random.default_rng(0).normal(size=(1, 50, 2)), 3, axis=0)
    assert between_component_share(content, everywhere) == pytest.approx(0)
    # Means -1 and 1 (variance 1) with values 1 around them (variance 1): half of the variance lies between.
    half = np.array([[[-2.0], [0.0]], [[0.0], [2.0]]])
    assert between_component_share(half, np.ones((2, 2), dtype=bool)) == pytest.approx(0.5)
    assert between_component_share(np.zeros((3, 5, 2)), np.ones((3, 5), dtype=bool)) == 0


def test_share_is_eta_squared_of_the_present_rows():
    rng = np.random.default_rng(1)
    components = rng.normal(size=(3, 40, 1)) + np.array([0.0, 0.5, 2.0])[:, None, None]
    present = rng.random((3, 40)) < np.array([0.9, 0.5, 0.2])[:, None]
    groups = [values[found, 0] for values, found in zip(components, present, strict=True)]
    ratio, within = f_oneway(*groups).statistic, present.sum() - 3
    expected = 2 * ratio / (2 * ratio + within)  # F = (between / 2) / (rest / within)
    assert between_component_share(components, present) == pytest.approx(expected)


def test_tensors_and_arrays_agree():
    rng = np.random.default_rng(2)
    components, present = rng.normal(size=(4, 30, 5)), rng.random((4, 30)) < 0.5
    found = between_component_share(torch.from_numpy(components), torch.from_numpy(present))
    assert isinstance(found, torch.Tensor)
    assert found.item() == pytest.approx(between_component_share(components, present), abs=1e-12)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"found \(5, 3\) and \(5, 3\)"):
        between_component_share(np.zeros((5, 3)), np.ones((5, 3), dtype=bool))
    with pytest.raises(ValueError, match=r"found \(2, 5, 3\) and \(5, 2\)"):
        between_component_share(np.zeros((2, 5, 3)), np.ones((5, 2), dtype=bool))
