"""Supervised fine-tuning: labels in batches, whole runs, predictions."""

import copy
import json
import shutil

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from sklearn.metrics import accuracy_score, f1_score
from sklearn.utils.class_weight import compute_class_weight

from decvae.artifacts import ArtifactError
from decvae.corpora.store import Corpus
from decvae.models.auto import load_classifier
from decvae.models.checkpoints import resolve_checkpoint
from decvae.models.classification import DecVAEForFrameClassification, DecVAEForSequenceClassification
from decvae.models.heads import IGNORED
from decvae.training.finetune import (
    LabelledFeatures,
    balanced_weights,
    confusion,
    finetune_run,
    head_scores,
    labelled_batch,
    predict_split,
)
from decvae.training.pretrain import pretrain_run

SUPERVISED = {
    "factor": "vowel",
    "branch": "Z",
    "head": "mlp",
    "hidden_dim": 16,
    "dropout": 0.0,
    "loss": "cross_entropy",
    "class_weights": "none",
    "weight_decomposition": 0.1,
    "weight_prior": 0.1,
    "weight_classification": 0.8,
}


@pytest.fixture(scope="module")
def shared_speakers(study, tmp_path_factory):
    """The corpus with dev's utterances given to the speakers of train: a factor of utterances that can be learned."""
    path = tmp_path_factory.mktemp("shared") / "corpus.h5"
    shutil.copy(study.corpus, path)
    with h5py.File(path, "r+") as file:
        train = file["train/factors/speaker"]
        for split in ("train", "dev"):
            codes = file[f"{split}/factors/speaker"]
            codes[:] = np.arange(len(codes)) % 2
        assert set(train[:]) == {0, 1}
    return path


def _settings(run_settings, **supervised):
    run = copy.deepcopy(run_settings) | {"adaptation": "supervised", "supervised": {**SUPERVISED, **supervised}}
    run["training"].update(batch_size=5, max_epochs=3)
    return run


def _finetune(study, run, run_dir, corpus=None, source=None):
    finetune_run(
        run,
        study.features["train"],
        study.features["dev"],
        corpus or study.corpus,
        run_dir,
        device="cpu",
        fingerprint="x",
        source=source,
    )
    (history,) = run_dir.glob("history.*")
    return pd.read_parquet(history) if history.suffix == ".parquet" else pd.read_csv(history)


def _curve(history, quantity):
    rows = history[(history.split == "validation") & (history.branch == "all") & (history.quantity == quantity)]
    return rows.value.to_numpy()


# ---- Labels and batches ----


@pytest.fixture
def data(study):
    return LabelledFeatures(study.features["train"], study.corpus, "train", "vowel")


def test_labels_are_those_of_the_drawn_frames(data, study):
    rngs = [np.random.default_rng(place) for place in range(2)]
    batch = labelled_batch(data, [3, 7], branches="Z", wanted=6, rngs=rngs)
    with Corpus(study.corpus) as corpus:
        for place, index in enumerate((3, 7)):
            whole, codes = data.frames(index)[0], corpus["train"].frame_labels("vowel", index)[0]
            for frame, label in zip(batch["frames"][place].numpy(), batch["labels"][place], strict=True):
                (row,) = np.flatnonzero((whole == frame).all((1, 2)))
                assert codes[row] == label


def test_heads_over_time_get_an_excerpt(data):
    starts = set()
    for seed in range(20):
        batch = labelled_batch(data, [3], branches="Z", wanted=6, consecutive=True, rngs=[np.random.default_rng(seed)])
        whole = data.frames(3)[0]
        (start,) = np.flatnonzero((whole == batch["frames"][0, 0].numpy()).all((1, 2)))
        np.testing.assert_array_equal(batch["frames"][0], whole[start : start + 6])
        np.testing.assert_array_equal(batch["labels"][0], data.labels.codes[3][start : start + 6])
        starts.add(int(start))
    assert {0, 13} >= starts & {0, 13} and len(starts) > 5 and max(starts) <= 13
    whole = labelled_batch(data, [3], branches="Z", wanted=6, consecutive=True)
    assert whole["frames"].shape[1] == 19


def test_padded_and_unlabelled_rows_are_ignored(data):
    data.labels.codes[0] = data.labels.codes[0].copy()
    data.labels.codes[0][2] = IGNORED
    data.offsets = data.offsets.copy()
    before = data.labels.counts().sum()
    assert before == 20 * 19 - 1
    batch = labelled_batch(data, [0, 1], branches="Z")
    assert batch["labels"][0, 2] == IGNORED and (batch["labels"] == IGNORED).sum() == 1


def test_labels_of_utterances(study, shared_speakers):
    data = LabelledFeatures(study.features["train"], shared_speakers, "train", "speaker")
    assert not data.labels.of_frames
    assert labelled_batch(data, [0, 3, 4], branches="S")["labels"].tolist() == [0, 1, 0]


def test_balanced_weights_are_scikit_learns():
    labels = np.repeat([0, 1, 3], [5, 2, 3])
    found = balanced_weights(np.bincount(labels, minlength=5))
    expected = compute_class_weight("balanced", classes=np.array([0, 1, 3]), y=labels)
    assert [found[0], found[1], found[3]] == pytest.approx(expected) and found[2] == found[4] == 0.0


def test_confusion_counts_labelled_rows():
    logits = torch.eye(3)[torch.tensor([[0, 1], [2, 2]])]
    found = confusion(logits, torch.tensor([[0, 2], [2, IGNORED]]))
    assert found.tolist() == [[1, 0, 0], [0, 0, 0], [0, 1, 1]]


# ---- Whole runs ----


