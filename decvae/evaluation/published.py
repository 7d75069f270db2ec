"""The evaluation protocol of the paper, for comparison: what its numbers mean, and what its leakage is worth.

Rows, not groups, are divided: frames of one utterance, and of one speaker, lie on both sides of every split.
Classifiers are tuned on a fifth of the training part only, and the headline is the best classifier *by test accuracy*.
IRS is computed on codes as they are, explicitness from optimisers that stop after 100 iterations.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
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

from decvae.evaluation.classification import classification_scores, estimator
from decvae.evaluation.metrics.dci import compute_dci
from decvae.evaluation.metrics.discretise import classes_of, discretise
from decvae.evaluation.metrics.explicitness import compute_explicitness
from decvae.evaluation.metrics.irs import compute_irs
from decvae.evaluation.metrics.modularity import modularity
from decvae.evaluation.metrics.mutual_information import adjusted_mutual_information, mean_pairwise_information
from decvae.evaluation.metrics.total_correlation import total_correlation_scores
from decvae.evaluation.sound import Codes, Part, score

logger = logging.getLogger(__name__)

N_BINS, SPLIT_SEED, FOLDS, INNER_FOLDS = 30, 42, 5, 3
STRENGTHS = (0.01, 0.1, 1.0, 10.0, np.inf)  # C; infinity is no penalty
SCORES = ("accuracy", "unweighted_accuracy", "f1_macro", "f1_weighted")


def published_units(codes: Codes) -> list[Callable[[], Part]]:
    """The work on one code matrix under the published protocol; features are not part of it."""
    if codes.space != "mu":
        return []
    found = [partial(_metrics, codes)]
    for name in codes.factors:
        found.append(partial(_task, codes, name))
        if codes.settings.kmeans_seeds:
            found.append(partial(_clusters, codes, name))
    return found


def _row(metric, value, factors="", classifier="", values=()) -> dict:
    """One row; the interval is the paper's, 1.96 standard errors over folds x seeds as if they were independent."""
    n = max(1, len(values))
    spread = float(np.std(values, ddof=1)) if n > 1 else None
    interval = None if spread is None else (value - 1.96 * spread / np.sqrt(n), value + 1.96 * spread / np.sqrt(n))
    return score(metric, value, factors, classifier, spread, n, interval, protocol="published")


