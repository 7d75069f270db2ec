"""Supervised probes of the latents: grouped cross-validation with everything fitted on the training folds only."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, f1_score, recall_score
from sklearn.model_selection import LeaveOneGroupOut, StratifiedGroupKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits

from decvae.evaluation.logistic import Curvature, LogisticFit, fit_logistic
from decvae.evaluation.metrics.checks import check_codes, check_factors

CLASSIFIERS = ("logistic_regression", "random_forest", "svc", "knn", "dummy", "dummy_uniform")
REGULARISATION = (0.01, 0.1, 1.0, 10.0)  # C of the logistic regression, ascending
NEIGHBOURS = (51, 15, 5, 1)  # of the nearest-neighbour classifier, from smooth to rough
SEARCH_TOLERANCE = 1e-6  # of the fits that C is chosen by, which are in single precision
INNER_FOLDS = 5
Split = tuple[np.ndarray, np.ndarray]  # row indices of training and test part
Splits = list[Split]
Curvatures = dict[tuple[float, int], Curvature]  # by C and number of classes: of the fold before
SEARCHED = ("logistic_regression", "knn")  # classifiers with a hyper-parameter to choose


@dataclass(frozen=True)
class ClassificationScore:
    """Test scores of a cross-validated classifier, in 0..1.

    Attributes
    ----------
    accuracy, unweighted_accuracy, f1_macro : float
        Means over folds and seeds; unweighted accuracy is the mean recall over the classes of the test fold.
    accuracy_per_fold, unweighted_accuracy_per_fold, f1_macro_per_fold : (n_seeds * n_folds,)
        Seed by seed.
    chosen_per_fold : (n_seeds * n_folds,) or None
        The chosen C or number of neighbours; None for classifiers without a choice to make.
    truth : (n_samples,)
        The classes that were scored.
    predicted : (n_seeds, n_samples)
        Out of fold: by the model that was trained without the sample's group.
    converged : float
        Share of the folds whose fits, those of the search included, all reached their optimum.
    """

    accuracy: float
    unweighted_accuracy: float
    f1_macro: float
    accuracy_per_fold: np.ndarray
    unweighted_accuracy_per_fold: np.ndarray
    f1_macro_per_fold: np.ndarray
    chosen_per_fold: np.ndarray | None
    truth: np.ndarray
    predicted: np.ndarray
    converged: float


def groups_per_class(y: np.ndarray, groups: np.ndarray) -> dict[int, int]:
    """Number of distinct groups in which each class occurs."""
    pairs = np.unique(np.stack([y, groups], axis=1), axis=0)
    classes, counts = np.unique(pairs[:, 0], return_counts=True)
    return dict(zip(classes.tolist(), counts.tolist(), strict=True))


def grouped_folds(y: np.ndarray, groups: np.ndarray, folds: int, seed: int) -> Splits:
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
    leave_one_out: bool = False,
    scored_as: np.ndarray | None = None,
) -> ClassificationScore:
    """Accuracy of a classifier under grouped, stratified cross-validation.

    The z-scoring is fitted on the training folds. C of the logistic regression (0.01, 0.1, 1, 10) and the number of
    neighbours (1, 5, 15, 51) are chosen by a grouped split inside the training folds, the smoother one on ties; C is
    raised until the accuracy falls. The logistic regression is solved to its optimum
    (:mod:`decvae.evaluation.logistic`). Random forest: 200 trees; SVC: RBF kernel, C = 1; dummy: the most frequent
    class; dummy_uniform: a random class.

    Parameters
    ----------
    z : (n_samples, n_codes)
    y : (n_samples,) int
    groups : (n_samples,) int
        Utterances: none lies in both the training and the test part.
    seeds : tuple of int
        One shuffled k-fold split each.
    leave_one_out : bool
        Each group is the test part once, whatever ``folds``; there is one such split, so only the first seed is used.
    scored_as : (n_classes,) int or None
        Class that each class counts as in the scores, if not as itself (48 phonemes trained, 39 scored).

    Raises
    ------
    ValueError
        For malformed arrays, an unknown classifier, a single class, or a class that occurs in fewer groups than folds.
    """
    if classifier not in CLASSIFIERS:
        raise ValueError(f"unknown classifier {classifier!r}; choose from {CLASSIFIERS}")
    if folds < 2 or not seeds:
        raise ValueError(f"at least 2 folds and 1 seed are needed, found {folds} and {len(seeds)}")
    z = check_codes(z).astype(np.float32)
    y, groups = check_factors(y, len(z))[:, 0], check_factors(groups, len(z), "groups")[:, 0]
    if len(np.unique(y)) < 2:
        raise ValueError(f"y has the single class {y[0]}: nothing to classify")
    if leave_one_out:
        seeds = seeds[:1]
    folded = np.arange(y.max() + 1) if scored_as is None else np.asarray(scored_as)
    truth = folded[y]
    predicted = np.full((len(seeds), len(y)), -1, dtype=np.int64)
    scores, chosen, converged = [], [], []
    curvatures: Curvatures = {}
    for place, seed in enumerate(seeds):
        for train, test in _left_out(y, groups) if leave_one_out else _folds(y, groups, folds, seed):
            found = _fit_fold(z, y, groups, train, test, classifier, seed, curvatures)
            predicted[place, test] = folded[found.predicted]
            scores.append(classification_scores(truth[test], predicted[place, test]))
            chosen.append(found.chosen)
            converged.append(found.converged)
    accuracy, unweighted, f1 = np.array(scores).T
    return ClassificationScore(
        accuracy=float(accuracy.mean()),
        unweighted_accuracy=float(unweighted.mean()),
        f1_macro=float(f1.mean()),
        accuracy_per_fold=accuracy,
        unweighted_accuracy_per_fold=unweighted,
        f1_macro_per_fold=f1,
        chosen_per_fold=np.array(chosen) if classifier in SEARCHED else None,
        truth=truth,
        predicted=predicted,
        converged=float(np.mean(converged)),
    )


def _folds(y: np.ndarray, groups: np.ndarray, folds: int, seed: int) -> Splits:
    """Folds in which every class can be on both sides; an error names a class that cannot."""
    counts = groups_per_class(y, groups)
    rarest = min(counts, key=lambda code: counts[code])
    if counts[rarest] < folds:
        raise ValueError(
            f"class {rarest} occurs in {counts[rarest]} group(s), fewer than the {folds} folds: use fewer folds or "
            "leave the class out"
        )
    return grouped_folds(y, groups, folds, seed)


def _left_out(y: np.ndarray, groups: np.ndarray) -> Splits:
    """Each group as test part once, in the order of the groups, where the others have two classes."""
    if len(np.unique(groups)) < 2:
        raise ValueError("leaving one group out needs two groups, found one")
    splits = [(train, test) for train, test in LeaveOneGroupOut().split(y, y, groups) if len(np.unique(y[train])) > 1]
    if not splits:
        raise ValueError("every group but one holds a single class: no classifier can be trained without it")
    return splits


@dataclass(frozen=True)
class _Fold:
    """Predicted classes of one test fold, the chosen hyper-parameter and whether the final fit converged."""

    predicted: np.ndarray
    chosen: float | None
    converged: bool


def _fit_fold(
    z: np.ndarray,
    y: np.ndarray,
    groups: np.ndarray,
    train: np.ndarray,
    test: np.ndarray,
    classifier: str,
    seed: int,
    curvatures: Curvatures,
) -> _Fold:
    part = z[train], y[train], groups[train]
    with threadpool_limits(1):
        if classifier == "logistic_regression":
            return _linear_probe(*part, z[test], seed, curvatures)
        chosen = _neighbours(*part, seed) if classifier == "knn" else None
        model = make_pipeline(StandardScaler(), estimator(classifier, seed, chosen)).fit(*part[:2])
        return _Fold(model.predict(z[test]), chosen, True)


def estimator(classifier: str, seed: int, chosen: int | None) -> ClassifierMixin:
    """The unfitted scikit-learn classifier of a name; ``chosen`` is its number of neighbours, if it has any."""
    if classifier == "knn":
        return KNeighborsClassifier(chosen)
    if classifier == "random_forest":
        return RandomForestClassifier(n_estimators=200, random_state=seed)
    if classifier == "svc":
        return SVC()
    return DummyClassifier(strategy="uniform" if classifier == "dummy_uniform" else "most_frequent", random_state=seed)


def _inner_split(y: np.ndarray, groups: np.ndarray, seed: int) -> Split | None:
    """A grouped split of the training folds, a fifth to validate on; None if there is nothing to choose by."""
    folds = min(INNER_FOLDS, max(groups_per_class(y, groups).values()))
    if folds < 2:
        return None
    train, validation = grouped_folds(y, groups, folds, seed)[0]
    return (train, validation) if len(np.unique(y[train])) > 1 else None


def _neighbours(z: np.ndarray, y: np.ndarray, groups: np.ndarray, seed: int) -> int:
    """The number of neighbours with the best accuracy on the validation part; scikit-learn's 5 if there is none."""
    split = _inner_split(y, groups, seed)
    if split is None:
        return min(5, len(z))
    train, validation = split
    scaler = StandardScaler().fit(z[train])
    z_train, z_validation = scaler.transform(z[train]), scaler.transform(z[validation])
    candidates = [value for value in NEIGHBOURS if value <= len(train)]
    models = [KNeighborsClassifier(value).fit(z_train, y[train]) for value in candidates]
    return candidates[int(np.argmax([model.score(z_validation, y[validation]) for model in models]))]


