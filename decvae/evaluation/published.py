"""The evaluation protocol of the paper, for comparison: what its numbers mean, and what its leakage is worth.

Rows, not groups, are divided: frames of one utterance, and of one speaker, lie on both sides of every split.
Classifiers are tuned on a fifth of the training part only, and the headline is the best classifier *by test accuracy*.
What differs in a metric says its file in :mod:`decvae.evaluation.metrics`.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.metrics.cluster import contingency_matrix
from sklearn.model_selection import (
    GridSearchCV,
    GroupShuffleSplit,
    LeaveOneGroupOut,
    StratifiedKFold,
    StratifiedShuffleSplit,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from decvae.evaluation.classification import Split, Splits, classification_scores, estimator
from decvae.evaluation.codes import Codes
from decvae.evaluation.metrics.checks import joint_split
from decvae.evaluation.metrics.registry import metrics_of, statistics
from decvae.evaluation.parts import Part, Row, score, spread_of

logger = logging.getLogger(__name__)

SPLIT_SEED, FOLDS, INNER_FOLDS, NEIGHBOURS = 42, 5, 3, 5
STRENGTHS = (0.01, 0.1, 1.0, 10.0, np.inf)  # C; infinity is no penalty
SCORES = ("accuracy", "unweighted_accuracy", "f1_macro", "f1_weighted")


def published_units(codes: Codes) -> list[Callable[[], Part]]:
    """The work on one code matrix under the published protocol; features are not part of it."""
    if codes.space != "mu":
        return []
    found: list[Callable[[], Part]] = [partial(_metrics, codes)]
    for name in codes.factors:
        found.append(partial(_task, codes, name))
        if codes.settings.kmeans_seeds:
            found.append(partial(_clusters, codes, name))
    return found


def _row(
    metric: str,
    value: float | None,
    factors: str = "",
    classifier: str = "",
    values: Sequence[float] | np.ndarray = (),
) -> Row:
    """One row; the interval is the paper's, 1.96 standard errors over folds x seeds as if they were independent."""
    half = 1.96 * spread_of(values) / np.sqrt(max(1, len(values)))
    interval = None if value is None or np.isnan(half) else (value - half, value + half)
    return score(metric, value, factors, classifier, values, interval, protocol="published")


def published_splits(factors: dict[str, np.ndarray]) -> Splits:
    """Row splits of DCI and explicitness.

    SimVowels (a factor ``vowel``): one 80/20 split stratified by speaker. Others: five folds stratified by the tuple of
    all factors (the reference's key makes different tuples collide; here every tuple has its own). None where a speaker
    has one row, a fifth of the rows cannot have all speakers, or no tuple has five.
    """
    n = len(next(iter(factors.values())))
    if "vowel" in factors or len(factors) == 1:
        key = factors.get("speaker", next(iter(factors.values())))
        if not _holds_every_class(key):
            return []
        return list(StratifiedShuffleSplit(1, test_size=0.2, random_state=SPLIT_SEED).split(np.zeros(n), key))
    key = np.unique(np.stack(list(factors.values()), axis=1), axis=0, return_inverse=True)[1].ravel()
    return _stratified(key, SPLIT_SEED) if np.bincount(key).max() >= FOLDS else []


def _holds_every_class(y: np.ndarray) -> bool:
    """Whether a random fifth of the rows, and the rest, can have a row of every class."""
    counts = np.unique(y, return_counts=True)[1]
    return bool(counts.min() > 1 and np.ceil(0.2 * len(y)) >= len(counts))


def _metrics(codes: Codes) -> Part:
    """Disentanglement metrics on pooled rows and on :func:`published_splits`."""
    z, y, metrics = codes.z, codes.y, metrics_of("published", codes.settings, codes.seed)
    joint = {name for metric in metrics if metric.needs != "codes" for name in metric.scores}
    found = statistics(metrics, z, y)
    rows = [_row(name, value, codes.joint if name in joint else "") for name, value in found.items()]
    if y is None:
        return Part(rows)
    folds: dict[str, list[float | None]] = {}
    for train, test in published_splits({name: factor.scored for name, factor in codes.factors.items()}):
        split = joint_split(z, y, train, test)
        for metric in metrics if split else ():
            if metric.needs == "splits":
                for name, value in metric.values(metric.compute(split)).items():
                    folds.setdefault(name, []).append(value)
    if not folds:
        logger.warning("%s: too few rows to split, DCI and explicitness are left out", codes.name)
    for name, found_in in folds.items():
        values = [value for value in found_in if value is not None]
        if len(values) == len(found_in):
            rows.append(_row(name, float(np.mean(values)), codes.joint, values=values))
    return Part(rows)


def _task(codes: Codes, name: str) -> Part:
    """Every classifier on one factor, and ``best``: the one with the highest mean test accuracy, dummies included."""
    codes = codes.labelled(name)
    if np.unique(codes.factors[name].y, return_counts=True)[1].max() < FOLDS and name != "emotion":
        logger.warning("%s: no class of %s has %d rows; it is not classified", codes.name, name, FOLDS)
        return Part()
    if not all(_is_tunable(codes, name, train, seed) for train, _, seed in _outer(codes, name)):
        logger.warning("%s: a fold of %s has too few rows to tune and fit on; it is not classified", codes.name, name)
        return Part()
    found: dict[str, np.ndarray] = {
        classifier: np.array([_fold_scores(codes, name, classifier, *split) for split in _outer(codes, name)])
        for classifier in codes.settings.classifiers
    }
    if not found:
        return Part()
    found["best"] = found[max(found, key=lambda classifier: found[classifier][:, 0].mean())]
    return Part(
        [
            _row(metric, float(values[:, column].mean()), name, classifier, values[:, column])
            for classifier, values in found.items()
            for column, metric in enumerate(SCORES)
        ]
    )


