"""What every metric does first: check codes and factors, drop constant codes, cut codes into equal-width bins."""

from __future__ import annotations

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


def drop_constant(z: np.ndarray, name: str = "z") -> tuple[np.ndarray, int]:
    """Checked codes without the constant ones, and how many were dropped (see :func:`check_codes`)."""
    z = check_codes(z, name)
    active = active_codes(z)
    return z[:, active], int((~active).sum())


def check_train_test(
    z_train: np.ndarray, y_train: np.ndarray, z_test: np.ndarray, y_test: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int]:
    """Checked parts without the codes that are constant in the training part, and how many of those there were.

    Raises
    ------
    ValueError
        For malformed or mismatched parts, constant codes only, or a factor with one class in the training part.
    """
    z_train, z_test = check_codes(z_train, "z_train"), check_codes(z_test, "z_test")
    y_train = check_factors(y_train, len(z_train), "y_train")
    y_test = check_factors(y_test, len(z_test), "y_test")
    if z_train.shape[1] != z_test.shape[1] or y_train.shape[1] != y_test.shape[1]:
        raise ValueError(
            f"parts differ: {z_train.shape[1]} and {z_test.shape[1]} codes, {y_train.shape[1]} and {y_test.shape[1]} "
            "factors in train and test"
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
    return z_train[:, active], y_train, z_test[:, active], y_test, int((~active).sum())


def discretise(z: np.ndarray, n_bins: int = 30) -> np.ndarray:
    """Cut every code into equal-width bins over its own range.

    Parameters
    ----------
    z : (n_samples, n_codes)
    n_bins : int
        30 in the paper, 20 in disentanglement_lib.

    Returns
    -------
    (n_samples, n_codes) int64
        Index 1..n_bins of the bin, counted from its left edge; the maximum belongs to the last bin. As
        ``np.digitize(code, np.histogram(code, n_bins)[1][:-1])`` of disentanglement_lib.
    """
    if n_bins < 2:
        raise ValueError(f"n_bins must be at least 2, found {n_bins}")
    z = check_codes(z).astype(np.float64)
    edges = [np.histogram_bin_edges(code, n_bins)[:-1] for code in z.T]
    return np.stack([np.digitize(code, edge) for code, edge in zip(z.T, edges, strict=True)], axis=1)
