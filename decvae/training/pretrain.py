"""Train one run, whatever its model: settings and feature files in, checkpoints and training curves out."""

from __future__ import annotations

import platform
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from decvae.artifacts import provenance, write_json, write_table
from decvae.features.batches import Batch, decvae_batch, vector_batch
from decvae.features.store import FeatureFile
from decvae.models.autoencoders import Autoencoder, AutoencoderConfig
from decvae.models.checkpoints import CheckpointStore
from decvae.models.configuration_decvae import DecVAEConfig
from decvae.models.distributed import is_first_process
from decvae.models.fitted import KernelPCAModel, LinearModel, fit_kernel_pca, fit_linear
from decvae.models.modeling_pretraining import DecVAEForPreTraining
from decvae.models.published_objective import best_loss_at_start, fixed_draws, published_batch
from decvae.names.models import AUTOENCODERS, FIXED_BETA
from decvae.settings.branches import branches_of
from decvae.settings.objective import ObjectiveSettings
from decvae.training.history import History
from decvae.training.trainer import Trainer
from decvae.training.transfer import TransferReport, prepare

FITTED_FRAMES = 50_000  # frames of the training split to fit a model at once; bounds memory for large corpora


def pretrain_run(
    run: dict[str, Any],
    train_path: str | Path,
    validation_path: str | Path,
    run_dir: str | Path,
    **training: Any,
) -> None:
    """Train (or fit) one run and write ``checkpoints.json``, ``history.parquet`` and ``run.json`` into ``run_dir``.

    Started by ``accelerate launch``, several processes train it together and the first one writes.

    Parameters
    ----------
    run : dict
        Resolved settings of the run, as in ``run_defaults`` of the config.
    train_path, validation_path : path
        Feature files.
    **training
        ``device`` ("cpu", "cuda"); ``fingerprint``, which identifies settings and code, for resuming; and if wanted
        ``source``, ``checkpoints.json`` of the run to start from, or a checkpoint folder (see
        :func:`decvae.training.transfer.find_source`), and ``logging``, where to log besides the history.

    Raises
    ------
    ValueError
        If the model is unknown or does not fit the features.
    TrainingError
        If the loss becomes NaN or infinite.
    """
    train, validation = FeatureFile(train_path), FeatureFile(validation_path)
    if run["model"] not in ("decvae", *AUTOENCODERS):
        _finish_run(run, Path(run_dir), *_fit_at_once(run, train, Path(run_dir)))
        return
    model = build_model(run, train, run["seed"])
    objective = model.objective if isinstance(model, DecVAEForPreTraining) else ObjectiveSettings()
    make, best_loss = _batch_maker(run, objective), best_loss_at_start(objective)
    train_model(model, train, validation, make, run, run_dir, best_loss=best_loss, **training)


def train_model(
    model: DecVAEForPreTraining | Autoencoder,
    train: FeatureFile,
    validation: FeatureFile,
    make: Callable[..., Batch],
    run: dict[str, Any],
    run_dir: str | Path,
    *,
    source: str | Path | None = None,
    trainer: type[Trainer] = Trainer,
    **options: Any,
) -> None:
    """Train a new model from where its run starts, and write the files of :func:`pretrain_run`.

    Parameters
    ----------
    train, validation, make, **options
        As :class:`decvae.training.trainer.Trainer` takes them.
    source : path, optional
        See :func:`decvae.training.transfer.find_source`.
    """
    origin = prepare(model, run, source)
    found = trainer(model, train, validation, make, run, run_dir, **options).run()
    _finish_run(run, Path(run_dir), *found, origin)


def _finish_run(
    run: dict[str, Any],
    run_dir: Path,
    checkpoints: CheckpointStore,
    history: History,
    origin: TransferReport | None = None,
) -> None:
    """Write what a finished run declares: ``run.json``, ``history.parquet`` and, last, ``checkpoints.json``.

    Of several processes only the first one writes.
    """
    if not is_first_process():
        return
    record = provenance(run, run["seed"])
    record["versions"] = {name: version(name) for name in ("torch", "transformers", "accelerate", "numpy")}
    record["python"] = platform.python_version()
    if origin is not None:
        record["start_from"] = origin
    write_json(run_dir / "run.json", record)
    write_table(history.table(), run_dir / "history.parquet")
    checkpoints.write_manifest()


def build_model(run: dict[str, Any], data: FeatureFile, seed: int) -> DecVAEForPreTraining | Autoencoder:
    """An untrained DecVAE or autoencoder whose weights depend on the seed alone."""
    torch.manual_seed(seed)
    if run["model"] in AUTOENCODERS:
        beta = FIXED_BETA.get(run["model"], run["branch_z"]["beta"])
        width = data.vectors(0).shape[-1]
        return Autoencoder(
            AutoencoderConfig(input_dim=width, beta=beta, preprocessing=_preprocessing(run, data), **run["autoencoder"])
        )
    return DecVAEForPreTraining(decvae_config(run, data))


def decvae_config(run: dict[str, Any], data: FeatureFile, **others: Any) -> DecVAEConfig:
    """Configuration of a run's DecVAE; ``others`` are further values of it."""
    if run["model"] != "decvae":
        raise ValueError(f"unknown model {run['model']!r}")
    return DecVAEConfig(
        n_components=data.n_components,
        branches=run["branches"],
        frame_length=data.frame_length,
        objective=run["objective"],
        loss=run["loss"],
        loss_space=run["loss_space"],
        branch_z=run.get("branch_z"),
        branch_s={**run.get("branch_s", {}), "n_components": data.n_components_seq},
        preprocessing=_preprocessing(run, data),
        **run["network"],
        **others,
    )


def _preprocessing(run: dict[str, Any], data: FeatureFile) -> dict[str, Any]:
    """How the inputs were made, complete enough for :meth:`decvae.models.modeling_decvae.DecVAEModel.encode`."""
    return {**data.preprocessing, "corpus": run["corpus"]}


def _batch_maker(run: dict[str, Any], objective: ObjectiveSettings) -> Callable[..., Batch]:
    """How the batches of a run are made: ``make(data, indices, rngs=None)``."""
    z, s = branches_of(run)
    if run["model"] != "decvae":
        return partial(vector_batch, wanted=z.frames)
    make = partial(
        published_batch if objective.frame_index == "legacy" else decvae_batch,
        branches=run["branches"],
        wanted=z.frames,
        wanted_seq=s.frames,
    )
    return make if objective.validation_frames == "all" else partial(fixed_draws, make, run["seed"])


def _fit_at_once(run: dict[str, Any], train: FeatureFile, run_dir: Path) -> tuple[CheckpointStore, History]:
    rng = np.random.default_rng(run["seed"])
    share = min(1.0, FITTED_FRAMES / int(train.offsets[-1]))
    parts = []
    for index in range(len(train)):
        vectors = train.vectors(index)[:, 0]
        parts.append(vectors[rng.random(len(vectors)) < share])
    frames, size = np.concatenate(parts), run["linear"]["n_components"]
    model: LinearModel | KernelPCAModel
    if run["model"] == "kpca":
        model = fit_kernel_pca(frames, size, run["seed"], **run["kernel"])
    else:
        model = fit_linear(run["model"], frames, size, run["seed"])
    checkpoints = CheckpointStore(run_dir, keep=0)
    checkpoints.save(model, epoch=0, step=0, validation_loss=None, names=["best", "last"])
    checkpoints.prune()
    return checkpoints, History()
