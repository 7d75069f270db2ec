"""Starting from another run's checkpoint: reused weights, frozen parts, zero-shot runs."""

import copy
import json
import logging

import pytest
import torch
from safetensors.torch import load_file

from decvae.artifacts import ArtifactError
from decvae.evaluation.encode import SplitFiles, encode_splits
from decvae.evaluation.latents import read_latents
from decvae.features.store import FeatureFile
from decvae.models.checkpoints import resolve_checkpoint
from decvae.models.modeling_decvae import DecVAEModel
from decvae.models.modeling_pretraining import DecVAEForPreTraining
from decvae.training.optimisation import parameter_groups
from decvae.training.pretrain import build_model, pretrain_run
from decvae.training.transfer import adopt_checkpoint, find_source, freezable, freeze, load_weights
from tests.decvae.networks import TINY, config_of


def small_model(seed=0, kind=DecVAEForPreTraining, **values):
    torch.manual_seed(seed)
    return kind(config_of(TINY, **values))


def transferred(source, target, tmp_path):
    source.save_pretrained(tmp_path / "source")
    return load_weights(target, find_source(tmp_path / "source"), "decvae")


@pytest.mark.parametrize("kind", [DecVAEForPreTraining, DecVAEModel])
def test_equal_models_share_every_weight(tmp_path, kind):
    source, target = small_model(kind=kind), small_model(seed=1)
    report = transferred(source, target, tmp_path)
    assert len(report.reused) == len(target.state_dict())
    assert not (report.reshaped or report.new or report.unused)
    for own, stored in zip(target.state_dict().values(), source.state_dict().values(), strict=True):
        assert torch.equal(own, stored)


def test_another_number_of_components_keeps_the_subspaces_apart_by_name(tmp_path, caplog):
    """With OCs_proj, head number 4 is OCs_proj for C = 3 and OC4 for C = 4."""
    source = small_model(n_components=3, project_components=True)
    target = small_model(seed=1, n_components=4, branch_s={"n_components": 3}, project_components=True)
    before = copy.deepcopy(target.state_dict())
    with caplog.at_level(logging.INFO, "decvae.training.transfer"):
        report = transferred(source, target, tmp_path)
    theirs, ours = source.decvae.branch_z.subspaces.mean, target.decvae.branch_z.subspaces.mean
    for own, stored in ((0, 0), (3, 3), (5, 4)):
        assert torch.equal(ours[own].weight, theirs[stored].weight)
    assert torch.equal(ours[4].weight, before["decvae.branch_z.subspaces.mean.4.weight"])
    heads = [f"branch_z.subspaces.{part}.OC4.{array}" for part in ("mean", "logvar") for array in ("weight", "bias")]
    assert sorted(report.new) == sorted(heads)
    assert report.reshaped == {
        "branch_z.subspaces.absent": ([3, 12], [4, 12]),
        "branch_z.subspaces.combine.0.weight": ([12, 36], [12, 48]),
    }
    assert not report.unused
    assert "not in the source: branch_z.subspaces.mean.OC4.weight" in caplog.text
    assert "not reused, shape [3, 12] in the source, [4, 12] here: branch_z.subspaces.absent" in caplog.text


def test_fewer_branches_leave_weights_of_the_source_unused(tmp_path):
    report = transferred(small_model(), small_model(seed=1, branches="Z"), tmp_path)
    assert report.unused and all(name.startswith("branch_s.") for name in report.unused)
    assert not report.new


def test_a_checkpoint_that_cannot_serve_is_refused(tmp_path, study, run_settings):
    with pytest.raises(ArtifactError, match=r"checkpoint .* has no config\.json"):
        find_source(tmp_path)
    with pytest.raises(ArtifactError, match=r"no weight of checkpoint .*Give the run the `network` of the checkpoint"):
        transferred(small_model(branches="S"), small_model(branches="Z"), tmp_path)
    vae = build_model({**run_settings, "model": "vae"}, FeatureFile(study.features["train"]), 0)
    with pytest.raises(ArtifactError, match="of type 'decvae'; a run of model 'vae' cannot start from it"):
        load_weights(vae, find_source(tmp_path / "source"), "vae")


# ---- Freezing ----


def test_the_parts_of_a_model_are_named():
    model = small_model()
    names = set(freezable(model))
    assert {"branch_z", "encoder_z", "subspaces_z", "branch_s", "encoder_s", "pool_s"} <= names
    inside = [part for name, part in freezable(model).items() if name not in ("branch_z", "branch_s")]
    counted = sum(p.numel() for part in inside for p in (part.parameters() if hasattr(part, "parameters") else [part]))
    assert counted == sum(parameter.numel() for parameter in model.parameters())
    assert "branch_s" not in freezable(small_model(branches="Z"))


