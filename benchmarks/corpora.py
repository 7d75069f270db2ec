"""Ingest of generated corpora of growing length: times real time, memory, and growth.

    python benchmarks/corpora.py [--hours 5 10 20] [--folder PLACE]

Each length is ingested in a process of its own, beside the peer: the same files read one by one by librosa.load.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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


def measure(root: Path, what: str) -> None:
    """Run one side in this process and print its seconds, CPU seconds and largest memory in MiB."""
    if what == "ingest":
        from decvae.corpora.ingest import ingest_corpus
        from decvae.settings.corpora import FolderSettings

        def run():
            ingest_corpus(root, FolderSettings(), root / "out.h5", corpus="generated", seed=0)
    else:
        import librosa

        def run():
            for path in sorted(root.glob("*.wav")):
                librosa.load(path, sr=RATE)

    start, cpu = time.perf_counter(), time.process_time()
    run()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(time.perf_counter() - start, time.process_time() - cpu, memory)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, nargs="+", default=[5, 10, 20])
    parser.add_argument("--folder", type=Path, default=None, help="where to generate (default: a temporary folder)")
    parser.add_argument("--measure", nargs=2, metavar=("ROOT", "WHAT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(Path(options.measure[0]), options.measure[1])
        return
    print("hours  side     seconds  CPU s  x real time  MiB")
    for hours in options.hours:
        with tempfile.TemporaryDirectory(dir=options.folder) as place:
            generate(Path(place), hours)
            for what in ("librosa", "ingest"):
                command = [sys.executable, __file__, "--measure", place, what]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                seconds, cpu, memory = map(float, done.stdout.split()[-3:])
                print(f"{hours:5g}  {what:8s} {seconds:7.1f} {cpu:6.1f} {hours * 3600 / seconds:11.0f} {memory:5.0f}")


if __name__ == "__main__":
    main()