def _linear_probe(
    z: np.ndarray, y: np.ndarray, groups: np.ndarray, z_test: np.ndarray, seed: int, curvatures: Curvatures
) -> _Fold:
    """Logistic regression of the training folds ``z``, ``y`` with a chosen C, applied to the test fold."""
    split = _inner_split(y, groups, seed)
    searched = _regularisation_path(z, y, split, curvatures) if split else []
    classes, labels = np.unique(y, return_inverse=True)
    chosen, start, curvature = 1.0, None, None  # scikit-learn's C, if there is nothing to validate on
    if searched:
        best = int(np.argmax([accuracy for accuracy, _ in searched]))
        chosen, fit = REGULARISATION[best], searched[best][1]
        if fit.weights.shape[1] == len(classes):
            start, curvature = fit.weights, fit.curvature
    z, z_test = z.astype(np.float64), z_test.astype(np.float64)
    scaler = StandardScaler().fit(z)
    z = scaler.transform(z)
    # Most of the way in single precision, which is twice as fast.
    fit = fit_logistic(
        z.astype(np.float32),
        labels,
        len(classes),
        chosen,
        start=start,
        curvature=curvature,
        tolerance=SEARCH_TOLERANCE,
    )
    final = fit_logistic(z, labels, len(classes), chosen, start=fit.weights, curvature=fit.curvature)
    converged = final.converged and all(fit.converged for _, fit in searched)
    return _Fold(classes[final.predict(scaler.transform(z_test))], chosen, converged)


