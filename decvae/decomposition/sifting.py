"""Compiled sifting of the empirical mode decomposition, step for step that of the package PyEMD.

N. E. Huang et al., The empirical mode decomposition and the Hilbert spectrum, Proc. Royal Society A 454, 1998. Extrema,
mirrored ends, envelopes and stop rules are those of PyEMD 1.10, which the tests compare with; the envelopes are written
as one cubic Hermite spline whose slopes make it pchip, cubic or cubic Hermite.
"""

from __future__ import annotations

import numpy as np
from numba import njit

PCHIP, CUBIC_HERMITE, CUBIC = range(3)
SPLINES = {"pchip": PCHIP, "cubic_hermite": CUBIC_HERMITE, "cubic": CUBIC}
_MIRRORED = 2  # extrema that continue the signal beyond either end
_EMPTY_MODE = 1e-10  # energy below which PyEMD takes no mode for converged

_compiled = njit(cache=True, nogil=True, error_model="numpy")


# ---- Extrema ---------------------------------------------------------------------------------------------------------


@_compiled
def zero_crossings(y):
    """Changes of sign plus runs of zeros."""
    count = 0
    for i in range(len(y)):
        if y[i] == 0.0:
            count += i == 0 or y[i - 1] != 0.0
        elif i > 0 and y[i - 1] * y[i] < 0.0:
            count += 1
    return count


@_compiled
def simple_extrema(y):
    """Maxima and minima at samples: positions and values ``(2, n)`` of either.

    A flat extremum lies in its middle. As in PyEMD, a flat part that starts at sample 1 or reaches the end is none, and
    what comes before one that starts at sample 0 is the last step of the signal.
    """
    n_steps = len(y) - 1
    points, found = np.empty((2, 2, n_steps + 1)), np.zeros(2, np.int64)
    is_first_run = True
    i = 0
    while i < n_steps:
        end = i
        while end < n_steps and y[end + 1] == y[end]:
            end += 1
        is_flat = end > i
        ignored = end == n_steps or (is_flat and is_first_run and i == 1) or (not is_flat and i == 0)
        is_first_run = is_first_run and not is_flat
        if not ignored:
            before = y[i] - y[i - 1] if i > 0 else y[n_steps] - y[n_steps - 1]
            if before * (y[end + 1] - y[end]) < 0.0:
                place = np.round((i + end) / 2.0)
                _add(points, found, 0 if before > 0.0 else 1, place, y[int(place)])
        # The step that leaves a flat part is no change of sign: it follows a zero step.
        i = end + 1
    return points[0, :, : found[0]].copy(), points[1, :, : found[1]].copy()


@_compiled
def _add(points, found, kind, place, value):
    points[kind, 0, found[kind]], points[kind, 1, found[kind]] = place, value
    found[kind] += 1


@_compiled
def parabolic_extrema(y):
    """Maxima and minima of the parabolas through every three neighbouring samples, as :func:`simple_extrema`."""
    n = len(y)
    kept = np.empty(n, np.int64)
    count = 0
    for i in range(n):
        if i == 0 or i == n - 1 or not (y[i] == y[i - 1] and y[i] == y[i + 1]):
            kept[count] = i
            count += 1
    points, found = np.empty((2, 2, count)), np.zeros(2, np.int64)
    for j in range(1, count - 1):
        tp, t0, tn = float(kept[j - 1]), float(kept[j]), float(kept[j + 1])
        sp, s0, sn = y[kept[j - 1]], y[kept[j]], y[kept[j + 1]]
        scale = tp * tn * tn + tp * tp * t0 + t0 * t0 * tn - tp * tp * tn - tp * t0 * t0 - t0 * tn * tn
        a = ((t0 - tn) * sp + (tn - tp) * s0 + (tp - t0) * sn) / scale
        b = ((s0 - sn) * tp**2 + (sn - sp) * t0**2 + (sp - s0) * tn**2) / scale
        c = (t0 * tn * (t0 - tn) * sp + tn * tp * (tn - tp) * s0 + tp * t0 * (tp - t0) * sn) / scale
        if a == 0.0:
            a = 1e-14
        vertex = -0.5 * b / a
        if t0 - 0.5 * (t0 - tp) <= vertex < t0 + 0.5 * (tn - t0):
            _add(points, found, 0 if a < 0.0 else 1, vertex, a * vertex * vertex + b * vertex + c)
    return points[0, :, : found[0]].copy(), points[1, :, : found[1]].copy()


