"""Kill the tiny study at random moments, and compare what comes out with an undisturbed run (about 20 minutes).

    python -m tests.workflow.faults [--kills 20] [--seed 0] [--folder FOLDER] [--cores 2] [--targets all]

A kill is SIGKILL to Snakemake with all its jobs, to Snakemake alone (its jobs go on for themselves), or to one job.
Afterwards Snakemake is started again, after ``--unlock`` if it asks for that; nothing else is ever put right by hand.
A run that is finished before all kills are done loses a random part of its results and goes on.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import psutil

ROOT = Path(__file__).resolve().parents[2]
CODE = ("workflow", "decvae", "visualize_R", "config")
TINY = ROOT / "tests/workflow/tiny.yaml"
# Not results: what jobs say, cost and log besides, and state to resume from.
BESIDE = ("logs", "benchmarks", "costs", "state", "tensorboard")
SPEED = "samples_per_second"
VICTIMS = ("everything", "snakemake", "job")


def copy_project(folder: Path) -> Path:
    """The code of the project in a folder of its own."""
    for name in CODE:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def start(project: Path, arguments: list[str]) -> subprocess.Popen:
    """Snakemake on the tiny study, in a process group of its own."""
    command = [sys.executable, "-m", "snakemake", *arguments, "--configfile", str(TINY)]
    with open(project / "snakemake.log", "a") as log:
        return subprocess.Popen(command, cwd=project, stdout=log, stderr=log, start_new_session=True)


def finish(project: Path, arguments: list[str]) -> None:
    """Run to the end, as a user would: once more after what Snakemake asks for.

    Raises
    ------
    RuntimeError
        If Snakemake fails.
    """
    unlock(project)
    if start(project, arguments).wait() and start(project, arguments).wait():
        raise RuntimeError(f"Snakemake failed; see {project / 'snakemake.log'}")


def unlock(project: Path) -> None:
    """What Snakemake asks for after it was killed."""
    if any((project / ".snakemake/locks").glob("*")):
        start(project, ["--unlock"]).wait()


def kill(process: subprocess.Popen, victim: str, rng: np.random.Generator) -> str:
    """Kill, and say what; waits until Snakemake has ended."""
    jobs = [child for child in psutil.Process(process.pid).children(recursive=True) if _is_script(child)]
    said = victim
    if victim == "job" and jobs:
        job = jobs[rng.integers(len(jobs))]
        said = f"job {_script_of(job)}"
        with contextlib.suppress(psutil.NoSuchProcess):
            job.kill()
    elif victim == "snakemake":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)
        for job in jobs:
            with contextlib.suppress(psutil.NoSuchProcess):
                job.kill()
        said = f"everything ({', '.join(map(_script_of, jobs)) or 'no job'})"
    process.wait()
    return said


def _is_script(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return any(".snakemake/scripts" in word for word in process.cmdline())
    return False


def _script_of(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.NoSuchProcess):
        found = re.search(r"tmp\w+\.(\w+\.\w+)", " ".join(process.cmdline()))
        return found.group(1) if found else process.name()
    return "ended"


def disturb(project: Path, arguments: list[str], kills: int, longest: float, rng: np.random.Generator) -> None:
    """``kills`` kills, each at a random moment (seconds up to ``longest``) after Snakemake's start."""
    done = 0
    while done < kills:
        unlock(project)
        process, wait = start(project, arguments), rng.uniform(1, longest)
        with contextlib.suppress(subprocess.TimeoutExpired):
            if process.wait(wait) == 0:
                print(f"finished; lost {lose(project, rng)}", flush=True)
            continue
        done += 1
        said = kill(process, VICTIMS[done % len(VICTIMS)], rng)
        print(f"kill {done} after {wait:.1f} s: {said}", flush=True)


def lose(project: Path, rng: np.random.Generator) -> str:
    """Delete one folder of results."""
    folders = sorted(path for path in (project / "results").iterdir() if path.is_dir() and path.name not in BESIDE)
    lost = folders[rng.integers(len(folders))]
    shutil.rmtree(lost)
    return lost.name


def artifacts(project: Path) -> dict[str, str]:
    """A hash of the content of every result, by path."""
    results = project / "results"
    return {
        str(path.relative_to(results)): hashlib.sha256("\n".join(content(path)).encode()).hexdigest()
        for path in sorted(results.rglob("*"))
        if path.is_file() and not set(path.relative_to(results).parts) & set(BESIDE)
    }


def content(path: Path) -> Iterator[str]:
    """What a result says, without times of writing and speeds."""
    if path.suffix == ".h5":
        with h5py.File(path) as file:
            yield from _h5_content(file)
    elif path.suffix == ".parquet":
        table = pd.read_parquet(path)
        yield (table[table["quantity"] != SPEED] if path.stem == "history" else table).to_csv(index=False)
    elif path.suffix == ".json":
        yield json.dumps(json.loads(path.read_text()), sort_keys=True)
    elif path.suffix == ".pdf":
        yield re.sub(rb"/(Creation|Mod)Date \([^)]*\)", b"", path.read_bytes()).hex()
    else:
        yield path.read_bytes().hex()


def _h5_content(group: h5py.Group) -> Iterator[str]:
    for name, value in sorted(group.attrs.items()):
        yield f"{group.name}@{name}={np.asarray(value).tolist()}"
    for name in sorted(group):
        item = group[name]
        if isinstance(item, h5py.Group):
            yield from _h5_content(item)
        else:
            values = item[()]
            text = values.tobytes().hex() if values.dtype.kind in "biuf" else str(values.tolist())
            yield f"{item.name}:{values.shape}:{values.dtype}:{text}"
            yield from (f"{item.name}@{key}={np.asarray(value).tolist()}" for key, value in sorted(item.attrs.items()))


def main() -> None:
    """Undisturbed run, disturbed run, comparison."""
    parser = argparse.ArgumentParser(prog="python -m tests.workflow.faults", description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--targets", nargs="+", default=["all"])
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder by default, deleted afterwards")
    options = parser.parse_args()
    arguments = [*options.targets, "--cores", str(options.cores)]
    with tempfile.TemporaryDirectory() as temporary:
        folder, rng = options.folder or Path(temporary), np.random.default_rng(options.seed)
        undisturbed, disturbed = copy_project(folder / "undisturbed"), copy_project(folder / "disturbed")
        begin = time.monotonic()
        finish(undisturbed, arguments)
        seconds = time.monotonic() - begin
        print(f"undisturbed: {seconds:.0f} s", flush=True)
        disturb(disturbed, arguments, options.kills, seconds / 6, rng)
        finish(disturbed, arguments)
        expected, found = artifacts(undisturbed), artifacts(disturbed)
    different = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    if different:
        parser.exit(1, "different after the kills:\n" + "\n".join(different) + "\n")
    print(f"{options.kills} kills: all {len(expected)} results are equal to those of the undisturbed run")


if __name__ == "__main__":
    main()
