"""Decomposition against a plain loop over the libraries, and against the published size, as Markdown tables.

    python benchmarks/decomposition.py speed              frames per second beside scipy, ewtpy, vmdpy and PyEMD
    python benchmarks/decomposition.py scale [METHOD ..]  time, memory and size of caches at three sizes, extrapolated
                                                          to 4800 utterances of 4 s

Both sides of a comparison run in turns in the same process; ratios are medians over the turns.
"""

import argparse
import multiprocessing
import os
import resource
import sys
import tempfile
import time
import warnings
from pathlib import Path

import h5py
import numpy as np
from joblib.externals.loky import get_reusable_executor

from decvae.corpora.simvowels import simulate
from decvae.corpora.store import Corpus
from decvae.decomposition import reference
from decvae.decomposition.cache import decompose_utterance, utterance_generator, write_cache
from decvae.decomposition.decompose import decompose
from decvae.decomposition.emd import emd_modes
from decvae.decomposition.ewt import ewt_modes
from decvae.decomposition.filterbank import filter_modes, normalise_utterance, notch
from decvae.decomposition.vmd import initial_frequencies, vmd
from decvae.framing import cut_frames
from decvae.settings.corpora import SimVowelsSettings
from decvae.settings.decomposition import METHODS, DecompositionSettings

PAPER_UTTERANCES = 4800
N_COMPONENTS = 3
FS = 16000


def corpus(folder: Path, n_utterances: int) -> Path:
    """A SimVowels corpus whose training split has utterances of 4 s."""
    path = folder / f"corpus-{n_utterances}.h5"
    sizes = {"train": n_utterances, "dev": 1, "test": 1}
    simulate(path, SimVowelsSettings.parse({"n_utterances": sizes, "utterance_seconds": 4.0}), seed=0)
    return path


def utterances(path: Path, count: int) -> list[np.ndarray]:
    """Normalised and notch filtered signals."""
    with Corpus(path) as source:
        return [notch(normalise_utterance(source["train"].audio(index)), FS) for index in range(count)]


def modes_functions(settings: DecompositionSettings, workers: int):
    """(batched, library) functions of frames ``(N, T)`` of unit variance: from signals to modes, nothing else."""
    start = initial_frequencies(4096, N_COMPONENTS, 400, "random", np.random.default_rng(0))
    return {
        "filter": tuple(
            lambda x, f=f: f(x, FS, settings.peaks, settings.filter) for f in (filter_modes, reference.filter_modes)
        ),
        "ewt": tuple(lambda x, f=f: f(x, FS, N_COMPONENTS, settings.ewt) for f in (ewt_modes, reference.ewt_modes)),
        "vmd": tuple(lambda x, f=f: f(x, start[: len(x)], settings.vmd, workers) for f in (vmd, reference.vmd)),
        "emd": tuple(
            lambda x, f=f: f(x, N_COMPONENTS, settings.emd, workers) for f in (emd_modes, reference.emd_modes)
        ),
    }


def seconds(function, argument) -> float:
    start = time.perf_counter()
    function(argument)
    return time.perf_counter() - start


def speed(folder: Path, turns: int, workers: int) -> None:
    """Frames per second of both engines, and of whole decompositions at both scales."""
    signals = utterances(corpus(folder, 8), 8)
    frames = np.concatenate([cut_frames(x, FS) for x in signals])
    frames = frames - frames.mean(axis=1, keepdims=True)
    frames /= frames.std(axis=1, keepdims=True)
    few = {"filter": 30, "ewt": 30, "vmd": 10, "emd": 30}  # frames of one turn of the library
    print(f"| method | threads | library, frames/s | decvae, frames/s | ratio (min..max of {turns}) | difference |")
    print("|---|---|---|---|---|---|")
    for method in METHODS:
        threads = workers if method == "vmd" else 1
        batched, library = modes_functions(DecompositionSettings(method=method), threads)[method]
        batched(frames)  # compiles, and designs the filters, as a job does once
        rates = []
        for turn in range(turns):
            part = frames[turn * few[method] : (turn + 1) * few[method]]
            block = frames[turn * 199 : turn * 199 + 199]  # the frames of one utterance
            rates.append((len(part) / seconds(library, part), len(block) / seconds(batched, block)))
        part = frames[: few[method]]
        difference = np.abs(batched(part)[0] - library(part)[0]).max()
        slow, fast = np.median(rates, axis=0)
        ratios = [b / a for a, b in rates]
        print(
            f"| {method} | {threads} | {slow:.0f} | {fast:.0f} | {np.median(ratios):.0f} "
            f"({min(ratios):.0f}..{max(ratios):.0f}) | {difference:.0e} |",
            flush=True,
        )
    print("\n| method | sequence of 4 s: library, s | decvae, s | ratio | grouping and quality of its frames, s |")
    print("|---|---|---|---|---|")
    for method in METHODS:
        settings = DecompositionSettings(method=method)
        if method == "vmd":  # vmdpy holds the history of all iterations: 1 s, not 4
            whole = signals[0][:FS]
        else:
            whole = signals[0]
        slow, fast = (
            seconds(lambda x, e=e, s=settings: decompose(x, fs=FS, scale="sequence", settings=s, engine=e), whole)
            for e in ("reference", "batched")
        )
        block = frames[:199]
        modes = seconds(modes_functions(settings, 1)[method][0], block)
        rest = seconds(lambda x, s=settings: decompose_utterance(x, FS, s, np.random.default_rng(0)), signals[0])
        rest -= modes + seconds(lambda x, s=settings: decompose(x, fs=FS, scale="sequence", settings=s), signals[0])
        note = " (1 s)" if method == "vmd" else ""
        print(f"| {method}{note} | {slow:.2f} | {fast:.3f} | {slow / fast:.0f} | {max(rest, 0):.3f} |", flush=True)


