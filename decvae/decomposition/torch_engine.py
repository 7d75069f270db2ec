"""Filter bank, EWT and VMD on a torch device, for instance a GPU: the engine ``torch`` of :func:`decompose`.

What decides (spectral peaks, bands, boundaries) is computed on the CPU by the default engine's own code, so that both
choose the same bands; what costs (filtering, iteration) runs on the device in float64.
"""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

import numpy as np
import torch
from scipy.fft import next_fast_len
from scipy.signal import sosfilt

from decvae.decomposition import ewt
from decvae.decomposition.filterbank import filter_modes
from decvae.decomposition.vmd import SPACING, from_half_spectrum, half_spectrum
from decvae.decomposition.zero_phase import ZeroPhaseFilter, padding
from decvae.settings.decomposition import EWTSettings, VMDSettings


def torch_engine(device: str) -> SimpleNamespace:
    """The functions ``filter_modes``, ``ewt_modes`` and ``vmd`` of the default engine, on a device.

    Raises
    ------
    ValueError
        If torch does not know the device, does not see it or has no float64 on it.
    """
    try:
        torch.empty(0, dtype=torch.float64, device=device)
    except (RuntimeError, AssertionError, TypeError) as error:  # without CUDA or without float64: the latter two
        raise ValueError(f"device {device!r} cannot be used ({error}); device 'cpu' is always there") from error
    return SimpleNamespace(
        filter_modes=partial(filter_modes, run=partial(filter_each, device=device)),
        ewt_modes=partial(ewt.ewt_modes, run=partial(filter_bands, device=device)),
        vmd=partial(vmd, device=device),
    )


def filter_each(
    filters: list[ZeroPhaseFilter],
    signals: np.ndarray,
    which_filter: np.ndarray,
    which_signal: np.ndarray,
    device: str,
) -> np.ndarray:
    """:func:`decvae.decomposition.zero_phase.filter_each` by FFT.

    Over n samples a recursive filter is the convolution with the first n samples of its impulse response, plus what its
    initial state rings out: nothing is cut off, so that only rounding differs.
    """
    length = signals.shape[1]
    if len(which_filter) == 0:
        return np.empty((0, length))
    edge = padding(filters, length)
    n_samples = length + 2 * edge
    n_fft = next_fast_len(2 * n_samples - 1, real=True)
    impulse = np.eye(1, n_samples)[0]
    responses = np.array([sosfilt(item.sos, impulse) for item in filters])
    ringing = np.array([sosfilt(item.sos, 0 * impulse, zi=item.start)[0] for item in filters])
    extended = np.pad(signals, ((0, 0), (edge, edge)), mode="reflect", reflect_type="odd")
    which, source = (torch.as_tensor(item, device=device) for item in (which_filter, which_signal))
    transfer = torch.fft.rfft(torch.as_tensor(responses, device=device), n_fft)[which]
    rung = torch.as_tensor(ringing, device=device)[which]
    x = torch.as_tensor(extended, device=device)[source]
    for _ in range(2):  # forwards, then backwards
        x = torch.fft.irfft(torch.fft.rfft(x, n_fft) * transfer, n_fft)[:, :n_samples] + x[:, :1] * rung
        x = x.flip(-1)
    return x[:, edge : edge + length].cpu().numpy()


def filter_bands(extended: np.ndarray, boundaries: np.ndarray, settings: EWTSettings, device: str) -> np.ndarray:
    """:func:`decvae.decomposition.ewt.filter_bands` with torch."""
    with torch.device(device):
        signals, limits = torch.as_tensor(extended, device=device), torch.as_tensor(boundaries, device=device)
        return ewt.filter_bands(signals, limits, settings, torch, torch.fft).cpu().numpy()


def vmd(
    frames: np.ndarray, start: np.ndarray, settings: VMDSettings, workers: int = 1, device: str = "cpu"
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """:func:`decvae.decomposition.vmd.vmd`, all frames in one step of the iteration; ``workers`` is of no effect.

    Sums are taken in another order, so that a frame may stop one iteration earlier or later where the change of its
    modes comes to lie at the tolerance.
    """
    if settings.dc_mode:
        start = start.copy()
        start[:, 0] = 0.0
    spectrum = torch.as_tensor(half_spectrum(frames), device=device)
    modes, omega, iterations = _iterate(spectrum, torch.as_tensor(start, device=device), settings)
    return from_half_spectrum(modes.cpu().numpy(), frames.shape[1]), omega.cpu().numpy(), iterations.cpu().numpy()


def _iterate(
    spectrum: torch.Tensor, start: torch.Tensor, settings: VMDSettings
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Alternating updates; the last but one iterate of every frame: modes (N, K, H), omega (N, K), iterations (N,)."""
    (n_frames, n_bins), n_modes = spectrum.shape, start.shape[1]
    frequencies = torch.arange(n_bins, dtype=torch.float64, device=spectrum.device) / (2 * n_bins)
    final_modes = spectrum.new_zeros(n_frames, n_modes, n_bins)
    final_omega, iterations = start.clone(), torch.zeros(n_frames, dtype=torch.int64, device=spectrum.device)
    frame = torch.arange(n_frames, device=spectrum.device)  # those that still move
    rest, modes, dual, omega = spectrum, final_modes.clone(), torch.zeros_like(spectrum), start.clone()
    for step in range(1, settings.max_iterations + 1):
        before_modes, before_omega = modes.clone(), omega.clone()
        change = torch.full_like(omega[:, 0], SPACING)
        for k in range(n_modes):
            gain = 1 / (1 + settings.alpha * (frequencies - omega[:, k, None]) ** 2)
            new = (rest + modes[:, k]) * gain
            moved = new - modes[:, k]
            rest = rest - moved
            modes[:, k] = new
            change += _power(moved).sum(1) / (2 * n_bins)
            if not (settings.dc_mode and k == 0):
                power = _power(new)
                total = power.sum(1)
                omega[:, k] = torch.where(total > 0, (power * frequencies).sum(1) / total, omega[:, k])
        if settings.tau > 0:
            missing = rest + 0.5 * dual
            dual = dual - settings.tau * missing
            rest = missing - 0.5 * dual
        moving = change > settings.tolerance
        if step == settings.max_iterations:
            moving = torch.zeros_like(moving)
        if not bool(moving.all()):
            stopped = frame[~moving]
            final_modes[stopped], final_omega[stopped] = before_modes[~moving], before_omega[~moving]
            iterations[stopped] = step
            frame, rest, modes, dual, omega = (item[moving] for item in (frame, rest, modes, dual, omega))
        if len(frame) == 0:
            break
    return final_modes, final_omega, iterations


def _power(spectrum: torch.Tensor) -> torch.Tensor:
    return spectrum.real**2 + spectrum.imag**2
