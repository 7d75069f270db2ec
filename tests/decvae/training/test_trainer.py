"""The training loop: learning, early stopping, resuming, checkpoints, several processes."""

import json
import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch
from accelerate.state import AcceleratorState
from safetensors.torch import load_file

from decvae.features.store import FeatureFile
from decvae.models.checkpoints import resolve_checkpoint
from decvae.settings.branches import FrameBranchSettings, SequenceBranchSettings
from decvae.settings.training import TrainingSettings
from decvae.training.optimisation import parameter_groups
from decvae.training.pretrain import build_model, pretrain_run
from decvae.training.trainer import Trainer, TrainingError


def _pretrain(study, run, run_dir, fingerprint="code"):
    pretrain_run(run, study.features["train"], study.features["dev"], run_dir, device="cpu", fingerprint=fingerprint)
    return _history(run_dir)


def _history(run_dir):
    history = pd.read_parquet(run_dir / "history.parquet")
    return history[history.quantity != "samples_per_second"].reset_index(drop=True)  # which no seed fixes


def _weights(run_dir, name="last"):
    return load_file(resolve_checkpoint(run_dir, name)[0] / "model.safetensors")


def _equal(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("objective", ["centred", "corrected", "published"])
def test_training_learns_and_is_reproducible(study, run_settings, tmp_path, objective):
    run_settings["objective"] = objective
    run_settings["training"]["max_epochs"] = 12
    history = _pretrain(study, run_settings, tmp_path / "a")
    held_out = history[(history.split == "validation") & (history.quantity == "decomposition")]
    for _, curve in held_out.groupby("branch"):
        assert curve.value.iloc[-1] < curve.value.iloc[0] - 0.05
    assert set(history.branch) == {"all", "Z", "S"}
    again = _pretrain(study, run_settings, tmp_path / "b")
    pd.testing.assert_frame_equal(history, again)
    assert _equal(_weights(tmp_path / "a"), _weights(tmp_path / "b"))


@pytest.mark.parametrize("model", ["ae", "vae", "beta_vae"])
def test_autoencoders_learn_in_the_same_loop(study, run_settings, tmp_path, model):
    run_settings.update(model=model)
    run_settings["training"]["max_epochs"] = 5
    history = _pretrain(study, run_settings, tmp_path)
    curve = history[(history.split == "validation") & (history.quantity == "reconstruction")].value
    assert curve.iloc[-1] < 0.97 * curve.iloc[0]
    config = json.loads((resolve_checkpoint(tmp_path, "best")[0] / "config.json").read_text())
    assert config["beta"] == {"ae": 0.0, "vae": 1.0, "beta_vae": 0.1}[model]


def test_models_without_a_loop_are_fitted_not_trained(study, run_settings, tmp_path):
    run_settings["model"] = "pca"
    assert _pretrain(study, run_settings, tmp_path).empty
    names = json.loads((tmp_path / "checkpoints.json").read_text())["names"]
    assert names == {"best": "epoch-0000", "last": "epoch-0000"}
    assert _weights(tmp_path)["components"].shape == (5, 80)


def test_kernel_pca_is_fitted_on_some_frames(study, run_settings, tmp_path):
    run_settings.update(model="kpca", kernel={"n_landmarks": 40, "gamma": None})
    assert _pretrain(study, run_settings, tmp_path).empty
    assert _weights(tmp_path)["axes"].shape == (40, 5)


def test_files_of_a_run(study, run_settings, tmp_path):
    run_settings["training"].update(max_epochs=5, keep_checkpoints=1)
    _pretrain(study, run_settings, tmp_path)
    record = json.loads((tmp_path / "run.json").read_text())
    assert record["settings"]["branch_z"]["latent_dim"] == 6
    assert record["versions"]["torch"] == torch.__version__
    names = json.loads((tmp_path / "checkpoints.json").read_text())["names"]
    assert (names["init"], names["last"]) == ("epoch-0000", "epoch-0005")
    folders = {path.name for path in (tmp_path / "checkpoints").iterdir()}
    assert set(names.values()) <= folders
    assert len(folders - set(names.values())) <= 1
    for folder in (tmp_path / "checkpoints").iterdir():
        assert sorted(path.name for path in folder.iterdir()) == ["README.md", "config.json", "model.safetensors"]


def test_resumed_training_equals_unbroken_training(study, run_settings, tmp_path, monkeypatch):
    run_settings["training"].update(max_epochs=4, validation_epochs=1)
    expected = _pretrain(study, run_settings, tmp_path / "whole")
    optimise = Trainer._optimise

    def killed_in_the_third_epoch(self, batch):
        if self.step == 10:
            raise KeyboardInterrupt
        return optimise(self, batch)

    monkeypatch.setattr(Trainer, "_optimise", killed_in_the_third_epoch)
    with pytest.raises(KeyboardInterrupt):
        _pretrain(study, run_settings, tmp_path / "broken")
    assert not (tmp_path / "broken" / "checkpoints.json").exists()
    steps = []

    def counted(self, batch):
        steps.append(self.step)
        return optimise(self, batch)

    monkeypatch.setattr(Trainer, "_optimise", counted)
    resumed = _pretrain(study, run_settings, tmp_path / "broken")
    assert steps == list(range(8, 16))  # from the end of the second epoch
    pd.testing.assert_frame_equal(resumed, expected)
    assert _equal(_weights(tmp_path / "broken"), _weights(tmp_path / "whole"))
    steps.clear()
    _pretrain(study, run_settings, tmp_path / "broken", fingerprint="other code")
    assert steps == list(range(16))  # a state of other code is not trusted


def test_nan_loss_names_step_utterances_and_kept_checkpoints(study, run_settings, tmp_path, monkeypatch):
    make, utterances = Trainer._optimise, []

    def poisoned(self, batches):
        if self.step == 5:
            batches[0]["frames"][1, 0, 0, 0] = float("nan")
            utterances.append(self.train.data.utterance_ids[self.train.utterances(5)[1]])
        return make(self, batches)

    monkeypatch.setattr(Trainer, "_optimise", poisoned)
    with pytest.raises(TrainingError, match=r"loss is nan, .* at step 5; .*epoch-0000.*epoch-0001") as error:
        _pretrain(study, run_settings, tmp_path)
    assert f"on their own, utterances {utterances} of this batch have a loss" in str(error.value)
    assert (tmp_path / "checkpoints" / "epoch-0001" / "model.safetensors").is_file()


def test_the_published_scale_divides_gradients_before_clipping(study, run_settings, tmp_path):
    """5 utterances of 8 frames, two branches: ``2 * 2 * 40``, seen in the first step: same weights, same batch."""
    run_settings["training"].update(max_epochs=1, log_steps=1, clip_norm=1e9)
    run_settings["objective"] = "published"
    norms = []
    for scale in ("none", "published"):
        run_settings["loss"]["gradient_scale"] = scale
        history = _pretrain(study, run_settings, tmp_path / scale)
        logged = history[(history.quantity == "gradient_norm") & (history.interval == "step") & (history.step == 1)]
        norms.append(logged.value.item())
    assert norms[0] / norms[1] == pytest.approx(160, rel=1e-4)


def test_early_stopping_ends_a_run(study, run_settings, tmp_path):
    run_settings["training"].update(
        max_epochs=30,
        early_stopping_patience=2,
        early_stopping_warmup_epochs=0,
    )
    for section in ("branch_z", "branch_s"):
        run_settings[section]["learning_rate"] = 1e-30  # learns nothing
    history = _pretrain(study, run_settings, tmp_path)
    assert history.epoch.max() == 3
    assert json.loads((tmp_path / "checkpoints.json").read_text())["names"]["last"] == "epoch-0003"


def test_branches_have_their_own_learning_rate(study, run_settings):
    model = build_model(run_settings, FeatureFile(study.features["train"]), seed=0)
    groups = parameter_groups(model)
    assert set(groups) == {"z", "s"}
    assert sum(len(group) for group in groups.values()) == len(list(model.parameters()))
    s_names = {id(parameter) for parameter in model.decvae.branch_s.parameters()}
    assert {id(parameter) for parameter in groups["s"]} == s_names


def test_published_defaults():
    settings = TrainingSettings()
    assert (FrameBranchSettings().learning_rate, SequenceBranchSettings().learning_rate) == (8e-5, 1e-4)
    assert (settings.adam_beta1, settings.adam_beta2, settings.adam_epsilon) == (0.5, 0.999, 1e-6)
    assert settings.replace(batch_size=8).clip_norm == 2.0


@pytest.mark.parametrize("changes", [{"accumulation": 5, "workers": 2}, {"early_stopping_patience": 1}])
def test_a_run_broken_within_an_epoch_is_resumed_exactly(study, run_settings, tmp_path, monkeypatch, changes):
    """From the state of a step, with accumulated parts and readers, or where training stops early."""
    run_settings["training"].update(max_epochs=4, state_steps=3, log_steps=2, early_stopping_warmup_epochs=0, **changes)
    expected = _pretrain(study, run_settings, tmp_path / "whole")
    _break_at(monkeypatch, 7)
    with pytest.raises(KeyboardInterrupt):
        _pretrain(study, run_settings, tmp_path / "broken")
    monkeypatch.undo()
    steps = _counted(monkeypatch)
    pd.testing.assert_frame_equal(_pretrain(study, run_settings, tmp_path / "broken"), expected)
    assert steps[0] == 6
    assert _equal(_weights(tmp_path / "broken"), _weights(tmp_path / "whole"))


def _break_at(monkeypatch, step):
    optimise = Trainer._optimise

    def broken(self, batches):
        if self.step == step:
            raise KeyboardInterrupt
        return optimise(self, batches)

    monkeypatch.setattr(Trainer, "_optimise", broken)


def _counted(monkeypatch):
    optimise, steps = Trainer._optimise, []

    def counted(self, batches):
        steps.append(self.step)
        return optimise(self, batches)

    monkeypatch.setattr(Trainer, "_optimise", counted)
    return steps


def test_a_killed_process_loses_at_most_the_steps_since_the_last_state(study, run_settings, tmp_path, monkeypatch):
    run_settings["training"].update(max_epochs=100, state_steps=3, validation_epochs=3, checkpoint_epochs=3)
    script, run_dir = PRETRAIN.replace("pretrain_run(", REPORT_STEPS + "pretrain_run("), tmp_path / "run"
    command = _command(study, run_settings, run_dir, tmp_path / "train.py", script)
    delay = np.random.default_rng(os.getpid()).integers(10, 60)  # a random step
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        last = next(step for step in map(int, process.stdout) if step == delay)
        process.send_signal(signal.SIGKILL)
        last = max([last, *map(int, process.stdout)])
    assert process.returncode == -signal.SIGKILL and last < 399
    steps = _counted(monkeypatch)
    run_settings["training"]["max_epochs"] = 100
    _break_at(monkeypatch, last + 8)
    with pytest.raises(KeyboardInterrupt):
        _pretrain(study, run_settings, run_dir)
    assert last - 3 <= steps[0] <= last + 1
    assert not [path for path in run_dir.rglob("*partial*") if path.is_dir()]


REPORT_STEPS = """
from decvae.training.trainer import Trainer
optimise = Trainer._optimise
def reported(self, batches):
    print(self.step, flush=True)
    return optimise(self, batches)
Trainer._optimise = reported
"""


def test_lost_checkpoints_begin_training_anew(study, run_settings, tmp_path, monkeypatch):
    _pretrain(study, run_settings, tmp_path)
    shutil.rmtree(tmp_path / "checkpoints")
    steps = _counted(monkeypatch)
    _pretrain(study, run_settings, tmp_path)
    assert steps == list(range(12))


def test_accumulated_parts_are_the_whole_batch(study, run_settings, tmp_path):
    """With equally many frames and no statistic of the batch: same losses and gradients."""
    run_settings.update(objective="corrected")
    run_settings["training"].update(batch_size=6, max_epochs=2)
    whole = _pretrain(study, run_settings, tmp_path / "whole")
    run_settings["training"]["accumulation"] = 3
    parts = _pretrain(study, run_settings, tmp_path / "parts")
    # An untrained model's divergences are near 0, where float32 leaves three digits of the gradient of their logarithm.
    for quantity, tolerance in (("total", 1e-4), ("gradient_norm", 3e-3)):
        first, second = (table[(table.quantity == quantity) & (table.split == "train")] for table in (whole, parts))
        np.testing.assert_allclose(first.value, second.value, rtol=tolerance)


def test_history_has_every_step_and_every_epoch(study, run_settings, tmp_path):
    history = _pretrain(study, run_settings, tmp_path)
    total = history[(history.quantity == "total") & (history.split == "train")]
    steps, epochs = (total[total.interval == name] for name in ("step", "epoch"))
    assert steps.step.tolist() == list(range(1, 13)) and epochs.step.tolist() == [4, 8, 12]
    assert steps.epoch.tolist() == [1] * 4 + [2] * 4 + [3] * 4 and epochs.epoch.tolist() == [1, 2, 3]
    np.testing.assert_allclose(steps.groupby("epoch").value.mean(), epochs.value, rtol=1e-9)
    rate = history[(history.quantity == "learning_rate") & (history.branch == "Z") & (history.interval == "step")]
    np.testing.assert_allclose(rate.value, [0, 1e-3] + [2e-3] * 10)
    speed = pd.read_parquet(tmp_path / "history.parquet").query("quantity == 'samples_per_second'")
    assert (speed.value > 0).all() and (speed.interval == "step").all()


def test_checkpoints_by_step(study, run_settings, tmp_path):
    run_settings["training"].update(checkpoint_steps=5, keep_checkpoints=1)
    _pretrain(study, run_settings, tmp_path)
    folder, record = resolve_checkpoint(tmp_path, "step-000010")
    assert (record.epoch, record.step, record.validation_loss) == (2, 10, None)
    assert not (folder.parent / "step-000005").exists() and (folder.parent / "epoch-0002").exists()


def test_mixed_precision_stays_close(study, run_settings, tmp_path, fresh_accelerator):
    run_settings.update(branches="Z")
    expected = _pretrain(study, run_settings, tmp_path / "plain")
    fresh_accelerator()
    run_settings["training"]["precision"] = "bf16"
    half = _pretrain(study, run_settings, tmp_path / "bf16")
    np.testing.assert_allclose(_totals(half), _totals(expected), rtol=0.1)
    assert not np.array_equal(_totals(half), _totals(expected))
    assert {weight.dtype for weight in _weights(tmp_path / "bf16").values()} == {torch.float32}


def _totals(history):
    return history[(history.quantity == "total") & (history.split == "validation")].value.to_numpy()


@pytest.fixture
def fresh_accelerator():
    """Accelerate keeps the precision for the life of a process."""
    yield AcceleratorState._reset_state
    AcceleratorState._reset_state()


def test_one_utterance_is_a_batch(study, run_settings, tmp_path):
    run_settings.update(objective="corrected")
    run_settings["training"].update(batch_size=1, max_epochs=1)
    history = _pretrain(study, run_settings, tmp_path)
    assert history.step.max() == 20 and np.isfinite(history.value).all()


# Two processes on the CPU: with --cpu in the place of --multi_gpu it would be one.
LAUNCH = ["-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1"]
LAUNCH += ["--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"]
PRETRAIN = """
import json, sys
from decvae.training.pretrain import pretrain_run
run, train, dev, out = json.loads(sys.argv[1]), *sys.argv[2:]
pretrain_run(run, train, dev, out, device="cpu", fingerprint="code")
import os
print("process", os.environ["RANK"], "of", os.environ["WORLD_SIZE"])
"""


def _command(study, run, run_dir, script, text, *launcher):
    script.write_text(text)
    arguments = [json.dumps(run), study.features["train"], study.features["dev"], run_dir]
    return list(map(str, [sys.executable, *launcher, script, *arguments]))


@pytest.fixture
def one_thread(monkeypatch):
    """Sums in the same order here and in the processes that a test starts: AdamW makes steps of rounding."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize(
    ("objective", "norm", "accumulation"),
    [("centred", "group", 1), ("corrected", "group", 1), ("centred", "batch_running", 1), ("centred", "group", 3)],
)
def test_two_processes_train_as_one(study, run_settings, tmp_path, objective, norm, accumulation, one_thread):
    """``accelerate launch`` on two CPU processes: the losses and weights of one process with the same whole batch."""
    run_settings.update(objective=objective)
    run_settings["branch_z"]["conv_norm"] = norm
    run_settings["training"]["accumulation"] = accumulation
    # A large epsilon, as AdamW would make whole steps of what is rounding in a gradient near 0.
    run_settings["training"].update(batch_size=6, max_epochs=1, adam_epsilon=1.0)
    expected = _pretrain(study, run_settings, tmp_path / "one")
    command = _command(study, run_settings, tmp_path / "two", tmp_path / "train.py", PRETRAIN, *LAUNCH)
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    assert sorted(done.stdout.split("\n")) == ["", "process 0 of 2", "process 1 of 2"]
    found = _history(tmp_path / "two")
    names = ["step", "split", "interval", "branch", "quantity"]
    pd.testing.assert_frame_equal(found[names], expected[names])
    np.testing.assert_allclose(found.value, expected.value, rtol=1e-3, atol=1e-6)
    losses = found.quantity.isin(["loss", "decomposition", "prior"])
    np.testing.assert_allclose(found.value[losses], expected.value[losses], rtol=1e-6, atol=1e-8)
    for name, weight in _weights(tmp_path / "one").items():
        torch.testing.assert_close(_weights(tmp_path / "two")[name], weight, rtol=0, atol=2e-6)


def test_gradient_checkpointing_changes_no_weight(study, run_settings, tmp_path):
    run_settings["training"]["max_epochs"] = 1
    found = []
    for chosen in (False, True):
        run_settings["training"]["gradient_checkpointing"] = chosen
        folder = tmp_path / str(chosen)
        pretrain_run(
            run_settings, study.features["train"], study.features["dev"], folder, device="cpu", fingerprint="x"
        )
        found.append(resolve_checkpoint(folder, "last")[1].sha256)
    assert found[0] == found[1]
