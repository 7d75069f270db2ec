"""TensorBoard event files and Weights & Biases, offline."""

import importlib.util

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from decvae.settings.execution import LoggingSettings
from decvae.training.pretrain import pretrain_run


def _pretrain(study, run, run_dir, **options):
    paths = study.features["train"], study.features["dev"]
    pretrain_run(run, *paths, run_dir, device="cpu", fingerprint="code", logging=LoggingSettings(**options))


def test_tensorboard_has_every_part_by_step_and_epoch(study, run_settings, tmp_path):
    for _ in range(2):  # the second time without state: begun anew
        _pretrain(study, run_settings, tmp_path)
        (tmp_path / "state" / "resume.safetensors").unlink()
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    tags = events.Tags()["scalars"]
    assert {"train/Z/decomposition", "train/all/gradient_norm", "train_epoch/S/prior", "validation/all/total"} <= set(
        tags
    )
    assert [event.step for event in events.Scalars("train/all/samples_per_second")] == list(range(1, 13))
    assert [event.step for event in events.Scalars("validation/all/total")] == [0, 4, 8, 12]


def test_weights_and_biases_offline(study, run_settings, tmp_path, monkeypatch):
    for name in ("WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setenv("WANDB_SILENT", "true")
    _pretrain(study, run_settings, tmp_path / "run", tensorboard=False, wandb="offline")
    (log,) = (tmp_path / "run" / "wandb").glob("offline-run-*/*.wandb")
    content = log.read_bytes()
    assert b"validation/Z/decomposition" in content and b"train/all/gradient_norm" in content
    assert not (tmp_path / "run" / "tensorboard").exists()


def test_a_missing_package_names_its_extra(study, run_settings, tmp_path, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "wandb" else find(name, *rest))
    with pytest.raises(ImportError, match=r"pip install 'decvae\[wandb\]'"):
        _pretrain(study, run_settings, tmp_path, wandb="offline")
