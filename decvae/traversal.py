"""Latent traversal: how the latent means respond when one generative factor varies and the other is held.

DecVAE has no decoder, so nothing is generated from swept latents. A controlled set (every vowel x every speaker,
several noise draws) is encoded instead, and the mean of every latent dimension is taken per cell.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from decvae.corpora.store import Corpus
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


def response_tables(latents_path: str | Path, corpus_path: str | Path) -> tuple[dict[str, Any], pd.DataFrame]:
    """Responses of every dimension of every subspace of branch Z on the controlled set.

    Returns
    -------
    content : dict
        ``pairs`` (vowel, speaker factor), and for every subspace ``mean`` and ``logvar`` (pairs x d, None where a
        cell is empty) and ``eta_squared`` of both factors (d). JSON-able.
    table : DataFrame
        subspace, dimension, vowel, speaker_factor, mean, sd, n.
    """
    table = read_latents([latents_path])["Z"]
    with Corpus(corpus_path) as corpus:
        factor_of_utterance = corpus["traversal"].values["speaker_factor"]
    vowels = table.class_names["vowel"]
    speaker_factors, speaker = np.unique(factor_of_utterance[table.utterance], return_inverse=True)
    vowel = table.factors["vowel"]
    cells, n_cells = vowel * len(speaker_factors) + speaker, len(vowels) * len(speaker_factors)
    pairs = [(name, float(factor)) for name in vowels for factor in speaker_factors]
    content: dict[str, Any] = {"pairs": pairs, "subspaces": {}}
    frames = []
    for position, subspace in enumerate(table.subspaces):
        values = table.mu[:, position].astype(np.float64)
        mean, sd, count = cell_statistics(values, cells, n_cells)
        content["subspaces"][subspace] = {
            "mean": _nested(mean),
            "eta_squared": {
                "vowel": eta_squared(values, vowel).tolist(),
                "speaker_factor": eta_squared(values, speaker).tolist(),
            },
        }
        if table.logvar is not None:
            logvar, _, _ = cell_statistics(table.logvar[:, position].astype(np.float64), cells, n_cells)
            content["subspaces"][subspace]["logvar"] = _nested(logvar)
        dims = mean.shape[1]
        frames.append(
            pd.DataFrame(
                {
                    "subspace": subspace,
                    "dimension": np.tile(np.arange(dims), n_cells),
                    "vowel": np.repeat([pair[0] for pair in pairs], dims),
                    "speaker_factor": np.repeat([pair[1] for pair in pairs], dims),
                    "mean": mean.ravel(),
                    "sd": sd.ravel(),
                    "n": np.repeat(count, dims),
                }
            )
        )
    return content, pd.concat(frames, ignore_index=True)


def _nested(matrix: np.ndarray) -> list[list[float | None]]:
    """Rows as lists, NaN as None (JSON has no NaN)."""
    return [[None if np.isnan(value) else float(value) for value in row] for row in matrix]
