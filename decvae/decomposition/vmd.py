"""Variational mode decomposition of many frames at once.

K. Dragomiretskiy and D. Zosso, Variational mode decomposition, IEEE Transactions on Signal Processing 62(3), 2014.
The same iteration as the package ``vmdpy``, on the non-negative half of the spectrum and without its history, so that
the result is equal for even lengths (tested) and memory does not grow with the number of iterations. Frames of odd
length are extended by one mirrored sample instead of losing one.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import njit
from scipy.fft import irfft, rfft

from decvae.settings.decomposition import VMDSettings

SPACING = float(np.spacing(1.0))  # vmdpy adds it to the change that its stop rule tests


def initial_frequencies(
    n_frames: int, n_modes: int, length: int, init: str, rng: np.random.Generator | None = None
) -> np.ndarray:
    """Centre frequencies ``(n_frames, n_modes)`` to start from, in cycles per sample.

    ``zero``, ``uniform`` (``0.5 k / n_modes``) or ``random``: log-uniform between ``1 / length`` and 0.5, ascending.
    """
    if init == "zero":
        return np.zeros((n_frames, n_modes))
    if init == "uniform":
        return np.tile(0.5 * np.arange(n_modes) / n_modes, (n_frames, 1))
    if rng is None:
        raise ValueError('VMD with init "random" needs a random generator')
    uniform = rng.random((n_frames, n_modes))
    return np.sort(np.exp(math.log(1 / length) + (math.log(0.5) - math.log(1 / length)) * uniform), axis=1)


_compiled = njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz", "arcp"})


# Each loop touches few arrays: with more, the compiler cannot tell that they do not overlap, and forgoes vectors.
@_compiled
def _wiener(gain, frequencies, omega, alpha):
    for h in range(len(gain)):
        distance = frequencies[h] - omega
        gain[h] = 1.0 / (1.0 + alpha * distance * distance)


@_compiled
def _update_mode(rest, mode, before, gain):
    """Filter the real or the imaginary part ``(H,)`` of one mode, in place; returns the squared change.

    ``rest`` is the spectrum without all modes (and half of the dual variable); ``before`` takes the old mode.
    """
    moved = 0.0
    for h in range(len(rest)):
        old = mode[h]
        new = (rest[h] + old) * gain[h]
        change = new - old
        rest[h] -= change
        before[h] = old
        mode[h] = new
        moved += change * change
    return moved


@_compiled
def _moments(real, imag, frequencies):
    """Power of a mode, and power times frequency."""
    power = moment = 0.0
    for h in range(len(real)):
        squared = real[h] * real[h] + imag[h] * imag[h]
        power += squared
        moment += squared * frequencies[h]
    return power, moment


@_compiled
def _update_dual(rest, dual, tau):
    for h in range(len(rest)):
        missing = rest[h] + 0.5 * dual[h]
        dual[h] -= tau * missing
        rest[h] = missing - 0.5 * dual[h]


@_compiled
def _iterate(real, imag, start, alpha, tau, tolerance, max_iterations, dc_mode):
    """Alternating updates of modes and centre frequencies, frame by frame.

    ``real``, ``imag`` (N, H): half spectra of the extended frames; ``start`` (N, K) cycles per sample. Returns the
    last but one iterate, as vmdpy does: modes (N, K, H) real and imaginary, frequencies (N, K), iterations (N,).
    """
    n_frames, n_bins = real.shape
    n_modes = start.shape[1]
    before_r, before_i = np.zeros((n_frames, n_modes, n_bins)), np.zeros((n_frames, n_modes, n_bins))
    before_omega = start.copy()
    iterations = np.zeros(n_frames, np.int64)
    frequencies, gain = np.arange(n_bins) / (2 * n_bins), np.empty(n_bins)
    for n in range(n_frames):
        mode_r, mode_i = np.zeros((n_modes, n_bins)), np.zeros((n_modes, n_bins))
        rest_r, rest_i = real[n].copy(), imag[n].copy()
        dual_r, dual_i = np.zeros(n_bins), np.zeros(n_bins)
        omega = start[n].copy()
        change = np.inf
        while change > tolerance and iterations[n] < max_iterations:
            change = SPACING
            before_omega[n] = omega
            for k in range(n_modes):
                _wiener(gain, frequencies, omega[k], alpha)
                moved = _update_mode(rest_r, mode_r[k], before_r[n, k], gain)
                moved += _update_mode(rest_i, mode_i[k], before_i[n, k], gain)
                power, moment = _moments(mode_r[k], mode_i[k], frequencies)
                if power > 0.0 and not (dc_mode and k == 0):
                    omega[k] = moment / power
                change += moved / (2 * n_bins)
            if tau > 0.0:
                _update_dual(rest_r, dual_r, tau)
                _update_dual(rest_i, dual_i, tau)
            iterations[n] += 1
    return before_r, before_i, before_omega, iterations


def half_spectrum(frames: np.ndarray) -> np.ndarray:
    """Spectra ``(N, H)`` of frames ``(N, T)`` continued by their mirror image; H is T, or T + 1 for odd lengths."""
    if frames.shape[1] % 2:
        frames = np.pad(frames, ((0, 0), (0, 1)), mode="symmetric")
    half = frames.shape[1] // 2
    return rfft(np.pad(frames, ((0, 0), (half, half)), mode="symmetric"), axis=-1)[:, : frames.shape[1]]


def from_half_spectrum(spectrum: np.ndarray, length: int) -> np.ndarray:
    """Signals ``(..., T)`` of ``length`` samples T with such spectra ``(..., H)``."""
    n_samples = spectrum.shape[-1]
    # vmdpy gives the Nyquist bin the conjugate of its lower neighbour, of which the real part survives.
    spectrum = np.concatenate([spectrum, spectrum[..., -1:].real], axis=-1)
    return irfft(spectrum, 2 * n_samples, axis=-1)[..., n_samples // 2 : n_samples // 2 + length]


def vmd(
    frames: np.ndarray, start: np.ndarray, settings: VMDSettings, workers: int = 1
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Variational modes of each frame, in the order of ``start``.

    The stop rule depends on amplitude: bring frames to unit variance first, and leave silent ones out.

    Parameters
    ----------
    frames : (N, T) float
    start : (N, K) float
        Centre frequencies to start from, in cycles per sample.
    workers : int
        Threads.

    Returns
    -------
    modes : (N, K, T)
    omega : (N, K)
        Centre frequencies in cycles per sample.
    iterations : (N,) int
        ``settings.max_iterations`` where the iteration did not converge.
    """
    spectrum = half_spectrum(frames)
    real, imag = np.ascontiguousarray(spectrum.real), np.ascontiguousarray(spectrum.imag)
    if settings.dc_mode:
        start = start.copy()
        start[:, 0] = 0.0

    def iterate(part: slice) -> tuple[np.ndarray, ...]:
        options = (settings.alpha, settings.tau, settings.tolerance, settings.max_iterations, settings.dc_mode)
        return _iterate(real[part], imag[part], start[part], *options)

    edges = np.linspace(0, len(frames), 4 * workers + 1 if workers > 1 else 2).astype(int)
    parts = [slice(a, b) for a, b in itertools.pairwise(edges)]
    with ThreadPoolExecutor(workers) as pool:
        real, imag, omega, iterations = (np.concatenate(item) for item in zip(*pool.map(iterate, parts), strict=True))
    return from_half_spectrum(real + 1j * imag, frames.shape[1]), omega, iterations


