"""Decomposition against a plain loop over the libraries, and against the published size, as Markdown tables.

    python benchmarks/decomposition.py speed              frames per second beside scipy, ewtpy, vmdpy and PyEMD
    python benchmarks/decomposition.py signals            the same of the filter bank and EWT on four kinds of signals
    python benchmarks/decomposition.py scale [METHOD ..]  time, memory and size of caches at three sizes, extrapolated
                                                          to 4800 utterances of 4 s

Set PYTHONPATH=. for it: how the libraries are called stands among the tests.
Both sides of a comparison run in turns in the same process; ratios are medians over the turns.
"""

import resource
import tempfile
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import h5py
import numpy as np
from _measure import command_line, header, in_own_process, peak_mib, row, timed, times_less
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
from decvae.decomposition.zero_phase import design
from decvae.framing import cut_frames
from decvae.settings.corpora import SimVowelsSettings
from decvae.settings.decomposition import METHODS, DecompositionSettings
from tests.corpora.synthesis import Voice, speak

warnings.simplefilter("ignore")  # of the libraries
PAPER_UTTERANCES = 4800
N_COMPONENTS = 3
FS = 16000
UTTERANCE_FRAMES = 199  # of 4 s
SENTENCES = (  # of the Harvard sentences (IEEE, 1969)
    "The birch canoe slid on the smooth planks. Glue the sheet to the dark blue background.",
    "It's easy to tell the depth of a well. These days a chicken leg is a rare dish.",
    "The boy was there when the sun rose. A rod is used to catch pink salmon.",
    "The source of the huge river is the clear spring. Kick the ball straight and follow through.",
    "Help the woman get back to her feet. A pot of tea helps to pass the evening.",
    "Smoky fires lack flame and heat. The soft cushion broke the man's fall.",
)
ENGINES = {  # by method: ours and the library's
    "filter": (filter_modes, reference.filter_modes),
    "ewt": (ewt_modes, reference.ewt_modes),
    "vmd": (vmd, reference.vmd),
    "emd": (emd_modes, reference.emd_modes),
}


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


def modes_functions(settings: DecompositionSettings, workers: int) -> list[Callable[[np.ndarray], tuple]]:
    """Ours and the library's function of frames ``(N, T)`` of unit variance: from signals to modes, nothing else."""
    start = initial_frequencies(4096, N_COMPONENTS, 400, "random", np.random.default_rng(0))
    arguments = {
        "filter": lambda x: (x, FS, settings.peaks, settings.filter),
        "ewt": lambda x: (x, FS, N_COMPONENTS, settings.ewt),
        "vmd": lambda x: (x, start[: len(x)], settings.vmd, workers),
        "emd": lambda x: (x, N_COMPONENTS, settings.emd, workers),
    }[settings.method]
    return [lambda x, engine=engine: engine(*arguments(x)) for engine in ENGINES[settings.method]]


def standardised(signals: list[np.ndarray]) -> np.ndarray:
    """All frames of some signals ``(N, 400)``, each of zero mean and unit variance; silent ones are left out."""
    frames = np.concatenate([cut_frames(x, FS) for x in signals])
    frames = frames - frames.mean(axis=1, keepdims=True)
    deviation = frames.std(axis=1, keepdims=True)
    return (frames / np.where(deviation > 0, deviation, 1))[deviation[:, 0] > 1e-3 * deviation.max()]


