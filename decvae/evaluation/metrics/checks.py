"""What every metric does first: check codes and factors, drop constant codes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np


def check_codes(z: np.ndarray, name: str = "z") -> np.ndarray:
    """Codes as a finite 2-D float array ``(n_samples, n_codes)`` (float32 stays float32, the rest becomes float64).

    Raises
    ------
    ValueError
        If ``z`` is not 2-D, has fewer than two samples or no code, or holds NaN or infinite values; the message names
        the codes.
    """
    z = np.asarray(z)
    if z.ndim != 2 or z.shape[0] < 2 or z.shape[1] < 1:
        raise ValueError(f"{name} must be (n_samples >= 2, n_codes >= 1), found shape {z.shape}")
    if z.dtype != np.float32:
        z = z.astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(z).all(axis=0))
    if bad.size:
        raise ValueError(f"{name} holds NaN or infinite values in code(s) {bad.tolist()}; did the model diverge?")
    return z


def check_factors(y: np.ndarray, n_samples: int, name: str = "y") -> np.ndarray:
    """Factors as int64 ``(n_samples, n_factors)``; a vector is one factor.

    A negative code is a missing label: metrics leave the sample out for that factor, not for the others.

    Raises
    ------
    ValueError
        If the factors are not integers or their number of rows differs from ``n_samples``.
    """
    y = np.asarray(y)
    if y.ndim == 1:
        y = y[:, None]
    if y.ndim != 2 or y.shape[1] < 1:
        raise ValueError(f"{name} must be (n_samples, n_factors >= 1), found shape {y.shape}")
    if not np.issubdtype(y.dtype, np.integer):
        raise ValueError(f"{name} must hold integer class codes, found {y.dtype}")
    if len(y) != n_samples:
        raise ValueError(f"{name} has {len(y)} rows, the codes have {n_samples}")
    return y.astype(np.int64)


def classes_of(factor: np.ndarray) -> np.ndarray:
    """Class codes that occur in a factor ``(n_samples,)``, in order; a missing label (negative) is none of them."""
    return np.unique(factor[factor >= 0])


def active_codes(z: np.ndarray) -> np.ndarray:
    """Mask ``(n_codes,)`` of the codes that vary at all; a constant code carries nothing and breaks several metrics."""
    return z.max(axis=0) != z.min(axis=0)


def drop_constant(z: np.ndarray) -> np.ndarray:
    """Checked codes without the constant ones (see :func:`check_codes`)."""
    z = check_codes(z)
    return z[:, active_codes(z)]


def varying_codes(z: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Checked codes ``(n_samples, n_codes)`` without constant ones, and checked factors ``(n_samples, n_factors)``."""
    z = drop_constant(z)
    return z, check_factors(y, len(z))


@dataclass(frozen=True)
class TrainTest:
    """Codes and factors of a training and a test part, without the codes that are constant in the training part.

    Parameters
    ----------
    z_train, z_test : (n, n_codes)
    y_train, y_test : (n, n_factors) int
        A vector is one factor; negative where a label is missing.

    Raises
    ------
    ValueError
        For malformed or mismatched parts, constant codes only, or a factor with one class in the training part.
    """

    z_train: np.ndarray
    y_train: np.ndarray
    z_test: np.ndarray
    y_test: np.ndarray

    def __post_init__(self) -> None:
        z_train, z_test = check_codes(self.z_train, "z_train"), check_codes(self.z_test, "z_test")
        y_train = check_factors(self.y_train, len(z_train), "y_train")
        y_test = check_factors(self.y_test, len(z_test), "y_test")
        if z_train.shape[1] != z_test.shape[1] or y_train.shape[1] != y_test.shape[1]:
            raise ValueError(
                f"parts differ: {z_train.shape[1]} and {z_test.shape[1]} codes, {y_train.shape[1]} and "
                f"{y_test.shape[1]} factors in train and test"
            )
        single = [k for k, factor in enumerate(y_train.T) if len(classes_of(factor)) < 2]
        if single:
            raise ValueError(f"factor(s) {single} have one class in the training part: nothing to predict")
        unlabelled = np.flatnonzero(np.all(y_test < 0, axis=0))
        if unlabelled.size:
            raise ValueError(f"factor(s) {unlabelled.tolist()} have no label in the test part")
        active = active_codes(z_train)
        if not active.any():
            raise ValueError("all codes are constant in the training part")
        checked = z_train[:, active], y_train, z_test[:, active], y_test
        for field, values in zip(fields(self), checked, strict=True):
            object.__setattr__(self, field.name, values)  # the class is frozen


def joint_split(z: np.ndarray, y: np.ndarray | None, train: np.ndarray, test: np.ndarray) -> TrainTest | None:
    """All factors on the rows ``train`` and ``test``; None where there are too few labels of one, or no factors."""
    if y is None or any(len(classes_of(factor[train])) < 2 or np.all(factor[test] < 0) for factor in y.T):
        return None
    return TrainTest(z[train], y[train], z[test], y[test])


def by_factor(splits: Sequence[TrainTest]) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """``z_train, y_train, z_test, y_test`` of one factor ``(n,)`` after the other, without rows that lack its label."""
    for split in splits:
        for labels, truth in zip(split.y_train.T, split.y_test.T, strict=True):
            known, known_test = labels >= 0, truth >= 0
            yield split.z_train[known], labels[known], split.z_test[known_test], truth[known_test]


def check_matrix(matrix: np.ndarray, name: str, at_least: float = -np.inf) -> np.ndarray:
    """A finite matrix as float64, as of codes and factors.

    Raises
    ------
    ValueError
        If it is not 2-D or not finite, or has an entry below ``at_least``.
    """
    matrix = np.asarray(matrix, dtype=np.float64)
    if matrix.ndim != 2 or not np.all(np.isfinite(matrix)) or np.any(matrix < at_least):
        bound = "" if np.isinf(at_least) else f" >= {at_least:g}"
        raise ValueError(f"{name} must be a finite matrix{bound}, found shape {matrix.shape}")
    return matrix
