"""Compiled sifting of the empirical mode decomposition, step for step that of the package PyEMD.

N. E. Huang et al., The empirical mode decomposition and the Hilbert spectrum, Proc. Royal Society A 454, 1998. Extrema,
mirrored ends, envelopes and stop rules are those of PyEMD 1.10, which the tests compare with; the envelopes are written
as one cubic Hermite spline whose slopes make it pchip, cubic, cubic Hermite or Akima.
"""

from __future__ import annotations

import numpy as np
from numba import njit

PCHIP, CUBIC_HERMITE, CUBIC, AKIMA = range(4)
SPLINES = {"pchip": PCHIP, "cubic_hermite": CUBIC_HERMITE, "cubic": CUBIC, "akima": AKIMA}
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
    """Maxima and minima at samples: positions and values of either, four arrays.

    A flat extremum lies in its middle. As in PyEMD, a flat part that starts at sample 1 or reaches the end is none, and
    what comes before one that starts at sample 0 is the last step of the signal.
    """
    n_steps = len(y) - 1
    maxima, minima = np.empty(n_steps + 1), np.empty(n_steps + 1)
    n_max = n_min = 0
    is_first_run = True
    i = 0
    while i < n_steps:
        step = y[i + 1] - y[i]
        if step != 0.0:
            if i > 0:
                before = y[i] - y[i - 1]
                if before * step < 0.0:
                    if before > 0.0:
                        maxima[n_max] = i
                        n_max += 1
                    else:
                        minima[n_min] = i
                        n_min += 1
            i += 1
            continue
        end = i
        while end < n_steps and y[end + 1] == y[end]:
            end += 1
        ignored = end == n_steps or (is_first_run and i == 1)
        is_first_run = False
        if not ignored:
            before = y[i] - y[i - 1] if i > 0 else y[n_steps] - y[n_steps - 1]
            after = y[end + 1] - y[end]
            middle = np.round((i + end) / 2.0)
            if before > 0.0 and after < 0.0:
                maxima[n_max] = middle
                n_max += 1
            elif before < 0.0 and after > 0.0:
                minima[n_min] = middle
                n_min += 1
        # The step that leaves the flat part is no change of sign: it follows a zero step.
        i = end + 1
    maxima, minima = maxima[:n_max].copy(), minima[:n_min].copy()
    return maxima, _at(y, maxima), minima, _at(y, minima)


@_compiled
def _at(y, positions):
    values = np.empty(len(positions))
    for i in range(len(positions)):
        values[i] = y[int(positions[i])]
    return values


@_compiled
def parabolic_extrema(y):
    """Maxima and minima of the parabolas through every three neighbouring samples: positions and values of either."""
    n = len(y)
    kept = np.empty(n, np.int64)
    count = 0
    for i in range(n):
        if i == 0 or i == n - 1 or not (y[i] == y[i - 1] and y[i] == y[i + 1]):
            kept[count] = i
            count += 1
    places, values = np.empty((2, count)), np.empty((2, count))
    found = np.zeros(2, np.int64)
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
            k = 0 if a < 0.0 else 1
            places[k, found[k]] = vertex
            values[k, found[k]] = a * vertex * vertex + b * vertex + c
            found[k] += 1
    n_max, n_min = found
    return places[0, :n_max].copy(), values[0, :n_max].copy(), places[1, :n_min].copy(), values[1, :n_min].copy()


# ---- Mirrored ends ---------------------------------------------------------------------------------------------------


@_compiled
def _mirror(edge, edge_value, here, here_values, other, other_values, sign, interpolated):
    """Points beyond one end of the signal, nearest first.

    ``here`` and ``other`` are the extrema of the two kinds in order from that end; that of ``here`` comes first.
    ``sign`` is 1 if ``here`` are maxima. Returns positions and values for the envelope of ``here``, then of ``other``.
    """
    about_extremum = sign * edge_value > sign * other_values[0]
    if interpolated:
        # PyEMD fails where a single extremum leaves nothing to mirror; here the end is the axis then.
        about_extremum = about_extremum and abs(here[0] - other[0]) > abs(here[0] - edge) and len(here) > 1
    if about_extremum:
        own, facing = 2 * here[0] - here[1 : 1 + _MIRRORED], 2 * here[0] - other[:_MIRRORED]
        side = 1 if here[0] > edge else -1  # where the signal lies
        if interpolated or (len(own) > 0 and side * (own[-1] - edge) <= 0 and side * (facing[-1] - edge) <= 0):
            return own, here_values[1 : 1 + _MIRRORED].copy(), facing, other_values[:_MIRRORED].copy()
        # They do not reach the end: mirror about the end instead, without its sample.
        return (
            2 * edge - here[:_MIRRORED],
            here_values[:_MIRRORED].copy(),
            2 * edge - other[:_MIRRORED],
            other_values[:_MIRRORED].copy(),
        )
    return (
        2 * edge - here[:_MIRRORED],
        here_values[:_MIRRORED].copy(),
        2 * edge - np.append(np.full(1, edge), other[: _MIRRORED - 1]),
        np.append(np.full(1, edge_value), other_values[: _MIRRORED - 1]),
    )