def published_splits(factors: dict[str, np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Row splits of DCI and explicitness.

    SimVowels (a factor ``vowel``): one 80/20 split stratified by speaker. Others: five folds stratified by the tuple of
    all factors (the reference's key makes different tuples collide; here every tuple has its own). None where a speaker
    has one row, or no tuple has five.
    """
    n = len(next(iter(factors.values())))
    if "vowel" in factors or len(factors) == 1:
        key = factors.get("speaker", next(iter(factors.values())))
        if np.unique(key, return_counts=True)[1].min() < 2:
            return []
        return list(StratifiedShuffleSplit(1, test_size=0.2, random_state=SPLIT_SEED).split(np.zeros(n), key))
    key = np.unique(np.stack(list(factors.values()), axis=1), axis=0, return_inverse=True)[1].ravel()
    if np.bincount(key).max() < FOLDS:
        return []
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The least populated class", category=UserWarning)
        return list(StratifiedKFold(FOLDS, shuffle=True, random_state=SPLIT_SEED).split(np.zeros(n), key))


def _metrics(codes: Codes) -> Part:
    """Disentanglement metrics on pooled rows; IRS on codes as they are, explicitness from 100 iterations."""
    bins = discretise(codes.z, N_BINS)
    correlation = total_correlation_scores(codes.z)
    rows = [
        _row("mutual_information", mean_pairwise_information(bins)),
        _row("total_correlation", correlation.tc),
        _row("total_correlation_norm", correlation.tc_norm),
    ]
    if not codes.factors:
        return Part(rows)
    rows.append(_row("irs", compute_irs(codes.z, codes.y, standardise=False).score, codes.joint))
    rows.append(_row("modularity", modularity(adjusted_mutual_information(bins, codes.y)), codes.joint))
    folds = {"disentanglement": [], "completeness": [], "informativeness": [], "explicitness": []}
    for train, test in published_splits(codes.scored):
        parts = codes.z[train], codes.y[train], codes.z[test], codes.y[test]
        if any(len(classes_of(y)) < 2 for y in parts[1].T) or np.any(np.all(parts[3] < 0, axis=0)):
            continue
        dci = compute_dci(*parts, backend=codes.settings.dci_backend, seed=codes.seed, n_jobs=1)
        folds["disentanglement"].append(dci.disentanglement)
        folds["completeness"].append(dci.completeness)
        folds["informativeness"].append(dci.informativeness_test)
        folds["explicitness"].append(compute_explicitness(*parts, max_iterations=100).test)
    if not folds["informativeness"]:
        logger.warning("%s: too few rows to split, DCI and explicitness are left out", codes.name)
    for metric, values in folds.items():
        if values and None not in values:
            rows.append(_row(metric, float(np.mean(values)), codes.joint, values=values))
    return Part(rows)


def _task(codes: Codes, name: str) -> Part:
    """Every classifier on one factor, and ``best``: the one with the highest mean test accuracy, dummies included."""
    codes = codes.labelled(name)
    y = codes.factors[name]
    if np.unique(y, return_counts=True)[1].max() < FOLDS and name != "emotion":
        logger.warning("%s: no class of %s has %d rows; it is not classified", codes.name, name, FOLDS)
        return Part()
    found = {
        classifier: np.array([_fold_scores(codes, y, name, classifier, *split) for split in _outer(codes, name)])
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


def _outer(codes: Codes, name: str) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
    """(train, test, seed): five stratified folds of rows per seed; for emotion every speaker once per seed."""
    y = codes.factors[name]
    for seed in codes.settings.seeds:
        if name == "emotion" and "speaker" in codes.factors:
            splits = LeaveOneGroupOut().split(y, y, codes.factors["speaker"])
        else:
            with warnings.catch_warnings():
                # As in the paper: a class with fewer rows than folds is missing from some of them.
                warnings.filterwarnings("ignore", message="The least populated class", category=UserWarning)
                splits = list(StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(y, y))
        for train, test in splits:
            yield train, test, seed


def _fold_scores(codes, y, name, classifier, train, test, seed) -> tuple[float, float, float, float]:
    """Scores on one test fold: tuned on 20 % of the training rows, fitted on the other 80 %."""
    if name == "emotion" and "speaker" in codes.factors:
        inner = GroupShuffleSplit(1, test_size=0.2, random_state=seed).split(
            y[train], groups=codes.factors["speaker"][train]
        )
    elif np.unique(y[train], return_counts=True)[1].min() < 2:
        inner = [np.split(np.random.default_rng(seed).permutation(len(train)), [int(0.8 * len(train))])]
    else:
        inner = StratifiedShuffleSplit(1, test_size=0.2, random_state=seed).split(train, y[train])
    fitted, tuned = (train[rows] for rows in next(iter(inner)))
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", message="The least populated class", category=UserWarning)
        model = make_pipeline(StandardScaler(), estimator(classifier, seed, 1.0 if classifier != "knn" else 5))
        if classifier == "logistic_regression":
            model.set_params(logisticregression__max_iter=1000)
            grid = {"logisticregression__C": STRENGTHS}
            folds = StratifiedKFold(INNER_FOLDS, shuffle=True, random_state=seed)
            search = GridSearchCV(model, grid, cv=folds, refit=False, error_score=0.0).fit(codes.z[tuned], y[tuned])
            model.set_params(**search.best_params_)
        predicted = model.fit(codes.z[fitted], y[fitted]).predict(codes.z[test])
    truth = y[test]
    if codes.scored_as[name] is not None:
        truth, predicted = codes.scored_as[name][truth], codes.scored_as[name][predicted]
    weighted = f1_score(truth, predicted, average="weighted", zero_division=0)
    return (*classification_scores(truth, predicted), float(weighted))


def _clusters(codes: Codes, name: str) -> Part:
    """k-means of the last split alone (of all rows if there is one), k of the first split, matched greedily."""
    codes = codes.labelled(name)
    y = codes.factors[name]
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
