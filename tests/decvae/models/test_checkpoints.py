"""Naming, retention and refusal of checkpoints."""

import numpy as np
import pytest

from decvae.artifacts import ArtifactError
from decvae.models.checkpoints import CheckpointStore, resolve_checkpoint
from decvae.models.fitted import LinearModel


def _model(value):
    return LinearModel("pca", np.full(2, value, np.float32), np.eye(2, dtype=np.float32))


@pytest.fixture
def run_dir(tmp_path):
    store = CheckpointStore(tmp_path, keep=1)
    for epoch, names in enumerate([["init"], [], ["best"], [], [], ["last"]]):
        store.save(_model(epoch), epoch, 10 * epoch, float(-epoch), names)
        store.prune()
    store.write_manifest()
    return tmp_path


def test_names_resolve_and_only_the_newest_others_are_kept(run_dir):
    kept = sorted(path.name for path in (run_dir / "checkpoints").iterdir())
    assert kept == ["epoch-0000", "epoch-0002", "epoch-0004", "epoch-0005"]
    for name, epoch in (("init", 0), ("best", 2), ("last", 5), ("epoch-0004", 4)):
        folder, record = resolve_checkpoint(run_dir, name)
        assert (record.epoch, record.step) == (epoch, 10 * epoch)
        assert LinearModel.from_pretrained(folder).mean[0] == epoch


def test_a_better_checkpoint_takes_the_name_over(run_dir):
    store = CheckpointStore(run_dir, keep=0)
    store.save(_model(1), 1, 10, 1.0, ["best"])
    store.save(_model(2), 2, 20, 0.5, ["best"])
    store.prune()
    assert store.names == {"best": "epoch-0002"}
    assert not (run_dir / "checkpoints" / "epoch-0001").exists()


def test_missing_damaged_and_unknown_checkpoints_are_named(run_dir, tmp_path):
    with pytest.raises(ArtifactError, match="no checkpoint 'epoch-0099'"):
        resolve_checkpoint(run_dir, "epoch-0099")
    weights = run_dir / "checkpoints" / "epoch-0002" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\1")
    with pytest.raises(ArtifactError, match="is not the file that training saved"):
        resolve_checkpoint(run_dir, "best")
    weights.unlink()
    with pytest.raises(ArtifactError, match=r"epoch-0002 has no model\.safetensors"):
        resolve_checkpoint(run_dir, "best")
    with pytest.raises(ArtifactError, match="train the run first"):
        resolve_checkpoint(tmp_path / "other", "best")


def test_a_former_best_does_not_push_out_a_periodic_checkpoint(tmp_path):
    store = CheckpointStore(tmp_path, keep=2)
    for epoch in range(1, 9):
        store.save(_model(epoch), epoch, epoch, -epoch, ["best"], periodic=epoch % 3 == 0)
    store.prune()
    kept = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    assert kept == ["epoch-0003", "epoch-0006", "epoch-0008"]
