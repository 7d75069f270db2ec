"""Two-dimensional maps of features and latents: t-SNE or UMAP coordinates with their labels, as a tidy table.

The coordinates are computed once and stored; figures are drawn from the table. Each map carries its trustworthiness
(how far its neighbourhoods are real), because a map without it cannot be judged.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn import manifold
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

PCA_DIMENSIONS = 50
TRUSTWORTHINESS_NEIGHBORS = 12
METHODS = ("tsne", "umap")
COLUMNS = [
    *["run", "label", "checkpoint", "branch", "view", "method", "utterance", "frame", "level"],
    *["centre_hz", "dim1", "dim2", "trustworthiness"],
]
FACTOR = "factor_"  # in front of the name of every factor, in the columns that follow


@dataclass(frozen=True)
class EmbeddingSettings:
    """How points are mapped to two dimensions.

    Attributes
    ----------
    method : {"tsne", "umap"}
    n_points : int
        Most points in one map; more are thinned out by a seeded draw.
    perplexity : float
        t-SNE: effective number of neighbours, below the number of points.
    n_neighbors : int
        UMAP: neighbours that define the local structure, below the number of points.
    min_dist : float
        UMAP: smallest distance between points in the map, 0 to 1.
    metric : str
        Distance between standardised points, any that scikit-learn and UMAP know ("cosine", "euclidean", ...).
    seed : int
    """

    method: str = "tsne"
    n_points: int = 3000
    perplexity: float = 30.0
    n_neighbors: int = 30
    min_dist: float = 0.2
    metric: str = "cosine"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ValueError(f"embedding method must be one of {METHODS}, found {self.method!r}")
        if self.n_points < 3:
            raise ValueError(f"n_points must be at least 3, found {self.n_points}")
        if self.perplexity <= 0:
            raise ValueError(f"perplexity must be positive, found {self.perplexity}")
        if self.n_neighbors < 2:
            raise ValueError(f"n_neighbors must be at least 2, found {self.n_neighbors}")
        if not 0 <= self.min_dist <= 1:
            raise ValueError(f"min_dist must lie in [0, 1], found {self.min_dist}")


def embed(points: np.ndarray, settings: EmbeddingSettings | None = None) -> np.ndarray:
    """Coordinates of ``points`` in two dimensions.

    Each dimension is standardised over all points; more than 50 dimensions are first reduced to 50 by PCA.

    Parameters
    ----------
    points : (n, d)
    settings : EmbeddingSettings

    Returns
    -------
    (n, 2) float64
        The same for the same points, settings and library versions.

    Raises
    ------
    ValueError
        For NaN or infinite values, or fewer points than the neighbourhoods need.

    References
    ----------
    van der Maaten and Hinton (2008), Visualizing data using t-SNE. McInnes, Healy and Melville (2018), UMAP.
    """
    settings = settings or EmbeddingSettings()
    points = _standardised(points)
    neighbourhood = settings.perplexity if settings.method == "tsne" else settings.n_neighbors
    if len(points) <= neighbourhood:
        name = "perplexity" if settings.method == "tsne" else "n_neighbors"
        raise ValueError(f"{len(points)} points are too few for {name} {neighbourhood:g}; lower it or give more points")
    if points.shape[1] > PCA_DIMENSIONS:
        n_kept = min(PCA_DIMENSIONS, len(points))
        points = PCA(n_components=n_kept, random_state=settings.seed).fit_transform(points)
    if settings.method == "umap":
        return _umap(points, settings)
    reducer = manifold.TSNE(
        perplexity=settings.perplexity, metric=settings.metric, init="pca", random_state=settings.seed
    )
    return reducer.fit_transform(points).astype(np.float64)


def _umap(points: np.ndarray, settings: EmbeddingSettings) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImportWarning)  # it announces that tensorflow is absent
        import umap  # compiles for many seconds, so only where it is used
    reducer = umap.UMAP(
        n_neighbors=settings.n_neighbors,
        min_dist=settings.min_dist,
        metric=settings.metric,
        random_state=settings.seed,
        n_jobs=1,  # what a fixed seed needs; any other number makes umap warn
    )
    return reducer.fit_transform(points).astype(np.float64)


def trustworthiness(
    points: np.ndarray,
    coordinates: np.ndarray,
    settings: EmbeddingSettings | None = None,
    n_neighbors: int = TRUSTWORTHINESS_NEIGHBORS,
) -> float:
    """How far neighbours in the map are neighbours among the standardised points too, 0 to 1 (1: all of them).

    Parameters
    ----------
    points : (n, d)
    coordinates : (n, 2)
    settings : EmbeddingSettings
        Its metric is the distance between points.
    n_neighbors : int
        Size of the neighbourhood, below n / 2.

    References
    ----------
    Venna and Kaski (2001), Neighborhood preservation in nonlinear projection methods.
    """
    settings = settings or EmbeddingSettings()
    return float(
        manifold.trustworthiness(_standardised(points), coordinates, n_neighbors=n_neighbors, metric=settings.metric)
    )


def embedding_table(
    levels: np.ndarray,
    settings: EmbeddingSettings | None = None,
    *,
    utterance: np.ndarray,
    frame: np.ndarray,
    factors: dict[str, Sequence[str]] | None = None,
    present: np.ndarray | None = None,
    centre_hz: np.ndarray | None = None,
    level_names: Sequence[str] | None = None,
    run: str = "",
    label: str = "",
    checkpoint: str = "",
    branch: str = "Z",
) -> pd.DataFrame:
    """Embeddings of the same frames in two views, one row per point.

    View ``levels`` stacks X and every component as points of one map. They are standardised together: standardising
    each level for itself would remove the differences of place and scale between levels that the map is to show. View
    ``all`` has one point per frame, the concatenation of its levels.

    Parameters
    ----------
    levels : (n, C + 1, D)
        Features or latent means of X, OC1, ..., OCC for n frames (or utterances); C = 0 for models without components.
    settings : EmbeddingSettings
        ``n_points`` holds for each view; both draw from the same random order of frames.
    utterance, frame : (n,) int
    factors : {name: (n,) str}, optional
        Class names; empty where there is none.
    present : (n, C) bool, optional
        Components that exist; those that do not are left out of view ``levels``. All exist by default.
    centre_hz : (n, C), optional
        Centre frequency of each component in Hz, NaN where absent.
    level_names : (C + 1,) str, optional
        X, OC1, ..., OCC by default.
    run, label, checkpoint, branch : str
        Written into every row.

    Returns
    -------
    DataFrame
        Columns ``COLUMNS``: run, label, checkpoint, branch, view (levels | all), method, utterance, frame, level (X,
        OC1, ...; ``all`` in view all), centre_hz, dim1, dim2, trustworthiness (of the point's map); then one column
        ``factor_NAME`` for each factor.

    Raises
    ------
    ValueError
        For NaN or infinite values, arrays of other lengths, or too few points.
    """
    settings = settings or EmbeddingSettings()
    levels = np.asarray(levels)
    if levels.ndim != 3:
        raise ValueError(f"levels must have shape (n, C + 1, D), found {levels.shape}")
    n, n_levels, _ = levels.shape
    names = list(level_names) if level_names is not None else ["X", *(f"OC{c}" for c in range(1, n_levels))]
    labels = pd.DataFrame(
        {
            "utterance": _checked(utterance, (n,), "utterance"),
            "frame": _checked(frame, (n,), "frame"),
            **{f"{FACTOR}{name}": _checked(values, (n,), name) for name, values in (factors or {}).items()},
        }
    )
    components = (n, n_levels - 1)
    present = np.ones(components, bool) if present is None else _checked(present, components, "present").astype(bool)
    centre = np.full(components, np.nan) if centre_hz is None else _checked(centre_hz, components, "centre_hz")
    _checked(names, (n_levels,), "level_names")

    order = np.random.default_rng(settings.seed).permutation(n)
    together = np.sort(order[: settings.n_points])
    stacked = np.sort(order[: max(1, settings.n_points // n_levels)])
    # X is always there and has no centre frequency.
    exists = np.column_stack([np.ones(len(stacked), bool), present[stacked]])
    hertz = np.column_stack([np.full(len(stacked), np.nan), centre[stacked]])
    row, level = np.nonzero(exists)

    views = [
        labels.iloc[together].assign(view="all", level="all", centre_hz=np.nan),
        labels.iloc[stacked[row]].assign(
            view="levels", level=np.asarray(names, object)[level], centre_hz=hertz[row, level]
        ),
    ]
    points = [levels[together].reshape(len(together), -1), levels[stacked][row, level]]
    for view, cloud in zip(views, points, strict=True):
        coordinates = embed(cloud, settings)
        view[["dim1", "dim2"]] = coordinates
        view["trustworthiness"] = trustworthiness(cloud, coordinates, settings)
    table = pd.concat(views, ignore_index=True).assign(
        run=run, label=label, checkpoint=checkpoint, branch=branch, method=settings.method
    )
    return table[[*COLUMNS, *(name for name in table if name.startswith(FACTOR))]]


def _standardised(points: np.ndarray) -> np.ndarray:
    points = np.asarray(points, dtype=np.float64)
    if points.ndim != 2 or 0 in points.shape:
        raise ValueError(f"points must be a non-empty (n, d) array, found shape {points.shape}")
    bad = np.flatnonzero(~np.isfinite(points).all(axis=1))
    if bad.size:
        raise ValueError(f"{bad.size} points have NaN or infinite values, the first is point {bad[0]}")
    return StandardScaler().fit_transform(points)


def _checked(values: object, shape: tuple[int, ...], name: str) -> np.ndarray:
    values = np.asarray(values)
    if values.shape != shape:
        raise ValueError(f"{name} must have shape {shape} to go with levels, found {values.shape}")
    return values
