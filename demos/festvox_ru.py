"""Real speech through the ``folder`` corpus: one Russian speaker, 620 sentences with phone labels (Debian festvox-ru).

``python demos/festvox_ru.py VOICE OUT`` writes OUT/manifest.csv, OUT/labels/*.csv and copies of the recordings; VOICE
is ``usr/share/festival/voices/russian/msu_ru_nsh_clunits`` of the package. See docs/corpora.md.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

import numpy as np
import soundfile

SHARES = (0.8, 0.1)  # of the sentences, for train and dev; the others are for test


def read_lab(path: Path) -> list[tuple[float, float, str]]:
    """``(start, stop, phone)`` in seconds of a Festival label file: after a line ``#``, lines ``stop colour phone``.

    Raises
    ------
    ValueError
        Names the file and the line that cannot be read, or whose time does not ascend.
    """
    lines = path.read_text(encoding="latin-1").splitlines()
    if "#" not in lines:
        raise ValueError(f"{path}: no line '#', so not a Festival label file")
    rows, start = [], 0.0
    for number, line in enumerate(lines[lines.index("#") + 1 :], start=lines.index("#") + 2):
        if not line.strip():
            continue
        fields = line.split()
        try:
            stop, phone = float(fields[0]), fields[2]
        except (ValueError, IndexError):
            raise ValueError(f"{path}, line {number}: {line!r} is not 'stop colour phone'") from None
        if stop < start:
            raise ValueError(f"{path}, line {number}: ends at {stop} s, before its start at {start} s")
        if stop > start:
            rows.append((start, stop, phone))
        start = stop
    return rows


def write_corpus(voice: Path, out: Path, seed: int = 0) -> int:
    """Write manifest and labels below ``out``; returns the number of recordings. The splits are drawn with ``seed``.

    Raises
    ------
    ValueError
        If the voice has no recordings with labels.
    """
    pairs = [(wav, voice / "lab" / f"{wav.stem}.lab") for wav in sorted((voice / "wav").glob("*.wav"))]
    pairs = [(wav, lab) for wav, lab in pairs if lab.is_file()]
    if not pairs:
        raise ValueError(f"{voice} has no recordings wav/*.wav with labels lab/*.lab; is it the folder of the voice?")
    (out / "wav").mkdir(parents=True, exist_ok=True)
    (out / "labels").mkdir(exist_ok=True)
    order = np.random.default_rng(seed).permutation(len(pairs)) / len(pairs)
    rows = []
    for (wav, lab), place in zip(pairs, order, strict=True):
        # A copy: the readers take no file outside the root.
        sound, table = out / "wav" / wav.name, out / "labels" / f"{wav.stem}.csv"
        sound.write_bytes(wav.read_bytes())
        duration = soundfile.info(sound).duration
        labels = [(start, min(stop, duration), phone) for start, stop, phone in read_lab(lab) if start < duration]
        write_rows(table, ("start", "stop", "label"), labels)
        split = "train" if place < SHARES[0] else "dev" if place < sum(SHARES) else "test"
        rows.append((f"wav/{wav.name}", split, "nsh", f"labels/{wav.stem}.csv"))
    write_rows(out / "manifest.csv", ("path", "split", "speaker", "labels:phoneme"), rows)
    return len(rows)


def write_rows(path: Path, header: tuple[str, ...], rows: list[tuple]) -> None:
    """A CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("voice", type=Path)
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    try:
        print(f"{write_corpus(options.voice, options.out)} recordings in {options.out}/manifest.csv")
    except ValueError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
