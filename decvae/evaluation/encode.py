"""Encode splits with one checkpoint: features in, the latent files of :mod:`decvae.evaluation.latents` out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from decvae.artifacts import ArtifactError, progress, provenance
from decvae.corpora.store import Corpus, CorpusSplit
from decvae.evaluation.latents import LatentTable, write_latents
from decvae.features.store import FeatureFile
from decvae.models.auto import load_model
from decvae.models.autoencoders import Autoencoder
from decvae.models.checkpoints import resolve_checkpoint
from decvae.models.fitted import KernelPCAModel, LinearModel
from decvae.models.modeling_decvae import DecVAEModel
from decvae.study.keys import dotted

Baseline = Autoencoder | LinearModel | KernelPCAModel
Model = DecVAEModel | Baseline
Arrays = dict[str, np.ndarray]
UTTERANCES_PER_BATCH = 8


@dataclass(frozen=True)
class SplitFiles:
    """A split and its files: features and corpus to read, latents to write."""

    split: str
    features: str | Path
    corpus: str | Path
    latents: str | Path


def encode_splits(run_dir: str | Path, checkpoint: str, splits: Iterable[SplitFiles], *, device: str = "cpu") -> None:
    """Write the latents of every frame and utterance of some splits, with their factors.

    Raises
    ------
    ArtifactError
        If the checkpoint has no weights, was trained on inputs made in another way, or corpus and features hold
        different utterances.
    """
    folder, record = resolve_checkpoint(run_dir, checkpoint)
    model = load_model(folder)
    for own in splits:
        data = FeatureFile(own.features)
        _check_inputs(model, data, f"checkpoint {checkpoint} of {Path(run_dir).name}")
        with Corpus(own.corpus) as corpus:
            labels = corpus[own.split]
            if labels.utterance_ids != data.utterance_ids:
                raise ArtifactError(f"{own.features} and {own.corpus} hold different utterances; delete the former")
            tables = [
                _table(model, branch, rows, labels, corpus.split_by)
                for branch, rows in _encode(model, data, device).items()
            ]
            attributes = {
                "run": Path(run_dir).name,
                "checkpoint": checkpoint,
                "epoch": record.epoch,
                "corpus": corpus.name,
                "split": own.split,
                "provenance": provenance({"checkpoint_sha256": record.sha256, "features": data.input}),
            }
        write_latents(own.latents, tables, attributes)


def _check_inputs(model: Model, data: FeatureFile, name: str) -> None:
    """Refuse features that were made in another way than those that the model knows, as far as it says."""
    own = getattr(model, "config", None)
    known = dotted(getattr(own, "preprocessing", {}))
    found = {key: value for key, value in dotted(data.preprocessing).items() if key in known}
    differing = [key for key, value in found.items() if known[key] != value]
    if differing:
        shown = "; ".join(f"{key} is {known[key]!r} for the model, {found[key]!r} here" for key in differing)
        raise ArtifactError(f"{name} was trained on other inputs than {data.path} holds: {shown}. Give the run its own")


def _encode(model: Model, data: FeatureFile, device: str) -> dict[str, list[Arrays]]:
    """Latents of every utterance in order: {branch: [{"mu": (rows, n_subspaces, d), ...} per utterance]}."""
    if isinstance(model, torch.nn.Module):
        model.to(device)  # type: ignore[arg-type]  # transformers wraps the method as if it were a function
    branches: dict[str, list[Arrays]] = {}
    starts = range(0, len(data), UTTERANCES_PER_BATCH)
    with torch.inference_mode():
        for start in progress(starts, description="encode batches"):
            indices = range(len(data))[start : start + UTTERANCES_PER_BATCH]
            if isinstance(model, DecVAEModel):
                latents = model.latents_of(data, indices)
            else:
                latents = [{"Z": _encode_frames(model, data, index, device)} for index in indices]
            for utterance in latents:
                for branch, arrays in utterance.items():
                    branches.setdefault(branch, []).append(arrays)
    return branches


def _encode_frames(model: Baseline, data: FeatureFile, index: int, device: str) -> Arrays:
    """Latents of the frames of one utterance; only raw features keep the components."""
    if isinstance(model, Autoencoder):
        vectors = torch.from_numpy(data.vectors(index)[:, 0]).to(device)
        mu, logvar = (values.unsqueeze(1).float().cpu().numpy() for values in model.encode(vectors))
        return {"mu": mu, "logvar": logvar}
    if model.kind == "raw":
        return {"mu": model.encode(data.vectors(index)), "present": data.frames(index)[1]}
    return {"mu": model.encode(data.vectors(index)[:, :1])}


def _table(
    model: Model, branch: str, rows: list[Arrays], labels: CorpusSplit, split_by: str | None = None
) -> LatentTable:
    arrays = {name: np.concatenate([item[name] for item in rows]) for name in rows[0]}
    counts = np.array([len(item["mu"]) for item in rows])
    utterance = np.repeat(np.arange(len(rows)), counts)
    factors, overlap = {}, np.zeros(len(utterance), dtype=bool)
    for name in labels.interval_names if branch == "Z" else ():
        codes, flags = zip(*(labels.frame_labels(name, index) for index in range(len(rows))), strict=True)
        factors[name] = np.concatenate(codes)
        overlap |= np.concatenate(flags)
    factors |= {name: codes[utterance] for name, codes in labels.factors.items()}
    if isinstance(model, DecVAEModel):
        subspaces = model.config.subspaces(branch)
    else:
        subspaces = ["X", *(f"OC{c}" for c in range(1, arrays["mu"].shape[1]))]
    return LatentTable(
        branch=branch,
        split_by=split_by,
        subspaces=subspaces,
        utterance=utterance,
        frame=np.concatenate([np.arange(count) for count in counts]),
        overlap=overlap,
        factors=factors,
        class_names={name: labels.class_names(name) for name in factors},
        **arrays,
    )
