"""Multinomial logistic regression with an L2 penalty, solved to its optimum: the linear probe of the latents.

The objective is that of scikit-learn's ``LogisticRegression(C=C)``: the sum of the log losses plus ``|W|^2 / (2 C)``,
the intercept free. Codes of trained models are correlated and nearly separable, so that plain L-BFGS needs thousands of
steps. Here its steps are preconditioned with the Hessian of a nearby point (Nocedal and Wright, Numerical
Optimization, 2006, sections 7.1 and 7.2), which is built anew where progress is slow, and also serves the next
penalties and folds.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh
from scipy.linalg.lapack import spotrf, spotri

TOLERANCE = 1e-11  # of the decrement, in nats: about twice the distance of the mean loss from its minimum
MAX_STEPS = 1000
MEMORY = 20  # steps that L-BFGS remembers
PATIENCE = 25  # steps with one Hessian
COUPLED = 2000  # weights that the Hessian couples; principal directions beyond them only have a curvature of their own
JITTER = 1e-6  # keeps a scaled Hessian in single precision positive
SHORTEST = 1e-8  # step length below which rounding hides any progress
NEGLIGIBLE = (
    1e-10  # probabilities without a share in a Hessian: their products would be denormal, which is ten times slower
)
Step = tuple[np.ndarray, np.ndarray, float]  # change of the weights, change of the gradient, one over their product


@dataclass(frozen=True)
class LogisticFit:
    """A fitted model.

    Attributes
    ----------
    weights : (n_codes + 1, n_classes) float64
        The last row is the intercept.
    converged : bool
    curvature : Curvature
        The last one in use, for fits nearby.
    """

    weights: np.ndarray
    converged: bool
    curvature: Curvature

    def predict_proba(self, z: np.ndarray) -> np.ndarray:
        """Probabilities ``(n, n_classes)`` for codes ``(n, n_codes)``."""
        return _probabilities(z, self.weights)

    def predict(self, z: np.ndarray) -> np.ndarray:
        """Class numbers ``(n,)`` for codes ``(n, n_codes)``."""
        return self.predict_proba(z).argmax(axis=1)


def fit_logistic(
    z: np.ndarray,
    y: np.ndarray,
    n_classes: int,
    regularisation: float = 1.0,
    *,
    start: np.ndarray | None = None,
    curvature: Curvature | None = None,
    tolerance: float = TOLERANCE,
) -> LogisticFit:
    """The optimum of the penalised log loss.

    Parameters
    ----------
    z : (n, n_codes) float32 or float64
        Standardised codes; the sums over samples are in their precision, which bounds the tolerance that can be met
        (1e-6 in float32).
    y : (n,) int
        Classes, 0 to ``n_classes - 1``.
    regularisation : float
        C: the larger, the weaker the penalty.
    start : (n_codes + 1, n_classes)
        Weights to begin with; default zero.
    curvature : Curvature
        Of a fit to similar codes; it changes the number of steps, not the optimum.
    tolerance : float
        Of the decrement ``g' H^-1 g``. Probabilities are then within about its square root of the optimum's.
    """
    # For two classes scikit-learn has one direction; here they are w and -w of half its length.
    penalty = (2 if n_classes == 2 else 1) / (regularisation * len(z))
    weights = np.zeros((z.shape[1] + 1, n_classes)) if start is None else start
    value, gradient = _objective(z, y, weights, penalty)
    memory: deque[Step] = deque(maxlen=MEMORY)
    if curvature is None:
        curvature = Curvature(z, weights, penalty)
    age = 0
    for _ in range(MAX_STEPS):
        if age == PATIENCE:
            curvature, age = Curvature(z, weights, penalty, curvature.basis), 0
            memory.clear()
        direction = _direction(gradient, curvature, memory)
        slope = float(np.sum(gradient * direction))
        if -slope < tolerance:
            return LogisticFit(weights, True, curvature)
        found = _search(z, y, weights, penalty, value, slope, direction)
        if found is None:
            if age == 0:
                break
            age = PATIENCE
            continue
        new, new_value, new_gradient = found
        change, difference = new - weights, new_gradient - gradient
        product = float(np.sum(change * difference))
        if product > 0:
            memory.append((change, difference, 1 / product))
        weights, value, gradient = new, new_value, new_gradient
        age += 1
    return LogisticFit(weights, False, curvature)


def _logits(z: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """``(n, n_classes)`` in the precision of z, the largest of each row 0."""
    logits: np.ndarray = z @ weights[:-1].astype(z.dtype) + weights[-1].astype(z.dtype)
    logits -= logits.max(axis=1, keepdims=True)
    return np.maximum(logits, 0.9 * np.log(np.finfo(z.dtype).tiny), out=logits)  # above denormals, which are slow


def _probabilities(z: np.ndarray, weights: np.ndarray) -> np.ndarray:
    logits = _logits(z, weights)
    np.exp(logits, out=logits)
    return logits / logits.sum(axis=1, keepdims=True)


def _objective(z: np.ndarray, y: np.ndarray, weights: np.ndarray, penalty: float) -> tuple[float, np.ndarray]:
    """Mean log loss with its penalty, and the gradient ``(n_codes + 1, n_classes)``."""
    rows = np.arange(len(z))
    logits = _logits(z, weights)
    right = logits[rows, y]
    np.exp(logits, out=logits)
    total = logits.sum(axis=1)
    residual = np.divide(logits, total[:, None], out=logits)
    residual[rows, y] -= 1
    loss = np.mean(np.log(total) - right, dtype=np.float64)
    gradient = np.vstack([z.T @ residual, residual.sum(axis=0)]).astype(np.float64) / len(z)
    gradient[:-1] += penalty * weights[:-1]
    return float(loss + penalty / 2 * np.sum(weights[:-1] ** 2)), gradient


def _search(
    z: np.ndarray,
    y: np.ndarray,
    weights: np.ndarray,
    penalty: float,
    value: float,
    slope: float,
    direction: np.ndarray,
) -> tuple[np.ndarray, float, np.ndarray] | None:
    """The first point along a direction that lowers the objective enough (Armijo), its value and gradient, if any."""
    length = 1.0
    while length > SHORTEST:
        new = weights + length * direction
        new_value, gradient = _objective(z, y, new, penalty)
        excess = new_value - value - length * slope  # over the straight line; quadratic interpolation finds the minimum
        if new_value <= value + 1e-4 * length * slope:
            return new, new_value, gradient
        length *= min(0.5, max(0.1, -slope * length / (2 * excess)))
    return None


def _direction(gradient: np.ndarray, curvature: Curvature, memory: deque[Step]) -> np.ndarray:
    """Direction of descent by L-BFGS: the two-loop recursion around the inverse Hessian."""
    q, shares = gradient.copy(), []
    for change, difference, factor in reversed(memory):
        shares.append(factor * np.sum(change * q))
        q -= shares[-1] * difference
    q = curvature.solve(q)
    for (change, difference, factor), share in zip(memory, reversed(shares), strict=True):
        q += change * (share - factor * np.sum(difference * q))
    return -q


class Curvature:
    """An approximate inverse of the Hessian at one point, in single precision.

    The leading principal directions of the codes, as many as ``COUPLED`` allows, are coupled with each other and
    across classes as in the exact Hessian; each of the others stands alone.

    Parameters
    ----------
    z : (n, n_codes)
    weights : (n_codes + 1, n_classes)
        The point.
    penalty : float
        ``1 / (C n)``.
    basis : (n_codes, n_codes)
        Principal directions of similar codes by falling variance, if they are known.
    """

    def __init__(self, z: np.ndarray, weights: np.ndarray, penalty: float, basis: np.ndarray | None = None) -> None:
        z = z.astype(np.float32)
        if basis is None:
            basis = eigh(z.T @ z, check_finite=False, overwrite_a=True)[1][:, ::-1]
        self.basis = basis
        self._rank = min(len(basis), min(COUPLED, 200 + len(z) // 4) // weights.shape[1])
        p, rotated = _probabilities(z, weights), z @ basis
        variance = np.mean(rotated[:, self._rank :] ** 2, axis=0)
        self._alone = variance[:, None] * np.mean(p * (1 - p), axis=0) + penalty
        self._coupled = _inverse(_hessian(rotated[:, : self._rank], p, penalty))

    def solve(self, gradient: np.ndarray) -> np.ndarray:
        """Inverse Hessian times a gradient, both ``(n_codes + 1, n_classes)``."""
        rotated = self.basis.T @ gradient[:-1]
        lead = np.vstack([rotated[: self._rank], gradient[-1:]])
        lead = (self._coupled @ lead.T.ravel().astype(np.float32)).reshape(lead.T.shape).T
        return np.vstack([self.basis @ np.vstack([lead[:-1], rotated[self._rank :] / self._alone]), lead[-1:]])


def _hessian(z: np.ndarray, p: np.ndarray, penalty: float) -> np.ndarray:
    """Hessian of the mean loss, class by class: ``(n_classes * d, n_classes * d)``, d codes with the intercept last."""
    z = np.hstack([z, np.ones((len(z), 1), z.dtype)])
    (n, d), n_classes = z.shape, p.shape[1]
    p = np.where(p < NEGLIGIBLE, 0, p)
    blocks = np.empty((n_classes, d, n_classes, d), z.dtype)
    weighted = np.empty_like(z)
    for k in range(n_classes):
        for j in range(k + 1):
            np.multiply(z, (p[:, k] * ((j == k) - p[:, j]) / n)[:, None], out=weighted)
            blocks[k, :, j] = weighted.T @ z
            blocks[j, :, k] = blocks[k, :, j]
        blocks[k, range(d - 1), k, range(d - 1)] += penalty
    blocks[:, -1, :, -1] += 1  # all intercepts together, which the loss does not see
    return blocks.reshape(n_classes * d, n_classes * d)


def _inverse(matrix: np.ndarray) -> np.ndarray:
    """Inverse of a positive matrix in single precision, scaled to a diagonal of ones on the way."""
    scale = 1 / np.sqrt(np.diag(matrix))
    scaled = matrix * scale * scale[:, None]
    scaled[np.diag_indices(len(scaled))] += JITTER
    factor, failed = spotrf(scaled.T, overwrite_a=True)
    if failed:
        raise np.linalg.LinAlgError(f"the Hessian of {len(matrix)} weights is not positive in row {failed}")
    upper = np.triu(spotri(factor, overwrite_c=True)[0])
    return (upper + np.triu(upper, 1).T) * scale * scale[:, None]
