"""Training on a GPU: the CPU's course, resuming, compiled encoders, precision, and the claim of a device."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from decvae.models.checkpoints import resolve_checkpoint
from decvae.training.pretrain import pretrain_run
from decvae.training.trainer import Trainer


def train(study, run, folder, device="cuda"):
    pretrain_run(run, study.features["train"], study.features["dev"], folder, device=device, fingerprint="x")
    history = pd.read_parquet(folder / "history.parquet")
    return history[history.quantity != "samples_per_second"].reset_index(drop=True)


def losses(history):
    found = history[(history.quantity == "total") & (history.split == "train") & (history.interval == "step")]
    return found.value.to_numpy()


def weights(folder):
    return load_file(resolve_checkpoint(folder, "last")[0] / "model.safetensors")


@pytest.mark.parametrize("objective", ["published", "corrected", "centred"])
def test_twenty_steps_follow_those_of_the_cpu(study, run_settings, tmp_path, objective):
    run_settings.update(objective=objective)
    run_settings["training"].update(max_epochs=5)
    expected = losses(train(study, run_settings, tmp_path / "cpu", "cpu"))
    found = losses(train(study, run_settings, tmp_path / "cuda"))
    assert len(found) == 20
    np.testing.assert_allclose(found, expected, rtol=5e-3)


@pytest.mark.parametrize("model", ["vae", "beta_vae"])
def test_autoencoders_learn(study, run_settings, tmp_path, model):
    run_settings.update(model=model)
    found = losses(train(study, run_settings, tmp_path))
    assert found[-4:].mean() < found[:4].mean()


def test_resuming_is_exact_on_the_same_device(study, run_settings, tmp_path, monkeypatch):
    run_settings["training"].update(max_epochs=4, validation_epochs=1)
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        expected = train(study, run_settings, tmp_path / "whole")
        optimise = Trainer._optimise

        def killed(self, batch):
            if self.step == 10:
                raise KeyboardInterrupt
            return optimise(self, batch)

        monkeypatch.setattr(Trainer, "_optimise", killed)
        with pytest.raises(KeyboardInterrupt):
            train(study, run_settings, tmp_path / "broken")
        monkeypatch.setattr(Trainer, "_optimise", optimise)
        resumed = train(study, run_settings, tmp_path / "broken")
    finally:
        torch.use_deterministic_algorithms(False)
    pd.testing.assert_frame_equal(resumed, expected)
    a, b = weights(tmp_path / "broken"), weights(tmp_path / "whole")
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_compiled_encoders_give_the_same_steps(study, run_settings, tmp_path):
    run_settings["training"].update(max_epochs=2)
    expected = losses(train(study, run_settings, tmp_path / "eager"))
    run_settings["training"].update(compile=True)
    np.testing.assert_allclose(losses(train(study, run_settings, tmp_path / "compiled")), expected, rtol=1e-3)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_mixed_precision_learns(study, run_settings, tmp_path, precision):
    run_settings["training"].update(max_epochs=8, precision=precision)
    found = losses(train(study, run_settings, tmp_path))
    assert np.isfinite(found).all() and found[-4:].mean() < found[:4].mean()


HOLD = """
import json, sys, time
from pathlib import Path
from decvae.training.gpu import claim_device
with claim_device(1, lock_dir=Path(sys.argv[1]), devices=["0"], poll_seconds=0.1) as device:
    import torch
    start = time.time()
    torch.zeros(1, device=device)
    time.sleep(3)
    print(json.dumps([device, torch.cuda.device_count(), start, time.time()]))
"""


def test_two_jobs_on_one_gpu_wait_for_each_other(tmp_path):
    jobs = [
        subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    found = [json.loads(job.communicate(timeout=120)[0]) for job in jobs]
    assert [job.returncode for job in jobs] == [0, 0]
    first, second = sorted(found, key=lambda job: job[2])
    assert first[:2] == second[:2] == ["cuda", 1]
    assert second[2] >= first[3]


def test_the_driver_shows_its_gpus():
    from decvae.training.gpu import visible_devices

    assert len(visible_devices()) == torch.cuda.device_count()