@pytest.mark.parametrize("head", ["mlp", "cnn", "lstm", "transformer"])
def test_every_head_learns_vowels(study, run_settings, tmp_path, head):
    run = _settings(run_settings, head=head, layers=1, attention_heads=2)
    run["training"].update(max_epochs=12)
    run["branch_z"]["learning_rate"] = 5e-3
    history = _finetune(study, run, tmp_path)
    accuracy = _curve(history, "accuracy")
    assert accuracy[0] < 0.4 and accuracy.max() > 0.45
    assert _curve(history, "classification")[-1] < 0.9 * _curve(history, "classification")[0]
    config = json.loads((resolve_checkpoint(tmp_path, "best")[0] / "config.json").read_text())
    assert list(config["id2label"].values()) == ["a", "e", "I", "aw", "u"]
    assert config["architectures"] == ["DecVAEForFrameClassification"]


def test_scores_in_the_history_are_those_of_the_checkpoint(study, run_settings, tmp_path):
    run = _settings(run_settings, loss="focal", focal_gamma=2.0, class_weights="balanced")
    run["training"].update(max_epochs=2, early_stopping_patience=0)
    history = _finetune(study, run, tmp_path)
    found = predict_split(tmp_path, "last", study.features["dev"], study.corpus, "dev")
    assert len(found.truth) == 10 * 19 and set(found.utterance) == set(range(10))
    assert _curve(history, "accuracy")[-1] == pytest.approx(accuracy_score(found.truth, found.predicted))
    assert _curve(history, "f1_macro")[-1] == pytest.approx(f1_score(found.truth, found.predicted, average="macro"))
    table = head_scores(
        tmp_path, "last", {"dev": study.features["dev"]}, study.corpus, run["supervised"], bootstrap=0, seed=0
    )
    overall = table[table["class"] == ""].set_index("metric")
    assert overall.value["accuracy"] == pytest.approx(accuracy_score(found.truth, found.predicted))
    assert set(table["split"]) == {"dev"} and set(table["head"]) == {run["supervised"]["head"]}
    with Corpus(study.corpus) as corpus:
        expected = np.concatenate([corpus["dev"].frame_labels("vowel", index)[0] for index in range(10)])
    np.testing.assert_array_equal(found.truth, expected)
    best = json.loads((tmp_path / "checkpoints.json").read_text())
    losses = {item["folder"]: item["validation_loss"] for item in best["saved"]}
    assert losses[best["names"]["best"]] == min(losses.values())


def test_a_frozen_encoder_stays_while_its_head_learns(study, run_settings, tmp_path):
    pretrain_run(
        run_settings, study.features["train"], study.features["dev"], tmp_path / "a", device="cpu", fingerprint="x"
    )
    run = _settings(run_settings) | {
        "start_from": {"run": "a", "checkpoint": "best"},
        "freeze": ["branch_z", "branch_s"],
    }
    _finetune(study, run, tmp_path / "b", source=tmp_path / "a" / "checkpoints.json")
    before = load_file(resolve_checkpoint(tmp_path / "a", "best")[0] / "model.safetensors")
    after = load_file(resolve_checkpoint(tmp_path / "b", "last")[0] / "model.safetensors")
    start = load_file(resolve_checkpoint(tmp_path / "b", "init")[0] / "model.safetensors")
    assert all(torch.equal(after[name], before[name]) for name in before)
    heads = after.keys() - before.keys()
    assert heads and all(name.startswith("classifier.branch_z.") for name in heads)
    assert all(not torch.equal(after[name], start[name]) for name in heads if name.endswith("weight"))
    report = json.loads((tmp_path / "b" / "run.json").read_text())["start_from"]
    assert sorted(report["new"]) == sorted(heads) and len(report["reused"]) == len(before)


@pytest.mark.parametrize(("branch", "head"), [("S", "mlp"), ("Z+S", "lstm")])
def test_factors_of_utterances(study, run_settings, shared_speakers, tmp_path, branch, head):
    run = _settings(run_settings, factor="speaker", branch=branch, head=head, layers=1)
    run["training"]["max_epochs"] = 1
    history = _finetune(study, run, tmp_path, corpus=shared_speakers)
    assert len(_curve(history, "accuracy")) == 2
    model = load_classifier(resolve_checkpoint(tmp_path, "best")[0])
    assert type(model) is DecVAEForSequenceClassification
    found = predict_split(tmp_path, "best", study.features["dev"], shared_speakers, "dev")
    assert found.truth.tolist() == [0, 1] * 5 and found.utterance.tolist() == list(range(10))


def test_a_run_can_start_from_a_fine_tuned_one_with_its_head(study, run_settings, tmp_path):
    _finetune(study, _settings(run_settings), tmp_path / "a")
    run = _settings(run_settings) | {"start_from": {"run": "a", "checkpoint": "best"}}
    _finetune(study, run, tmp_path / "b", source=tmp_path / "a" / "checkpoints.json")
    report = json.loads((tmp_path / "b" / "run.json").read_text())["start_from"]
    assert report["new"] == [] and any(name.startswith("classifier.") for name in report["reused"])
    assert type(load_classifier(resolve_checkpoint(tmp_path / "b", "init")[0])) is DecVAEForFrameClassification


def test_labels_that_cannot_serve_are_refused(study, run_settings, tmp_path):
    with pytest.raises(ArtifactError, match=r"supervised\.factor is 'emotion'.*frames have \['vowel'\].*\['speaker'\]"):
        _finetune(study, _settings(run_settings, factor="emotion"), tmp_path)
    with pytest.raises(ArtifactError, match="no class of 'speaker' occurs in both train and dev"):
        _finetune(study, _settings(run_settings, factor="speaker"), tmp_path)
    with pytest.raises(ArtifactError, match="hold different utterances"):
        LabelledFeatures(study.features["dev"], study.corpus, "test", "vowel")
