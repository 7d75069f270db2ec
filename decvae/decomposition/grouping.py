"""From any number of modes to exactly C components in ascending order of frequency."""

from __future__ import annotations

import numpy as np

from decvae.decomposition.spectra import welch_density

# Short Hann segments in which the peak density of a mode is measured (66 samples every 56, 512 points, at 16 kHz).
_WEAK_SECONDS = 66 / 16000
_WEAK_OVERLAP_SECONDS = 10 / 16000
_WEAK_RESOLUTION_HZ = 31.25
_CENTROID_SECONDS = 0.025
# Never less, so that slow signals (of some hundred samples per second) still have a spectrum.
_MIN_WEAK_SAMPLES, _MIN_CENTROID_SAMPLES = 32, 128


def peak_density(signals: np.ndarray, fs: float) -> np.ndarray:
    """Largest value ``(n,)`` of the Welch power spectral density of signals ``(n, T)``, per Hz."""
    segment = min(max(_MIN_WEAK_SAMPLES, round(_WEAK_SECONDS * fs)), signals.shape[-1])
    n_fft = max(round(fs / _WEAK_RESOLUTION_HZ), segment)
    overlap = min(round(_WEAK_OVERLAP_SECONDS * fs), segment - 1)
    return welch_density(signals, fs, segment, overlap, n_fft)[1].max(axis=-1)


def spectral_centroid(signals: np.ndarray, fs: float) -> np.ndarray:
    """Power-weighted mean frequency ``(n,)`` in Hz of signals ``(n, T)``; NaN for constant ones.

    From Welch spectra of 25 ms Hann segments, whose low leakage keeps a pure tone's centroid at its frequency.
    """
    segment = min(max(_MIN_CENTROID_SAMPLES, round(_CENTROID_SECONDS * fs)), signals.shape[-1])
    frequencies, power = welch_density(signals, fs, segment, segment // 2)
    total = power.sum(axis=-1)
    return np.divide(power @ frequencies, total, out=np.full(len(total), np.nan), where=total > 0)


def group_sizes(n_modes: int, n_components: int, strategy: str) -> np.ndarray:
    """How many neighbouring modes, from low to high frequency, each component takes: ``(n_components,)`` ints.

    ``equally_distribute``
        Sizes differ by at most one; the odd ones go to the highest components if they are at most half of all, else to
        the lowest (for three components these are the published sizes).
    ``high_freqs_first``
        The highest modes are merged into the last component, the others stay alone.
    ``low_freqs_first``
        The lowest modes are merged into the first component, the others stay alone.

    >>> [group_sizes(n, 3, "equally_distribute").tolist() for n in (2, 4, 5, 7)]
    [[1, 1, 0], [1, 1, 2], [2, 2, 1], [2, 2, 3]]
    """
    if n_modes <= n_components:
        return (np.arange(n_components) < n_modes).astype(np.int64)
    if strategy == "equally_distribute":
        size, odd = divmod(n_modes, n_components)
        larger = np.arange(n_components) < odd
        return size + (larger[::-1] if 2 * odd <= n_components else larger)
    alone = np.ones(n_components, dtype=np.int64)
    if strategy == "high_freqs_first":
        alone[-1] += n_modes - n_components
    elif strategy == "low_freqs_first":
        alone[0] += n_modes - n_components
    else:
        raise ValueError(f"unknown grouping {strategy!r}")
    return alone


def rank_within(owner: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Position of each item within its owner, for ascending ``owner``."""
    return np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)


def strongest(owner: np.ndarray, density: np.ndarray, n_frames: int, n_components: int) -> np.ndarray:
    """Indices of the ``n_components`` strongest modes of each frame."""
    order = np.lexsort((-density, owner))
    return order[rank_within(owner[order], np.bincount(owner, minlength=n_frames)) < n_components]


def _slots(owner: np.ndarray, n_frames: int, n_components: int, strategy: str) -> np.ndarray:
    """Component of each mode; the modes ascend in frequency within each owner."""
    counts = np.bincount(owner, minlength=n_frames)
    rank, n_modes = rank_within(owner, counts), counts[owner]
    slot = np.empty(len(owner), dtype=np.int64)
    for count in np.unique(n_modes):  # a few distinct numbers of modes, not a loop over frames
        table = np.repeat(np.arange(n_components), group_sizes(count, n_components, strategy))
        slot[n_modes == count] = table[rank[n_modes == count]]
    return slot


def group_modes(
    modes: np.ndarray,
    owner: np.ndarray,
    n_frames: int,
    n_components: int,
    fs: float,
    strategy: str,
    weak: float,
    groups_hz: tuple[float, ...] = (),
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sum the modes of each frame to components in ascending order of frequency.

    Parameters
    ----------
    modes : (n_modes, T) float
    owner : (n_modes,) int
        Frame of each mode.
    strategy : str
        See :func:`group_sizes`; or ``top_k``: the strongest modes are the components, the others are left out; or
        ``frequency_groups``: a component is the sum of the modes whose centroids lie in its range of frequencies.
    weak : float
        Modes whose power spectral density nowhere reaches this value (per Hz) are left out.
    groups_hz : tuple of float
        Limits of the frequency groups, of which the first ``n_components - 1`` are used.

    Returns
    -------
    components : (n_frames, n_components, T)
        Present ones first, by ascending spectral centroid; absent ones are zero. Frequency groups keep their places.
    present : (n_frames, n_components) bool
    centre_hz : (n_frames, n_components)
        Spectral centroid, NaN where absent.
    """
    components = np.zeros((n_frames, n_components, modes.shape[1]))
    present = np.zeros((n_frames, n_components), dtype=bool)
    centre_hz = np.full((n_frames, n_components), np.nan)
    density = peak_density(modes, fs)
    kept = np.flatnonzero((density >= weak) & (density > 0))
    if strategy == "top_k":
        kept = kept[strongest(owner[kept], density[kept], n_frames, n_components)]
        strategy = "equally_distribute"  # at most one mode per component is left
    if len(kept) == 0:
        return components, present, centre_hz
    owner = owner[kept]
    centroid = spectral_centroid(modes[kept], fs)
    order = np.lexsort((centroid, owner))
    kept, owner = kept[order], owner[order]
    if strategy == "frequency_groups":
        slot = np.searchsorted(groups_hz[: n_components - 1], centroid[order], side="right")
    else:
        slot = _slots(owner, n_frames, n_components, strategy)
    first = np.flatnonzero(np.diff(owner * n_components + slot, prepend=-1))
    components[owner[first], slot[first]] = np.add.reduceat(modes[kept], first, axis=0)
    present[owner[first], slot[first]] = True
    centre_hz[present] = spectral_centroid(components[present], fs)
    if strategy == "frequency_groups":
        return components, present, centre_hz
    # Sums of overlapping modes may change places; NaN sorts last.
    order = np.argsort(centre_hz, axis=1, kind="stable")
    return (
        np.take_along_axis(components, order[:, :, None], axis=1),
        np.take_along_axis(present, order, axis=1),
        np.take_along_axis(centre_hz, order, axis=1),
    )
