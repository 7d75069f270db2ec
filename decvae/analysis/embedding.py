"""Maps of features and latents in two or three dimensions: t-SNE or UMAP coordinates with labels, as a tidy table.

The coordinates are computed once and stored; figures are drawn from the table. Each map carries its trustworthiness
(how far its neighbourhoods are real), because a map without it cannot be judged.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn import manifold
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from decvae.artifacts import FACTOR
from decvae.settings.embeddings import EmbeddingSettings

logger = logging.getLogger(__name__)

PCA_DIMENSIONS = 50
TRUSTWORTHINESS_NEIGHBORS = 12
COLUMNS = [
    *["run", "label", "checkpoint", "branch", "view", "method", "utterance", "frame", "level"],
    *["centre_hz", "n_dims", "dim1", "dim2", "dim3", "trustworthiness"],
]
LEVELS, PRIOR = "levels", "prior"  # views that are no joint latents


@dataclass(frozen=True)
class Rows:
    """Frames, or whole utterances, that are to be mapped.

    Attributes
    ----------
    levels : (n, C + 1, D)
        Features or latent means of X, OC1, ..., OCC; C = 0 for models without components.
    utterance, frame : (n,) int
    factors : {name: (n,) str}
        Class names; empty where there is none.
    present : (n, C) bool
        Components that exist.
    centre_hz : (n, C)
        Centre frequency of each component in Hz, NaN where absent.

    Raises
    ------
    ValueError
        For arrays of other lengths.
    """

    levels: np.ndarray
    utterance: np.ndarray
    frame: np.ndarray
    factors: Mapping[str, np.ndarray]
    present: np.ndarray
    centre_hz: np.ndarray

    def __post_init__(self) -> None:
        if self.levels.ndim != 3:
            raise ValueError(f"levels must have shape (n, C + 1, D), found {self.levels.shape}")
        n, n_levels, _ = self.levels.shape
        shapes = dict.fromkeys(("present", "centre_hz"), (n, n_levels - 1))
        arrays = {name: getattr(self, name) for name in ("utterance", "frame", *shapes)} | dict(self.factors)
        for name, values in arrays.items():
            if values.shape != (expected := shapes.get(name, (n,))):
                raise ValueError(f"{name} must have shape {expected} to go with levels, found {values.shape}")

    @property
    def names(self) -> list[str]:
        """Of the levels."""
        return ["X", *(f"OC{c}" for c in range(1, self.levels.shape[1]))]


def sequence_settings(settings: EmbeddingSettings, n_utterances: int) -> EmbeddingSettings:
    """Settings for maps of utterances, of which there are fewer than frames.

    The perplexity is ``sequence_perplexity``; like the neighbours of UMAP it is at most a third of the utterances.
    """
    most = max(2, (n_utterances - 1) // 3)
    return settings.replace(
        perplexity=min(settings.sequence_perplexity, most),
        n_neighbors=min(settings.n_neighbors, most),
    )


def embed(points: np.ndarray, settings: EmbeddingSettings, n_dims: int = 2, seed: int = 0) -> np.ndarray:
    """Coordinates of ``points`` in ``n_dims`` dimensions.

    Each dimension is standardised over all points; more than 50 dimensions are first reduced to 50 by PCA.

    Parameters
    ----------
    points : (n, d)
    settings : EmbeddingSettings
    n_dims : {2, 3}
    seed : int

    Returns
    -------
    (n, n_dims) float64
        The same for the same points, settings, seed and library versions.

    Raises
    ------
    ValueError
        For NaN or infinite values, or fewer points than the neighbourhoods need.

    References
    ----------
    van der Maaten and Hinton (2008), Visualizing data using t-SNE. McInnes, Healy and Melville (2018), UMAP.
    """
    points = _standardised(points)
    if not np.ptp(points, axis=0).any():
        logger.warning("all %d points are equal, as those of a collapsed model: their map is one place", len(points))
        return np.zeros((len(points), n_dims))
    name = "perplexity" if settings.method == "tsne" else "n_neighbors"
    size = getattr(settings, name)
    if len(points) <= size:
        raise ValueError(f"{len(points)} points are too few for {name} {size:g}; lower it or give more points")
    if points.shape[1] > PCA_DIMENSIONS:
        n_kept = min(PCA_DIMENSIONS, len(points))
        points = PCA(n_components=n_kept, random_state=seed).fit_transform(points)
    if settings.method == "umap":
        return _umap(points, settings, n_dims, seed)
    reducer = manifold.TSNE(
        n_components=n_dims,
        perplexity=settings.perplexity,
        metric=settings.metric,
        init="pca",
        random_state=seed,
    )
    return reducer.fit_transform(points).astype(np.float64)


def _umap(points: np.ndarray, settings: EmbeddingSettings, n_dims: int, seed: int) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImportWarning)  # it announces that tensorflow is absent
        import umap  # compiles for many seconds, so only where it is used
    reducer = umap.UMAP(
        n_components=n_dims,
        n_neighbors=settings.n_neighbors,
        min_dist=settings.min_dist,
        metric=settings.metric,
        random_state=seed,
        n_jobs=1,  # what a fixed seed needs; any other number makes umap warn
    )
    return reducer.fit_transform(points).astype(np.float64)


def trustworthiness(points: np.ndarray, coordinates: np.ndarray, metric: str) -> float:
    """How far neighbours in the map are neighbours among the standardised points too, 0 to 1 (1: all of them).

    Twelve neighbours count; of few points at most as many as the measure is defined for, below n / 2.

    Parameters
    ----------
    points : (n, d)
    coordinates : (n, 2) or (n, 3)
    metric : str
        Distance between points, as in the settings.

    References
    ----------
    Venna and Kaski (2001), Neighborhood preservation in nonlinear projection methods.
    """
    n_neighbors = min(TRUSTWORTHINESS_NEIGHBORS, (len(points) - 1) // 2)
    points = _standardised(points)
    return float(manifold.trustworthiness(points, coordinates, n_neighbors=n_neighbors, metric=metric))


def embedding_table(
    rows: Rows,
    settings: EmbeddingSettings,
    *,
    run: str = "",
    label: str = "",
    checkpoint: str = "",
    branch: str = "Z",
    seed: int = 0,
) -> pd.DataFrame:
    """Maps of the same rows in every view and dimension of the settings, one row per point and map.

    In view ``levels`` X and the components are standardised together: standardising each level for itself would remove
    the differences of place and scale between levels that the map is to show. Joint latents that the model does not
    have (components of one without) are left out, as are components that are absent.

    Parameters
    ----------
    rows : Rows
    settings : EmbeddingSettings
        ``n_points`` holds for each view; all draw from the same random order of rows. In branch S the neighbourhoods
        are those of :func:`sequence_settings`.
    run, label, checkpoint, branch : str
        Written into every row.
    seed : int
        Of the draw of points and of the maps.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``: run, label, checkpoint, branch, view, method (``none`` in view prior), utterance, frame,
        level (X, OC1, ...; that of the view for joint latents), centre_hz, n_dims, dim1, dim2, dim3 (NaN in two
        dimensions), trustworthiness (of the point's map; NaN in view prior); then one column ``factor_NAME`` for each
        factor.

    Raises
    ------
    ValueError
        For NaN or infinite values, or too few points.
    """
    n, n_levels, _ = rows.levels.shape
    if branch == "S":
        settings = sequence_settings(settings, n)
    order = np.random.default_rng(seed).permutation(n)
    tables = []
    for view in settings.views:
        if view in (LEVELS, PRIOR):
            labelled, level, cloud = _levels(rows, np.sort(order[: max(1, settings.n_points // n_levels)]))
        elif chosen := joint_levels(view, rows.names):
            drawn = np.sort(order[: settings.n_points])
            level = np.zeros(len(drawn), int)
            labelled = _labels(rows, drawn).assign(level=view, centre_hz=np.nan)
            cloud = rows.levels[drawn][:, chosen].reshape(len(drawn), -1)
        else:
            continue
        tables += [labelled.assign(**_map(cloud, level, view, settings, n, seed)) for n in settings.dimensions]
    table = pd.concat(tables, ignore_index=True).assign(run=run, label=label, checkpoint=checkpoint, branch=branch)
    return table[[*COLUMNS, *(name for name in table if name.startswith(FACTOR))]]


def _labels(rows: Rows, drawn: np.ndarray) -> pd.DataFrame:
    """Utterance, frame and factors of the drawn rows."""
    columns = {"utterance": rows.utterance, "frame": rows.frame}
    columns |= {f"{FACTOR}{name}": values for name, values in rows.factors.items()}
    return pd.DataFrame({name: values[drawn] for name, values in columns.items()})


def _levels(rows: Rows, drawn: np.ndarray) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Labels, places of the level and points ``(n_points, D)`` of every level that the drawn rows have."""
    exists = np.insert(rows.present[drawn], 0, True, axis=1)  # X is always there and has no centre frequency
    place, level = np.nonzero(exists)
    hertz = np.insert(rows.centre_hz[drawn].astype(float), 0, np.nan, axis=1)
    labelled = _labels(rows, drawn[place])
    labelled = labelled.assign(level=np.asarray(rows.names, object)[level], centre_hz=hertz[place, level])
    return labelled, level, rows.levels[drawn[place], level]


def _map(
    cloud: np.ndarray, level: np.ndarray, view: str, settings: EmbeddingSettings, n_dims: int, seed: int
) -> dict[str, object]:
    """Columns of one map of the points of a view: its name, method, trustworthiness and coordinates."""
    method, trust = "none", np.nan
    if view == PRIOR:
        coordinates = _widest_dimensions(cloud, level, n_dims)
    else:
        coordinates = embed(cloud, settings, n_dims, seed)
        method, trust = settings.method, trustworthiness(cloud, coordinates, settings.metric)
    axes = dict.fromkeys(("dim1", "dim2", "dim3"), np.nan)
    axes |= {f"dim{axis}": values for axis, values in enumerate(coordinates.T, start=1)}
    return {"view": view, "method": method, "n_dims": n_dims, "trustworthiness": trust, **axes}


def joint_levels(view: str, names: Sequence[str]) -> list[int]:
    """Places of the levels that a joint latent consists of; empty if some or all of them do not exist."""
    if view == "all":
        return list(range(len(names)))
    if view == "OCs_joint":
        return [place for place, name in enumerate(names) if name != "X"]
    return [names.index(view)] if view in names else []


def _widest_dimensions(points: np.ndarray, level: np.ndarray, n_dims: int) -> np.ndarray:
    """Of each level those of its dimensions that vary most, in this order, as they are."""
    found = np.empty((len(points), min(n_dims, points.shape[1])))
    for number in np.unique(level):
        own = level == number
        widest = np.argsort(-points[own].var(axis=0), kind="stable")[: found.shape[1]]
        found[own] = points[own][:, widest]
    return found


def _standardised(points: np.ndarray) -> np.ndarray:
    points = np.asarray(points, dtype=np.float64)
    if points.ndim != 2 or 0 in points.shape:
        raise ValueError(f"points must be a non-empty (n, d) array, found shape {points.shape}")
    bad = np.flatnonzero(~np.isfinite(points).all(axis=1))
    if bad.size:
        raise ValueError(f"{bad.size} points have NaN or infinite values, the first is point {bad[0]}")
    return StandardScaler().fit_transform(points)
