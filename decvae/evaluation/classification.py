"""Supervised probes of the latents: grouped cross-validation with everything fitted on the training folds only."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, recall_score
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from decvae.evaluation.discretise import check_codes, check_factors

CLASSIFIERS = ("logistic_regression", "random_forest", "svc", "dummy")
REGULARISATION = (0.01, 0.1, 1.0, 10.0)  # C of the logistic regression, ascending
MAX_ITERATIONS = 200
INNER_FOLDS = 5


@dataclass(frozen=True)
class ClassificationScore:
    """Test scores of a cross-validated classifier, in 0..1.

    Attributes
    ----------
    accuracy, unweighted_accuracy, f1_macro : float
        Means over folds and seeds; unweighted accuracy is the mean recall over the classes of the test fold.
    accuracy_per_fold, unweighted_accuracy_per_fold, f1_macro_per_fold : (n_seeds * n_folds,)
        Seed by seed.
    regularisation_per_fold : (n_seeds * n_folds,) or None
        The chosen C; None for classifiers without hyper-parameter search.
    converged : float
        Share of the final fits whose optimiser converged.
    """

    accuracy: float
    unweighted_accuracy: float
    f1_macro: float
    accuracy_per_fold: np.ndarray
    unweighted_accuracy_per_fold: np.ndarray
    f1_macro_per_fold: np.ndarray
    regularisation_per_fold: np.ndarray | None
    converged: float


def groups_per_class(y: np.ndarray, groups: np.ndarray) -> dict[int, int]:
    """Number of distinct groups in which each class occurs."""
    pairs = np.unique(np.stack([y, groups], axis=1), axis=0)
    classes, counts = np.unique(pairs[:, 0], return_counts=True)
    return dict(zip(classes.tolist(), counts.tolist(), strict=True))


def grouped_folds(y: np.ndarray, groups: np.ndarray, folds: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Seeded (train, test) row indices of a stratified k-fold split that never divides a group."""
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A class with fewer rows than folds is legal here: a training part without it scores its rows as errors.
        warnings.filterwarnings("ignore", message="The least populated class", category=UserWarning)
        return list(splitter.split(y, y, groups))


def cross_validated_accuracy(
    z: np.ndarray,
    y: np.ndarray,
    groups: np.ndarray,
    *,
    classifier: str = "logistic_regression",
    folds: int = 5,
    seeds: tuple[int, ...] = (0,),
    n_jobs: int = 2,
) -> ClassificationScore:
    """Accuracy of a classifier under grouped, stratified cross-validation.

    The z-scoring is fitted on the training folds. For logistic regression C in 0.01, 0.1, 1, 10 is chosen by a grouped
    split inside the training folds (smallest C on ties). Random forest: 200 trees; SVC: RBF kernel, C = 1; dummy:
    the most frequent class.

    Parameters
    ----------
    z : (n_samples, n_codes)
    y : (n_samples,) int
    groups : (n_samples,) int
        Utterances: none lies in both the training and the test part.
    seeds : tuple of int
        One shuffled k-fold split each.
    n_jobs : int
        Folds fitted in parallel, one thread each. The result does not depend on it.

    Raises
    ------
    ValueError
        For malformed arrays, an unknown classifier, a single class, or a class that occurs in fewer groups than folds.
    """
    if classifier not in CLASSIFIERS:
        raise ValueError(f"unknown classifier {classifier!r}; choose from {CLASSIFIERS}")
    if folds < 2 or not seeds:
        raise ValueError(f"at least 2 folds and 1 seed are needed, found {folds} and {len(seeds)}")
    # Single precision: twice as fast, and the optimum moves by far less than a fold's standard error.
    z = check_codes(z).astype(np.float32)
    y, groups = check_factors(y, len(z))[:, 0], check_factors(groups, len(z), "groups")[:, 0]
    counts = groups_per_class(y, groups)
    if len(counts) < 2:
        raise ValueError(f"y has the single class {next(iter(counts))}: nothing to classify")
    rarest = min(counts, key=counts.get)
    if counts[rarest] < folds:
        raise ValueError(
            f"class {rarest} occurs in {counts[rarest]} group(s), fewer than the {folds} folds: use fewer folds or "
            "leave the class out"
        )
    splits = [(train, test, seed) for seed in seeds for train, test in grouped_folds(y, groups, folds, seed)]
    results = Parallel(n_jobs=n_jobs)(
        delayed(_score_fold)(z, y, groups, train, test, classifier, seed) for train, test, seed in splits
    )
    scores, chosen, converged = zip(*results, strict=True)
    accuracy, unweighted, f1 = np.array(scores).T
    return ClassificationScore(
        *(float(values.mean()) for values in (accuracy, unweighted, f1)),
        accuracy,
        unweighted,
        f1,
        np.array(chosen) if classifier == "logistic_regression" else None,
        float(np.mean(converged)),
    )


def _score_fold(z, y, groups, train, test, classifier, seed) -> tuple[tuple[float, float, float], float | None, bool]:
    """(accuracy, unweighted accuracy, macro F1) on one test fold, the chosen C and whether the final fit converged."""
    chosen, converged = None, True
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # reported as `converged`
        if classifier == "logistic_regression":
            chosen = _choose_regularisation(z[train], y[train], groups[train], seed)
        model = make_pipeline(StandardScaler(), _estimator(classifier, seed, chosen)).fit(z[train], y[train])
        predicted = model.predict(z[test])
    if chosen is not None:
        converged = bool(model[-1].n_iter_.max() < MAX_ITERATIONS)
    return _scores(y[test], predicted), chosen, converged


def _estimator(classifier: str, seed: int, regularisation: float | None):
    if classifier == "logistic_regression":
        return LogisticRegression(C=regularisation, max_iter=MAX_ITERATIONS)
    if classifier == "random_forest":
        return RandomForestClassifier(n_estimators=200, random_state=seed)
    if classifier == "svc":
        return SVC()
    return DummyClassifier(strategy="most_frequent")


def _choose_regularisation(z: np.ndarray, y: np.ndarray, groups: np.ndarray, seed: int) -> float:
    """The C with the best accuracy on one grouped validation part (a fifth of the groups) of the training folds."""
    folds = min(INNER_FOLDS, max(groups_per_class(y, groups).values()))
    if folds < 2:
        return 1.0  # nothing to validate on: scikit-learn's default
    train, validation = grouped_folds(y, groups, folds, seed)[0]
    if len(np.unique(y[train])) < 2:
        return 1.0
    scaler = StandardScaler().fit(z[train])
    z_train, z_validation = scaler.transform(z[train]), scaler.transform(z[validation])
    # From strong to weak regularisation, each fit started at the optimum of the one before.
    model = LogisticRegression(max_iter=MAX_ITERATIONS, warm_start=True)
    accuracy = [
        model.set_params(C=strength).fit(z_train, y[train]).score(z_validation, y[validation])
        for strength in REGULARISATION
    ]
    return REGULARISATION[int(np.argmax(accuracy))]


def _scores(truth: np.ndarray, predicted: np.ndarray) -> tuple[float, float, float]:
    recall = recall_score(truth, predicted, labels=np.unique(truth), average="macro", zero_division=0)
    f1 = f1_score(truth, predicted, average="macro", zero_division=0)
    return float(accuracy_score(truth, predicted)), float(recall), float(f1)
