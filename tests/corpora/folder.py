"""Own recordings in a miniature: wav, flac and ogg files of several rates, a manifest and tables of phones."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import soundfile

from tests.corpora.sound import as_pcm, at_rate, room_noise
from tests.corpora.synthesis import RATE, Voice, speak

ACCENTS = {"american": "en-us", "british": "en-gb-x-rp", "scottish": "en-gb-scotland", "caribbean": "en-029"}
FORMATS = (("wav", 16000), ("flac", 22050), ("ogg", 44100), ("wav", 8000))
TEXTS = (
    "The north wind and the sun were disputing which was the stronger.",
    "A traveller came along wrapped in a warm cloak.",
    "They agreed that the one who first succeeded should be stronger.",
    "Then the sun shone out warmly, and at once he took it off.",
)
SPLITS = {"train": ("f1", "f3", "m1", "m3"), "dev": ("f2", "m4"), "test": ("f4", "m7")}


def build(root: Path, *, seed: int = 0) -> None:
    """Write ``root/manifest.csv`` (path, split, speaker, accent, labels:sound), sounds and, beside each, its labels.

    The labels (``.csv`` with start, stop in seconds and label) are broad classes of phones: vowel, consonant, silence.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for split, variants in SPLITS.items():
        for variant in variants:
            for accent, base in ACCENTS.items():
                for number in range(2):
                    text = TEXTS[int(rng.integers(len(TEXTS)))]
                    stem = f"{split}/{accent}-{variant}-{number}"
                    suffix, rate = FORMATS[len(rows) % len(FORMATS)]
                    _write(root / f"{stem}.{suffix}", text, Voice(f"{base}+{variant}", 140), rate, rng)
                    rows.append((f"{stem}.{suffix}", split, f"{accent}-{variant}", accent, f"{stem}.csv"))
    _write_rows(root / "manifest.csv", ("path", "split", "speaker", "accent", "labels:sound"), rows)


def _write(path: Path, text: str, voice: Voice, rate: int, rng: np.random.Generator) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    speech = speak(text, voice)
    samples = as_pcm(at_rate(room_noise(speech.audio, rng), rate))
    soundfile.write(path, samples, rate)
    rows = [
        (f"{phone.start / RATE:.6f}", f"{phone.stop / RATE:.6f}", broad_class(phone.name)) for phone in speech.phones
    ]
    _write_rows(path.with_suffix(".csv"), ("start", "stop", "label"), rows)


def broad_class(name: str) -> str:
    """Vowel, consonant or silence of one of espeak-ng's phones: all its vowels begin with a vowel letter, 0, 3 or @."""
    if name.startswith("_"):
        return "silence"
    return "vowel" if name[0] in "aeiouyAEIOUVQ03@&" and not name.startswith("@L") else "consonant"


def _write_rows(path: Path, header: tuple, rows: list) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