def decompose_all(path: Path, settings: DecompositionSettings, count: int) -> float:
    """CPU seconds of the decomposition of ``count`` utterances alone, in one process."""
    with Corpus(path) as source:
        audios = [source["train"].audio(index) for index in range(count)]
    start = time.process_time()
    for index, audio in enumerate(audios):
        decompose_utterance(audio, FS, settings, utterance_generator(0, "train", index))
    return time.process_time() - start


def write_measured(folder: Path, path: Path, settings: DecompositionSettings, workers: int) -> dict[str, float]:
    """Write one cache in a process of its own.

    Returns wall seconds, CPU seconds of all processes (what the machine's other work cannot inflate much), peak memory
    of the largest process (MiB) and the size of the file (MB).
    """
    target = folder / f"{settings.method}.h5"
    receive, send = multiprocessing.Pipe(False)

    def job():
        start = time.perf_counter()
        write_cache(path, "train", target, settings, seed=0, state_dir=folder / "state", workers=workers)
        taken = time.perf_counter() - start
        get_reusable_executor().shutdown(wait=True)  # only finished workers are counted
        usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        cpu = sum(item.ru_utime + item.ru_stime for item in usage)
        send.send({"wall": taken, "cpu": cpu, "mib": max(item.ru_maxrss for item in usage) / 1024})
        os._exit(0)

    process = multiprocessing.get_context("fork").Process(target=job)
    process.start()
    measured = receive.recv()
    process.join()
    measured["mb"] = target.stat().st_size / 1e6
    with h5py.File(target) as file:
        assert len(file["utterance"]) == len(file["sequences/present"])
    target.unlink()
    return measured


def scale(folder: Path, methods: list[str], sizes: list[int], workers: int, storage: str) -> None:
    """Caches of growing corpora."""
    columns = ("utterances", "wall s", "CPU s", "CPU s per utterance", "MiB per process", "MB", "not computing")
    print(f"| method ({storage}) | " + " | ".join(columns) + " |")
    print("|---|---|---|---|---|---|---|---|")
    for method in methods:
        settings = DecompositionSettings(method=method, storage=storage)
        rows = []
        for size in sizes:
            path = corpus(folder, size)
            decompose_all(path, settings, 2)  # compiles
            few = min(24, size)
            alone = decompose_all(path, settings, few) / few
            row = write_measured(folder, path, settings, workers)
            rows.append(row)
            path.unlink()
            print(
                f"| {method} | {size} | {row['wall']:.1f} | {row['cpu']:.1f} | {row['cpu'] / size:.3f} "
                f"| {row['mib']:.0f} | {row['mb']:.0f} | {max(1 - alone * size / row['cpu'], 0):.0%} |",
                flush=True,
            )
        # The slope between the smallest and the largest size leaves out the start of the processes.
        more = (PAPER_UTTERANCES - sizes[-1]) / (sizes[-1] - sizes[0])
        wall, cpu, size = (rows[-1][key] + more * (rows[-1][key] - rows[0][key]) for key in ("wall", "cpu", "mb"))
        print(
            f"| {method} | {PAPER_UTTERANCES} (extrapolated) | {wall:.0f} ({wall / 60:.1f} min) "
            f"| {cpu:.0f} ({cpu / workers / 60:.1f} min on {workers} free cores) | | | {size:.0f} | |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["speed", "scale"])
    parser.add_argument("methods", nargs="*", default=list(METHODS))
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 200, 400])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--storage", choices=["float32", "float16"], default="float32")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # of the libraries
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        if options.what == "speed":
            speed(Path(folder), options.turns, options.workers)
        else:
            scale(Path(folder), options.methods, options.sizes, options.workers, options.storage)


if __name__ == "__main__":
    main()
