"""Encode a split with one checkpoint: features in, the latent file of :mod:`decvae.evaluation.latents` out."""

from __future__ import annotations

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
from decvae.models.latents import Latents
from decvae.models.modeling_decvae import DecVAEModel

Model = DecVAEModel | Autoencoder | LinearModel | KernelPCAModel
UTTERANCES_PER_BATCH = 8


def encode_split(
    run_dir: str | Path,
    checkpoint: str,
    features_path: str | Path,
    corpus_path: str | Path,
    split: str,
    path: str | Path,
    *,
    device: str = "cpu",
) -> None:
    """Write the latents of every frame and utterance of a split, with their factors.

    Raises
    ------
    ArtifactError
        If the checkpoint has no weights, or corpus and features hold different utterances.
    """
    folder, record = resolve_checkpoint(run_dir, checkpoint)
    model = load_model(folder)
    data = FeatureFile(features_path)
    with Corpus(corpus_path) as corpus:
        labels = corpus[split]
        if labels.utterance_ids != data.utterance_ids:
            raise ArtifactError(f"{features_path} and {corpus_path} hold different utterances; delete the former")
        tables = [_table(model, branch, rows, labels, data) for branch, rows in _encode(model, data, device).items()]
        attributes = {
            "run": Path(run_dir).name,
            "checkpoint": checkpoint,
            "epoch": record.epoch,
            "corpus": corpus.name,
            "split": split,
            "provenance": provenance({"checkpoint_sha256": record.sha256, "features": data.input}),
        }
    write_latents(path, tables, attributes)


def _encode(model: Model, data: FeatureFile, device: str) -> dict[str, list]:
    """Latents of every utterance in order: {branch: [{"mu": (rows, n_subspaces, d), ...} per utterance]}."""
    encode = {DecVAEModel: _encode_decvae, Autoencoder: _encode_autoencoder}.get(type(model), _encode_fitted)
    if isinstance(model, torch.nn.Module):
        model.to(device)
    branches: dict[str, list] = {}
    starts = range(0, len(data), UTTERANCES_PER_BATCH)
    with torch.inference_mode():
        for start in progress(starts, description="encode batches"):
            for latents in encode(model, data, range(len(data))[start : start + UTTERANCES_PER_BATCH], device):
                for branch, arrays in latents.items():
                    branches.setdefault(branch, []).append(arrays)
    return branches


def _encode_decvae(model: DecVAEModel, data: FeatureFile, indices: range, device: str) -> list[Latents]:
    return model.latents_of(data, indices)


def _encode_autoencoder(model: Autoencoder, data: FeatureFile, indices: range, device: str) -> list[Latents]:
    latents = []
    for index in indices:
        vectors = torch.from_numpy(data.vectors(index)[:, 0]).to(device)
        mu, logvar = (values.unsqueeze(1).float().cpu().numpy() for values in model.encode(vectors))
        latents.append({"Z": {"mu": mu, "logvar": logvar}})
    return latents


def _encode_fitted(
    model: LinearModel | KernelPCAModel, data: FeatureFile, indices: range, device: str
) -> list[Latents]:
    if model.kind == "raw":  # only raw features keep the components
        return [{"Z": {"mu": model.encode(data.vectors(i)), "present": data.frames(i)[1]}} for i in indices]
    return [{"Z": {"mu": model.encode(data.vectors(i)[:, :1])}} for i in indices]


def _table(model: Model, branch: str, rows: list, labels: CorpusSplit, data: FeatureFile) -> LatentTable:
    counts = np.array([len(item["mu"]) for item in rows])
    utterance = np.repeat(np.arange(len(rows)), counts)
    factors = {name: codes[utterance] for name, codes in labels.factors.items()}
    overlap = np.zeros(len(utterance), dtype=bool)
    if branch == "Z":
        aligned = {}
        for name in labels.interval_names:
            codes, flags = zip(*(labels.frame_labels(name, index) for index in range(len(rows))), strict=True)
            aligned[name] = np.concatenate(codes)
            overlap |= np.concatenate(flags)
        factors = {**aligned, **factors}
    n_subspaces = rows[0]["mu"].shape[1]
    if isinstance(model, DecVAEModel):
        subspaces = model.config.subspaces(branch)
    else:
        subspaces = ["X", *(f"OC{c}" for c in range(1, n_subspaces))]

    def joined(name: str) -> np.ndarray | None:
        return np.concatenate([item[name] for item in rows]) if name in rows[0] else None

    return LatentTable(
        branch=branch,
        subspaces=subspaces,
        mu=joined("mu"),
        logvar=joined("logvar"),
        features=joined("features"),
        present=joined("present"),
        utterance=utterance,
        frame=np.concatenate([np.arange(count) for count in counts]),
        overlap=overlap,
        factors=factors,
        class_names={name: labels.class_names(name) for name in factors},
    )