def _speakers(codes: Codes, name: str) -> np.ndarray | None:
    """The groups that are kept together: speakers, of emotions alone."""
    return codes.factors["speaker"].y if name == "emotion" and "speaker" in codes.factors else None


def _outer(codes: Codes, name: str) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
    """(train, test, seed): five stratified folds of rows per seed; for emotion every speaker once per seed."""
    y, speakers = codes.factors[name].y, _speakers(codes, name)
    for seed in codes.settings.seeds:
        if speakers is not None:
            splits = LeaveOneGroupOut().split(y, y, speakers)
        else:
            splits = _stratified(y, seed)
        for train, test in splits:
            yield train, test, seed


def _stratified(y: np.ndarray, seed: int) -> Splits:
    """Five folds; as in the paper, a class with fewer rows than folds is missing from some of them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class", category=UserWarning)
        return list(StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(y, y))


def _inner(codes: Codes, name: str, train: np.ndarray, seed: int) -> Split:
    """Rows of the training part to fit on, and the fifth to tune on."""
    y, speakers = codes.factors[name].y[train], _speakers(codes, name)
    if speakers is not None:
        splits = GroupShuffleSplit(1, test_size=0.2, random_state=seed).split(y, groups=speakers[train])
    elif not _holds_every_class(y):
        splits = iter([np.split(np.random.default_rng(seed).permutation(len(train)), [int(0.8 * len(train))])])
    else:
        splits = StratifiedShuffleSplit(1, test_size=0.2, random_state=seed).split(train, y)
    fitted, tuned = next(splits)
    return train[fitted], train[tuned]


def _is_tunable(codes: Codes, name: str, train: np.ndarray, seed: int) -> bool:
    """Whether a training part has a class with a row for each inner fold to tune on, and two classes to fit."""
    if len(train) < FOLDS:
        return False
    y, (fitted, tuned) = codes.factors[name].y, _inner(codes, name, train, seed)
    enough = len(tuned) > 0 and np.unique(y[tuned], return_counts=True)[1].max() >= INNER_FOLDS
    return bool(enough and len(fitted) >= NEIGHBOURS and len(np.unique(y[fitted])) > 1)


def _fold_scores(
    codes: Codes, name: str, classifier: str, train: np.ndarray, test: np.ndarray, seed: int
) -> tuple[float, float, float, float]:
    """``SCORES`` on one test fold: tuned on 20 % of the training rows, fitted on the other 80 %."""
    factor, (fitted, tuned) = codes.factors[name], _inner(codes, name, train, seed)
    y = factor.y
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", message="The least populated class", category=UserWarning)
        linear = classifier == "logistic_regression"
        found = LogisticRegression(max_iter=1000) if linear else estimator(classifier, seed, NEIGHBOURS)
        model = make_pipeline(StandardScaler(), found)
        if linear:
            grid = {"logisticregression__C": STRENGTHS}
            folds = StratifiedKFold(INNER_FOLDS, shuffle=True, random_state=seed)
            search = GridSearchCV(model, grid, cv=folds, refit=False, error_score=0.0).fit(codes.z[tuned], y[tuned])
            model.set_params(**search.best_params_)
        predicted = model.fit(codes.z[fitted], y[fitted]).predict(codes.z[test])
    truth = factor.scored[test]
    if factor.scored_as is not None:
        predicted = factor.scored_as[predicted]
    weighted = f1_score(truth, predicted, average="weighted", zero_division=0)
    return (*classification_scores(truth, predicted), float(weighted))


def _clusters(codes: Codes, name: str) -> Part:
    """k-means of the last split alone (of all rows if there is one), k of the first split, matched greedily."""
    codes = codes.labelled(name)
    y = codes.factors[name].y
    split = np.zeros(len(y), dtype=int) if codes.split is None else codes.split
    n_clusters = len(np.unique(y[split == split.min()]))
    rows = split == split.max()
    if rows.sum() < n_clusters:
        logger.warning("%s: fewer rows than classes of %s in the last split; no k-means", codes.name, name)
        return Part()
    z = StandardScaler().fit_transform(codes.z[rows]).astype(np.float32)
    with threadpool_limits(1):
        values = [
            greedy_accuracy(y[rows], KMeans(n_clusters, n_init=1, random_state=seed).fit_predict(z))
            for seed in range(codes.settings.kmeans_seeds)
        ]
    return Part([_row("kmeans_accuracy", float(np.mean(values)), name, values=values)])


def greedy_accuracy(y: np.ndarray, clusters: np.ndarray) -> float:
    """Share of samples matched by repeatedly taking the largest cell of the contingency matrix."""
    counts = contingency_matrix(y, clusters).astype(np.int64)
    matched = 0
    for _ in range(min(counts.shape)):
        row, column = np.unravel_index(counts.argmax(), counts.shape)
        matched += max(0, counts[row, column])
        counts[row], counts[:, column] = -1, -1
    return matched / len(y)