def signals(turns: int = 5) -> None:
    """Frames per second on vowels, where few distinct bands occur, and on signals whose bands all differ."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        vowels = utterances(corpus(Path(folder), 8), 8)
    spoken = [speak(text, Voice("en-us")).audio.astype(np.float64) for text in SENTENCES]
    kinds = {
        "simulated vowels": vowels,
        "speech (espeak)": [notch(normalise_utterance(x), FS) for x in spoken],
        "white noise": list(rng.standard_normal((8, 4 * FS))),
        "random walks": list(rng.standard_normal((8, 4 * FS)).cumsum(axis=1)),
    }
    header("method", "threads", "library, frames/s", "decvae, frames/s", f"ratio (min..max of {turns})", "difference")
    for method in ("filter", "ewt"):
        for kind, own in kinds.items():
            settings = DecompositionSettings(method=method)
            speed_of_frames(settings, standardised(own), turns, 1, f"{method}, {kind}")


def speed(turns: int = 5, workers: int = 2) -> None:
    """Frames per second of both engines, and of whole decompositions at both scales."""
    with tempfile.TemporaryDirectory() as folder:
        signals = utterances(corpus(Path(folder), 8), 8)
    frames = standardised(signals)
    header("method", "threads", "library, frames/s", "decvae, frames/s", f"ratio (min..max of {turns})", "difference")
    for method in METHODS:
        speed_of_frames(DecompositionSettings(method=method), frames, turns, workers if method == "vmd" else 1)
    print()
    header("method", "sequence of 4 s: library, s", "decvae, s", "ratio", "grouping and quality of its frames, s")
    for method in METHODS:
        speed_of_sequence(DecompositionSettings(method=method), signals[0], frames[:UTTERANCE_FRAMES])


def speed_of_frames(
    settings: DecompositionSettings, frames: np.ndarray, turns: int, threads: int, name: str | None = None
) -> None:
    """Print the row of a method: frames to modes. Filters are designed anew in every turn of either side."""
    few = 10 if settings.method == "vmd" else 30  # frames of one turn of the library
    ours, library = modes_functions(settings, threads)
    ours(frames)  # compiles, and designs the filters, as a job does once
    slow, fast = [], []  # seconds per frame
    for turn in range(turns):
        part, block = (frames[turn * size : (turn + 1) * size] for size in (few, UTTERANCE_FRAMES))
        design.cache_clear()
        slow.append(timed(library, part).wall / len(part))
        fast.append(timed(ours, block).wall / len(block))
    difference = np.abs(ours(frames[:few])[0] - library(frames[:few])[0]).max()
    rates = (f"{1 / np.median(seconds):.0f}" for seconds in (slow, fast))
    row(name or settings.method, threads, *rates, times_less(slow, fast, 0), f"{difference:.0e}")


def speed_of_sequence(settings: DecompositionSettings, signal: np.ndarray, frames: np.ndarray) -> None:
    """Print the row of a method: the signal of an utterance, and what its ``frames`` take beside their modes."""
    whole = partial(decompose, fs=FS, scale="sequence", settings=settings)
    # vmdpy holds the history of all iterations: 1 s, not 4
    part, note = (signal[:FS], " (1 s)") if settings.method == "vmd" else (signal, "")
    slow, fast = (timed(partial(whole, engine=engine), part).wall for engine in ("reference", "batched"))
    modes = timed(modes_functions(settings, 1)[0], frames).wall
    rest = timed(decompose_utterance, signal, FS, settings, np.random.default_rng(0)).wall
    rest -= modes + timed(whole, signal).wall
    row(settings.method + note, f"{slow:.2f}", f"{fast:.3f}", f"{slow / fast:.0f}", f"{max(rest, 0):.3f}")


def decompose_all(path: Path, settings: DecompositionSettings, count: int) -> None:
    """Decompose ``count`` utterances in this process, and write nothing."""
    with Corpus(path) as source:
        for index in range(count):
            decompose_utterance(source["train"].audio(index), FS, settings, utterance_generator(0, "train", index))


def write_measured(path: Path, settings: DecompositionSettings, size: int, workers: int) -> dict[str, float]:
    """Write the cache of a corpus of ``size`` utterances.

    Returns wall seconds, CPU seconds of all processes and of the decompositions alone, peak memory of the largest
    process (MiB) and the size of the file (MB).
    """
    target = path.with_name("cache.h5")
    decompose_all(path, settings, 2)  # compiles
    few = min(24, size)
    alone = timed(decompose_all, path, settings, few).cpu * size / few

    def write() -> None:
        write_cache(path, "train", target, settings, seed=0, state_dir=path.with_name("state"), workers=workers)
        get_reusable_executor().shutdown(wait=True)

    taken = timed(write)
    below = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    with h5py.File(target) as file:
        assert len(file["utterance"]) == len(file["sequences/present"])
    megabytes = target.stat().st_size / 1e6
    return {"wall": taken.wall, "cpu": taken.cpu, "alone": alone, "mib": max(peak_mib(), below), "mb": megabytes}


def scale(*methods: str, sizes: tuple[int, ...] = (100, 200, 400), workers: int = 2, storage: str = "float32") -> None:
    """Caches of growing corpora, by default of all methods."""
    columns = ("utterances", "wall s", "CPU s", "CPU s per utterance", "MiB per process", "MB", "not computing")
    header(f"method ({storage})", *columns)
    for method in methods or METHODS:
        settings, found = DecompositionSettings(method=method, storage=storage), []
        for size in sizes:
            with tempfile.TemporaryDirectory() as folder:
                one = in_own_process(write_measured, corpus(Path(folder), size), settings, size, workers)
            found.append(one)
            cells = [f"{one['wall']:.1f}", f"{one['cpu']:.1f}", f"{one['cpu'] / size:.3f}", f"{one['mib']:.0f}"]
            row(method, size, *cells, f"{one['mb']:.0f}", f"{max(1 - one['alone'] / one['cpu'], 0):.0%}")
        # The slope between the smallest and the largest size leaves out the start of the processes.
        more = (PAPER_UTTERANCES - sizes[-1]) / (sizes[-1] - sizes[0])
        wall, cpu, size = (found[-1][key] + more * (found[-1][key] - found[0][key]) for key in ("wall", "cpu", "mb"))
        on_free_cores = f"{cpu:.0f} ({cpu / workers / 60:.1f} min on {workers} free cores)"
        extrapolated = f"{PAPER_UTTERANCES} (extrapolated)"
        row(method, extrapolated, f"{wall:.0f} ({wall / 60:.1f} min)", on_free_cores, "", "", f"{size:.0f}", "")


if __name__ == "__main__":
    command_line(__doc__, speed, signals, scale)
