"""How the variance of the components' features divides into between and within components.

The one definition for training, on tensors, and for evaluation, on arrays, which must not wait for torch to load.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import numpy as np
    import torch

Array = TypeVar("Array", "np.ndarray", "torch.Tensor")


def between_component_share(components: Array, present: Array) -> Array:
    """Share, in [0, 1], of the components' total variance that lies between the components' means.

    ``sum_c n_c |mean_c - mean|^2 / sum_c sum_n |h_cn - mean|^2`` over present rows, the correlation ratio (eta squared)
    of one-way analysis of variance, summed over dimensions. 1: the values only name their component; 0: the components'
    means coincide, or nothing varies.

    Parameters
    ----------
    components : (C, n, D) float
        Values of OC1..OCC, finite.
    present : (C, n) bool
        False where a component is absent: that row does not count.

    Returns
    -------
    scalar
        Of the kind of ``components``.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    if components.ndim != 3 or tuple(present.shape) != tuple(components.shape[:2]):
        raise ValueError(
            "expected components (C, n, D) and present (C, n), "
            f"found {tuple(components.shape)} and {tuple(present.shape)}"
        )
    counted = present[..., None]
    counts = counted.sum(1)
    means = (components * counted).sum(1) / counts.clip(min=1)
    mean = (means * counts).sum(0) / counts.sum().clip(min=1)
    between = (counts * (means - mean) ** 2).sum()
    total = (counted * (components - mean) ** 2).sum()
    return between / total.clip(min=1e-12)