def test_unknown_parts_and_nothing_to_train_are_errors():
    with pytest.raises(ValueError, match=r"the model has no \['encoder'\]; it has \[.*'encoder_s', 'encoder_z'"):
        freeze(small_model(), ["encoder_z", "encoder"])
    with pytest.raises(ValueError, match="leaves nothing to train"):
        freeze(small_model(), ["branch_z", "branch_s"])


def test_frozen_parts_stay_in_evaluation_mode_and_out_of_the_optimiser(study, run_settings):
    model = build_model({**run_settings, "model": "vae"}, FeatureFile(study.features["train"]), 0)
    freeze(model, ["encoder"])
    model.train()
    assert model.training and not model.encoder.training and not model.encoder[1].training
    trained = {id(parameter) for group in parameter_groups(model).values() for parameter in group}
    assert not trained & {id(parameter) for parameter in model.encoder.parameters()}


# ---- Whole runs ----


def _pretrain(study, run, run_dir, source=None):
    pretrain_run(
        run, study.features["train"], study.features["dev"], run_dir, device="cpu", fingerprint="x", source=source
    )


def _weights(run_dir, name):
    return load_file(resolve_checkpoint(run_dir, name)[0] / "model.safetensors")


@pytest.mark.parametrize(("model", "frozen"), [("decvae", ["encoder_z", "branch_s"]), ("vae", ["encoder"])])
def test_an_adapted_run_starts_where_its_source_ended_and_keeps_what_is_frozen(
    study, run_settings, tmp_path, model, frozen
):
    run_settings["model"] = model
    _pretrain(study, run_settings, tmp_path / "source")
    run = copy.deepcopy(run_settings) | {"start_from": {"run": "source", "checkpoint": "last"}, "freeze": frozen}
    run["training"]["batch_size"] = 4
    _pretrain(study, run, tmp_path / "run", tmp_path / "source" / "checkpoints.json")
    expected, start, end = (
        _weights(tmp_path / "source", "last"),
        _weights(tmp_path / "run", "init"),
        _weights(tmp_path / "run", "last"),
    )
    assert all(torch.equal(start[name], expected[name]) for name in expected)
    prefixes = {"encoder_z": "decvae.branch_z.encoder.", "branch_s": "decvae.branch_s.", "encoder": "encoder."}
    kept = tuple(prefixes[name] for name in frozen)
    for name in end:
        if name.startswith(kept):
            assert torch.equal(end[name], start[name]), name
    assert any(not torch.equal(end[name], start[name]) for name in end)
    record = json.loads((tmp_path / "run" / "run.json").read_text())["start_from"]
    folder, saved = resolve_checkpoint(tmp_path / "source", "last")
    assert record["source"] == f"source/{folder.name}" and record["sha256"] == saved.sha256
    assert len(record["reused"]) == len(expected) and record["new"] == []


@pytest.mark.parametrize("model", ["decvae", "vae", "pca"])
def test_a_zero_shot_run_is_its_source_on_other_data(study, run_settings, tmp_path, model):
    run_settings["model"] = model
    _pretrain(study, run_settings, tmp_path / "source")
    run = run_settings | {"start_from": {"run": "source", "checkpoint": "best"}, "adaptation": "none"}
    adopt_checkpoint(run, tmp_path / "source" / "checkpoints.json", tmp_path / "run")
    assert json.loads((tmp_path / "run" / "checkpoints.json").read_text())["names"].keys() == {"best", "last"}
    found, (_, expected) = (
        resolve_checkpoint(tmp_path / "run", "best")[1],
        resolve_checkpoint(tmp_path / "source", "best"),
    )
    assert (found.sha256, found.epoch) == (expected.sha256, expected.epoch)
    paths = []
    for name in ("source", "run"):
        paths.append(tmp_path / f"{name}.h5")
        own = SplitFiles("test", study.features["test"], study.corpus, paths[-1])
        encode_splits(tmp_path / name, "best", [own])
    ours, theirs = (read_latents([path])["Z"].mu for path in paths)
    assert (ours == theirs).all()


def test_a_zero_shot_run_of_another_architecture_is_refused(study, run_settings, tmp_path):
    _pretrain(study, run_settings, tmp_path / "source")
    run = copy.deepcopy(run_settings) | {"start_from": {"path": "somewhere"}, "adaptation": "none"}
    run["branch_z"]["latent_dim"] = 48
    folder = resolve_checkpoint(tmp_path / "source", "best")[0]
    with pytest.raises(ArtifactError, match=r"has \{'branch_z.latent_dim': 6\}, the run's settings say .*48"):
        adopt_checkpoint(run, folder, tmp_path / "run")
