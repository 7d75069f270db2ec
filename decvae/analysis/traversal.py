"""Latent traversal: how the latent means respond when one generative factor varies and the other is held.

DecVAE has no decoder, so nothing is generated from swept latents. A controlled set (every vowel x every speaker,
several noise draws; or phones of several speakers, cut from recordings) is encoded instead, and the mean of every
latent dimension is taken per cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from decvae.artifacts import FACTOR
from decvae.evaluation.latents import read_latents


def cell_statistics(values: np.ndarray, cells: np.ndarray, n_cells: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, standard deviation (ddof 1) and count of ``values`` ``(n, d)`` in each cell; NaN where undefined.

    Returns
    -------
    mean, sd : (n_cells, d)
    count : (n_cells,) int
    """
    count = np.bincount(cells, minlength=n_cells)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.stack([np.bincount(cells, column, n_cells) for column in values.T], axis=1) / count[:, None]
        squares = (values - mean[cells]) ** 2
        total = np.stack([np.bincount(cells, column, n_cells) for column in squares.T], axis=1)
        sd = np.where(count[:, None] > 1, np.sqrt(total / (count[:, None] - 1)), np.nan)
    mean[count == 0] = np.nan
    return mean, sd, count


def eta_squared(values: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Share of each dimension's variance that lies between the values of one factor.

    Parameters
    ----------
    values : (n, d)
    codes : (n,) int

    Returns
    -------
    (d,) in [0, 1]; 0 for a constant dimension.
    """
    _, dense = np.unique(codes, return_inverse=True)
    mean, _, count = cell_statistics(values, dense, int(dense.max()) + 1)
    between = (count[:, None] * (mean - values.mean(0)) ** 2).sum(0)
    total = ((values - values.mean(0)) ** 2).sum(0)
    return np.divide(between, total, out=np.zeros_like(between), where=total > 0)


def response_tables(latents_path: str | Path, factors: Sequence[str]) -> tuple[dict[str, Any], pd.DataFrame]:
    """Responses of every dimension of every subspace of branch Z on a controlled set.

    Parameters
    ----------
    latents_path : path
        Latents of the set.
    factors : sequence of str
        Those that are combined in it. A cell is one class of each; only classes that occur make cells.

    Returns
    -------
    content : dict
        ``factors``; ``cells`` (a class of each factor, the last varies fastest); for every subspace ``mean`` and
        ``logvar`` (cells x d, None where a cell is empty) and ``eta_squared`` of each factor (d). JSON-able.
    table : DataFrame
        subspace, dimension, ``factor_NAME`` of each factor, mean, sd, n.
    """
    table = read_latents([latents_path])["Z"]
    occurring, codes = zip(*(np.unique(table.factors[name], return_inverse=True) for name in factors), strict=True)
    classes = [[table.class_names[name][code] for code in own] for name, own in zip(factors, occurring, strict=True)]
    combinations = list(product(*classes))
    cells = np.asarray(np.ravel_multi_index(codes, [len(names) for names in classes]))
    named = pd.DataFrame(combinations, columns=[f"{FACTOR}{name}" for name in factors])
    content: dict[str, Any] = {"factors": list(factors), "cells": combinations, "subspaces": {}}
    frames = []
    for position, subspace in enumerate(table.subspaces):
        values = table.mu[:, position].astype(np.float64)
        mean, sd, count = cell_statistics(values, cells, len(combinations))
        eta = {name: eta_squared(values, own).tolist() for name, own in zip(factors, codes, strict=True)}
        content["subspaces"][subspace] = {"mean": _nested(mean), "eta_squared": eta}
        if table.logvar is not None:
            logvar, _, _ = cell_statistics(table.logvar[:, position].astype(np.float64), cells, len(combinations))
            content["subspaces"][subspace]["logvar"] = _nested(logvar)
        dims = mean.shape[1]
        frame = named.loc[np.repeat(named.index, dims)].assign(
            mean=mean.ravel(), sd=sd.ravel(), n=np.repeat(count, dims)
        )
        frame.insert(0, "subspace", subspace)
        frame.insert(1, "dimension", np.tile(np.arange(dims), len(combinations)))
        frames.append(frame)
    return content, pd.concat(frames, ignore_index=True)


def _nested(matrix: np.ndarray) -> list[list[float | None]]:
    """Rows as lists, NaN as None (JSON has no NaN)."""
    return [[None if np.isnan(value) else float(value) for value in row] for row in matrix]
