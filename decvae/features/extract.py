"""Inputs of the models: mel patches, spectra or waveforms of every level (X, OC1..OCC) of frames and sequences.

A mel patch has 80 bands x 5 columns, flattened band by band to exactly 400 values, so that the same encoder takes it in
place of a 400-sample frame (published front end; five columns are the frame under five shifts of a long Hann window).
Levels are normalised within one utterance, never over a batch. The file's layout is in
:mod:`decvae.features.store`.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

import h5py
import numpy as np
import torch

from decvae.artifacts import create_h5, progress, provenance
from decvae.decomposition.cache import DecompositionCache
from decvae.decomposition.spectra import welch_density
from decvae.features.store import FORMAT, FORMAT_VERSION
from decvae.settings.decomposition import method_settings
from decvae.settings.features import FeatureSettings, FFTSettings, MelSettings

FRAMES_PER_BLOCK = 2048  # bounds the memory of the spectra: about 2048 x 5 x 801 complex numbers


@lru_cache(maxsize=4)
def _mel_operators(length: int, sampling_rate: int, settings: MelSettings) -> tuple[torch.Tensor, torch.Tensor]:
    """Shifted windows ``(columns, length)`` and mel filters ``(n_fft // 2 + 1, n_mels)``."""
    from librosa import filters as librosa_filters  # slow to import, and only this function needs it

    hops = settings.columns - 1
    n_fft = hops * length
    window = torch.hann_window(n_fft, periodic=False, dtype=torch.float64)
    # Column j is centred on sample j * (length // hops); the frame starts n_fft / 2 - centre into the window.
    starts = [n_fft // 2 - j * ((length + 1) // hops) for j in range(settings.columns)]
    windows = torch.stack([window[start : start + length] for start in starts])
    filters = librosa_filters.mel(sr=sampling_rate, n_fft=n_fft, n_mels=settings.n_mels).T
    return windows.float(), torch.from_numpy(filters.astype(np.float32))


def mel_power(frames: np.ndarray, sampling_rate: int, settings: MelSettings) -> np.ndarray:
    """Mel power of frames, band by band.

    Equal to ``librosa.feature.melspectrogram`` of each frame with ``n_fft = (columns - 1) * L``, ``hop = (L + 1) //
    (columns - 1)``, a symmetric Hann window and zero-padded centring.

    Parameters
    ----------
    frames : (..., L) array

    Returns
    -------
    (..., n_mels * columns) float32
        Value ``band * columns + column``.
    """
    length = frames.shape[-1]
    windows, filters = _mel_operators(length, sampling_rate, settings)
    flat = torch.from_numpy(np.ascontiguousarray(frames, dtype=np.float32).reshape(-1, length))
    patches = []
    for block in torch.split(flat, FRAMES_PER_BLOCK):
        spectra = torch.fft.rfft(block[:, None] * windows, n=(settings.columns - 1) * length)
        mel = (spectra.real**2 + spectra.imag**2) @ filters  # (frames, columns, n_mels)
        patches.append(mel.transpose(1, 2).reshape(len(block), -1))
    return torch.cat(patches).numpy().reshape(*frames.shape[:-1], -1)


def spectrum_power(frames: np.ndarray) -> np.ndarray:
    """Power spectral density of frames ``(..., L)`` at L frequencies from 0 to half the sampling rate, float32.

    Equal to ``scipy.signal.welch`` of one segment: mean removed, Hann window, zero-padded to ``2 L - 1`` samples, in
    units of the squared signal per cycle per sample.
    """
    length = frames.shape[-1]
    window = torch.hann_window(length, periodic=True)
    flat = torch.from_numpy(np.ascontiguousarray(frames, dtype=np.float32).reshape(-1, length))
    spectra = torch.fft.rfft((flat - flat.mean(1, keepdim=True)) * window, n=2 * length - 1)
    power = (spectra.real**2 + spectra.imag**2) / (window**2).sum()
    power[:, 1:] *= 2  # of both signs; an odd number of samples has no Nyquist frequency
    return power.numpy().reshape(frames.shape)


def whole_spectrum_power(sequence: np.ndarray, length: int) -> np.ndarray:
    """Power spectral density of sequences ``(..., T)`` at T frequencies from 0 to half the sampling rate.

    Welch's, of segments of ``length`` samples that overlap by a tenth, zero-padded to ``2 T - 1``, in units of the
    squared signal per cycle per sample.
    """
    total = sequence.shape[-1]
    signals = sequence.reshape(-1, total).astype(np.float64)
    return welch_density(signals, 1.0, length, length // 10, 2 * total - 1)[1].reshape(sequence.shape)


def to_decibel(power: np.ndarray, settings: MelSettings | FFTSettings) -> np.ndarray:
    """Power ``(N, C + 1, K)`` in dB relative to each level's maximum over the N frames, with a floor."""
    reference = np.maximum(power.max(axis=(0, 2), keepdims=True), 1e-10)
    decibel = 10 * np.log10(np.maximum(power, 1e-10) / reference)
    return np.maximum(decibel, -settings.dynamic_range_db)


def standardise_levels(values: np.ndarray) -> np.ndarray:
    """Zero mean and unit variance of each level ``(N, C + 1, K)`` over the N frames of one utterance."""
    mean = values.mean(axis=(0, 2), keepdims=True)
    deviation = values.std(axis=(0, 2), keepdims=True)
    return ((values - mean) / (deviation + 1e-9)).astype(np.float32)


def frame_features(frames: np.ndarray, input_type: str, settings: FeatureSettings, sampling_rate: int) -> np.ndarray:
    """Features ``(F, C + 1, L)`` of one utterance's frames ``(F, C + 1, L)``; float32, each level standardised.

    Waveforms are not with ``waveform.standardise = "none"``.

    Raises
    ------
    ValueError
        For an unknown input type, or a mel patch that does not have the frame's length.
    """
    if input_type == "waveform":
        is_raw = settings.waveform.standardise == "none"
        return frames.astype(np.float32) if is_raw else standardise_levels(frames)
    if input_type == "fft":
        return standardise_levels(to_decibel(spectrum_power(frames), settings.fft))
    if input_type != "mel":
        raise ValueError(f"input {input_type!r} is not one of mel, waveform, fft")
    if settings.mel.n_mels * settings.mel.columns != frames.shape[-1]:
        raise ValueError(
            f"features.mel: n_mels x columns = {settings.mel.n_mels * settings.mel.columns} must equal the frame "
            f"length of {frames.shape[-1]} samples"
        )
    return standardise_levels(to_decibel(mel_power(frames, sampling_rate, settings.mel), settings.mel))


def sequence_features(
    sequence: np.ndarray, input_type: str, settings: FeatureSettings, sampling_rate: int, length: int
) -> np.ndarray:
    """Features ``(C_seq + 1, T')`` of one utterance ``(C_seq + 1, T)``: abutting blocks of ``length`` samples.

    With ``fft.sequence = "whole"`` one spectrum, with T' = T. Shorter ones than ``length`` are continued by zeros.
    """
    sequence = np.pad(sequence, ((0, 0), (0, max(0, length - sequence.shape[-1]))))
    if input_type == "fft" and settings.fft.sequence == "whole":
        power = whole_spectrum_power(sequence, length)
        return standardise_levels(to_decibel(power[None], settings.fft))[0]
    blocks = sequence.shape[-1] // length
    cut = sequence[:, : blocks * length].reshape(len(sequence), blocks, length).swapaxes(0, 1)
    features = frame_features(cut, input_type, settings, sampling_rate)
    return features.swapaxes(0, 1).reshape(len(sequence), -1)


def write_features(
    decomposition_path: str | Path, path: str | Path, input_type: str, settings: FeatureSettings
) -> None:
    """Extract the features of one decomposition cache, utterance by utterance."""
    with DecompositionCache(decomposition_path) as cache, create_h5(path, FORMAT, FORMAT_VERSION) as file:
        length, fs, plain = cache.frame_length, cache.sampling_rate, settings.plain()
        preprocessing = {
            "input": input_type,
            "sampling_rate": fs,
            "framing": asdict(cache.framing),
            "decomposition": method_settings(cache.settings),
            "features": {input_type: plain[input_type]},
        }
        file.attrs.update(
            input=input_type,
            settings=json.dumps(plain),
            preprocessing=json.dumps(preprocessing),
            corpus=cache.attrs["corpus"],
            split=cache.attrs["split"],
            provenance=json.dumps(provenance({"input": input_type, **plain})),
        )
        shape = (int(cache.offsets[-1]), cache.settings.n_components + 1, length)
        frames = file.create_dataset("frames/features", shape, "f4")
        levels = cache.settings.n_components_seq + 1
        sequences = file.create_dataset(
            "sequences/features", (levels, 0), "f4", maxshape=(levels, None), chunks=(levels, 16384)
        )
        ends = [0]
        for index in progress(range(len(cache)), description=f"{input_type} features"):
            part = slice(*cache.offsets[index : index + 2])
            frames[part] = frame_features(cache.frames(index), input_type, settings, fs)
            values = sequence_features(cache.sequence(index), input_type, settings, fs, length)
            ends.append(ends[-1] + values.shape[1])
            sequences.resize(ends[-1], axis=1)
            sequences[:, ends[-2] :] = values
        file["frames/offsets"] = cache.offsets
        file["sequences/offsets"] = np.array(ends, dtype=np.int64)
        for scale in ("frame", "sequence"):
            file[f"{scale}s/present"] = cache.quantity(scale, "present")
        file.create_dataset("utterance", data=cache.utterance_ids, dtype=h5py.string_dtype())
