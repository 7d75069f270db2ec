"""Supervised fine-tuning: labels of a corpus beside its features, a head on the latents, scores on held-out rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from decvae.artifacts import ArtifactError, progress
from decvae.corpora.store import Corpus
from decvae.evaluation.intervals import scores_of_confusion
from decvae.evaluation.supervised import classifier_scores
from decvae.features.batches import Batch, Draws, decvae_batch, frame_count, move, pick_frames
from decvae.features.store import FeatureFile
from decvae.models.auto import load_classifier
from decvae.models.checkpoints import resolve_checkpoint
from decvae.models.classification import (
    DecVAEClassifierOutput,
    DecVAEForClassification,
    DecVAEForFrameClassification,
    DecVAEForSequenceClassification,
)
from decvae.models.heads import IGNORED, TEMPORAL_HEADS
from decvae.settings.branches import branches_of
from decvae.training.pretrain import decvae_config, train_model
from decvae.training.trainer import Trainer

SCORES = ("accuracy", "f1_macro")
UTTERANCES_PER_BATCH = 8


@dataclass(frozen=True)
class Labels:
    """One factor of a split.

    Attributes
    ----------
    of_frames : bool
        Each frame has a class; else each utterance.
    names : list of str
        Of the classes, over all splits of the corpus.
    codes : list of int64 arrays
        Of every utterance: ``(F,)`` or ``()``; :data:`IGNORED` where there is no label.
    """

    of_frames: bool
    names: list[str]
    codes: list[np.ndarray]

    def counts(self) -> np.ndarray:
        """Labelled rows of each class ``(n_classes,)``."""
        codes = np.concatenate([np.atleast_1d(code) for code in self.codes])
        return np.bincount(codes[codes != IGNORED], minlength=len(self.names))


def read_labels(corpus_path: str | Path, split: str, factor: str, data: FeatureFile) -> Labels:
    """Labels of the utterances of a feature file, from the corpus that it was made of.

    Raises
    ------
    ArtifactError
        If the corpus has no such factor or other utterances.
    """
    with Corpus(corpus_path) as corpus:
        labels = corpus[split]
        if labels.utterance_ids != data.utterance_ids:
            raise ArtifactError(f"{data.path} and {corpus_path} hold different utterances; delete the former")
        of_frames, factors = factor in labels.interval_names, labels.factors
        if not of_frames and factor not in factors:
            raise ArtifactError(
                f"supervised.factor is {factor!r}, which {corpus_path} does not have; its frames have "
                f"{labels.interval_names}, its utterances {list(factors)}"
            )
        found = [
            labels.frame_labels(factor, index)[0] if of_frames else factors[factor][index]
            for index in range(len(labels))
        ]
        codes = [np.where(np.asarray(code) < 0, IGNORED, code) for code in found]
        return Labels(of_frames, labels.class_names(factor), codes)


class LabelledFeatures(FeatureFile):
    """A feature file with labels beside it; only the labels are held in memory."""

    def __init__(self, path: str | Path, corpus_path: str | Path, split: str, factor: str) -> None:
        super().__init__(path)
        self.labels = read_labels(corpus_path, split, factor, self)


def labelled_batch(
    data: LabelledFeatures,
    indices: Sequence[int],
    *,
    branches: str,
    wanted: int | str = 0,
    wanted_seq: int = 0,
    consecutive: bool = False,
    rngs: Draws | None = None,
) -> Batch:
    """Inputs of DecVAE with ``labels``: (B, F), or (B,) for a factor of utterances.

    Parameters
    ----------
    consecutive : bool
        The ``wanted`` frames are an excerpt from a place drawn at random, for heads that run over time; else they are
        drawn one by one. Without generators all frames are taken.
    """
    rows = []
    if branches != "S":
        rows = [
            _rows(data.n_frames(index), wanted, rng, consecutive)
            for index, rng in zip(indices, rngs or [None] * len(indices), strict=True)
        ]
    batch = decvae_batch(data, indices, branches, wanted, wanted_seq, rngs, rows)
    codes = [data.labels.codes[index] for index in indices]
    if data.labels.of_frames:
        batch["labels"] = torch.full(batch["frame_mask"].shape, IGNORED)
        for place, (code, chosen) in enumerate(zip(codes, rows, strict=True)):
            batch["labels"][place, : len(chosen)] = torch.from_numpy(code[chosen])
    else:
        batch["labels"] = torch.tensor(np.array(codes))
    return batch


def _rows(n_frames: int, wanted: int | str, rng: np.random.Generator | None, consecutive: bool) -> np.ndarray:
    if not consecutive or rng is None:
        return pick_frames(n_frames, wanted, rng)
    count = frame_count(wanted, n_frames)
    return int(rng.integers(n_frames - count + 1)) + np.arange(count)


def balanced_weights(counts: np.ndarray) -> list[float]:
    """Weight ``n / (k n_c)`` of each of the k classes with rows (scikit-learn's ``balanced``), 0 of others."""
    present = counts > 0
    weights = np.zeros(len(counts))
    weights[present] = counts.sum() / (present.sum() * counts[present])
    return weights.tolist()


def build_classifier(run: dict[str, Any], data: LabelledFeatures) -> DecVAEForClassification:
    """An untrained DecVAE with the head of the run's ``supervised`` settings; weights depend on the seed alone."""
    section, labels = run["supervised"], data.labels
    classifier = {"supervised": section}
    if section["class_weights"] == "balanced":
        classifier["class_weights"] = balanced_weights(labels.counts())
    torch.manual_seed(run["seed"])
    kind = DecVAEForFrameClassification if labels.of_frames else DecVAEForSequenceClassification
    return kind(decvae_config(run, data, classifier=classifier, id2label=dict(enumerate(labels.names))))


def confusion(logits: torch.Tensor, labels: torch.Tensor) -> np.ndarray:
    """Labelled rows by class (rows of the matrix) and predicted class, ``(n_classes, n_classes)``."""
    n_classes = logits.shape[-1]
    truth, predicted = labels.flatten(), logits.argmax(-1).flatten()
    cells = (truth * n_classes + predicted)[truth != IGNORED]
    return torch.bincount(cells, minlength=n_classes**2).view(n_classes, n_classes).cpu().numpy()


class FineTuner(Trainer):
    """The training loop, whose validation also gives accuracy and macro F1 over all labelled rows."""

    def tally(self, output: DecVAEClassifierOutput) -> np.ndarray:
        """The :func:`confusion` matrix of one batch."""
        assert output.labels is not None, "batches of a fine-tuning are labelled"
        return confusion(output.logits, output.labels)

    def scores(self, tallies: list[np.ndarray]) -> dict[str, float]:
        """``all/accuracy`` and ``all/f1_macro``."""
        found = scores_of_confusion(np.sum(tallies, axis=0))
        return {f"all/{name}": float(found[name]) for name in SCORES}


def finetune_run(
    run: dict[str, Any],
    train_path: str | Path,
    validation_path: str | Path,
    corpus_path: str | Path,
    run_dir: str | Path,
    **training: Any,
) -> None:
    """Train one run with ``adaptation: supervised``; writes what :func:`decvae.training.pretrain.pretrain_run` writes.

    Parameters
    ----------
    run : dict
        Resolved settings.
    train_path, validation_path : path
        Feature files of the splits train and dev.
    corpus_path : path
        The corpus that has their labels.
    **training
        As :func:`decvae.training.pretrain.pretrain_run` takes it.

    Raises
    ------
    ArtifactError
        If the corpus lacks the factor, or no class of the training split occurs in validation (SimVowels has no speaker
        in two splits).
    ValueError
        If the model does not fit the features or the head (see :class:`DecVAEForClassification`).
    """
    section = run["supervised"]
    train = LabelledFeatures(train_path, corpus_path, "train", section["factor"])
    validation = LabelledFeatures(validation_path, corpus_path, "dev", section["factor"])
    if not np.any((train.labels.counts() > 0) & (validation.labels.counts() > 0)):
        raise ArtifactError(
            f"no class of {section['factor']!r} occurs in both train and dev of {corpus_path}: what a head learns "
            "could not be measured. Choose another `supervised.factor`."
        )
    model = build_classifier(run, train)
    frames, sequences = branches_of(run)
    make = partial(
        labelled_batch,
        branches=run["branches"],
        wanted=frames.frames,
        wanted_seq=sequences.frames,
        consecutive=section["head"] in TEMPORAL_HEADS,
    )
    train_model(model, train, validation, make, run, run_dir, trainer=FineTuner, **training)


@dataclass(frozen=True)
class Predictions:
    """Labelled rows of a split: true and predicted class and utterance ``(n,)``, and the names of the classes."""

    truth: np.ndarray
    predicted: np.ndarray
    utterance: np.ndarray
    names: list[str]


def predict_split(
    run_dir: str | Path,
    checkpoint: str,
    features_path: str | Path,
    corpus_path: str | Path,
    split: str,
    *,
    device: str = "cpu",
) -> Predictions:
    """Classes that a fine-tuned run gives to every labelled row of a split.

    Raises
    ------
    ArtifactError
        If the checkpoint has no head, or the corpus has other classes than those that it was trained on.
    """
    folder, _ = resolve_checkpoint(run_dir, checkpoint)
    model = load_classifier(folder)
    model.to(device)  # type: ignore[arg-type]  # transformers loses its signature
    data = LabelledFeatures(features_path, corpus_path, split, model.supervised.factor)
    known = list((model.config.id2label or {}).values())
    if data.labels.names != known:
        raise ArtifactError(f"checkpoint {folder} tells {known} apart, {corpus_path} has {data.labels.names}")
    truth, predicted, utterance = [], [], []
    with torch.inference_mode():
        for start in progress(range(0, len(data), UTTERANCES_PER_BATCH), description="classify batches"):
            indices = range(len(data))[start : start + UTTERANCES_PER_BATCH]
            batch = move(labelled_batch(data, indices, branches=model.config.branches), device)
            labels = batch.pop("labels")
            classes, real = model(**batch).logits.argmax(-1), labels != IGNORED
            truth.append(labels[real].cpu().numpy())
            predicted.append(classes[real].cpu().numpy())
            utterance.append(real.nonzero()[:, 0].cpu().numpy() + start)
    return Predictions(np.concatenate(truth), np.concatenate(predicted), np.concatenate(utterance), known)


def head_scores(
    run_dir: str | Path,
    checkpoint: str,
    features: Mapping[str, str | Path],
    corpus_path: str | Path,
    supervised: Mapping[str, str],
    *,
    bootstrap: int,
    seed: int,
) -> pd.DataFrame:
    """Scores of the head of a fine-tuned run on every split, one below the other.

    Parameters
    ----------
    features : {split: path}
    supervised : mapping
        Settings of the head; ``branch``, ``factor`` and ``head`` are columns of the table.
    bootstrap, seed : int
        As for :func:`decvae.evaluation.supervised.classifier_scores`, whose table it is.
    """
    place = {key: supervised[key] for key in ("branch", "factor", "head")}
    tables = []
    for split, path in features.items():
        found = predict_split(run_dir, checkpoint, path, corpus_path, split)
        columns = {"split": split, **place}
        tables.append(classifier_scores(**vars(found), columns=columns, bootstrap=bootstrap, seed=seed))
    return pd.concat(tables, ignore_index=True)
