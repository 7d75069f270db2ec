"""What to score and how."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from decvae.evaluation.aggregation import is_aggregation
from decvae.evaluation.classification import CLASSIFIERS
from decvae.evaluation.metrics.boosting import BACKENDS
from decvae.evaluation.protocols import GROUPINGS, PROTOCOLS, TEST_FOLDS

BRANCHES = ("Z", "S", "Z+S")


@dataclass(frozen=True)
class EvaluationSettings:
    """What to score and how.

    Attributes
    ----------
    protocols : tuple of str
        From ``sound`` and ``published`` (see :mod:`decvae.evaluation.protocols`).
    groups : {factor: str}
        What the sound protocol never divides when it scores the factor, if not what the kind of factor asks for; from
        :data:`decvae.evaluation.protocols.GROUPINGS`.
    branches : tuple of str
        From ``Z``, ``S`` and ``Z+S`` (frames beside the vector of their utterance); those that a run lacks are left
        out.
    aggregations : tuple of str
        Aggregations of the posterior means (see :func:`decvae.evaluation.aggregation.aggregate`); those that a table
        lacks are left out.
    max_frames : int
        Rows that are scored, drawn evenly from all utterances.
    n_bins : int
        Bins of the discretised codes.
    dci_backend : {"histogram", "sklearn"}
    disentanglement_folds : int
        How many of the five folds DCI and the other metrics with a training part are fitted on.
    folds : int
        Outer folds of the classification, fewer where a class occurs in fewer groups.
    seeds : tuple of int
        Repetitions of the cross-validation.
    classifiers : tuple of str
        From ``logistic_regression``, ``random_forest``, ``svc``, ``knn``, ``dummy``, ``dummy_uniform``.
    kmeans_seeds : int
        Starts of k-means; 0 leaves it out.
    bootstrap : int
        Resamples of the groups behind the intervals of classification and clustering; 0 leaves these intervals out.
    irs_quantile : float
    discard_overlaps : bool
        Leave out frames whose window straddles two labels.
    feature_aggregations : tuple of str
        Aggregations of the features, scored by classification and k-means.
    subspace_evidence : bool
        Also score what each subspace tells alone and what is lost without it, their overlap, and how label noise and
        class imbalance move the accuracy (see :mod:`decvae.evaluation.subspaces`); with the sound DCI of ``all``
        also the importance of each.
    """

    protocols: tuple[str, ...] = ("sound",)
    groups: dict[str, str] = field(default_factory=dict)
    branches: tuple[str, ...] = ("Z", "S")
    aggregations: tuple[str, ...] = ("X", "OCs_joint", "all")
    max_frames: int = 10000
    n_bins: int = 30
    dci_backend: str = "histogram"
    disentanglement_folds: int = 5
    folds: int = 5
    seeds: tuple[int, ...] = (0,)
    classifiers: tuple[str, ...] = ("logistic_regression",)
    kmeans_seeds: int = 10
    bootstrap: int = 1000
    irs_quantile: float = 0.99
    discard_overlaps: bool = False
    feature_aggregations: tuple[str, ...] = ("X", "all")
    subspace_evidence: bool = True

    def __post_init__(self) -> None:
        for one in fields(self):
            if isinstance(getattr(self, one.name), list):
                object.__setattr__(self, one.name, tuple(getattr(self, one.name)))
        unknown = [name for name in (*self.aggregations, *self.feature_aggregations) if not is_aggregation(name)]
        if unknown:
            raise ValueError(f"unknown aggregations {unknown}; choose from X, OC1.., OCs_joint, OCs_proj, all")
        for key, known in (("classifiers", CLASSIFIERS), ("protocols", PROTOCOLS), ("branches", BRANCHES)):
            unknown = [name for name in getattr(self, key) if name not in known]
            if unknown:
                raise ValueError(f"unknown {key} {unknown}; choose from {known}")
        unknown = sorted(set(self.groups.values()) - set(GROUPINGS))
        if unknown:
            raise ValueError(f"unknown groups {unknown}; choose from {GROUPINGS}")
        if self.dci_backend not in BACKENDS:
            raise ValueError(f"unknown dci_backend {self.dci_backend!r}; choose from {sorted(BACKENDS)}")
        if self.max_frames < 2 or self.n_bins < 2 or self.folds < 2 or not self.seeds or self.kmeans_seeds < 0:
            raise ValueError("max_frames, n_bins and folds must be >= 2, kmeans_seeds >= 0, seeds must not be empty")
        if not self.protocols or not self.branches or self.bootstrap < 0:
            raise ValueError("protocols and branches must not be empty, bootstrap must be >= 0")
        if not 1 <= self.disentanglement_folds <= TEST_FOLDS:
            raise ValueError(f"disentanglement_folds must lie in 1..{TEST_FOLDS}, found {self.disentanglement_folds}")
        if not 0 < self.irs_quantile <= 1:
            raise ValueError(f"irs_quantile must lie in (0, 1], found {self.irs_quantile}")
