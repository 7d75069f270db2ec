"""Regression trees of depth 3 on binned codes, one per class: the inner loop of DCI's default backend.

A tree splits where the squared error of its gradients falls most. A histogram per node and code holds the sum of the
gradients in every bin; it costs one addition per sample, and only for the smaller of two siblings, since the larger is
what is left of the parent. The histograms at the root, where all classes have the same samples, are filled for eight
classes at once.

Gradients are integers of a common scale, so that sums and differences are exact; the number of samples rides in the
upper bits of the same word.
"""

from __future__ import annotations

import numba
import numpy as np

DEPTH = 3
N_BINS = 256
N_SPLITS, N_LEAVES = 2**DEPTH - 1, 2**DEPTH
COUNT = 42  # number of samples from this bit on, sum of gradients below
HALF = 1 << (COUNT - 1)
MAX_SAMPLES = 2 ** (63 - COUNT) - 1
WIDTH = 8  # classes that are summed together at the root


def bin_edges(code: np.ndarray) -> np.ndarray:
    """Ascending values between the bins of one code ``(n_samples,)``.

    Half-way between neighbouring values, as in scikit-learn's trees, where there are at most ``N_BINS`` different ones.
    Otherwise one edge among every ``n / N_BINS`` neighbours, in the widest gap between two of them: well separated
    classes never share a bin.
    """
    values = np.unique(code)
    between, gaps = (values[1:] + values[:-1]) / 2, np.diff(values)
    if len(values) <= N_BINS:
        return between
    stride = -(-len(gaps) // (N_BINS - 1))
    starts = np.arange(0, len(gaps), stride)
    windows = np.append(gaps, np.full(stride * len(starts) - len(gaps), -1)).reshape(-1, stride)
    return between[starts + windows.argmax(axis=1)]


def to_bins(z: np.ndarray, edges: list[np.ndarray]) -> np.ndarray:
    """Bins ``(n_codes, n_samples)`` uint8 of codes ``(n_samples, n_codes)``: how many edges lie below each value."""
    return np.stack([np.searchsorted(edge, code) for edge, code in zip(edges, z.T, strict=True)]).astype(np.uint8)


def gradient_scale(n_samples: int) -> float:
    """A power of two, at most 2^30, for which the sum of ``n_samples`` gradients in [-1, 1] stays below the count.

    Raises
    ------
    ValueError
        For more than 2 097 151 samples.
    """
    if n_samples > MAX_SAMPLES:
        raise ValueError(f"at most {MAX_SAMPLES} samples can be boosted, found {n_samples}: draw fewer")
    return 2.0 ** min(30, COUNT - 2 - int(n_samples).bit_length())


@numba.njit(cache=True)
def grow_stage(
    bins: np.ndarray, n_bins: np.ndarray, gradient: np.ndarray, importance: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One tree per class.

    Parameters
    ----------
    bins : (n_codes, n_samples) uint8
    n_bins : (n_codes,) int64
    gradient : (n_classes, n_samples) int32
        Rounded multiples of :func:`gradient_scale`.
    importance : (n_codes,) float64
        The reductions of the squared error, in units of the squared scale, are added to it.

    Returns
    -------
    features, cuts : (n_classes, N_SPLITS) int64
        Node by node, level by level: samples with ``bins[feature] <= cut`` go left; feature -1 does not split and sends
        all to the left.
    leaves : (n_classes, n_samples) uint8
    """
    n_classes, n_samples = gradient.shape
    n_codes, width = len(n_bins), n_bins.max()
    features = np.full((n_classes, N_SPLITS), -1)
    cuts = np.zeros((n_classes, N_SPLITS), dtype=np.int64)
    leaves = np.empty((n_classes, n_samples), dtype=np.uint8)
    roots = np.empty((WIDTH, n_codes, width), dtype=np.int64)
    sums = np.empty((N_LEAVES // 2, n_codes, width), dtype=np.int64)
    block = np.zeros((n_samples, WIDTH), dtype=np.int64)
    for first in range(0, n_classes, WIDTH):
        used = min(WIDTH, n_classes - first)
        for k in range(used):
            for i in range(n_samples):
                block[i, k] = gradient[first + k, i] + (1 << COUNT)
        _root_histograms(bins, block, roots)
        for k in range(first, first + used):
            sums[0] = roots[k - first]
            _grow(bins, n_bins, block[:, k - first], sums, importance, features[k], cuts[k], leaves[k])
    return features, cuts, leaves


@numba.njit(cache=True)
def _root_histograms(bins: np.ndarray, block: np.ndarray, roots: np.ndarray) -> None:
    """Fill ``roots`` (WIDTH, n_codes, n_bins) with the sums of ``block`` (n_samples, WIDTH) in every bin."""
    n_codes, n_samples = bins.shape
    sums = np.empty((roots.shape[2], WIDTH), dtype=np.int64)
    for code in range(n_codes):
        sums[:] = 0
        for i in range(n_samples):
            row = sums[bins[code, i]]
            row += block[i]  # as one vector
        for k in range(WIDTH):
            for place in range(len(sums)):
                roots[k, code, place] = sums[place, k]


@numba.njit(cache=True)
def _grow(
    bins: np.ndarray,
    n_bins: np.ndarray,
    gradient: np.ndarray,
    sums: np.ndarray,
    importance: np.ndarray,
    features: np.ndarray,
    cuts: np.ndarray,
    leaves: np.ndarray,
) -> None:
    """Grow one tree; ``sums[0]`` holds the histograms of the root, the rest is work space."""
    n_samples = bins.shape[1]
    rows, right = np.arange(n_samples), np.empty(n_samples, dtype=np.int64)
    bounds = np.array([0, n_samples])  # of the nodes of the level, in `rows`
    for level in range(DEPTH):
        n_nodes = 1 << level
        children = np.empty(2 * n_nodes + 1, dtype=np.int64)
        children[0] = 0
        for node in range(n_nodes):
            start, stop = bounds[node], bounds[node + 1]
            middle, split = stop, n_nodes - 1 + node
            feature, cut, gain = _best_split(sums[node], n_bins, stop - start)
            if feature >= 0:
                features[split], cuts[split] = feature, cut
                importance[feature] += gain
                middle = _partition(rows, start, stop, bins[feature], cut, right)
            children[2 * node + 1], children[2 * node + 2] = middle, stop
        bounds = children
        if level < DEPTH - 1:
            for node in range(n_nodes - 1, -1, -1):  # children overwrite the nodes of their level from the end
                _divide(bins, n_bins, gradient, sums, rows, bounds, node)
    for leaf in range(N_LEAVES):
        leaves[rows[bounds[leaf] : bounds[leaf + 1]]] = leaf


@numba.njit(cache=True)
def _best_split(sums: np.ndarray, n_bins: np.ndarray, n_samples: int) -> tuple[int, int, float]:
    """Code, last bin of the left side and reduction of the squared error; code -1 if nothing reduces it."""
    if n_samples < 2:
        return -1, 0, 0.0
    total = 0
    for place in range(n_bins[0]):
        total += sums[0, place] - (((sums[0, place] + HALF) >> COUNT) << COUNT)
    best, feature, cut = 0.0, -1, 0
    left, gains = np.empty(sums.shape[1], dtype=np.int64), np.empty(sums.shape[1])
    bits = gains.view(
        np.int64
    )  # floats from zero up are ordered as their bits, and integers are compared several at once
    highest = 0
    for code in range(len(n_bins)):
        n_cuts, running, top = n_bins[code] - 1, 0, highest
        for place in range(n_cuts):
            running += sums[code, place]
            left[place] = running
        for place in range(n_cuts):
            n_left = (left[place] + HALF) >> COUNT
            difference = float(n_samples * (left[place] - (n_left << COUNT)) - n_left * total)  # exact below 2^63
            divisor = n_left * float(n_samples - n_left)
            gains[place] = difference * difference / (divisor if divisor > 0 else 1.0)  # 0 where a side is empty
        for place in range(n_cuts):
            top = max(top, bits[place])
        if top > highest:
            highest, feature, cut = top, code, 0
            while bits[cut] != top:
                cut += 1
            best = gains[cut]
    if feature >= 0:  # to the middle of the empty bins behind, as a threshold half-way between two values
        behind = cut + 1
        while (sums[feature, behind] + HALF) >> COUNT == 0:
            behind += 1
        cut = (cut + behind - 1) // 2
    return feature, cut, best / n_samples


@numba.njit(cache=True)
def _partition(rows: np.ndarray, start: int, stop: int, bins: np.ndarray, cut: int, right: np.ndarray) -> int:
    """Put the rows of the left side first, both sides in their order; returns where the right side starts."""
    middle, n_right = start, 0
    for place in range(start, stop):
        row = rows[place]
        if bins[row] <= cut:
            rows[middle] = row
            middle += 1
        else:
            right[n_right] = row
            n_right += 1
    rows[middle:stop] = right[:n_right]
    return middle


@numba.njit(cache=True)
def _divide(
    bins: np.ndarray,
    n_bins: np.ndarray,
    gradient: np.ndarray,
    sums: np.ndarray,
    rows: np.ndarray,
    bounds: np.ndarray,
    node: int,
) -> None:
    """Histograms of both children of a node, at ``sums[2 node]`` and ``sums[2 node + 1]``."""
    start, middle, stop = bounds[2 * node], bounds[2 * node + 1], bounds[2 * node + 2]
    small, large = 2 * node, 2 * node + 1
    if middle - start > stop - middle:
        small, large, start = large, small, middle
    else:
        stop = middle
    part = rows[start:stop]
    gathered = gradient[part]
    n_codes = len(n_bins)
    found = np.empty((4, sums.shape[2]), dtype=np.int64)
    a, b, c, d = found[0], found[1], found[2], found[3]
    for first in range(0, n_codes, 4):  # four codes at once share what is read of a sample
        last = n_codes - 1
        of_a, of_b, of_c, of_d = (
            bins[first],
            bins[min(first + 1, last)],
            bins[min(first + 2, last)],
            bins[min(first + 3, last)],
        )
        found[:] = 0
        for place in range(len(part)):
            row, value = part[place], gathered[place]
            a[of_a[row]] += value
            b[of_b[row]] += value
            c[of_c[row]] += value
            d[of_d[row]] += value
        for code in range(first, min(first + 4, n_codes)):
            for place in range(n_bins[code]):
                parent = sums[node, code, place]
                sums[small, code, place] = found[code - first, place]
                sums[large, code, place] = parent - found[code - first, place]


@numba.njit(cache=True)
def reached_leaves(bins: np.ndarray, features: np.ndarray, cuts: np.ndarray) -> np.ndarray:
    """Leaf ``(n_classes, n_samples)`` uint8 that each sample reaches in the trees of one stage."""
    n_classes, n_samples = len(features), bins.shape[1]
    leaves = np.empty((n_classes, n_samples), dtype=np.uint8)
    for k in range(n_classes):
        for i in range(n_samples):
            node = 0
            for _ in range(DEPTH):
                feature = features[k, node]
                right = feature >= 0 and bins[feature, i] > cuts[k, node]
                node = 2 * node + 1 + right
            leaves[k, i] = node - N_SPLITS
    return leaves
