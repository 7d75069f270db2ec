"""SimVowels: simulated vowel sequences with known factors (vowel, speaker).

A token of a vowel is white noise shaped by three band-pass formant filters (source-filter model after Boulianne 2020)
whose centre frequencies are the vowel's formants divided by the speaker's vocal tract factor. Tokens are joined
end to end into utterances of one speaker each.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import signal

from decvae.artifacts import progress, provenance
from decvae.corpora.store import CorpusSplit, Utterance, write_corpus
from decvae.framing import frame_length
from decvae.settings.base import SPLITS, Split
from decvae.settings.corpora import SimVowelsSettings, TraversalSettings

SAMPLING_RATE = 16000
FORMANT_AMPLITUDES = np.array([1.0, 0.5, 0.3])
FORMANT_BANDWIDTH_HZ = 200.0
BASE_F0_HZ = 120.0

# Centre frequencies F1, F2, F3 in Hz (Ladefoged & Johnson, A Course in Phonetics), in label order.
VOWELS: dict[int, dict[str, tuple[float, float, float]]] = {
    5: {
        "a": (710, 1100, 2540),
        "e": (550, 1770, 2490),
        "I": (400, 1920, 2560),
        "aw": (590, 880, 2540),
        "u": (310, 870, 2250),
    },
    8: {
        "i": (280, 2250, 2890),
        "I": (400, 1920, 2560),
        "e": (550, 1770, 2490),
        "ae": (690, 1660, 2490),
        "a": (710, 1100, 2540),
        "aw": (590, 880, 2540),
        "y": (450, 1030, 2380),
        "u": (310, 870, 2250),
    },
}


def speaker_grid(grid: TraversalSettings) -> np.ndarray:
    """Vocal tract factors ``(n_speakers,)`` of the controlled set; the published one has 60, 0.705 to 1.295."""
    count = int(np.floor((grid.speaker_max - grid.speaker_min) / grid.speaker_step + 1e-6)) + 1
    return np.round(grid.speaker_min + grid.speaker_step * np.arange(count), 6)


def speaker_names(settings: SimVowelsSettings) -> list[str]:
    """Class names of the factor speaker, over all splits: the vocal tract factors."""
    return [f"{factor:g}" for split in SPLITS for factor in settings.speakers_of(split)]


def _token_samples(settings: SimVowelsSettings) -> int:
    return round(settings.token_seconds * SAMPLING_RATE)


# ------------------------------------------------------------------------------------------------ synthesis


def true_formants(split: CorpusSplit) -> np.ndarray | None:
    """Formants ``(n_utterances, n_vowels, 3)`` in Hz that each speaker gives to each vowel; None for other corpora."""
    if "vowel" not in split.interval_names or "speaker_factor" not in split.values:
        return None
    names = split.class_names("vowel")
    table = VOWELS.get(len(names))
    if table is None or list(table) != names:
        return None
    return np.array(list(table.values())) / split.values["speaker_factor"][:, None, None]


def noise_excitation(n_tokens: int, n_samples: int, factor: float, rng: np.random.Generator) -> np.ndarray:
    """White noise ``(n_tokens, n_samples)``: what the published block-wise excitation amounts to."""
    return rng.standard_normal((n_tokens, n_samples))


def pulse_excitation(n_tokens: int, n_samples: int, factor: float, rng: np.random.Generator) -> np.ndarray:
    """Glottal pulse trains ``(n_tokens, n_samples)`` at 120 Hz / ``factor`` with a random phase per token."""
    period = SAMPLING_RATE * factor / BASE_F0_HZ
    phase = rng.uniform(0, period, size=(n_tokens, 1))
    return (np.mod(np.arange(n_samples) - phase, period) < 1.0).astype(float)


EXCITATIONS = {"noise": noise_excitation, "pulses": pulse_excitation}


@lru_cache(maxsize=4096)
def formant_filter(centre_hz: float) -> tuple[np.ndarray, np.ndarray]:
    """Numerator and denominator of the band-pass filter of one formant."""
    half = FORMANT_BANDWIDTH_HZ / 2
    return signal.butter(4, [centre_hz - half, centre_hz + half], btype="bandpass", fs=SAMPLING_RATE)


def synthesise_tokens(
    vowels: np.ndarray, factor: float, settings: SimVowelsSettings, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Synthesise tokens of one speaker.

    Parameters
    ----------
    vowels : (n,) int
        Vowel code of each token.
    factor : float
        Vocal tract factor; formants are ``F / factor``.
    settings : SimVowelsSettings
        Its ``snr_db`` is the exact ratio of signal power to the power of the added white noise.

    Returns
    -------
    tokens : (n, n_samples) float64
        Peak 1 before the noise is added.
    formants : (n, 3, n_samples) float64
        The three formants' parts of the noise-free token; they sum to it.
    """
    n_samples = _token_samples(settings)
    table = np.array(list(VOWELS[settings.n_vowels].values())) / factor
    white = rng.standard_normal((len(vowels), n_samples))
    sos = signal.butter(4, [65.0, SAMPLING_RATE / 2 - 1], btype="bandpass", fs=SAMPLING_RATE, output="sos")
    source = signal.sosfilt(sos, EXCITATIONS[settings.excitation](len(vowels), n_samples, factor, rng), axis=-1)
    shaped = np.empty((len(vowels), 3, n_samples))
    for code in np.unique(vowels):
        rows = vowels == code
        for k in range(3):
            shaped[rows, k] = FORMANT_AMPLITUDES[k] * signal.lfilter(*formant_filter(table[code, k]), white[rows])
    # Circular convolution over 1.28 token lengths (published: 2048 points for 1600 samples). Folding the tail onto the
    # start keeps the level even; a linear convolution of two noises would grow from silence over the whole token.
    n_fft = round(1.28 * n_samples)
    spectra = np.fft.rfft(shaped, n_fft) * np.fft.rfft(source, n_fft)[:, None]
    formants = np.fft.irfft(spectra, n_fft)[..., :n_samples]
    formants /= np.abs(formants.sum(axis=1)).max(axis=-1)[:, None, None]
    clean = formants.sum(axis=1)
    noise = rng.standard_normal(clean.shape)
    power = np.mean(clean**2, axis=-1) / 10 ** (settings.snr_db / 10)
    noise *= np.sqrt(power / np.mean(noise**2, axis=-1))[:, None]
    return clean + noise, formants


