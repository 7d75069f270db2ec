"""Time and agreement of the metrics.

``python benchmarks/evaluation.py speed`` scores synthetic codes (20 000 frames x 192 codes, five vowels, ten speakers)
with the whole sound suite, and times the peer, scikit-learn's GradientBoostingClassifier one fit after the other as in
the published protocol, on a subsample; its time is scaled linearly with the number of frames, which favours it (it
sorts). Both sides run in turn, and CPU time counts, since wall time on a shared machine says little.
``python benchmarks/evaluation.py agreement FOLDER [FOLDER ...]`` fits DCI with both backends on the latents of trained
models: folders that hold dev.h5 and test.h5.
"""

import argparse
import time
from functools import partial
from pathlib import Path

import numpy as np
import psutil

from decvae.evaluation.aggregation import aggregate
from decvae.evaluation.latents import LatentTable, balanced_rows, read_latents
from decvae.evaluation.metrics.dci import compute_dci
from decvae.evaluation.protocols import grouped_splits
from decvae.evaluation.scores import score_table
from decvae.settings.evaluation import EvaluationSettings

N_FOLDS = 5


def synthetic(n_frames: int = 20_000, n_codes: int = 192, seed: int = 0) -> LatentTable:
    """Codes that each follow a vowel, a speaker or both, with noise; 100 frames per utterance."""
    rng = np.random.default_rng(seed)
    utterance = np.repeat(np.arange(n_frames // 100), 100)
    vowel, speaker = np.repeat(rng.integers(5, size=n_frames // 5), 5), utterance % 10
    means = rng.normal(size=(5, n_codes))[vowel] * rng.integers(2, size=n_codes)
    means += rng.normal(size=(10, n_codes))[speaker] * rng.integers(2, size=n_codes)
    codes = means + 3 * rng.normal(size=(n_frames, n_codes))
    return LatentTable(
        branch="Z",
        subspaces=["X", "OC1", "OC2", "OC3"],
        mu=codes.astype(np.float32).reshape(n_frames, 4, -1),
        logvar=None,
        features=None,
        utterance=utterance,
        frame=np.tile(np.arange(100), n_frames // 100),
        overlap=np.zeros(n_frames, dtype=bool),
        factors={"vowel": vowel, "speaker": speaker},
        class_names={"vowel": list("aeIOu"), "speaker": [str(name) for name in range(10)]},
    )


def parts(table: LatentTable, aggregation: str, n_rows: int) -> tuple[np.ndarray, ...]:
    """Training and test part of ``n_rows`` frames."""
    table = table.select(balanced_rows(table.utterance, n_rows, 0))
    z, y = aggregate(table, aggregation), np.stack([table.factors["vowel"], table.factors["speaker"]], axis=1)
    train, test = grouped_splits(y, table.utterance, 0)[0]
    return z[train], y[train], z[test], y[test]


def timed(function) -> tuple[float, float, object]:
    """Seconds by the clock, CPU seconds of all processes, and the result."""
    before, start = cpu_seconds(), time.perf_counter()
    result = function()
    return time.perf_counter() - start, cpu_seconds() - before, result


def cpu_seconds() -> float:
    """CPU time so far of this process and of its workers, which outlive their work."""
    this = psutil.Process()
    return sum(sum(process.cpu_times()[:2]) for process in [this, *this.children(recursive=True)])


def speed(n_frames: int, n_peer: int, n_jobs: int) -> None:
    """Print the table of times and ratios."""
    table = synthetic(n_frames)
    settings = EvaluationSettings(aggregations=("all",), max_frames=n_frames, kmeans_seeds=3)
    compute_dci(*parts(table, "all", 1000))  # compiles and imports
    rows = [
        (f"{n_peer} frames, scikit-learn", partial(compute_dci, *parts(table, "all", n_peer), "sklearn")),
        (f"{n_frames} frames, histograms", partial(compute_dci, *parts(table, "all", n_frames))),
        (f"{n_frames} frames, whole suite, {n_jobs} processes", partial(score_table, table, settings, n_jobs=n_jobs)),
    ]
    print("| | seconds | CPU seconds |\n|---|---|---|")
    cpu = []
    for name, work in rows:
        wall, used, _ = timed(work)
        cpu.append(used)
        print(f"| {name} | {wall:.1f} | {used:.1f} |", flush=True)
    peer = cpu[0] * n_frames / n_peer
    print(f"one fit per factor: {peer:.0f} s against {cpu[1]:.1f} s of CPU, {peer / cpu[1]:.0f} x")
    print(
        f"{N_FOLDS} folds: {N_FOLDS * peer:.0f} s against the whole suite, {cpu[2]:.0f} s of CPU; "
        f"{N_FOLDS * peer * n_jobs / cpu[2]:.0f} x on {n_jobs} free cores"
    )


def agreement(folders: list[Path], n_rows: int) -> None:
    """Print D, C and I of both backends for every model."""
    print("| model | codes | D | C | I | largest difference | CPU time |\n|---|---|---|---|---|---|---|")
    for folder in folders:
        table = read_latents([folder / "dev.h5", folder / "test.h5"])["Z"]
        split = parts(table, "all" if len(table.subspaces) > 1 else "X", n_rows)
        runs = [timed(partial(compute_dci, *split, backend=name)) for name in ("sklearn", "histogram")]
        _, seconds, scores = zip(*runs, strict=True)
        values = np.array([[one.disentanglement, one.completeness, one.informativeness] for one in scores])
        pairs = " | ".join(f"{exact:.3f} / {ours:.3f}" for exact, ours in values.T)
        difference = np.abs(values[0] - values[1]).max()
        name = f"{folder.parent.name} {folder.name}"
        print(
            f"| {name} | {split[0].shape[1]} | {pairs} | {difference:.3f} | {seconds[0] / seconds[1]:.0f} x |",
            flush=True,
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    what = parser.add_subparsers(dest="what", required=True)
    timing = what.add_parser("speed")
    timing.add_argument("--frames", type=int, default=20_000)
    timing.add_argument("--peer-frames", type=int, default=1_000)
    timing.add_argument("--jobs", type=int, default=2)
    comparing = what.add_parser("agreement")
    comparing.add_argument("folders", type=Path, nargs="+")
    comparing.add_argument("--frames", type=int, default=5_000)
    options = parser.parse_args()
    if options.what == "speed":
        speed(options.frames, options.peer_frames, options.jobs)
    else:
        agreement(options.folders, options.frames)
