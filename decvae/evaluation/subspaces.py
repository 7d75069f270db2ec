"""Evidence on subspaces: what each tells alone, what is lost without it, how much they overlap, who wins under noise.

The probe is linear discriminant analysis with shrinkage (Ledoit and Wolf 2004): closed form, nothing to tune, the same
for every width. Scores are unweighted accuracies on unseen groups (the splits of the sound protocol).
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import recall_score

from decvae.evaluation.classification import Splits
from decvae.evaluation.intervals import mean_interval
from decvae.evaluation.metrics.checks import active_codes, check_codes, classes_of
from decvae.evaluation.parts import Row

logger = logging.getLogger(__name__)

ROWS_PER_CLASS = 5  # of every training part, on average: fewer leave the probe nothing to estimate
LABEL_NOISE = (0.2, 0.4)  # share of training labels that are replaced by another class
IMBALANCE = (0.1, 0.02)  # share of the rarest class that is kept for training
PERTURBATIONS = ("label_noise", "class_imbalance")


@dataclass(frozen=True)
class Subspaces:
    """The subspaces of one branch with the factors and splits that they are scored on.

    Attributes
    ----------
    mu : (n, n_subspaces, d)
    names : list of str
    factors : {name: (n,) int}
    splits : {name: list of (train, test)}
    """

    mu: np.ndarray
    names: list[str]
    factors: dict[str, np.ndarray]
    splits: dict[str, Splits]
    seed: int

    def codes(self, names: list[str]) -> np.ndarray:
        """Varying codes ``(n, n_codes)`` of the named subspaces."""
        z = self.mu[:, [self.names.index(name) for name in names]].reshape(len(self.mu), -1)
        return z[:, active_codes(z)]


def evidence_units(subspaces: Subspaces) -> list[Callable[[], list[Row]]]:
    """The work on one branch; each unit returns rows with factor, evidence, subspace, level, value and interval.

    Factors that :func:`learnable_factors` leaves out have no accuracies.
    """
    found: list[Callable[[], list[Row]]] = [partial(_predictions, subspaces, name) for name in subspaces.factors]
    found += [partial(_perturbed, subspaces, name) for name in subspaces.factors]
    if len(subspaces.names) > 1:
        found.append(partial(_overlaps, subspaces))
    return found


def learnable_factors(factors: dict[str, np.ndarray], splits: dict[str, Splits]) -> dict[str, np.ndarray]:
    """The factors whose training parts have ``ROWS_PER_CLASS`` rows per class; a logged sentence names the others."""
    learnable = {}
    for name, y in factors.items():
        fewest = min((np.sum(y[train] >= 0) for train, _ in splits[name]), default=0)
        if fewest >= ROWS_PER_CLASS * len(classes_of(y)):
            learnable[name] = y
        else:
            logger.warning("evidence on subspaces: %d training rows are too few for the classes of %s", fewest, name)
    return learnable


def _row(factor: str, evidence: str, subspace: str, values: np.ndarray, level: float = np.nan) -> Row:
    """A row of the mean of values of folds (or of a single value, without an interval)."""
    low, high = mean_interval(values) or (np.nan, np.nan)
    cell: Row = {"factor": factor, "evidence": evidence, "subspace": subspace, "level": level}
    return cell | {"value": float(np.mean(values)), "ci_low": low, "ci_high": high, "n": len(values)}


def _predictions(subspaces: Subspaces, factor: str) -> list[Row]:
    """Accuracy of all subspaces, of each alone, and the loss without each (paired over folds)."""
    y, splits = subspaces.factors[factor], subspaces.splits[factor]

    def accuracy(names: list[str]) -> np.ndarray:
        z = subspaces.codes(names)
        return probe(z, y, splits) if z.shape[1] else np.zeros(0)

    everything = accuracy(subspaces.names)
    found = [("all", "all", everything)]
    for name in subspaces.names if len(subspaces.names) > 1 else ():
        found.append(("alone", name, accuracy([name])))
        others = accuracy([other for other in subspaces.names if other != name])
        found.append(("loss_without", name, everything - others if len(others) else others))
    return [_row(factor, evidence, name, values) for evidence, name, values in found if len(values)]


def _perturbed(subspaces: Subspaces, factor: str) -> list[Row]:
    """Accuracy of all subspaces when training labels are wrong or classes unequally frequent."""
    z, y, splits = subspaces.codes(subspaces.names), subspaces.factors[factor], subspaces.splits[factor]
    rows = []
    for evidence, levels in zip(PERTURBATIONS, (LABEL_NOISE, IMBALANCE), strict=True):
        for level in levels if z.shape[1] else ():
            values = probe(z, y, splits, seed=subspaces.seed, **{evidence: level})
            rows.append(_row(factor, evidence, "all", values, level))
    return rows


def _overlaps(subspaces: Subspaces) -> list[Row]:
    """Overlap of every pair, and the orthogonality of the subspaces: one minus its mean."""
    names, mu, values = subspaces.names, subspaces.mu, {}
    for i in range(len(names)):
        for j in range(i):
            overlap = linear_cka(mu[:, i], mu[:, j])
            if overlap is not None:
                values[f"{names[j]}+{names[i]}"] = overlap
    rows = [_row("", "overlap", pair, np.array([value])) for pair, value in values.items()]
    return [*rows, _row("", "orthogonality", "all", np.array([1 - np.mean(list(values.values()))]))] if rows else []


def importance_rows(importances: list[np.ndarray], names: list[str], factors: list[str]) -> list[Row]:
    """Share of each subspace in the DCI importance of each factor, mean over folds.

    Parameters
    ----------
    importances : list of (n_subspaces * d, n_factors)
        One matrix per fold, subspace by subspace.
    names, factors : list of str
    """
    shares = np.stack([matrix.reshape(len(names), -1, matrix.shape[1]).sum(axis=1) for matrix in importances])
    return [
        _row(factor, "importance", name, values)
        for k, factor in enumerate(factors)
        for name, values in zip(names, shares[:, :, k].T, strict=True)
    ]


def probe(
    z: np.ndarray,
    y: np.ndarray,
    splits: Splits,
    *,
    label_noise: float = 0.0,
    class_imbalance: float = 1.0,
    seed: int = 0,
) -> np.ndarray:
    """Unweighted accuracy ``(n_splits,)`` of discriminant analysis on each test part.

    Parameters
    ----------
    z : (n, n_codes)
    y : (n,) int
        Rows without a label (negative) are left out.
    splits : list of (train, test) row indices
    label_noise : float
        Share of the training labels that become another class, drawn evenly.
    class_imbalance : float
        Share of training samples kept of the last class; shares fall geometrically from 1 for the first one. Test parts
        are never changed.

    Raises
    ------
    ValueError
        For malformed codes, or a level outside [0, 1) or (0, 1].
    """
    z = check_codes(z).astype(np.float64)
    if not 0 <= label_noise < 1 or not 0 < class_imbalance <= 1:
        raise ValueError(f"label_noise must lie in [0, 1), class_imbalance in (0, 1]: {label_noise}, {class_imbalance}")
    classes = classes_of(y)
    encoded = np.searchsorted(classes, y)
    scores = []
    for fold, (train, test) in enumerate(splits):
        train, test = train[y[train] >= 0], test[y[test] >= 0]
        rng = np.random.default_rng([seed, fold])
        labels = encoded[train]
        keep = rng.random(len(train)) < class_imbalance ** (labels / max(1, len(classes) - 1))
        keep[np.unique(labels, return_index=True)[1]] = True  # a class never vanishes
        wrong = rng.random(len(train)) < label_noise
        shift = rng.integers(1, max(2, len(classes)), size=len(train))
        labels = np.where(wrong, (labels + shift) % len(classes), labels)
        # Priors are even: what is scored is the mean recall.
        present = len(np.unique(labels[keep]))
        model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto", priors=np.full(present, 1 / present))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Only one sample available", category=UserWarning)
            predicted = model.fit(z[train][keep], labels[keep]).predict(z[test])
        scores.append(recall_score(encoded[test], predicted, labels=np.unique(encoded[test]), average="macro"))
    return np.array(scores)


def linear_cka(first: np.ndarray, second: np.ndarray) -> float | None:
    """Linear centred kernel alignment (Kornblith et al., ICML 2019) of codes ``(n, d)``: 0 orthogonal, 1 equal.

    Blind to rotations and to the scale of each side; None if one of them is constant.
    """
    first, second = (check_codes(codes).astype(np.float64) for codes in (first, second))
    first, second = first - first.mean(axis=0), second - second.mean(axis=0)
    norm = np.linalg.norm(first.T @ first) * np.linalg.norm(second.T @ second)
    return float(np.linalg.norm(first.T @ second) ** 2 / norm) if norm > 0 else None
