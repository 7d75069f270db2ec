"""Tidy tables of decompositions: the quality of a whole cache, and what the methods make of one frame and sequence."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.signal import welch

from decvae.corpora.simvowels import true_formants
from decvae.corpora.store import Corpus, CorpusSplit
from decvae.decomposition.cache import DecompositionCache
from decvae.decomposition.decompose import decompose
from decvae.decomposition.filterbank import normalise_utterance, notch
from decvae.framing import cut_frames, hop_length
from decvae.settings.decomposition import SCALES, DecompositionSettings

SAMPLE_FRAMES = 6000  # rows of a split that the table of frames shows, evenly spaced
SUMMARY_COLUMNS = tuple(str.split("method n_components scale content quantity item mean sd median n"))
SAMPLE_COLUMNS = tuple(
    str.split("method n_components scale utterance frame content speaker overlap quantity item value")
)
SEQUENCE_SECONDS = 0.25  # of the sequence that is shown as a time series
# Welch spectra of the published figure at 16 kHz: samples per segment, overlap, FFT length.
WELCH = {"frame": (132, 10, 512), "sequence": (2048, 512, 2048)}


def _rows(cache: DecompositionCache, split: CorpusSplit, scale: str) -> pd.DataFrame:
    """Utterance, number, content and overlap of every frame (or sequence).

    ``content`` is the code of the first time-aligned label, -1 for none; ``overlap`` says that the frame straddles two.
    """
    counts = np.diff(cache.offsets) if scale == "frame" else np.ones(len(cache), dtype=int)
    utterance = np.repeat(np.arange(len(cache)), counts)
    rows = pd.DataFrame({"utterance": utterance, "frame": np.arange(len(utterance)), "content": -1, "overlap": False})
    rows["frame"] -= np.repeat(np.cumsum(counts) - counts, counts)
    if scale == "frame" and split.interval_names:
        labels = [split.frame_labels(split.interval_names[0], index) for index in range(len(cache))]
        rows["content"], rows["overlap"] = (np.concatenate(item) for item in zip(*labels, strict=True))
    return rows


def _quantities(cache: DecompositionCache, scale: str) -> Iterator[tuple[str, str, np.ndarray]]:
    """(quantity, item, values (n,)) of all frames or all sequences; NaN where not defined."""
    present = cache.quantity(scale, "present")
    names = [f"OC{k}" for k in range(1, present.shape[1] + 1)]
    pairs = [f"{a}-{b}" for a, b in itertools.combinations(names, 2)]
    yield "nrmse", "", cache.quantity(scale, "nrmse")
    for item, values in zip(names, present.T, strict=True):
        yield "absent", item, 1.0 - values
    for quantity, items in (("centre_hz", names), ("peak_hz", names), ("energy_share", names), ("correlation", pairs)):
        for item, values in zip(items, cache.quantity(scale, quantity).T, strict=True):
            yield quantity, item, values


def _true_frequencies(
    split: CorpusSplit, rows: pd.DataFrame, n_components: int
) -> Iterator[tuple[str, str, np.ndarray]]:
    """The formants of the frames' vowels, beside the component of the same number, where they are known."""
    formants = true_formants(split)
    if formants is not None:
        for k in range(min(n_components, formants.shape[-1])):
            yield "formant_hz", f"OC{k + 1}", formants[rows["utterance"], rows["content"], k]


def _summary(values: np.ndarray) -> tuple[float, float, float, int]:
    values = values[np.isfinite(values)].astype(np.float64)
    if len(values) == 0:
        return np.nan, np.nan, np.nan, 0
    return values.mean(), values.std(), float(np.median(values)), len(values)


def quality_tables(corpus_path: str | Path, cache_path: str | Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Summary of all frames and sequences of a cache, and a sample of single ones.

    Returns
    -------
    summary : columns method, n_components, scale (frame | sequence), content, quantity, item, mean, sd, median, n
        ``content`` is a class of the first time-aligned label (frames inside one label only) or ``all``. Quantities:
        nrmse; absent, centre_hz, peak_hz, energy_share of OC1..; correlation of OC1-OC2..; formant_hz where known.
    sample : columns method, n_components, scale, utterance, frame, content, speaker, overlap, quantity, item, value
        All sequences, and up to 6000 evenly spaced frames; undefined values are left out.
    """
    summaries, samples = [], []
    with DecompositionCache(cache_path) as cache, Corpus(corpus_path) as corpus:
        split = corpus[cache.attrs["split"]]
        contents = np.array([*(split.class_names(split.interval_names[0]) if split.interval_names else []), ""])
        speakers = (
            np.array(split.class_names("speaker"))[split.factors["speaker"]] if "speaker" in split.factors else None
        )
        for scale in SCALES:
            rows = _rows(cache, split, scale)
            n_components = cache.settings.n_components if scale == "frame" else cache.settings.n_components_seq
            key = {"method": cache.settings.method, "n_components": n_components, "scale": scale}
            known = _true_frequencies(split, rows, n_components) if scale == "frame" else ()
            size = SAMPLE_FRAMES if scale == "frame" else len(cache)
            shown = np.unique(np.linspace(0, len(rows) - 1, min(size, len(rows))).round().astype(int))
            labels = rows.iloc[shown].reset_index(drop=True)
            labels["content"] = contents[labels["content"]]
            labels["speaker"] = "" if speakers is None else speakers[labels["utterance"]]
            groups: dict[str, np.ndarray | slice] = {"all": slice(None)}
            for code in np.unique(rows["content"][rows["content"] >= 0]):
                groups[str(contents[code])] = ((rows["content"] == code) & ~rows["overlap"]).to_numpy()
            for quantity, item, values in itertools.chain(_quantities(cache, scale), known):
                item_key = {"quantity": quantity, "item": item}
                for content, members in groups.items():
                    statistics = dict(zip(("mean", "sd", "median", "n"), _summary(values[members]), strict=True))
                    summaries.append({**key, "content": content, **item_key, **statistics})
                samples.append(labels.assign(**key, **item_key, value=values[shown]))
    sample = pd.concat(samples, ignore_index=True).dropna(subset="value")
    return pd.DataFrame(summaries, columns=SUMMARY_COLUMNS), sample[list(SAMPLE_COLUMNS)]


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
