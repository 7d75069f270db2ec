"""From a checkpoint to the latent file."""

import json
import shutil

import h5py
import numpy as np
import pytest
import torch

from decvae.artifacts import ArtifactError
from decvae.corpora.store import Corpus
from decvae.evaluation.encode import SplitFiles, encode_splits
from decvae.evaluation.latents import read_latents
from decvae.features.batches import decvae_batch
from decvae.features.store import FeatureFile
from decvae.models.auto import load_model
from decvae.models.checkpoints import resolve_checkpoint
from decvae.training.pretrain import pretrain_run


def _encode(study, run, tmp_path, checkpoint="best", splits=("dev",)):
    run["training"]["max_epochs"] = 1
    pretrain_run(run, study.features["train"], study.features["dev"], tmp_path, device="cpu", fingerprint="x")
    files = [SplitFiles(split, study.features[split], study.corpus, tmp_path / f"{split}.h5") for split in splits]
    encode_splits(tmp_path, checkpoint, files)
    return [own.latents for own in files]


def test_decvae_rows_are_the_models_output_with_their_labels(study, run_settings, tmp_path):
    run_settings["network"]["project_components"] = True
    tables = read_latents(_encode(study, run_settings, tmp_path))
    z, s = tables["Z"], tables["S"]
    assert z.subspaces == ["X", "OC1", "OC2", "OC3", "OCs_proj"]
    assert z.mu.shape == z.logvar.shape == (190, 5, 6)
    assert z.features.shape == (190, 4, 24)
    assert s.mu.shape == (10, 5, 4)
    model = load_model(resolve_checkpoint(tmp_path, "best")[0])
    batch = decvae_batch(FeatureFile(study.features["dev"]), [4], "dual")
    batch.pop("frame_mask")
    with torch.inference_mode():
        output = model(**batch)
    rows = z.utterance == 4
    np.testing.assert_allclose(z.mu[rows], output.z.mu[0], atol=1e-5)
    np.testing.assert_allclose(z.features[rows], output.z.features[0], atol=1e-5)
    np.testing.assert_allclose(s.mu[4], output.s.mu[0], atol=1e-5)
    np.testing.assert_array_equal(z.present[rows], FeatureFile(study.features["dev"]).frames(4)[1])
    np.testing.assert_array_equal(s.present[4], FeatureFile(study.features["dev"]).sequence(4)[1])
    assert z.frame[rows].tolist() == list(range(19))
    with Corpus(study.corpus) as corpus:
        labels, overlap = corpus["dev"].frame_labels("vowel", 4)
        np.testing.assert_array_equal(z.factors["vowel"][rows], labels)
        np.testing.assert_array_equal(z.overlap[rows], overlap)
        assert set(z.factors["speaker"][rows]) == {corpus["dev"].factors["speaker"][4]}
        np.testing.assert_array_equal(s.factors["speaker"], corpus["dev"].factors["speaker"])
        assert z.class_names["vowel"] == corpus["dev"].class_names("vowel")
    assert list(z.factors) == ["vowel", "speaker"]


def test_splits_are_pooled_with_unique_utterances(study, run_settings, tmp_path):
    table = read_latents(_encode(study, run_settings, tmp_path, splits=("dev", "test")))["Z"]
    assert len(table) == 380
    assert sorted(set(table.utterance)) == list(range(20))
    assert len(set(table.factors["speaker"])) == 10


@pytest.mark.parametrize(("model", "subspaces", "dim"), [("vae", ["X"], 6), ("ica", ["X"], 5)])
def test_baselines_have_one_subspace(study, run_settings, tmp_path, model, subspaces, dim):
    run_settings["model"] = model
    tables = read_latents(_encode(study, run_settings, tmp_path))
    assert set(tables) == {"Z"}
    assert tables["Z"].subspaces == subspaces
    assert tables["Z"].mu.shape == (190, 1, dim)
    assert tables["Z"].features is tables["Z"].present is None


def test_raw_features_keep_all_levels(study, run_settings, tmp_path):
    run_settings["model"] = "raw"
    table = read_latents(_encode(study, run_settings, tmp_path))["Z"]
    assert table.subspaces == ["X", "OC1", "OC2", "OC3"]
    expected = FeatureFile(study.features["dev"]).vectors(0)
    np.testing.assert_array_equal(table.mu[:19], expected)
    np.testing.assert_array_equal(table.present[:19], FeatureFile(study.features["dev"]).frames(0)[1])


def test_files_that_do_not_belong_together_are_refused(study, run_settings, tmp_path):
    paths = _encode(study, run_settings, tmp_path)
    with pytest.raises(ArtifactError, match="hold different utterances"):
        encode_splits(tmp_path, "best", [SplitFiles("test", study.features["dev"], study.corpus, tmp_path / "x.h5")])
    own = SplitFiles("test", study.features["test"], study.corpus, tmp_path / "init.h5")
    encode_splits(tmp_path, "init", [own])
    with pytest.raises(ArtifactError, match="holds run and checkpoint"):
        read_latents([*paths, tmp_path / "init.h5"])
    with pytest.raises(ArtifactError, match="decvae-features"):
        read_latents([study.features["dev"]])


def test_inputs_of_another_kind_than_the_models_own_are_refused(study, run_settings, tmp_path):
    other = tmp_path / "other.h5"
    shutil.copy(study.features["dev"], other)
    with h5py.File(other, "a") as file:
        made = json.loads(file.attrs["preprocessing"])
        made["decomposition"]["notch"]["enabled"] = not made["decomposition"]["notch"]["enabled"]
        file.attrs["preprocessing"] = json.dumps(made)
    _encode(study, run_settings, tmp_path)
    files = [SplitFiles("dev", other, study.corpus, tmp_path / "out.h5")]
    with pytest.raises(ArtifactError, match=r"decomposition\.notch\.enabled is (\w+) for the model, (\w+) here"):
        encode_splits(tmp_path, "best", files)
