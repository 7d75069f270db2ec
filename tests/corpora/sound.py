"""Files of sound, and what makes a voice older, ill or moved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import butter, resample_poly, sosfilt

from tests.corpora.synthesis import RATE


def as_pcm(audio: np.ndarray, level: float = 0.3) -> np.ndarray:
    """16-bit samples ``(T,)`` whose largest is ``level`` of full scale."""
    return np.round(audio / np.abs(audio).max() * level * (2**15 - 1)).astype("<i2")


def write_riff(path: Path, samples: np.ndarray, rate: int = RATE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate, format="WAV", subtype="PCM_16")


def write_sphere(path: Path, samples: np.ndarray, identity: str) -> None:
    """A NIST SPHERE file as in TIMIT: 1024 bytes of header, then 16-bit little-endian samples at 16 kHz."""
    fields = {
        "database_id": "TIMIT",
        "database_version": "1.0",
        "utterance_id": identity,
        "channel_count": 1,
        "sample_count": len(samples),
        "sample_rate": RATE,
        "sample_min": int(samples.min()),
        "sample_max": int(samples.max()),
        "sample_n_bytes": 2,
        "sample_byte_format": "01",
        "sample_sig_bits": 16,
    }
    lines = ["NIST_1A", "   1024"]
    for name, value in fields.items():
        kind = "-i" if isinstance(value, int) else f"-s{len(value)}"
        lines.append(f"{name} {kind} {value}")
    header = "\n".join([*lines, "end_head", ""]).encode("ascii")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(header.ljust(1024) + samples.astype("<i2").tobytes())


def room_noise(audio: np.ndarray, rng: np.random.Generator, snr_db: float = 40.0) -> np.ndarray:
    """The sound with white noise at a signal-to-noise ratio in dB, so that no frame is digital silence."""
    power = np.mean(audio**2) / 10 ** (snr_db / 10)
    return audio + rng.normal(0, np.sqrt(power), len(audio))


def tremble(audio: np.ndarray, rng: np.random.Generator, depth: float, hz: float = 6.0) -> np.ndarray:
    """Tremor: loudness and pitch waver ``depth`` (0 to 1) of 40 % and of half a semitone at about ``hz``."""
    time = np.arange(len(audio)) / RATE
    phase = 2 * np.pi * hz * (time + 0.02 * np.cumsum(rng.normal(0, 1, len(audio))) / RATE) + rng.uniform(0, 2 * np.pi)
    warped = time + depth * 0.03 / (2 * np.pi * hz) * np.sin(phase)
    return np.interp(warped, time, audio) * (1 - depth * 0.4 * (1 + np.sin(phase)) / 2)


def breathe(audio: np.ndarray, rng: np.random.Generator, noise_to_voice_db: float) -> np.ndarray:
    """A breathy voice: noise above 1 kHz that follows its loudness."""
    loudness = np.sqrt(np.convolve(audio**2, np.full(800, 1 / 800), "same"))
    noise = sosfilt(butter(2, 1000, "high", fs=RATE, output="sos"), rng.normal(0, 1, len(audio)))
    return audio + noise / noise.std() * loudness * 10 ** (noise_to_voice_db / 20)


def at_rate(audio: np.ndarray, rate: int) -> np.ndarray:
    """Resampled from 16 kHz."""
    common = np.gcd(rate, RATE)
    return resample_poly(audio, rate // common, RATE // common)


def breath(rng: np.random.Generator, seconds: float = 0.3) -> np.ndarray:
    """An audible breath: noise between 500 and 3000 Hz that swells and fades."""
    noise = rng.normal(0, 1, round(seconds * RATE))
    shaped = sosfilt(butter(2, (500, 3000), "band", fs=RATE, output="sos"), noise) * np.hanning(len(noise))
    return 0.08 * shaped / np.abs(shaped).max()


def lip_smack(rng: np.random.Generator, seconds: float = 0.16) -> np.ndarray:
    """Two short clicks of noise."""
    sound = rng.normal(0, 0.002, round(seconds * RATE))
    for place in (0.25, 0.6):
        start = round(place * len(sound))
        sound[start : start + 160] += 0.2 * rng.normal(0, 1, 160) * np.exp(-np.arange(160) / 30)
    return sound


def laughter(rng: np.random.Generator, pitch_hz: float, seconds: float = 0.6) -> np.ndarray:
    """Bursts of voice, five in a second, each falling in pitch."""
    time = np.arange(round(seconds * RATE)) / RATE
    within = (time * 5) % 1
    phase = 2 * np.pi * np.cumsum(pitch_hz * (1.3 - 0.4 * within)) / RATE
    voice = sum(np.sin(k * phase) / k for k in range(1, 12)) + rng.normal(0, 0.3, len(time))
    return 0.15 * voice * np.clip(np.sin(np.pi * np.clip(within / 0.6, 0, 1)), 0, None)