def implausibility(omega: np.ndarray, fs: float, settings: VMDSettings) -> np.ndarray:
    """How far (Hz, summed) the centre frequencies of each frame are from the plausible ones; 0 if they are plausible.

    Parameters
    ----------
    omega : (N, K)
        In cycles per sample.
    """
    frequencies = np.sort(omega, axis=1) * fs
    gaps = np.diff(frequencies, axis=1)
    too_near, too_far = np.maximum(settings.min_gap_hz - gaps, 0), np.maximum(gaps - settings.max_gap_hz, 0)
    return (too_near + too_far).sum(axis=1) + np.maximum(frequencies[:, -1] - settings.highest_hz, 0)


def vmd_modes(
    frames: np.ndarray,
    n_modes: int,
    settings: VMDSettings,
    rng: np.random.Generator | None = None,
    workers: int = 1,
    fs: float = 16000,
    solve: Callable[..., tuple[np.ndarray, np.ndarray, np.ndarray]] = vmd,
) -> tuple[np.ndarray, np.ndarray]:
    """Variational modes of frames ``(N, T)`` of unit variance.

    With ``settings.restarts`` frames whose centre frequencies are implausible start anew from random ones, at most so
    many times; the least implausible result is kept (the published correction has no such bound).

    Parameters
    ----------
    fs : float
        Sampling rate in Hz, for the frequency correction.
    solve : function
        With the arguments and results of :func:`vmd`.

    Returns
    -------
    modes : (N * n_modes, T)
    owner : (N * n_modes,) int
        Frame of each mode, ascending.
    """
    length = frames.shape[1]
    if settings.restarts == 0:
        starts = initial_frequencies(len(frames), n_modes, length, settings.init, rng)[:, None]
    else:  # drawn frame by frame, so that a frame does not depend on its neighbours
        drawn = initial_frequencies(len(frames) * (settings.restarts + 1), n_modes, length, "random", rng)
        starts = drawn.reshape(len(frames), -1, n_modes)
        if settings.init != "random":
            starts[:, 0] = initial_frequencies(len(frames), n_modes, length, settings.init)
    modes, omega, _ = solve(frames, starts[:, 0], settings, workers)
    for trial in range(1, starts.shape[1]):
        distance = implausibility(omega, fs, settings)
        open_frames = np.flatnonzero(distance > 0)
        if len(open_frames) == 0:
            break
        new_modes, new_omega, _ = solve(frames[open_frames], starts[open_frames, trial], settings, workers)
        better = implausibility(new_omega, fs, settings) < distance[open_frames]
        modes[open_frames[better]], omega[open_frames[better]] = new_modes[better], new_omega[better]
    return modes.reshape(-1, frames.shape[1]), np.repeat(np.arange(len(frames)), n_modes)
