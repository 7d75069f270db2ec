"""Aggregations: which subspaces of a latent table make up the code vector of a frame or utterance."""

from __future__ import annotations

from typing import Literal

import numpy as np

from decvae.evaluation.latents import LatentTable

Space = Literal["mu", "features"]


def _levels(table: LatentTable, space: Space) -> list[str]:
    """Names along axis 1 of the array of ``space``."""
    if space == "mu":
        return table.subspaces
    if space != "features":
        raise ValueError(f"unknown space {space!r}; choose mu or features")
    return [] if table.features is None else ["X", *(f"OC{c}" for c in range(1, table.features.shape[1]))]


def _parts(table: LatentTable, space: Space) -> dict[str, list[str]]:
    """Every available aggregation with the levels that it concatenates, in order."""
    levels = _levels(table, space)
    components = sorted((name for name in levels if name[2:].isdigit()), key=lambda name: int(name[2:]))
    parts = {name: [name] for name in ("X", *components, "OCs_proj") if name in levels}
    if components:
        parts["OCs_joint"] = components
        if "X" in levels:
            parts["all"] = ["X", *components]
    return parts


def available_aggregations(table: LatentTable, space: Space = "mu") -> list[str]:
    """Names that :func:`aggregate` accepts for this table and space (``mu`` or ``features``)."""
    return list(_parts(table, space))


def aggregate(table: LatentTable, aggregation: str, space: Space = "mu") -> np.ndarray:
    """Concatenate the levels of an aggregation, component by component.

    Parameters
    ----------
    aggregation : str
        ``X``; ``OC1``..; ``OCs_joint`` = [OC1, ..., OCC]; ``all`` = [X, OC1, ..., OCC]; ``OCs_proj`` (``mu`` only).
    space : {"mu", "features"}
        Posterior means, or the projected features of the decomposition loss.

    Returns
    -------
    (n, n_codes)
        Rows in the order of the table; column ``l * d + j`` is dimension j of the l-th level.

    Raises
    ------
    ValueError
        If the name is unknown or the table lacks it; the message lists what exists.
    """
    parts = _parts(table, space)
    if aggregation not in parts:
        raise ValueError(
            f"aggregation {aggregation!r} is not available in space {space!r} of branch {table.branch}; "
            f"available: {list(parts)}"
        )
    levels = _levels(table, space)
    array = table.mu if space == "mu" or table.features is None else table.features
    return array[:, [levels.index(name) for name in parts[aggregation]]].reshape(len(array), -1)