@_compiled
def _beyond(edge, edge_value, maxima, max_values, minima, min_values, interpolated):
    """Mirrored maxima and minima at one end, nearest first; the extrema come in order from that end."""
    if abs(maxima[0] - edge) < abs(minima[0] - edge):
        return _mirror(edge, edge_value, maxima, max_values, minima, min_values, 1, interpolated)
    low, low_values, high, high_values = _mirror(
        edge, edge_value, minima, min_values, maxima, max_values, -1, interpolated
    )
    return high, high_values, low, low_values


@_compiled
def extend(y, maxima, max_values, minima, min_values, interpolated):
    """Extrema with mirrored ones beyond both ends: positions and values of maxima, then of minima, four arrays."""
    left = _beyond(0.0, y[0], maxima, max_values, minima, min_values, interpolated)
    right = _beyond(
        len(y) - 1.0,
        y[-1],
        maxima[::-1].copy(),
        max_values[::-1].copy(),
        minima[::-1].copy(),
        min_values[::-1].copy(),
        interpolated,
    )
    upper, upper_values = _distinct(
        np.concatenate((left[0][::-1], maxima, right[0])), np.concatenate((left[1][::-1], max_values, right[1]))
    )
    lower, lower_values = _distinct(
        np.concatenate((left[2][::-1], minima, right[2])), np.concatenate((left[3][::-1], min_values, right[3]))
    )
    return upper, upper_values, lower, lower_values


@_compiled
def _distinct(x, y):
    """Of points at the same place, the last."""
    keep = np.ones(len(x), np.bool_)
    for i in range(len(x) - 1):
        keep[i] = x[i] != x[i + 1]
    return x[keep], y[keep]


# ---- Envelopes -------------------------------------------------------------------------------------------------------


@_compiled
def spline_slopes(x, y, kind):
    """Slopes at the knots ``(n,)`` that make the cubic Hermite spline pchip, cubic Hermite, cubic or Akima."""
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
    if kind == CUBIC:
        return _not_a_knot(h, m)
    return _akima(m)


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
def _akima(m):
    """Akima (1970)."""
    n = len(m) + 1
    padded = np.empty(n + 3)
    padded[2:-2] = m
    padded[1] = 2 * padded[2] - padded[3]
    padded[0] = 2 * padded[1] - padded[2]
    padded[-2] = 2 * padded[-3] - padded[-4]
    padded[-1] = 2 * padded[-2] - padded[-3]
    change = np.abs(padded[1:] - padded[:-1])
    weight = change[2:] + change[:-2]
    least = 1e-9 * weight.max()
    slopes = np.empty(n)
    for i in range(n):
        if weight[i] > least:
            slopes[i] = padded[i + 1] + change[i] / weight[i] * (padded[i + 2] - padded[i + 1])
        else:
            slopes[i] = 0.5 * (padded[i + 3] + padded[i])
    return slopes


@_compiled
def add_envelope(total, x, y, kind):
    """Add the spline through ``(x, y)``, taken at every sample, to ``total``; its ends go on as polynomials."""
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
        maxima, max_values, minima, min_values = _extrema(mode, interpolated)
        if max_iterations > 1:
            n_extrema = len(maxima) + len(minima)
        for _ in range(max_iterations - 1):
            if n_extrema <= 2 or len(maxima) == 0 or len(minima) == 0:
                is_trend = True
                break
            upper, upper_values, lower, lower_values = extend(
                mode, maxima, max_values, minima, min_values, interpolated
            )
            mean[:] = 0.0
            add_envelope(mean, upper, upper_values, kind)
            add_envelope(mean, lower, lower_values, kind)
            for t in range(length):
                old[t] = mode[t]
                mode[t] -= 0.5 * mean[t]
            maxima, max_values, minima, min_values = _extrema(mode, interpolated)
            n_extrema = len(maxima) + len(minima)
            if upper_values.min() < 0.0 or lower_values.max() > 0.0:
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
