"""SimVowels: simulated vowel sequences with known factors (vowel, speaker).

A token of a vowel is white noise shaped by three band-pass formant filters (source-filter model after Boulianne 2020)
whose centre frequencies are the vowel's formants divided by the speaker's vocal tract factor. Tokens are joined
end to end into utterances of one speaker each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import signal

from decvae.artifacts import progress, provenance
from decvae.corpora.store import CorpusSplit, Utterance, write_corpus
from decvae.framing import frame_length

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
# Vocal tract factors of the published speakers; those of dev and test are not heard in training.
SPEAKERS: dict[str, tuple[float, ...]] = {
    "train": (0.715, 0.795, 0.835, 0.875, 0.955, 1.035, 1.115, 1.155, 1.195, 1.275),
    "dev": (0.745, 0.905, 0.985, 1.065, 1.225),
    "test": (0.765, 0.925, 1.005, 1.085, 1.245),
}


def _split_sizes() -> dict[str, int]:
    return {"train": 4000, "dev": 500, "test": 300}


def _speakers() -> dict[str, list[float]]:
    return {split: list(factors) for split, factors in SPEAKERS.items()}


@dataclass(frozen=True)
class TraversalSettings:
    """The controlled set: every vowel x every speaker factor, one frame each, several noise draws.

    Attributes
    ----------
    n_vowels : {5, 8}
    repetitions : int
        Noise draws per (vowel, speaker) cell.
    speaker_min, speaker_max, speaker_step : float
        Grid of vocal tract factors, both ends included.
    """

    n_vowels: int = 5
    repetitions: int = 20
    speaker_min: float = 0.705
    speaker_max: float = 1.295
    speaker_step: float = 0.01

    def speaker_factors(self) -> np.ndarray:
        """The grid ``(n_speakers,)``; the published one has 60 values, 0.705 to 1.295."""
        count = int(np.floor((self.speaker_max - self.speaker_min) / self.speaker_step + 1e-6)) + 1
        return np.round(self.speaker_min + self.speaker_step * np.arange(count), 6)


@dataclass(frozen=True)
class SimVowelsSettings:
    """Settings of the generator; defaults are the published corpus.

    Attributes
    ----------
    n_vowels : {5, 8}
    snr_db : float
        White noise is added to every token at this signal-to-noise ratio in dB.
    utterance_seconds, token_seconds : float
        An utterance is ``utterance_seconds / token_seconds`` tokens.
    excitation : {"noise", "pulses"}
        ``noise``: the published excitation, in which the fundamental frequency has no effect. ``pulses``: a glottal
        pulse train at 120 Hz divided by the vocal tract factor.
    n_utterances : {split: int}
    speakers : {split: vocal tract factors}
        Smaller is a shorter vocal tract (higher formants). Utterances are spread evenly over the split's speakers.
    traversal : TraversalSettings
    """

    n_vowels: int = 5
    snr_db: float = 15.0
    utterance_seconds: float = 4.0
    token_seconds: float = 0.1
    excitation: str = "noise"
    n_utterances: dict[str, int] = field(default_factory=_split_sizes)
    speakers: dict[str, list[float]] = field(default_factory=_speakers)
    traversal: TraversalSettings = field(default_factory=TraversalSettings)

    def __post_init__(self):
        for owner, n_vowels in (("n_vowels", self.n_vowels), ("traversal.n_vowels", self.traversal.n_vowels)):
            if n_vowels not in VOWELS:
                raise ValueError(f"{owner}: {n_vowels} is not one of {sorted(VOWELS)}")
        if self.excitation not in EXCITATIONS:
            raise ValueError(f"excitation: {self.excitation!r} is not one of {sorted(EXCITATIONS)}")
        if self.n_tokens < 1:
            raise ValueError(f"utterance_seconds ({self.utterance_seconds}) is shorter than one token")
        if self.token_samples < frame_length(SAMPLING_RATE):
            raise ValueError(f"token_seconds ({self.token_seconds}) is shorter than one frame of 0.025")
        if set(self.n_utterances) != set(self.speakers):
            raise ValueError(f"n_utterances has splits {list(self.n_utterances)}, speakers {list(self.speakers)}")
        known = [factor for factors in self.speakers.values() for factor in factors]
        if len(set(known)) != len(known):
            raise ValueError("speakers: a vocal tract factor occurs twice; splits must not share speakers")

    @classmethod
    def from_dict(cls, section: dict[str, Any]) -> SimVowelsSettings:
        """Settings from a config section (its ``kind`` is ignored); unknown keys raise ValueError."""
        section = {key: value for key, value in section.items() if key != "kind"}
        unknown = set(section) - {item.name for item in fields(cls)}
        if unknown:
            raise ValueError(f"unknown SimVowels settings: {sorted(unknown)}")
        traversal = TraversalSettings(**section.pop("traversal", {}))
        return cls(**section, traversal=traversal)

    @property
    def n_tokens(self) -> int:
        """Tokens per utterance."""
        return round(self.utterance_seconds / self.token_seconds)

    @property
    def token_samples(self) -> int:
        """Samples per token."""
        return round(self.token_seconds * SAMPLING_RATE)

    def speaker_names(self) -> list[str]:
        """Class names of the factor speaker, over all splits: the vocal tract factors."""
        return [f"{factor:g}" for factors in self.speakers.values() for factor in factors]


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
    vowels: np.ndarray,
    factor: float,
    *,
    n_vowels: int,
    n_samples: int,
    snr_db: float,
    excitation: str,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Synthesise tokens of one speaker.

    Parameters
    ----------
    vowels : (n,) int
        Vowel code of each token.
    factor : float
        Vocal tract factor; formants are ``F / factor``.
    n_samples : int
        Samples of a token.
    snr_db : float
        Exact ratio of signal power to the power of the added white noise.

    Returns
    -------
    tokens : (n, n_samples) float64
        Peak 1 before the noise is added.
    formants : (n, 3, n_samples) float64
        The three formants' parts of the noise-free token; they sum to it.
    """
    table = np.array(list(VOWELS[n_vowels].values())) / factor
    white = rng.standard_normal((len(vowels), n_samples))
    sos = signal.butter(4, [65.0, SAMPLING_RATE / 2 - 1], btype="bandpass", fs=SAMPLING_RATE, output="sos")
    source = signal.sosfilt(sos, EXCITATIONS[excitation](len(vowels), n_samples, factor, rng), axis=-1)
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
    power = np.mean(clean**2, axis=-1) / 10 ** (snr_db / 10)
    noise *= np.sqrt(power / np.mean(noise**2, axis=-1))[:, None]
    return clean + noise, formants


