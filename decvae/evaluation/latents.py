"""The latents of one run and checkpoint: the table that every metric, figure and embedding reads.

Layout of the file (``format = "decvae-latents"``), one per run, checkpoint and split::

    attrs: format, format_version, run, checkpoint, epoch, corpus, split, provenance (JSON)
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
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from decvae.artifacts import ArtifactError, atomic_path, open_h5

FORMAT = "decvae-latents"
FORMAT_VERSION = 2
BRANCHES = ("Z", "S")


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
    """

    branch: str
    subspaces: list[str]
    mu: np.ndarray
    logvar: np.ndarray | None
    features: np.ndarray | None
    utterance: np.ndarray
    frame: np.ndarray
    overlap: np.ndarray
    factors: dict[str, np.ndarray] = field(default_factory=dict)
    class_names: dict[str, list[str]] = field(default_factory=dict)
    present: np.ndarray | None = None
    split: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.mu)

    def select(self, rows: np.ndarray) -> LatentTable:
        """The table restricted to ``rows`` (indices or a boolean mask)."""
        return LatentTable(
            branch=self.branch,
            subspaces=self.subspaces,
            mu=self.mu[rows],
            logvar=None if self.logvar is None else self.logvar[rows],
            features=None if self.features is None else self.features[rows],
            utterance=self.utterance[rows],
            frame=self.frame[rows],
            overlap=self.overlap[rows],
            factors={name: codes[rows] for name, codes in self.factors.items()},
            class_names=self.class_names,
            present=None if self.present is None else self.present[rows],
            split=None if self.split is None else self.split[rows],
        )


def write_latents(path: str | Path, tables: Sequence[LatentTable], attributes: dict[str, Any]) -> None:
    """Write the tables of one split; ``attributes`` become the file's attributes (dicts as JSON)."""
    with atomic_path(path) as partial, h5py.File(partial, "w") as file:
        file.attrs.update(format=FORMAT, format_version=FORMAT_VERSION)
        for name, value in attributes.items():
            file.attrs[name] = json.dumps(value, sort_keys=True) if isinstance(value, dict) else value
        for table in tables:
            group = file.create_group(table.branch)
            group.attrs["subspaces"] = json.dumps(table.subspaces)
            for name in ("mu", "logvar", "features", "present", "utterance", "frame", "overlap"):
                array = getattr(table, name)
                if array is not None:
                    group[name] = array
            factors = group.create_group("factors", track_order=True)
            for name, codes in table.factors.items():
                factors[name] = codes
                factors[name].attrs["names"] = json.dumps(table.class_names[name])


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
        with open_h5(path, FORMAT) as file:
            version = file.attrs["format_version"]
            if version != FORMAT_VERSION:
                raise ArtifactError(f"{path} has format version {version}, needed is {FORMAT_VERSION}: encode it anew")
            found = (file.attrs["run"], file.attrs["checkpoint"])
            origin = origin or found
            if found != origin:
                raise ArtifactError(f"{path} holds run and checkpoint {found}, the files before it {origin}")
            tables = {branch: _read_table(file[branch], branch) for branch in BRANCHES if branch in file}
        for branch, table in tables.items():
            table.utterance = table.utterance + shift
            table.split = np.full(len(table), len(parts.get(branch, ())))
            parts.setdefault(branch, []).append(table)
        shift = max(int(table.utterance.max(initial=-1)) for table in tables.values()) + 1
    return {branch: _pool(tables) for branch, tables in parts.items()}


def _read_table(group: h5py.Group, branch: str) -> LatentTable:
    factors = group.get("factors", {})
    return LatentTable(
        branch=branch,
        subspaces=json.loads(group.attrs["subspaces"]),
        logvar=group["logvar"][:] if "logvar" in group else None,
        features=group["features"][:] if "features" in group else None,
        present=group["present"][:] if "present" in group else None,
        factors={name: data[:] for name, data in factors.items()},
        class_names={name: json.loads(data.attrs["names"]) for name, data in factors.items()},
        **{name: group[name][:] for name in ("mu", "utterance", "frame", "overlap")},
    )


def _pool(tables: list[LatentTable]) -> LatentTable:
    first = tables[0]

    def joined(name: str) -> np.ndarray | None:
        return None if getattr(first, name) is None else np.concatenate([getattr(table, name) for table in tables])

    columns = ("mu", "logvar", "features", "present", "utterance", "frame", "overlap", "split")
    return LatentTable(
        branch=first.branch,
        subspaces=first.subspaces,
        **{name: joined(name) for name in columns},
        factors={name: np.concatenate([table.factors[name] for table in tables]) for name in first.factors},
        class_names=first.class_names,
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
