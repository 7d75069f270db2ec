"""Tiny trees in the layouts of the real corpora: noise, and labels written by hand."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

RATE = 16000


@pytest.fixture
def write_audio():
    """Write seconds of noise; returns the path."""

    def write(path: Path, seconds: float = 1.0, rate: int = RATE, **options) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(sum(path.name.encode()))
        soundfile.write(path, 0.1 * rng.standard_normal(round(seconds * rate)), rate, **options)
        return path

    return write


@pytest.fixture
def timit_tree(tmp_path, write_audio):
    """One speaker of every list and one of neither, an SX and an SA sentence each; names in capitals or not."""

    def build(upper: bool = True, sphere: bool = True) -> Path:
        case = str.upper if upper else str.lower
        for place in ("TRAIN/DR1/FCJF0", "TRAIN/DR2/MSAT0", "TEST/DR1/FAKS0", "TEST/DR1/MDAB0", "TEST/DR1/FJSP0"):
            for sentence in ("SA1", "SX9"):
                stem = tmp_path / "TIMIT" / case(place) / case(sentence)
                options = {"format": "NIST", "subtype": "PCM_16"} if sphere else {"format": "WAV"}
                write_audio(stem.with_suffix(case(".wav")), **options)
                # h# 0.1 s, bcl b, q (a gap), iy, h#
                lines = ["0 1600 h#", "1600 3200 bcl", "3200 4000 b", "4000 5600 q", "5600 12800 iy", "12800 16000 h#"]
                stem.with_suffix(case(".phn")).write_text("\n".join(lines) + "\n")
        return tmp_path / "TIMIT"

    return build


@pytest.fixture
def voc_als_tree(tmp_path, write_audio):
    """Ten controls and ten patients, eight tasks each, at 8 kHz; a title row above the header."""
    from openpyxl import Workbook

    from decvae.corpora.voc_als import TASKS

    sheet = (book := Workbook()).active
    sheet.append(["VOC-ALS"])
    columns = ["ID", "Category", "ALSFRS-R_TotalScore", "ALSFRS-R_SpeechSubscore", "DiseaseDuration"]
    sheet.append([*columns, "KingClinicalStage", "Age", "Cantagallo_Questionnaire"])
    for number in range(10):
        sheet.append([f"CT{number:03d}", "HC", "-", "-", "-", "-", 60, 3])
        sheet.append([f"PZ{number:03d}", "ALS", 42, 3.0, 1 + number / 2, "4A" if number % 2 else 2, 60, 36])
    root = tmp_path / "VOC-ALS"
    for task in TASKS:
        for number in range(10):
            for group in ("CT", "PZ"):
                write_audio(root / task / f"{group}{number:03d}_{task}.wav", 2.1, 8000)
    book.save(root / "VOC-ALS.xlsx")
    return root


@pytest.fixture
def iemocap_tree(tmp_path, write_audio):
    """Five sessions of one dialog; the man and the woman speak three turns each, the third of no known emotion."""

    def build(majority: bool = False) -> Path:
        root = tmp_path / "IEMOCAP_full_release"
        for session in range(1, 6):
            place, dialog = root / f"Session{session}", f"Ses{session:02d}F_impro01"
            lines = ["% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]", ""]
            for letter in "FM":
                for turn, emotion in enumerate(("exc", "sad", "xxx")):
                    name = f"{dialog}_{letter}{turn:03d}"
                    write_audio(place / "sentences/wav" / dialog / f"{name}.wav", 1.0)
                    (place / "sentences/wav" / dialog / f"._{name}.wav").write_bytes(b"\0")
                    rows = ["\t SFrm  EFrm    SegAScr Phone", "     0    9    -100 SIL", "    10   29   -200 IY S T i"]
                    rows += ["    35   90   -300 AY", " Total score:       -600"]
                    aligned = place / "sentences/ForcedAlignment" / dialog
                    aligned.mkdir(parents=True, exist_ok=True)
                    (aligned / f"{name}.phseg").write_text("\n".join(rows) + "\n")
                    lines += [
                        f"[6.2901 - 8.2357]\t{name}\t{emotion}\t[2.5000, 2.5000, 2.0000]",
                        "C-E2:\tNeutral;\t()",
                        "",
                    ]
            folder = place / "dialog/EmoEvaluation" / ("Majority" if majority else "")
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{dialog}.txt").write_text("\n".join(lines))
        return root

    return build
