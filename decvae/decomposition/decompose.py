"""Decomposition of signals into oscillatory components (OCs): filter bank, EWT, VMD and EMD behind one function.

>>> import numpy as np
>>> t = np.arange(400) / 16000
>>> x = np.sin(2 * np.pi * 400 * t) + np.sin(2 * np.pi * 1500 * t) + np.sin(2 * np.pi * 3000 * t)
>>> result = decompose(x, "ewt", 3)
>>> result.components.shape, result.present.tolist()
((3, 400), [True, True, True])
>>> bool(np.allclose(result.components.sum(axis=0) + result.residual, x))
True
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace

import numpy as np

from decvae.decomposition.bands import explicit_edges
from decvae.decomposition.emd import emd_modes
from decvae.decomposition.ewt import ewt_modes
from decvae.decomposition.filterbank import filter_modes
from decvae.decomposition.grouping import group_modes
from decvae.decomposition.published import group_published, is_asked
from decvae.decomposition.spectra import welch_density
from decvae.decomposition.vmd import vmd, vmd_modes
from decvae.settings.decomposition import SCALES, DecompositionSettings

MIN_SAMPLES = 32
ENGINES = ("batched", "torch", "reference")
_BLOCK_SAMPLES = 512 * 400  # decomposed at a time, to bound memory
_CONSTANT = 1e-10  # a signal that varies less than this, relative to its largest value, is constant


@dataclass(frozen=True)
class Decomposition:
    """The components of one or many signals of ``T`` samples.

    Attributes
    ----------
    components : (..., C, T) float64
        In ascending order of centre frequency, absent ones (zeros) last, unless ``settings`` ask for the published
        order and places.
    present : (..., C) bool
    centre_hz : (..., C) float64
        Spectral centroid; NaN where absent.
    residual : (..., T) float64
        What the components leave of the signal: ``components.sum(-2) + residual`` is the signal.
    """

    components: np.ndarray
    present: np.ndarray
    centre_hz: np.ndarray
    residual: np.ndarray


def decompose(
    x: np.ndarray,
    method: str | None = None,
    n_components: int | None = None,
    fs: float = 16000,
    scale: str = "frame",
    settings: DecompositionSettings | None = None,
    rng: np.random.Generator | None = None,
    workers: int = 1,
    engine: str = "batched",
    device: str = "cpu",
) -> Decomposition:
    """Decompose signals into exactly C oscillatory components.

    The result follows the amplitude of the signal: ``decompose(a * x)`` gives ``a`` times the components (not with
    ``settings.amplitude = "signal"``, as published).

    Parameters
    ----------
    x : (..., T) array of real numbers
        One signal or a batch of signals (frames, or whole utterances), each on its own; at least 32 samples.
    method : {"filter", "ewt", "vmd", "emd"}, optional
        Overrides ``settings.method``.
    n_components : int, optional
        2 to 12; overrides ``settings.n_components`` (scale ``frame``) or ``settings.n_components_seq`` (``sequence``).
    fs : float
        Sampling rate in Hz.
    scale : {"frame", "sequence"}
        Chooses thresholds and grouping of the settings.
    settings : DecompositionSettings, optional
        Default: ``DecompositionSettings()``; ``DecompositionSettings.published(method)`` are the published ones.
    rng : numpy.random.Generator, optional
        Start of VMD with ``init = "random"``; default: a generator of seed 0.
    workers : int
        Threads (VMD and EMD); changes nothing but the duration.
    engine : {"batched", "torch", "reference"}
        ``torch`` filters and iterates on ``device``, with the same result but for rounding; not for EMD.
        ``reference`` calls the libraries frame by frame (scipy, ewtpy, vmdpy, PyEMD): the same result, slowly.
    device : str
        Device of the engine ``torch``: ``cpu``, ``cuda`` or ``cuda:1``.

    Raises
    ------
    ValueError
        For NaN or infinite samples (the message names the first), for signals of less than 32 samples, for settings
        out of range, for EMD by the engine ``torch``, and for a device that is not there.
    """
    x = _check_signal(x)
    for name, value, choices in (("scale", scale, SCALES), ("engine", engine, ENGINES)):
        if value not in choices:
            raise ValueError(f"{name} is {value!r}, must be one of {', '.join(choices)}")
    if not fs > 0:
        raise ValueError(f"the sampling rate must be positive, found {fs}")
    given = {"method": method, "n_components" if scale == "frame" else "n_components_seq": n_components}
    settings = (settings or DecompositionSettings()).replace(**{k: v for k, v in given.items() if v is not None})
    library = _engine(engine, device, settings.method)
    rng = np.random.default_rng(0) if rng is None else rng
    count = settings.n_components if scale == "frame" else settings.n_components_seq
    batch, length = x.shape[:-1], x.shape[-1]
    signals = x.reshape(-1, length)
    components = np.zeros((len(signals), count, length))
    present = np.zeros((len(signals), count), dtype=bool)
    centre_hz = np.full((len(signals), count), np.nan)
    sounding, deviation = _sounding(signals, fs, settings)
    size = max(1, _BLOCK_SAMPLES // length)
    for start in range(0, len(sounding), size):
        block = sounding[start : start + size]
        components[block], present[block], centre_hz[block] = _decompose_block(
            signals[block], deviation[block], count, fs, scale, settings, rng, workers, library
        )
    return Decomposition(
        components.reshape(*batch, count, length),
        present.reshape(*batch, count),
        centre_hz.reshape(*batch, count),
        (signals - components.sum(axis=1)).reshape(x.shape),
    )


def _engine(name: str, device: str, method: str) -> ModuleType | SimpleNamespace:
    """The functions of an engine; torch and the libraries of the reference are imported only if they are asked for."""
    if name == "torch":
        if method == "emd":
            raise ValueError('EMD runs on the CPU only: its sifting is no FFT. Take engine="batched".')
        from decvae.decomposition.torch_engine import torch_engine

        return torch_engine(device)
    if device != "cpu":
        raise ValueError(f'the engine {name!r} runs on the CPU; device {device!r} needs engine="torch"')
    if name == "reference":
        from decvae.decomposition import reference

        return reference
    return SimpleNamespace(filter_modes=filter_modes, ewt_modes=ewt_modes, vmd=vmd, emd_modes=emd_modes)


def _sounding(signals: np.ndarray, fs: float, settings: DecompositionSettings) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the signals ``(N, T)`` that are not silent, ascending, and the standard deviation of all ``(N,)``."""
    largest = np.abs(signals).max(axis=-1, keepdims=True)
    # Relative to the largest value, so that the square of no finite signal overflows or vanishes.
    relative = np.divide(signals, largest, out=np.zeros_like(signals), where=largest > 0)
    variation = relative.std(axis=-1)
    deviation = variation * largest[:, 0]
    sounding = np.flatnonzero((variation > _CONSTANT) & (deviation > settings.silence_rms))
    if settings.silence_low_rms > settings.silence_rms:
        quiet = sounding[deviation[sounding] <= settings.silence_low_rms]
        segment = min(round(0.025 * fs), signals.shape[-1])
        frequencies, density = welch_density(signals[quiet], fs, segment, segment // 2)
        is_low = frequencies[density.argmax(axis=-1)] <= settings.silence_low_hz
        sounding = np.setdiff1d(sounding, quiet[is_low])
    return sounding, deviation


def _check_signal(x: np.ndarray) -> np.ndarray:
    x = np.asarray(x)
    if x.ndim == 0 or x.dtype.kind not in "fiu":
        raise ValueError(f"the signal must be an array of real numbers, found {x.dtype} of shape {x.shape}")
    if x.shape[-1] < MIN_SAMPLES:
        raise ValueError(f"a signal needs at least {MIN_SAMPLES} samples, found {x.shape[-1]}")
    if not np.all(np.isfinite(x)):
        index = tuple(int(i) for i in np.argwhere(~np.isfinite(x))[0])
        name = index[0] if len(index) == 1 else index
        raise ValueError(f"the signal is {x[index]} at index {name}; repair or leave out the recording")
    return x.astype(np.float64)


def _decompose_block(
    signals: np.ndarray,
    deviation: np.ndarray,
    count: int,
    fs: float,
    scale: str,
    settings: DecompositionSettings,
    rng: np.random.Generator,
    workers: int,
    library: ModuleType | SimpleNamespace,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Components, presence and centre frequencies of signals ``(N, T)`` that are not silent."""
    mean = signals.mean(axis=-1, keepdims=True)
    # Thresholds and stop rules are absolute: the methods see signals of zero mean and unit variance.
    frames = (signals - mean) / deviation[:, None]
    if is_raw := settings.amplitude == "signal":
        frames = signals - mean if settings.method == "emd" and scale == "frame" else signals
    edges_hz = explicit_edges(settings.boundaries, count, fs)
    methods: dict[str, Callable[[], tuple[np.ndarray, np.ndarray]]] = {
        "filter": lambda: library.filter_modes(frames, fs, settings.peaks, settings.filter, edges_hz),
        "ewt": lambda: library.ewt_modes(frames, fs, count, settings.ewt, scale, edges_hz),
        "vmd": lambda: vmd_modes(frames, count, settings.vmd, rng, workers, fs, library.vmd),
        "emd": lambda: library.emd_modes(frames, settings.emd.max_modes or count, settings.emd, workers),
    }
    modes, owner = methods[settings.method]()
    strategy = settings.grouping_frame if scale == "frame" else settings.grouping_sequence
    if settings.method in ("ewt", "vmd"):  # as many modes as components: nothing to group
        strategy = "equally_distribute"
    weak = settings.weak_frame if scale == "frame" else settings.weak_sequence
    if is_asked(settings) and strategy != "frequency_groups":  # which has places of its own
        components, present, centre_hz = group_published(
            modes, owner, frames, count, fs, scale, strategy, weak, settings
        )
    else:
        components, present, centre_hz = group_modes(
            modes, owner, len(frames), count, fs, strategy, weak, settings.frequency_groups_hz
        )
    if is_raw:
        return components, present, centre_hz
    components *= deviation[:, None, None]
    reaches_zero = {"ewt": settings.ewt.low_band == "first", "filter": settings.filter.partition}
    if reaches_zero.get(settings.method, False):
        components[:, 0] += mean * present[:, :1]  # the lowest band reaches down to 0 Hz
    return components, present, centre_hz
