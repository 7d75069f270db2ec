"""The training loop: learning, early stopping, resuming, checkpoints, several processes."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from decvae.checkpoints import resolve_checkpoint
from decvae.feature_file import FeatureFile
from decvae.optimisation import parameter_groups
from decvae.pretraining import build_model, pretrain_run
from decvae.training import EarlyStopping, Trainer, TrainingError, TrainingSettings


def _pretrain(study, run, run_dir, fingerprint="code"):
    pretrain_run(run, study.features["train"], study.features["dev"], run_dir, device="cpu", fingerprint=fingerprint)
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


def test_linear_models_are_fitted_not_trained(study, run_settings, tmp_path):
    run_settings["model"] = "pca"
    assert _pretrain(study, run_settings, tmp_path).empty
    names = json.loads((tmp_path / "checkpoints.json").read_text())["names"]
    assert names == {"best": "epoch-0000", "last": "epoch-0000"}
    assert _weights(tmp_path)["components"].shape == (5, 80)


def test_files_of_a_run(study, run_settings, tmp_path):
    run_settings["training"].update(max_epochs=5, keep_checkpoints=1)
    _pretrain(study, run_settings, tmp_path)
    record = json.loads((tmp_path / "run.json").read_text())
    assert record["settings"]["network"]["latent_dim_z"] == 6
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


def _stop_epoch(losses, **options):
    rule = EarlyStopping(**{"patience": 3, "min_improvement": 0.01, "warmup_epochs": 0, **options})
    for epoch, loss in enumerate(losses, start=1):
        rule.update(epoch, loss)
        if rule.stop:
            return epoch
    return None


def test_early_stopping_rule():
    falling = np.geomspace(10, 1, 50)
    assert _stop_epoch(falling) is None
    assert _stop_epoch([1.0] * 10) == 4
    assert _stop_epoch([1.0] * 10, warmup_epochs=6) == 8
    assert _stop_epoch([1.0, 2.0, 2.0, 0.5, 2.0, 2.0, 2.0]) == 7
    assert _stop_epoch([1.0, 0.995, 0.991, 0.9905]) == 4  # none is 1 % below the best
    assert _stop_epoch([1.0] * 100, patience=0) is None
    assert _stop_epoch([-1.0, -1.1, -1.2, -1.3, -1.4]) is None  # negative losses that fall


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


def test_the_published_rule_stops_at_a_fixed_epoch():
    """250 steps in an epoch, a warm-up of 28000 steps and patience 5 end every published SimVowels run at epoch 116."""
    rule = {"rule": "published", "patience": 5, "warmup_epochs": 28000 // 250}
    for losses in (np.geomspace(10, 1, 150), np.geomspace(1, 10, 150)):
        assert _stop_epoch(losses, **rule) == 116
    assert _stop_epoch(np.geomspace(10, 1, 150), patience=5, warmup_epochs=112) is None


def test_early_stopping_ends_a_run(study, run_settings, tmp_path):
    run_settings["training"].update(
        max_epochs=30,
        learning_rate_z=0.0,
        learning_rate_s=0.0,
        early_stopping_patience=2,
        early_stopping_warmup_epochs=0,
    )
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
    assert (settings.learning_rate_z, settings.learning_rate_s) == (8e-5, 1e-4)
    assert (settings.adam_beta1, settings.adam_beta2, settings.adam_epsilon) == (0.5, 0.999, 1e-6)
    assert replace(settings, batch_size=8).clip_norm == 2.0


def test_two_processes_train_one_model(study, run_settings, tmp_path):
    """``accelerate launch`` on two CPU processes: one set of files, and losses close to one process's."""
    run_settings["training"].update(batch_size=6, max_epochs=2)
    run_settings.update(objective="corrected", branches="Z")
    run_settings["loss"]["frames"] = 0
    expected = _pretrain(study, run_settings, tmp_path / "one")
    script = tmp_path / "train.py"
    script.write_text(
        "import json, sys\nfrom decvae.pretraining import pretrain_run\n"
        "run, train, dev, out = json.loads(sys.argv[1]), *sys.argv[2:]\n"
        "pretrain_run(run, train, dev, out, device='cpu', fingerprint='code')\n"
    )
    command = [
        sys.executable,
        "-m",
        "accelerate.commands.launch",
        "--cpu",
        "--num_processes",
        "2",
        "--num_machines",
        "1",
    ]
    command += ["--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0", str(script)]
    command += [json.dumps(run_settings), study.features["train"], study.features["dev"], tmp_path / "two"]
    subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True, timeout=300)
    found = pd.read_parquet(tmp_path / "two" / "history.parquet")
    held_out = found[(found.split == "validation") & (found.quantity == "total")].value.to_numpy()
    reference = expected[(expected.split == "validation") & (expected.quantity == "total")].value.to_numpy()
    np.testing.assert_allclose(held_out, reference, rtol=1e-4)


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
