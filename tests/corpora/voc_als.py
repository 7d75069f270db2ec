"""A miniature VOC-ALS: sustained vowels and repeated syllables of controls and of patients, and the clinical table.

The worse the King's stage and the lower the speech score, the more tremor and breath, and the slower the syllables.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from openpyxl import Workbook

from tests.corpora.sound import as_pcm, at_rate, breathe, room_noise, tremble, write_riff
from tests.corpora.synthesis import RATE, Voice, speak, sustain

VOWELS, SYLLABLES = "AEIOU", ("KA", "PA", "TA")


@dataclass(frozen=True)
class Person:
    """A row of the table; None where the release has a dash (controls)."""

    id: str
    sex: str
    king: str | int | None = None
    years: float | None = None
    total: int | None = None
    speech: int | None = None
    cantagallo: int | None = None

    @property
    def severity(self) -> float:
        """0 (control) to 1."""
        return 0.0 if self.king is None else {1: 0.25, 2: 0.45, 3: 0.65}.get(self.king, 1.0)


# Real codes; every King's stage has three patients and every sex both groups.
PEOPLE = (
    *(
        Person(f"CT{number}", sex)
        for number, sex in zip(("001", "004", "010", "013", "014", "015"), "FMFMFM", strict=True)
    ),
    Person("PZ001", "F", 1, 0.8, 45, 4, 3),
    Person("PZ003", "M", 1, 1.5, 44, 4, 7),
    Person("PZ004", "F", 1, 2.0, 43, 4, 12),
    Person("PZ005", "M", 2, 3.0, 39, 3, 20),
    Person("PZ006", "F", 2, 4.5, 38, 3, 36),
    Person("PZ007", "M", 2, 6.0, 36, 3, 41),
    Person("PZ008", "F", 3, 7.5, 30, 2, 60),
    Person("PZ009", "M", 3, 9.0, 27, 2, 71),
    Person("PZ010", "F", 3, 11.0, 22, 1, 90),
    Person("PZ011", "M", "4A", 14.0, 16, 1, 120),
    Person("PZ012", "F", "4B", 21.0, 11, 0, 135),
    Person("PZ013", "M", "4B", 24.0, 9, 0, 140),
)
COLUMNS = (
    *("ID", "Category", "Sex", "Age (years)", "DiseaseDuration", "ALSFRS-R_TotalScore", "ALSFRS-R_SpeechSubscore"),
    *("KingClinicalStage", "Cantagallo_Questionnaire"),
)
N_COLUMNS = 34  # the release has at least as many; acoustic measures fill the rest


def build(root: Path, *, rate: int = 8000, seconds: float = 2.6, seed: int = 0) -> None:
    """Write ``root/VOC-ALS.xlsx`` and ``root/{phonationA..,rhythmKA..}/ID_TASK.wav``.

    Parameters
    ----------
    root : Path
    rate : int
        Of the files, in Hz.
    seconds : float
        Of every recording, the first of which readers skip.
    seed : int
    """
    rng = np.random.default_rng(seed)
    root.mkdir(parents=True, exist_ok=True)
    for person in PEOPLE:
        variant = {"F": ("f2", "f3", "f4", "f5"), "M": ("m1", "m3", "m4", "m7")}[person.sex][int(rng.integers(4))]
        pitch = int(rng.integers(35, 65))
        for vowel in VOWELS:
            held = sustain(speak(vowel.lower(), Voice(f"it+{variant}", 80, pitch, 10)).audio, seconds)
            _write(root, person, f"phonation{vowel}", held[: round(seconds * RATE)], rng, rate)
        speed = round(220 - 120 * person.severity + rng.uniform(-10, 10))
        for syllable in SYLLABLES:
            spoken = speak(" ".join([syllable.lower()] * 40), Voice(f"it+{variant}", speed, pitch, 10)).audio
            _write(root, person, f"rhythm{syllable}", spoken[: round(seconds * RATE)], rng, rate)
    _write_table(root / "VOC-ALS.xlsx")


def _write(root: Path, person: Person, task: str, audio: np.ndarray, rng, rate: int) -> None:
    ill = tremble(audio.astype(np.float64), rng, person.severity)
    ill = breathe(ill, rng, -35 + 25 * person.severity)
    write_riff(root / task / f"{person.id}_{task}.wav", as_pcm(at_rate(room_noise(ill, rng), rate)), rate)


def _write_table(path: Path) -> None:
    """Two rows of header, as in the release: groups of columns, then their names."""
    book = Workbook()
    sheet = book.active
    others = [f"Measure_{number}" for number in range(len(COLUMNS) + 1, N_COLUMNS + 1)]
    sheet.append(["Participants", *[None] * (len(COLUMNS) - 1), "Acoustic analysis"])
    sheet.append([*COLUMNS[:-1], *others, COLUMNS[-1]])
    for person in PEOPLE:
        clinical = (person.years, person.total, person.speech, person.king)
        known = [value if value is not None else "-" for value in clinical]
        category = "HC" if person.king is None else "ALS"
        last = person.cantagallo if person.cantagallo is not None else "-"
        sheet.append([person.id, category, person.sex, 60, *known, *[0.0] * len(others), last])
    book.save(path)
