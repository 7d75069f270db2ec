"""What the scripts share: logs that hold everything, and fingerprints of settings and code."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "workflow/scripts"


def run(body, log):
    text = f"from _job import job_log\nwith job_log({str(log)!r}):\n" + "".join(f"    {line}\n" for line in body)
    return subprocess.run(
        [sys.executable, "-c", text], cwd=SCRIPTS, env={"PYTHONPATH": str(SCRIPTS)}, capture_output=True, text=True
    )


def test_prints_warnings_and_log_records_go_to_the_log(tmp_path):
    log = tmp_path / "job.log"
    body = [
        "import logging, sys, warnings",
        "print('printed')",
        "print('to stderr', file=sys.stderr)",
        "warnings.warn('careful')",
        "logging.getLogger('decvae').info('recorded')",
    ]
    done = run(body, log)
    assert done.returncode == 0 and done.stdout == done.stderr == ""
    for word in ("printed", "to stderr", "UserWarning: careful", "decvae: recorded"):
        assert word in log.read_text()


def test_an_error_ends_the_job_with_its_traceback_in_the_log(tmp_path):
    log = tmp_path / "job.log"
    done = run(["import decvae_typo"], log)
    assert done.returncode == 1
    assert "Traceback" in log.read_text() and "decvae_typo" in log.read_text()


def test_a_job_waits_for_the_same_job_of_a_snakemake_that_was_killed(tmp_path):
    log, events = tmp_path / "job.log", tmp_path / "events"

    def start(name, seconds):
        body = f"""
import time
from pathlib import Path
from _job import job_log
with job_log({str(log)!r}), open({str(events)!r}, "a") as events:
    print("{name} begins", file=events, flush=True)
    time.sleep({seconds})
    print("{name} ends", file=events, flush=True)
    print("by {name}")
"""
        return subprocess.Popen([sys.executable, "-c", body], cwd=SCRIPTS, env={"PYTHONPATH": str(SCRIPTS)})

    first = start("first", 1)
    while not events.exists() or not events.read_text():
        time.sleep(0.02)
    second = start("second", 0)
    assert first.wait(30) == second.wait(30) == 0
    assert events.read_text().split("\n")[:-1] == ["first begins", "first ends", "second begins", "second ends"]
    assert log.read_text() == "by second\n"


@pytest.fixture
def job(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    import _job

    return _job


def test_fingerprints_follow_settings_and_the_content_of_code(tmp_path, job):
    code = tmp_path / "module.py"
    code.write_text("a = 1\n")
    first = job.fingerprint({"x": 1, "y": 2}, [str(code)])
    assert job.fingerprint({"y": 2, "x": 1}, [str(code)]) == first
    assert job.fingerprint({"x": 1, "y": 3}, [str(code)]) != first
    code.touch()
    assert job.fingerprint({"x": 1, "y": 2}, [str(code)]) == first
    code.write_text("a = 2\n")
    assert job.fingerprint({"x": 1, "y": 2}, [str(code)]) != first
