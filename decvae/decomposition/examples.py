"""What the methods make of one frame and of one sequence: tables of the signals and of their spectra."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.signal import welch

from decvae.corpora.store import Corpus, CorpusSplit
from decvae.decomposition.decompose import decompose
from decvae.decomposition.filterbank import normalise_utterance, notch
from decvae.framing import cut_frames, hop_length
from decvae.settings.decomposition import DecompositionSettings

SEQUENCE_SECONDS = 0.25  # of the sequence that is shown as a time series
# Welch spectra of the published figure at 16 kHz: samples per segment, overlap, FFT length.
WELCH = {"frame": (132, 10, 512), "sequence": (2048, 512, 2048)}


def loudest_frame(signal: np.ndarray, split: CorpusSplit, index: int) -> int:
    """Frame of highest energy in an utterance ``(T,)``, of those that straddle no change of any label.

    Raises
    ------
    ValueError
        If all frames straddle a change.
    """
    energy = (cut_frames(signal, split.sampling_rate, split.framing) ** 2).sum(axis=-1)
    usable = np.ones(len(energy), dtype=bool)
    for name in split.interval_names:
        usable &= ~split.frame_labels(name, index)[1]
    if not usable.any():
        raise ValueError(f"utterance {split.utterance_ids[index]}: every frame straddles two labels; choose another")
    return int(np.argmax(np.where(usable, energy, -np.inf)))


def example_tables(
    corpus_path: str | Path,
    split: str,
    utterance_index: int,
    settings: dict[str, DecompositionSettings],
    seed: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Decompose one frame and the whole of one utterance by several methods.

    Parameters
    ----------
    utterance_index : int
        Its frame of highest energy within one label is shown, and the first quarter of a second of the whole.
    settings : {name of the method in the tables: settings}
    seed : int
        Start of VMD.

    Returns
    -------
    signals : columns scale (frame | sequence), method, component (X, OC1.., sum), time_s, amplitude
        Time from the start of the utterance; amplitude in standard deviations of the utterance.
    spectra : columns scale, method, component, frequency_hz, power
        Welch power, each curve relative to its own maximum (zero for absent components).

    Raises
    ------
    IndexError
        If the split has no such utterance.
    """
    with Corpus(corpus_path) as corpus:
        part, fs = corpus[split], corpus.sampling_rate
        if not 0 <= utterance_index < len(part):
            raise IndexError(f"{corpus_path}: split {split} has {len(part)} utterances, no index {utterance_index}")
        normalised = normalise_utterance(part.audio(utterance_index))
        signals, spectra = [], []
        for method, chosen in settings.items():
            x = notch(normalised, fs, chosen.notch)
            best = loudest_frame(x, part, utterance_index)
            examples = (
                ("frame", cut_frames(x, fs, corpus.framing)[best], best * hop_length(fs, corpus.framing) / fs, None),
                ("sequence", x, 0.0, round(SEQUENCE_SECONDS * fs)),
            )
            for scale, signal, start, shown in examples:
                found = decompose(
                    signal, fs=fs, scale=scale, settings=chosen, rng=np.random.default_rng([seed, utterance_index])
                )
                rows = {"X": signal} | {f"OC{k}": row for k, row in enumerate(found.components, start=1)}
                rows["sum"] = found.components.sum(axis=0)
                for component, row in rows.items():
                    key = {"scale": scale, "method": method, "component": component}
                    time = start + np.arange(len(row[:shown])) / fs
                    signals.append(pd.DataFrame({**key, "time_s": time, "amplitude": row[:shown]}))
                    frequency, power = _spectrum(row, fs, scale)
                    spectra.append(pd.DataFrame({**key, "frequency_hz": frequency, "power": power}))
    return pd.concat(signals, ignore_index=True), pd.concat(spectra, ignore_index=True)


def _spectrum(signal: np.ndarray, fs: int, scale: str) -> tuple[np.ndarray, np.ndarray]:
    segment, overlap, n_fft = WELCH[scale]
    segment = min(segment, len(signal))
    frequency, power = welch(signal, fs, "hann", nperseg=segment, noverlap=min(overlap, segment - 1), nfft=n_fft)
    return frequency, power / power.max() if power.max() > 0 else power
