"""Ingest of generated corpora of growing length: times real time, memory, and growth.

    python benchmarks/corpora.py [--hours 5 10 20] [--folder PLACE]

Each length is ingested in a process of its own, beside the peer: the same files read one by one by librosa.load. PLACE
is where they are generated, by default a temporary folder.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from _measure import command_line, header, in_own_process, peak_mib, row, timed

SECONDS, RATE = 5.0, 16000


def generate(root: Path, hours: float) -> None:
    """Utterances of 5 s of noise with labels of 0.1 s; the same ten recordings under many names."""
    import numpy as np
    import pandas as pd
    import soundfile

    root.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    starts = np.arange(0, SECONDS, 0.1)
    labels = pd.DataFrame({"start": starts, "end": starts + 0.1, "label": [f"p{k % 40}" for k in range(len(starts))]})
    labels.round(3).to_csv(root / "labels.csv", index=False)
    audio = 0.1 * rng.standard_normal((10, round(SECONDS * RATE)))
    rows = []
    for number in range(round(hours * 3600 / SECONDS)):
        soundfile.write(root / f"{number}.wav", audio[number % 10], RATE)
        rows.append({"path": f"{number}.wav", "speaker": f"s{number % 50}", "labels:phoneme": "labels.csv"})
    pd.DataFrame(rows).to_csv(root / "manifest.csv", index=False)


def ingest(root: Path) -> tuple[float, float, float]:
    """Seconds, CPU seconds and largest memory in MiB of the ingest."""
    from decvae.corpora.ingest import ingest_corpus
    from decvae.settings.corpora import FolderSettings

    taken = timed(lambda: ingest_corpus(root, FolderSettings(), root / "out.h5", corpus="generated", seed=0))
    return taken.wall, taken.cpu, peak_mib()


def read(root: Path) -> tuple[float, float, float]:
    """The same of reading alone."""
    import librosa

    taken = timed(lambda: [librosa.load(path, sr=RATE)[0].size for path in sorted(root.glob("*.wav"))])
    return taken.wall, taken.cpu, peak_mib()


def corpora(hours: tuple[float, ...] = (5.0, 10.0, 20.0), folder: str = "") -> None:
    """Print the table of both sides at every length."""
    header("hours", "side", "seconds", "CPU s", "x real time", "MiB")
    for length in hours:
        with tempfile.TemporaryDirectory(dir=folder or None) as place:
            generate(Path(place), length)
            for side in (read, ingest):
                seconds, cpu, memory = in_own_process(side, Path(place))
                real_time = f"{length * 3600 / seconds:.0f}"
                row(f"{length:g}", side.__name__, f"{seconds:.1f}", f"{cpu:.1f}", real_time, f"{memory:.0f}")


if __name__ == "__main__":
    command_line(__doc__, corpora)
