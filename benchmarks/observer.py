"""What one frame of SimVowels tells of vowel and speaker: the accuracy of an observer that knows how it was made.

    python benchmarks/observer.py [--utterances 120] [--seconds 2.0] [--speakers FACTOR ...]

The observer knows the spectrum that every speaker gives to every vowel, and takes a frame for 400 samples of stationary
Gaussian noise of one of these spectra, at an unknown level. Tokens are the product of two noises, so its likelihood is
near the best, but no strict bound. Beside it stands linear discriminant analysis of the log periodogram, which learns
from labels, utterances never divided. Frames are those of dev and test together, as the studies score them: ten
speakers that no model has heard, the published ones or those with the vocal tract factors given.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from _measure import command_line
from scipy import signal
from scipy.linalg import toeplitz
from scipy.special import logsumexp
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

from decvae.corpora.simvowels import FORMANT_AMPLITUDES, SAMPLING_RATE, VOWELS, formant_filter, simulate
from decvae.corpora.store import Corpus
from decvae.framing import cut_frames
from decvae.settings.corpora import SimVowelsSettings

N_FFT = 1 << 15
SPEAKERS = SimVowelsSettings().speakers
PUBLISHED = (*SPEAKERS.dev, *SPEAKERS.test)


def power_spectrum(formants_hz: np.ndarray, snr_db: float) -> np.ndarray:
    """Expected power ``(N_FFT / 2 + 1,)`` of tokens with these formants and their noise; the tokens alone have 1."""
    frequencies = np.fft.rfftfreq(N_FFT, 1 / SAMPLING_RATE)
    response = sum(
        amplitude * signal.freqz(*formant_filter(centre), worN=frequencies, fs=SAMPLING_RATE)[1]
        for amplitude, centre in zip(FORMANT_AMPLITUDES, formants_hz, strict=True)
    )
    power = np.abs(response) ** 2
    mean = (2 * power.sum() - power[0] - power[-1]) / N_FFT
    return power / mean + 10 ** (-snr_db / 10)


def log_likelihood(frames: np.ndarray, power: np.ndarray) -> np.ndarray:
    """Of frames ``(n, L)`` as Gaussian noise with this power spectrum, at the level that fits each best: ``(n,)``."""
    length = frames.shape[1]
    values, vectors = np.linalg.eigh(toeplitz(np.fft.irfft(power)[:length]))
    whitened = frames @ (vectors / np.sqrt(values))
    return -0.5 * (length * np.log(np.sum(whitened**2, axis=1)) + np.sum(np.log(values)))


def observed(frames: np.ndarray, factors: np.ndarray, settings: SimVowelsSettings) -> tuple[np.ndarray, np.ndarray]:
    """Vowel (code) and speaker (factor) that the observer takes each frame ``(n, L)`` for."""
    table = np.array(list(VOWELS[settings.n_vowels].values()))
    spectra = [[power_spectrum(formants / factor, settings.snr_db) for formants in table] for factor in factors]
    likelihood = np.array([[log_likelihood(frames, power) for power in row] for row in spectra])
    return logsumexp(likelihood, axis=0).argmax(0), factors[logsumexp(likelihood, axis=1).argmax(0)]


def learned(frames: np.ndarray, truth: np.ndarray, utterance: np.ndarray) -> np.ndarray:
    """Classes by linear discriminant analysis of the log periodogram, out of fold."""
    power = np.abs(np.fft.rfft(frames * signal.windows.hann(frames.shape[1]))) ** 2
    names, codes = np.unique(truth, return_inverse=True)
    model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    return names[cross_val_predict(model, np.log(power), codes, groups=utterance, cv=folds)]


def observe(utterances: int = 120, seconds: float = 2.0, speakers: tuple[float, ...] = PUBLISHED) -> None:
    """Print the accuracies of both; ``utterances`` and half of the speakers are of dev, as many of test."""
    half = len(speakers) // 2
    settings = SimVowelsSettings.parse(
        {
            "n_utterances": {"train": 1, "dev": utterances, "test": utterances},
            "utterance_seconds": seconds,
            "speakers": {"train": [SPEAKERS.train[0]], "dev": speakers[:half], "test": speakers[half:]},
        }
    )
    frames, vowel, overlap, speaker = [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        simulate(Path(folder) / "corpus.h5", settings, seed=0)
        with Corpus(Path(folder) / "corpus.h5") as corpus:
            for part in (corpus["dev"], corpus["test"]):
                for index in range(len(part)):
                    frames.append(cut_frames(part.audio(index).astype(np.float64)))
                    codes, straddles = part.frame_labels("vowel", index)
                    vowel.append(codes)
                    overlap.append(straddles)
                    speaker.append(np.full(len(codes), part.values["speaker_factor"][index]))
    utterance = np.repeat(np.arange(len(frames)), [len(part) for part in frames])
    frames, vowel, overlap, speaker = (np.concatenate(part) for part in (frames, vowel, overlap, speaker))

    guesses = {
        "observer": observed(frames, np.unique(speaker), settings),
        "periodogram": (learned(frames, vowel, utterance), learned(frames, speaker, utterance)),
    }
    print(f"{len(frames)} frames, {len(np.unique(speaker))} speakers; in brackets: frames within one vowel")
    for name, (found_vowel, found_speaker) in guesses.items():
        for task, right in (("vowel", found_vowel == vowel), ("speaker", found_speaker == speaker)):
            print(f"{name:12} {task:8} {right.mean():.3f} ({right[~overlap].mean():.3f})")


if __name__ == "__main__":
    command_line(__doc__, observe)
