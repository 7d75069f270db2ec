"""The latents of one run and checkpoint: the table that every metric, figure and embedding reads.

Layout of the file (``format = "decvae-latents"``), one per run, checkpoint and split::

    attrs: format, format_version, run, checkpoint, epoch, corpus, split, provenance (JSON), split_by (if known)
    Z/mu, Z/logvar          float32 (n, n_subspaces, d)      attrs of Z: subspaces (JSON list)
    Z/features              float32 (n, C + 1, D)            levels X, OC1..OCC: the space of the decomposition loss
    Z/present               bool    (n, C)                   the component is not absent; where the run has components
    Z/{utterance,frame}     int64   (n,)
    Z/overlap               bool    (n,)
    Z/factors/NAME          int64   (n,)                     attrs: names (JSON list)
    S/...                   the same with one row per utterance (frame = 0)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from decvae.artifacts import ArtifactError, create_h5, given_name, h5_name, open_h5

FORMAT = "decvae-latents"
FORMAT_VERSION = 2
BRANCHES = ("Z", "S")
ARRAYS = ("mu", "logvar", "features", "present", "utterance", "frame", "overlap")  # of a table, in the file


@dataclass
class LatentTable:
    """Latents of one branch, of one or several pooled splits; all arrays share their first axis.

    Attributes
    ----------
    branch : {"Z", "S", "Z+S"}
        Frame level, sequence level, or both side by side.
    subspaces : list of str
        Names along axis 1 of ``mu``: X, OC1..OCC and OCs_proj if the run projects its components.
    mu, logvar : (n, n_subspaces, d) float32
        Mean and log-variance of each subspace; ``logvar`` is None for models without one.
    features : (n, C + 1, D) float32 or None
        Projected features of the levels X, OC1..OCC.
    utterance : (n,) int
        Unique over pooled splits.
    frame : (n,) int
    overlap : (n,) bool
        The frame's window straddles two labels.
    factors : {name: (n,) int}
        Class codes of every generative factor.
    class_names : {name: list of str}
    present : (n, C) bool or None
        False where a component is absent: its latents say so and nothing about the signal. None without components.
    split : (n,) int or None
        Which of the pooled files the row comes from, counted from 0; None if that is not known.
    split_by : str or None
        The factor whose classes are in one split each; None if there is none.
    """

    branch: str
    subspaces: list[str]
    mu: np.ndarray
    utterance: np.ndarray
    frame: np.ndarray
    overlap: np.ndarray
    logvar: np.ndarray | None = None
    features: np.ndarray | None = None
    factors: dict[str, np.ndarray] = field(default_factory=dict)
    class_names: dict[str, list[str]] = field(default_factory=dict)
    present: np.ndarray | None = None
    split: np.ndarray | None = None
    split_by: str | None = None

    def __len__(self) -> int:
        return len(self.mu)

    def select(self, rows: np.ndarray) -> LatentTable:
        """The table restricted to ``rows`` (indices or a boolean mask)."""
        return _columnwise([self], lambda arrays: arrays[0][rows])


def _columnwise(tables: Sequence[LatentTable], combine: Callable[[list[np.ndarray]], np.ndarray]) -> LatentTable:
    """One table whose arrays and factors are those of all tables, combined one by one."""
    columns = {name: [getattr(table, name) for table in tables] for name in (*ARRAYS, "split")}
    found: dict[str, Any] = {name: None if arrays[0] is None else combine(arrays) for name, arrays in columns.items()}
    factors = {name: combine([table.factors[name] for table in tables]) for name in tables[0].factors}
    return replace(tables[0], **found, factors=factors)


def write_latents(path: str | Path, tables: Sequence[LatentTable], attributes: dict[str, Any]) -> None:
    """Write the tables of one split; ``attributes`` become the file's attributes (dicts as JSON)."""
    with create_h5(path, FORMAT, FORMAT_VERSION) as file:
        for name, value in attributes.items():
            file.attrs[name] = json.dumps(value, sort_keys=True) if isinstance(value, dict) else value
        if tables[0].split_by is not None:
            file.attrs["split_by"] = tables[0].split_by
        for table in tables:
            group = file.create_group(table.branch)
            group.attrs["subspaces"] = json.dumps(table.subspaces)
            for name in ARRAYS:
                array = getattr(table, name)
                if array is not None:
                    group[name] = array
            factors = group.create_group("factors", track_order=True)
            for name, codes in table.factors.items():
                factors[h5_name(name)] = codes
                factors[h5_name(name)].attrs["names"] = json.dumps(table.class_names[name])


