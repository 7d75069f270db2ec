"""One call in several processes."""

import json
import os
from pathlib import Path

import pytest

from decvae.settings.execution import ExecutionSettings, LoggingSettings
from decvae.training.launch import call_in_processes
from tests.decvae.configurations import valid


def record(folder, settings, *, device, logging):
    """What a process was given, in a file of its own; fails on request."""
    rank = os.environ.get("RANK", "none")
    found = {
        "world": os.environ.get("WORLD_SIZE"),
        "settings": settings,
        "device": device,
        "wandb": logging.wandb,
        "devices": os.environ.get("CUDA_VISIBLE_DEVICES"),
    }
    (Path(folder) / f"{rank}.json").write_text(json.dumps(found))
    if settings.get("fail") == rank:
        raise ValueError(f"process {rank} fails")


def launch(folder, processes, **settings):
    call_in_processes(record, processes, folder, settings, device="cpu", logging=LoggingSettings(wandb="offline"))


def files(folder):
    return {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}


def test_one_process_is_this_one(tmp_path, monkeypatch):
    monkeypatch.delenv("RANK", raising=False)
    launch(tmp_path, 1, beta=0.5)
    assert list(files(tmp_path)) == ["none"]


def test_two_processes_get_the_same_call_and_know_of_each_other(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    launch(tmp_path, 2, beta=0.5, widths=[1, 2])
    found = files(tmp_path)
    assert sorted(found) == ["0", "1"]
    for given in found.values():
        assert given == {
            "world": "2",
            "settings": {"beta": 0.5, "widths": [1, 2]},
            "device": "cpu",
            "wandb": "offline",
            "devices": "",
        }


def test_an_error_in_one_process_is_an_error(tmp_path, capfd):
    with pytest.raises(RuntimeError, match="one of 2 processes failed"):
        launch(tmp_path, 2, fail="1")
    assert "process 1 fails" in "".join(capfd.readouterr())


def test_the_defaults_are_those_of_the_schema():
    assert valid().execution == ExecutionSettings()