# ---- Mirrored ends ---------------------------------------------------------------------------------------------------


@_compiled
def _reflect(points, place):
    """Points ``(2, n)`` mirrored about a place."""
    result = points.copy()
    for i in range(points.shape[1]):
        result[0, i] = 2 * place - points[0, i]
    return result


@_compiled
def _mirror(edge, here, other, sign, interpolated):
    """Points beyond one end of the signal, nearest first: for the envelope of ``here``, then of ``other``.

    ``edge`` (2, 1) is the end; ``here`` and ``other`` are the extrema of the two kinds in order from that end; that of
    ``here`` comes first. ``sign`` is 1 if ``here`` are maxima.
    """
    end, first = edge[0, 0], here[0, 0]
    near_here, near_other = here[:, :_MIRRORED], other[:, :_MIRRORED]
    about_extremum = sign * edge[1, 0] > sign * other[1, 0]
    if interpolated:
        # PyEMD fails where a single extremum leaves nothing to mirror; here the end is the axis then.
        about_extremum = about_extremum and abs(first - other[0, 0]) > abs(first - end) and here.shape[1] > 1
    if not about_extremum:
        facing = np.concatenate((edge, other[:, : _MIRRORED - 1]), axis=1)
        return _reflect(near_here, end), _reflect(facing, end)
    own, facing = _reflect(here[:, 1 : 1 + _MIRRORED], first), _reflect(near_other, first)
    side = 1 if first > end else -1  # where the signal lies
    if interpolated or (own.shape[1] > 0 and side * (own[0, -1] - end) <= 0 and side * (facing[0, -1] - end) <= 0):
        return own, facing
    # They do not reach the end: mirror about the end instead, without its sample.
    return _reflect(near_here, end), _reflect(near_other, end)


@_compiled
def _beyond(edge, maxima, minima, interpolated):
    """Mirrored maxima and minima at one end, nearest first; the extrema come in order from that end."""
    if abs(maxima[0, 0] - edge[0, 0]) < abs(minima[0, 0] - edge[0, 0]):
        return _mirror(edge, maxima, minima, 1, interpolated)
    low, high = _mirror(edge, minima, maxima, -1, interpolated)
    return high, low


@_compiled
def extend(y, maxima, minima, interpolated):
    """Maxima and minima ``(2, n)`` with mirrored ones beyond both ends."""
    start, stop = np.array([[0.0], [y[0]]]), np.array([[len(y) - 1.0], [y[-1]]])
    left_max, left_min = _beyond(start, maxima, minima, interpolated)
    right_max, right_min = _beyond(stop, maxima[:, ::-1].copy(), minima[:, ::-1].copy(), interpolated)
    return (
        _distinct(np.concatenate((left_max[:, ::-1], maxima, right_max), axis=1)),
        _distinct(np.concatenate((left_min[:, ::-1], minima, right_min), axis=1)),
    )


@_compiled
def _distinct(points):
    """Of points at the same place, the last."""
    keep = np.ones(points.shape[1], np.bool_)
    for i in range(points.shape[1] - 1):
        keep[i] = points[0, i] != points[0, i + 1]
    return points[:, keep]


# ---- Envelopes -------------------------------------------------------------------------------------------------------