def _rng(seed: int, *path: str | int) -> np.random.Generator:
    """An independent generator for one item, whatever the order in which items are made."""
    words = [int.from_bytes(str(part).encode(), "little") % 2**32 for part in path]
    return np.random.default_rng([seed, *words])


def _utterances(settings: SimVowelsSettings, split: str, seed: int) -> Iterator[Utterance]:
    count, speakers = settings.n_utterances[split], settings.speakers[split]
    first_code = settings.speaker_names().index(f"{speakers[0]:g}")
    starts = np.arange(settings.n_tokens) * settings.token_samples
    for index in progress(range(count), description=f"simulate {split}"):
        rng = _rng(seed, split, index)
        speaker = index % len(speakers)
        vowels = rng.integers(settings.n_vowels, size=settings.n_tokens)
        tokens, _ = synthesise_tokens(
            vowels,
            speakers[speaker],
            n_vowels=settings.n_vowels,
            n_samples=settings.token_samples,
            snr_db=settings.snr_db,
            excitation=settings.excitation,
            rng=rng,
        )
        yield Utterance(
            id=f"{split}-{index:05d}",
            audio=tokens.ravel().astype(np.float32),
            factors={"speaker": first_code + speaker},
            values={"speaker_factor": speakers[speaker]},
            intervals={"vowel": (starts, starts + settings.token_samples, vowels)},
        )


def simulate(path: str | Path, settings: SimVowelsSettings, seed: int) -> None:
    """Simulate all splits into one corpus file; the same settings and seed give the same samples."""
    write_corpus(
        path,
        {split: _utterances(settings, split, seed) for split in settings.n_utterances},
        corpus="sim_vowels",
        sampling_rate=SAMPLING_RATE,
        class_names={"speaker": settings.speaker_names(), "vowel": list(VOWELS[settings.n_vowels])},
        provenance=provenance(asdict(settings), seed),
    )


def _controlled_utterances(settings: SimVowelsSettings, seed: int) -> Iterator[Utterance]:
    grid, n_samples = settings.traversal, frame_length(SAMPLING_RATE)
    # Frames come from the middle of whole tokens, so that they are like the frames that models are trained on.
    start = (settings.token_samples - n_samples) // 2
    codes = np.repeat(np.arange(grid.n_vowels), grid.repetitions)
    for speaker, factor in enumerate(progress(grid.speaker_factors(), description="simulate traversal set")):
        tokens, _ = synthesise_tokens(
            codes,
            factor,
            n_vowels=grid.n_vowels,
            n_samples=settings.token_samples,
            snr_db=settings.snr_db,
            excitation=settings.excitation,
            rng=_rng(seed, "traversal", speaker),
        )
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
            "speaker": [f"{factor:g}" for factor in grid.speaker_factors()],
            "vowel": list(VOWELS[grid.n_vowels]),
        },
        provenance=provenance(asdict(settings), seed),
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

    names = list(VOWELS[settings.n_vowels])
    signals, mels = [], []
    grid = settings.traversal.speaker_factors()
    shown = float(grid[np.argmin(np.abs(grid - 1.105))])
    filters = librosa.filters.mel(sr=SAMPLING_RATE, n_fft=1600, n_mels=80)
    for position, factor in enumerate(grid):
        tokens, formants = synthesise_tokens(
            np.arange(len(names)),
            factor,
            n_vowels=settings.n_vowels,
            n_samples=1600,
            snr_db=100.0,
            excitation=settings.excitation,
            rng=_rng(seed, "generative", position),
        )
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
