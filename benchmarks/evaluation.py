"""Time and agreement of the metrics.

``python benchmarks/evaluation.py speed`` scores synthetic codes (20 000 frames x 192 codes, five vowels, ten speakers)
with the whole sound suite, and times the peer, scikit-learn's GradientBoostingClassifier one fit after the other as in
the published protocol, on a subsample; its time is scaled linearly with the number of frames, which favours it (it
sorts). Both sides run in turn, and CPU time counts, since wall time on a shared machine says little.
``python benchmarks/evaluation.py agreement FOLDER [FOLDER ...]`` fits DCI with both backends on the latents of trained
models: folders that hold dev.h5 and test.h5.
"""

from functools import partial
from pathlib import Path

import numpy as np
from _measure import command_line, header, row, timed
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from decvae.evaluation.aggregation import aggregate
from decvae.evaluation.latents import LatentTable, balanced_rows, read_latents
from decvae.evaluation.logistic import fit_logistic
from decvae.evaluation.metrics.checks import TrainTest
from decvae.evaluation.metrics.dci import compute_dci
from decvae.evaluation.protocols import grouped_splits
from decvae.evaluation.scores import score_table
from decvae.settings.evaluation import EvaluationSettings

N_FOLDS = 5
DCI = ("disentanglement", "completeness", "informativeness")


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


def parts(table: LatentTable, aggregation: str, n_rows: int) -> TrainTest:
    """Training and test part of ``n_rows`` frames."""
    table = table.select(balanced_rows(table.utterance, n_rows, 0))
    z, y = aggregate(table, aggregation), np.stack([table.factors["vowel"], table.factors["speaker"]], axis=1)
    train, test = grouped_splits(y, table.utterance, 0)[0]
    return TrainTest(z[train], y[train], z[test], y[test])


def speed(frames: int = 20_000, peer_frames: int = 1_000, jobs: int = 2) -> None:
    """Print the table of times and ratios."""
    table = synthetic(frames)
    settings = EvaluationSettings(aggregations=("all",), max_frames=frames, kmeans_seeds=3)
    compute_dci(parts(table, "all", 1000))  # compiles and imports
    sides = {
        f"{peer_frames} frames, scikit-learn": partial(
            compute_dci, parts(table, "all", peer_frames), backend="sklearn"
        ),
        f"{frames} frames, histograms": partial(compute_dci, parts(table, "all", frames)),
        f"{frames} frames, whole suite, {jobs} processes": partial(score_table, table, settings, n_jobs=jobs),
    }
    header("", "seconds", "CPU seconds")
    cpu = []
    for name, work in sides.items():
        taken = timed(work)
        cpu.append(taken.cpu)
        row(name, f"{taken.wall:.1f}", f"{taken.cpu:.1f}")
    peer = cpu[0] * frames / peer_frames
    print(f"one fit per factor: {peer:.0f} s against {cpu[1]:.1f} s of CPU, {peer / cpu[1]:.0f} x")
    print(
        f"{N_FOLDS} folds: {N_FOLDS * peer:.0f} s against the whole suite, {cpu[2]:.0f} s of CPU; "
        f"{N_FOLDS * peer * jobs / cpu[2]:.0f} x on {jobs} free cores"
    )


def agreement(*folders: str, frames: int = 5_000) -> None:
    """Print D, C and I of both backends for every model."""
    header("model", "codes", "D", "C", "I", "largest difference", "CPU time")
    for folder in map(Path, folders):
        table = read_latents([folder / "dev.h5", folder / "test.h5"])["Z"]
        split = parts(table, "all" if len(table.subspaces) > 1 else "X", frames)
        exact, ours = (timed(partial(compute_dci, split, backend=name)) for name in ("sklearn", "histogram"))
        pairs = [(getattr(exact.result, name), getattr(ours.result, name)) for name in DCI]
        cells = [*(f"{slow:.3f} / {fast:.3f}" for slow, fast in pairs), f"{max(abs(a - b) for a, b in pairs):.3f}"]
        name = f"{folder.parent.name} {folder.name}"
        row(name, split.z_train.shape[1], *cells, f"{exact.cpu / ours.cpu:.0f} x")


def probes(*folders: str, frames: int = 10_000, c: float = 1.0) -> None:
    """Print CPU seconds of one linear probe by three solvers, and how far each is from the optimum."""
    header(
        "model", "factor", "codes", "ours", "newton-cholesky", "lbfgs, 200 steps", "difference", "difference of lbfgs"
    )
    for folder in map(Path, folders):
        table = read_latents([folder / "dev.h5", folder / "test.h5"])["Z"]
        split = parts(table, "all" if len(table.subspaces) > 1 else "X", frames)
        z, mean, deviation = split.z_train.astype(np.float64), split.z_train.mean(axis=0), split.z_train.std(axis=0)
        z, z_test = (z - mean) / deviation, (split.z_test - mean) / deviation
        for place, factor in enumerate(("vowel", "speaker")):
            classes, y = np.unique(split.y_train[:, place], return_inverse=True)
            exact = LogisticRegression(C=c, solver="newton-cholesky", tol=1e-10, max_iter=100)
            with threadpool_limits(1):
                ours = timed(fit_logistic, z, y, len(classes), c)
                peer = timed(exact.fit, z, y)
                old = timed(LogisticRegression(C=c, max_iter=200).fit, z, y)
            optimum = peer.result.predict_proba(z_test)
            distances = [np.abs(one.result.predict_proba(z_test) - optimum).max() for one in (ours, old)]
            times = [f"{one.cpu:.1f}" for one in (ours, peer, old)]
            row(folder.parent.name, factor, z.shape[1], *times, *(f"{one:.1e}" for one in distances))


if __name__ == "__main__":
    command_line(__doc__, speed, agreement, probes)