@_compiled
def spline_slopes(x, y, kind):
    """Slopes at the knots ``(n,)`` that make the cubic Hermite spline pchip, cubic Hermite or cubic."""
    n = len(x)
    if n == 1:
        return np.zeros(1)
    h, m = np.empty(n - 1), np.empty(n - 1)
    for i in range(n - 1):
        h[i] = x[i + 1] - x[i]
        m[i] = (y[i + 1] - y[i]) / h[i]
    if n == 2:
        return np.full(2, m[0])
    if kind == PCHIP:
        return _pchip(h, m)
    if kind == CUBIC_HERMITE:
        return _central(y, h, m)
    return _not_a_knot(h, m)


@_compiled
def _pchip_end(h0, h1, m0, m1):
    slope = ((2 * h0 + h1) * m0 - h0 * m1) / (h0 + h1)
    if np.sign(slope) != np.sign(m0):
        return 0.0
    if np.sign(m0) != np.sign(m1) and abs(slope) > 3.0 * abs(m0):
        return 3.0 * m0
    return slope


@_compiled
def _pchip(h, m):
    """Fritsch and Butland (1984): weighted harmonic means, 0 at extrema."""
    n = len(h) + 1
    slopes = np.zeros(n)
    for i in range(1, n - 1):
        if m[i - 1] * m[i] > 0.0 or (m[i - 1] != 0.0 and m[i] != 0.0 and np.sign(m[i - 1]) == np.sign(m[i])):
            w1, w2 = 2 * h[i] + h[i - 1], h[i] + 2 * h[i - 1]
            slopes[i] = 1.0 / ((w1 / m[i - 1] + w2 / m[i]) / (w1 + w2))
    slopes[0] = _pchip_end(h[0], h[1], m[0], m[1])
    slopes[-1] = _pchip_end(h[-1], h[-2], m[-1], m[-2])
    return slopes


@_compiled
def _central(y, h, m):
    """Second-order differences, rounded as :func:`numpy.gradient` does (the sifting amplifies the last digit)."""
    n = len(h) + 1
    slopes = np.empty(n)
    slopes[0], slopes[-1] = m[0], m[-1]
    for i in range(1, n - 1):
        a, b = -h[i] / (h[i - 1] * (h[i - 1] + h[i])), (h[i] - h[i - 1]) / (h[i - 1] * h[i])
        c = h[i - 1] / (h[i] * (h[i - 1] + h[i]))
        slopes[i] = a * y[i - 1] + b * y[i] + c * y[i + 1]
    return slopes


@_compiled
def _not_a_knot(h, m):
    """Cubic spline: not-a-knot ends, natural ones with three knots; a tridiagonal system without pivots."""
    n = len(h) + 1
    below, diagonal, above, right = np.zeros(n), np.empty(n), np.zeros(n), np.empty(n)
    for i in range(1, n - 1):
        below[i], diagonal[i], above[i] = h[i], 2 * (h[i - 1] + h[i]), h[i - 1]
        right[i] = 3 * (h[i] * m[i - 1] + h[i - 1] * m[i])
    if n == 3:
        diagonal[0], above[0], right[0] = 2.0, 1.0, 3 * m[0]
        below[-1], diagonal[-1], right[-1] = 1.0, 2.0, 3 * m[-1]
    else:
        width = h[0] + h[1]
        diagonal[0], above[0] = h[1], width
        right[0] = ((h[0] + 2 * width) * h[1] * m[0] + h[0] ** 2 * m[1]) / width
        width = h[-1] + h[-2]
        below[-1], diagonal[-1] = width, h[-2]
        right[-1] = (h[-1] ** 2 * m[-2] + (2 * width + h[-1]) * h[-2] * m[-1]) / width
    for i in range(1, n):
        factor = below[i] / diagonal[i - 1]
        diagonal[i] -= factor * above[i - 1]
        right[i] -= factor * right[i - 1]
    slopes = np.empty(n)
    slopes[-1] = right[-1] / diagonal[-1]
    for i in range(n - 2, -1, -1):
        slopes[i] = (right[i] - above[i] * slopes[i + 1]) / diagonal[i]
    return slopes


