"""Killed jobs, two Snakemakes, full and read-only disks, damaged files: what they leave behind is never trusted."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time

import h5py
import numpy as np
import pandas as pd
import pytest
import yaml

from decvae.study.configuration import load_config
from decvae.study.runs import corpus_id
from tests.workflow.faults import artifacts, kill

SMALL = {
    "corpora": {"sim_vowels": {"utterance_seconds": 0.5, "n_utterances": {"train": 4, "dev": 2, "test": 2}}},
    "runs": [{"model": "raw"}],
}
# Writes half of its output, and goes on once the file `wait` is gone.
SLOW = """
import time
from pathlib import Path
output = Path(snakemake.output.corpus)
output.write_text("half")
while Path("wait").exists():
    time.sleep(0.05)
output.write_text(f"whole, {snakemake.resources.mem_mb} MB")
"""


@pytest.fixture
def small(project):
    """A study of a few seconds of speech: the project, its arguments, and its corpus file."""
    (project.root / "small.yaml").write_text(yaml.safe_dump(SMALL))
    config = load_config([project.root / "config/config.yaml", project.root / "small.yaml"])
    project.corpus = f"results/corpora/{corpus_id(config, 'sim_vowels')}"
    project.arguments = ["--cores", "1", "--configfile", "small.yaml"]
    return project


@pytest.fixture
def slow(small):
    """The same with a corpus that is half written as long as there is a file `wait`; starts Snakemake on it."""
    (small.root / "workflow/scripts/simulate_corpus.py").write_text(SLOW)
    (small.root / "wait").touch()
    command = [sys.executable, "-m", "snakemake", f"{small.corpus}.h5", *small.arguments]
    process = subprocess.Popen(command, cwd=small.root, start_new_session=True, stderr=subprocess.DEVNULL)
    corpus = small.root / f"{small.corpus}.h5"
    deadline = time.monotonic() + 60
    while not (corpus.exists() and corpus.read_text()):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.05)
    yield small, process, corpus
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def test_a_half_written_result_of_a_killed_job_is_made_again(slow):
    project, process, corpus = slow
    kill(process, "everything", np.random.default_rng(0))
    assert corpus.read_text() == "half"
    (project.root / "wait").unlink()
    refused = project.snakemake(f"{project.corpus}.h5", *project.arguments, check=False)
    assert refused.returncode != 0 and "--unlock" in refused.stdout + refused.stderr
    project.snakemake(f"{project.corpus}.h5", *project.arguments, "--unlock")
    assert project.planned(f"{project.corpus}.h5", *project.arguments[2:]) == {"simulate_corpus": 1}
    project.snakemake(f"{project.corpus}.h5", *project.arguments)
    assert corpus.read_text().startswith("whole")


def test_a_job_that_dies_ends_its_snakemake_and_leaves_nothing(slow):
    project, process, corpus = slow
    said = kill(process, "job", np.random.default_rng(0))
    assert said == "job simulate_corpus.py" and process.returncode != 0
    assert not corpus.exists()
    (project.root / "wait").unlink()
    project.snakemake(f"{project.corpus}.h5", *project.arguments)
    assert corpus.read_text().startswith("whole")


def test_a_second_snakemake_is_refused_and_does_no_harm(slow):
    project, process, corpus = slow
    second = project.snakemake(f"{project.corpus}.h5", *project.arguments, check=False)
    assert second.returncode != 0 and "lock" in second.stdout + second.stderr
    (project.root / "wait").unlink()
    assert process.wait(60) == 0 and corpus.read_text().startswith("whole")


def test_memory_doubles_with_every_attempt(small):
    needs = "if snakemake.resources.mem_mb < 4000:\n    raise MemoryError\n"
    (small.root / "workflow/scripts/simulate_corpus.py").write_text(needs + SLOW)
    assert small.snakemake(f"{small.corpus}.h5", *small.arguments, check=False).returncode != 0
    small.snakemake(f"{small.corpus}.h5", *small.arguments, "--retries", "1")
    assert (small.root / f"{small.corpus}.h5").read_text() == "whole, 4000 MB"


def test_a_full_disk(small):
    command = [sys.executable, "-m", "snakemake", f"{small.corpus}.h5", *small.arguments]
    full = subprocess.run(
        command,
        cwd=small.root,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000)),
    )
    assert full.returncode != 0 and "File too large" in full.stdout + full.stderr
    assert not list(small.root.rglob("*.h5*"))
    small.snakemake(f"{small.corpus}.h5", *small.arguments)
    with h5py.File(small.root / f"{small.corpus}.h5") as file:
        assert file.attrs["format"]
    assert not small.planned(f"{small.corpus}.h5", *small.arguments[2:])


def test_results_that_cannot_be_written_to(small):
    (small.root / "results").symlink_to("/sys/kernel")  # read-only for root, too
    refused = small.snakemake(f"{small.corpus}.h5", *small.arguments, check=False)
    assert refused.returncode != 0 and "results" in refused.stdout + refused.stderr
    (small.root / "results").unlink()
    small.snakemake(f"{small.corpus}.h5", *small.arguments)
    assert not small.planned(f"{small.corpus}.h5", *small.arguments[2:])


def test_a_damaged_input_is_named_and_made_again_once_deleted(small):
    summary, corpus = f"{small.corpus}-summary.csv", small.root / f"{small.corpus}.h5"
    small.snakemake(f"{small.corpus}.h5", *small.arguments)
    corpus.write_bytes(corpus.read_bytes()[:5000])
    damaged = small.snakemake(summary, *small.arguments, check=False)
    said = damaged.stdout + damaged.stderr
    assert damaged.returncode != 0 and f"{small.corpus}.h5 cannot be read as HDF5: it is cut short or damaged" in said
    assert "Delete it and run again" in said and not (small.root / summary).exists()
    corpus.unlink()
    small.snakemake(summary, *small.arguments)
    assert len(pd.read_csv(small.root / summary)) > 3


@pytest.mark.parametrize(
    ("limit", "says"), [("gpu=0", "this job was given no GPU (resource gpu=0)"), ("gpu=1", "this machine shows no GPU")]
)
def test_a_device_that_is_not_there_is_no_silent_cpu(small, limit, says, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with (small.root / "small.yaml").open("a") as file:
        yaml.safe_dump({"decomposition": {"device": "cuda"}}, file)
    target = next(path for path in small.outputs("metrics", *small.arguments[2:]) if path.endswith("/train.h5"))
    done = small.snakemake(target, *small.arguments, "--resources", limit, check=False)
    assert done.returncode != 0 and says in done.stdout + done.stderr


def test_results_are_compared_by_what_they_say(small):
    """The comparison of the fault injection: equal for the same study made twice, not for another one."""
    targets = [f"{small.corpus}.h5", f"{small.corpus}-summary.csv"]
    small.snakemake(*targets, *small.arguments)
    first = artifacts(small.root)
    names = {target.removeprefix("results/") for target in targets}
    assert set(first) == names | {f"{small.corpus.removeprefix('results/')}-utterances.csv"}
    shutil.rmtree(small.root / "results")
    small.snakemake(*targets, *small.arguments)
    assert artifacts(small.root) == first
    with h5py.File(small.root / targets[0], "r+") as file:
        file.attrs["format"] = "another"
    changed = artifacts(small.root)
    assert [name for name in first if changed[name] != first[name]] == [targets[0].removeprefix("results/")]
