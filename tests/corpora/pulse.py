"""A signal that is not speech, for the reader of own recordings: pulse waves at 250 Hz, episodes of other rhythms."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import soundfile

RATE = 250
SECONDS = 64.0
# Beats per second, and how much a beat's length varies.
RHYTHMS = {"normal": (1.2, 0.03), "fast": (2.4, 0.02), "irregular": (1.5, 0.3)}
EPISODE_SECONDS = 8.0
PATIENTS = {"train": 8, "dev": 3, "test": 3}


def build(root: Path, *, seed: int = 0) -> None:
    """Write ``root/manifest.csv`` (path, split, patient, age, labels:rhythm), recordings and their episodes."""
    rng = np.random.default_rng(seed)
    rows = []
    for split, count in PATIENTS.items():
        for number in range(count):
            stem, age = f"{split}/p{number:02d}", int(rng.integers(30, 80))
            (root / split).mkdir(parents=True, exist_ok=True)
            names = [list(RHYTHMS)[k % len(RHYTHMS)] for k in range(round(SECONDS / EPISODE_SECONDS))]
            wave = pulse_wave(names, rng, stiffness=(age - 30) / 50)
            soundfile.write(root / f"{stem}.wav", 0.5 * wave / np.abs(wave).max(), RATE)
            episodes = [(k * EPISODE_SECONDS, (k + 1) * EPISODE_SECONDS, name) for k, name in enumerate(names)]
            (root / f"{stem}.txt").write_text("".join(f"{start}\t{end}\t{name}\n" for start, end, name in episodes))
            rows.append((f"{stem}.wav", split, f"{split}-{number}", age, f"{stem}.txt"))
    with (root / "manifest.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("path", "split", "patient", "age", "labels:rhythm"), *rows])


def pulse_wave(rhythms: list[str], rng: np.random.Generator, stiffness: float) -> np.ndarray:
    """Episodes of beats end to end, ``(T,)``: a systolic and a reflected wave, breathing, tremor at 12 Hz, noise.

    Parameters
    ----------
    rhythms : list of str
        One of :data:`RHYTHMS` for each episode.
    rng : Generator
    stiffness : float
        0 to 1; the stiffer the arteries, the earlier and stronger the reflected wave.
    """
    time = np.arange(round(len(rhythms) * EPISODE_SECONDS * RATE)) / RATE
    wave = 0.1 * np.sin(2 * np.pi * 0.25 * time) + 0.05 * np.sin(2 * np.pi * 12 * time)
    for number, name in enumerate(rhythms):
        per_second, spread = RHYTHMS[name]
        beat = number * EPISODE_SECONDS
        while beat < (number + 1) * EPISODE_SECONDS:
            length = max(1 + spread * rng.standard_normal(), 0.4) / per_second
            delay = 0.5 * length * (1 - 0.4 * stiffness)
            for height, at in ((1.0, 0.0), (0.25 + 0.35 * stiffness, delay)):
                near = slice(max(round((beat + at - 0.3) * RATE), 0), round((beat + at + 0.3) * RATE))
                wave[near] += height * np.exp(-(((time[near] - beat - at) / (0.12 * length)) ** 2))
            beat += length
    return wave + 0.01 * rng.standard_normal(len(time))