def _rng(seed: int, *path: str | int) -> np.random.Generator:
    """An independent generator for one item, whatever the order in which items are made."""
    words = [int.from_bytes(str(part).encode(), "little") % 2**32 for part in path]
    return np.random.default_rng([seed, *words])


def _utterances(settings: SimVowelsSettings, split: Split, seed: int) -> Iterator[Utterance]:
    count, speakers = settings.utterances_of(split), settings.speakers_of(split)
    n_samples = _token_samples(settings)
    first_code = speaker_names(settings).index(f"{speakers[0]:g}")
    starts = np.arange(settings.n_tokens) * n_samples
    for index in progress(range(count), description=f"simulate {split}"):
        rng = _rng(seed, split, index)
        speaker = index % len(speakers)
        vowels = rng.integers(settings.n_vowels, size=settings.n_tokens)
        tokens, _ = synthesise_tokens(vowels, speakers[speaker], settings, rng)
        yield Utterance(
            id=f"{split}-{index:05d}",
            audio=tokens.ravel().astype(np.float32),
            factors={"speaker": first_code + speaker},
            values={"speaker_factor": speakers[speaker]},
            intervals={"vowel": (starts, starts + n_samples, vowels)},
        )


def simulate(path: str | Path, settings: SimVowelsSettings, seed: int) -> None:
    """Simulate all splits into one corpus file; the same settings and seed give the same samples."""
    write_corpus(
        path,
        {split: _utterances(settings, split, seed) for split in SPLITS},
        corpus="sim_vowels",
        sampling_rate=SAMPLING_RATE,
        class_names={"speaker": speaker_names(settings), "vowel": list(VOWELS[settings.n_vowels])},
        provenance=provenance(settings, seed),
    )