def _regularisation_path(
    z: np.ndarray, y: np.ndarray, split: Split, curvatures: Curvatures
) -> list[tuple[float, LogisticFit]]:
    """Validation accuracy and fit for C after C, each from the one before, until the accuracy falls."""
    train, validation = split
    scaler = StandardScaler().fit(z[train])
    z_train, z_validation = scaler.transform(z[train]), scaler.transform(z[validation])
    classes, labels = np.unique(y[train], return_inverse=True)
    found: list[tuple[float, LogisticFit]] = []
    start, curvature = None, None
    for value in REGULARISATION:
        key = value, len(classes)
        curvature = curvatures.get(key, curvature)
        fit = fit_logistic(
            z_train, labels, len(classes), value, start=start, curvature=curvature, tolerance=SEARCH_TOLERANCE
        )
        start, curvature = fit.weights, fit.curvature
        curvatures[key] = curvature
        found.append((float(np.mean(classes[fit.predict(z_validation)] == y[validation])), fit))
        if len(found) > 1 and found[-1][0] < found[-2][0]:
            break
    return found


def classification_scores(truth: np.ndarray, predicted: np.ndarray) -> tuple[float, float, float]:
    """Accuracy, unweighted accuracy (mean recall over the classes in ``truth``) and macro F1."""
    recall = recall_score(truth, predicted, labels=np.unique(truth), average="macro", zero_division=0)
    f1 = f1_score(truth, predicted, average="macro", zero_division=0)
    return float(accuracy_score(truth, predicted)), float(recall), float(f1)