def read_latents(paths: Sequence[str | Path]) -> dict[str, LatentTable]:
    """Read and pool latent files of the same run and checkpoint.

    Parameters
    ----------
    paths : sequence of paths
        One file per split; utterance numbers are shifted so that they stay unique.

    Returns
    -------
    {branch: LatentTable}
        Only the branches that the run has.

    Raises
    ------
    ArtifactError
        If a file is unreadable or of another version, or the files belong to different runs or checkpoints.
    """
    parts: dict[str, list[LatentTable]] = {}
    origin, shift = None, 0
    for path in paths:
        with open_h5(path, FORMAT, FORMAT_VERSION) as file:
            found = (file.attrs["run"], file.attrs["checkpoint"])
            origin = origin or found
            if found != origin:
                raise ArtifactError(f"{path} holds run and checkpoint {found}, the files before it {origin}")
            split_by = file.attrs.get("split_by")
            tables = {branch: _read_table(file[branch], branch, split_by) for branch in BRANCHES if branch in file}
        for branch, table in tables.items():
            table.utterance = table.utterance + shift
            table.split = np.full(len(table), len(parts.get(branch, ())))
            parts.setdefault(branch, []).append(table)
        shift = max(int(table.utterance.max(initial=-1)) for table in tables.values()) + 1
    return {branch: _columnwise(tables, np.concatenate) for branch, tables in parts.items()}


def _read_table(group: h5py.Group, branch: str, split_by: str | None) -> LatentTable:
    factors = group.get("factors", {})
    return LatentTable(
        branch=branch,
        split_by=split_by,
        subspaces=json.loads(group.attrs["subspaces"]),
        factors={given_name(name): data[:] for name, data in factors.items()},
        class_names={given_name(name): json.loads(data.attrs["names"]) for name, data in factors.items()},
        **{name: group[name][:] for name in ARRAYS if name in group},
    )


def joined(frames: LatentTable, sequences: LatentTable) -> LatentTable:
    """Branch ``Z+S``: every frame's latents beside those of its utterance.

    Parameters
    ----------
    frames, sequences : LatentTable
        Branches Z and S of one run.

    Returns
    -------
    LatentTable
        Rows of ``frames`` whose utterance has a sequence vector. Axis 2 of ``mu`` holds Z, then S; a subspace that one
        branch lacks is constant (zero) there, and constant codes are never scored. It has no features.

    Raises
    ------
    ValueError
        If no utterance is in both.
    """
    row_of = {utterance: row for row, utterance in enumerate(sequences.utterance)}
    rows = np.array([row_of.get(utterance, -1) for utterance in frames.utterance])
    if not np.any(rows >= 0):
        raise ValueError("branches Z and S have no utterance in common")
    kept = frames.select(rows >= 0)
    rows = rows[rows >= 0]
    subspaces = [*frames.subspaces, *(name for name in sequences.subspaces if name not in frames.subspaces)]
    width = frames.mu.shape[2]
    mu = np.zeros((len(kept), len(subspaces), width + sequences.mu.shape[2]), dtype=np.float32)
    for place, name in enumerate(subspaces):
        if name in frames.subspaces:
            mu[:, place, :width] = kept.mu[:, frames.subspaces.index(name)]
        if name in sequences.subspaces:
            mu[:, place, width:] = sequences.mu[rows, sequences.subspaces.index(name)]
    return replace(kept, branch="Z+S", subspaces=subspaces, mu=mu, logvar=None, features=None, present=None)


def balanced_rows(utterance: np.ndarray, max_rows: int, seed: int) -> np.ndarray:
    """Ascending indices of at most ``max_rows`` rows, drawn so that utterances contribute as equally as they can.

    Rows are dealt like cards: one random row of every utterance, then a second one, until ``max_rows`` are out.
    """
    n_rows = len(utterance)
    if n_rows <= max_rows:
        return np.arange(n_rows)
    shuffled = np.random.default_rng(seed).permutation(n_rows)
    order = shuffled[np.argsort(utterance[shuffled], kind="stable")]
    _, starts, counts = np.unique(utterance[order], return_index=True, return_counts=True)
    turn = np.empty(n_rows, dtype=np.int64)
    turn[order] = np.arange(n_rows) - np.repeat(starts, counts)
    return np.sort(shuffled[np.argsort(turn[shuffled], kind="stable")][:max_rows])