def _controlled_utterances(settings: SimVowelsSettings, seed: int) -> Iterator[Utterance]:
    grid, n_samples = settings.traversal, frame_length(SAMPLING_RATE)
    settings = settings.replace(n_vowels=grid.n_vowels)
    # Frames come from the middle of whole tokens, so that they are like the frames that models are trained on.
    start = (_token_samples(settings) - n_samples) // 2
    codes = np.repeat(np.arange(grid.n_vowels), grid.repetitions)
    for speaker, factor in enumerate(progress(speaker_grid(grid), description="simulate traversal set")):
        tokens, _ = synthesise_tokens(codes, factor, settings, _rng(seed, "traversal", speaker))
        for item, (code, token) in enumerate(zip(codes, tokens, strict=True)):
            yield Utterance(
                id=f"traversal-{speaker:03d}-{item:03d}",
                audio=token[start : start + n_samples].astype(np.float32),
                factors={"speaker": speaker},
                values={"speaker_factor": float(factor)},
                intervals={"vowel": (np.array([0]), np.array([n_samples]), np.array([code]))},
            )


def simulate_traversal_set(path: str | Path, settings: SimVowelsSettings, seed: int) -> None:
    """Write the controlled set (split ``traversal``): one frame of 25 ms for each vowel, speaker factor and draw."""
    grid = settings.traversal
    write_corpus(
        path,
        {"traversal": _controlled_utterances(settings, seed)},
        corpus="sim_vowels-traversal",
        sampling_rate=SAMPLING_RATE,
        class_names={
            "speaker": [f"{factor:g}" for factor in speaker_grid(grid)],
            "vowel": list(VOWELS[grid.n_vowels]),
        },
        provenance=provenance(settings, seed),
    )


# --------------------------------------------------------------------------------------- tables for the figures


def generator_tables(settings: SimVowelsSettings, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What the generator makes, for the generative-model figures: nearly noise-free tokens (100 dB) and their formants.

    Returns
    -------
    signals : DataFrame
        vowel, speaker_factor, signal (X, F1, F2, F3), time_ms, amplitude: the first 100 ms at one speaker factor.
    mels : DataFrame
        vowel, speaker_factor, signal, mel_band (0..79), power_db: mel spectrum of a 0.1 s token for every speaker
        factor of the grid, in dB relative to the maximum of X of that cell.
    """
    import librosa

    clear = settings.replace(snr_db=100.0, token_seconds=0.1, utterance_seconds=0.1)
    names = list(VOWELS[settings.n_vowels])
    signals, mels = [], []
    grid = speaker_grid(settings.traversal)
    shown = float(grid[np.argmin(np.abs(grid - 1.105))])
    filters = librosa.filters.mel(sr=SAMPLING_RATE, n_fft=1600, n_mels=80)
    for position, factor in enumerate(grid):
        rng = _rng(seed, "generative", position)
        tokens, formants = synthesise_tokens(np.arange(len(names)), factor, clear, rng)
        parts = np.concatenate([tokens[:, None], formants], axis=1)
        power = np.abs(np.fft.rfft(parts * signal.windows.hann(1600), axis=-1)) ** 2 @ filters.T
        level = 10 * np.log10(np.maximum(power / power[:, :1].max(axis=-1, keepdims=True), 1e-8))
        for vowel, part in np.ndindex(parts.shape[:2]):
            head = {"vowel": names[vowel], "speaker_factor": factor, "signal": ("X", "F1", "F2", "F3")[part]}
            mels.append(pd.DataFrame({**head, "mel_band": np.arange(80), "power_db": level[vowel, part]}))
            if factor == shown:
                time_ms = np.arange(1600) / SAMPLING_RATE * 1000
                signals.append(pd.DataFrame({**head, "time_ms": time_ms, "amplitude": parts[vowel, part]}))
    return pd.concat(signals, ignore_index=True), pd.concat(mels, ignore_index=True)