@_compiled
def add_envelope(total, points, kind):
    """Add the spline through points ``(2, n)``, taken at every sample, to ``total``; its ends go on as polynomials."""
    x, y = points[0], points[1]
    slopes = spline_slopes(x, y, kind)
    n = len(x)
    if n == 1:
        total += y[0]
        return
    length = len(total)
    begin = 0
    for i in range(n - 1):
        # Samples in [x[i], x[i + 1]); the first and the last polynomial reach to the ends of the signal.
        end = length if i == n - 2 else min(length, max(begin, int(np.ceil(x[i + 1]))))
        if begin == end:
            continue
        h = x[i + 1] - x[i]
        slope = (y[i + 1] - y[i]) / h
        bend = (slopes[i] + slopes[i + 1] - 2 * slope) / h
        c0, c1, c2, c3 = bend / h, (slope - slopes[i]) / h - bend, slopes[i], y[i]
        for t in range(begin, end):
            s = t - x[i]
            total[t] += c3 + c2 * s + c1 * (s * s) + c0 * (s * s * s)
        begin = end


# ---- Sifting ---------------------------------------------------------------------------------------------------------


@_compiled
def _extrema(y, interpolated):
    return parabolic_extrema(y) if interpolated else simple_extrema(y)


@_compiled
def _has_converged(new, old, thresholds):
    """PyEMD's ``check_imf`` but for the signs of the extrema; ``thresholds``: scaled variance, std, energy ratio."""
    energy = old_energy = moved = relative = 0.0
    largest = smallest = old[0]
    for t in range(len(new)):
        change = new[t] - old[t]
        energy += new[t] * new[t]
        old_energy += old[t] * old[t]
        moved += change * change
        relative += (change / new[t]) ** 2
        largest, smallest = max(largest, old[t]), min(smallest, old[t])
    if energy < _EMPTY_MODE:
        return False
    return (
        moved / (largest - smallest) < thresholds[0] or relative < thresholds[1] or moved / old_energy < thresholds[2]
    )


@_compiled
def sift(signal, max_modes, max_iterations, kind, interpolated, thresholds, total_power, smallest_range):
    """Modes of one signal ``(T,)``.

    Returns
    -------
    modes : (max_modes + 1, T)
        Intrinsic mode functions, then the residue.
    count : int
        Rows in use.
    """
    length = len(signal)
    modes = np.zeros((max_modes + 1, length))
    total, mean, old = np.zeros(length), np.empty(length), np.empty(length)
    count = 0
    n_extrema = -1
    while True:
        mode = signal - total
        is_trend = False
        maxima, minima = _extrema(mode, interpolated)
        if max_iterations > 1:
            n_extrema = maxima.shape[1] + minima.shape[1]
        for _ in range(max_iterations - 1):
            if n_extrema <= 2 or maxima.shape[1] == 0 or minima.shape[1] == 0:
                is_trend = True
                break
            upper, lower = extend(mode, maxima, minima, interpolated)
            mean[:] = 0.0
            add_envelope(mean, upper, kind)
            add_envelope(mean, lower, kind)
            for t in range(length):
                old[t] = mode[t]
                mode[t] -= 0.5 * mean[t]
            maxima, minima = _extrema(mode, interpolated)
            n_extrema = maxima.shape[1] + minima.shape[1]
            if upper[1].min() < 0.0 or lower[1].max() > 0.0:
                continue
            if abs(n_extrema - zero_crossings(mode)) < 2 and _has_converged(mode, old, thresholds):
                break
        modes[count] = mode
        count += 1
        total += mode
        rest = signal - total
        if is_trend or rest.max() - rest.min() < smallest_range or np.abs(rest).sum() < total_power:
            break
        if count == max_modes:
            break
    if n_extrema <= 2:  # the last one is a trend, which belongs to the residue
        count -= 1
        modes[count] = 0.0
    total[:] = 0.0
    for k in range(count):
        total += modes[k]
    rest = signal - total
    if np.abs(rest).max() > 1e-8:
        modes[count] = rest
        count += 1
    return modes, count
