"""Start from the checkpoint of another run: reuse its weights, freeze parts, or take it as it is (zero-shot)."""

from __future__ import annotations

import json
import logging
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import nn

from decvae.artifacts import WEIGHTS, ArtifactError, file_sha256, provenance, write_json
from decvae.models.autoencoders import Autoencoder, AutoencoderConfig
from decvae.models.checkpoints import MANIFEST, CheckpointStore, resolve_checkpoint, whole_folder
from decvae.models.configuration_decvae import DecVAEConfig
from decvae.models.fitted import KernelPCAModel, LinearModel
from decvae.models.modeling_decvae import DecVAEPreTrainedModel
from decvae.names.models import AUTOENCODERS
from decvae.settings.branches import OBJECTIVE_KEYS, OPTIMISATION_KEYS, SECTIONS
from decvae.study.keys import dotted

logger = logging.getLogger(__name__)

Model = DecVAEPreTrainedModel | Autoencoder
_CONFIGS: dict[str, type[DecVAEConfig | AutoencoderConfig]] = {
    config.model_type: config for config in (DecVAEConfig, AutoencoderConfig)
}
_HEAD = re.compile(r"^(branch_(?P<branch>[zs])\.subspaces\.(?:mean|logvar)\.)(?P<number>\d+)")
_TYPES = {
    "decvae": DecVAEConfig.model_type,
    **dict.fromkeys(AUTOENCODERS, AutoencoderConfig.model_type),
    **dict.fromkeys(("pca", "ica"), LinearModel.model_type),
    "kpca": KernelPCAModel.model_type,
}


@dataclass(frozen=True)
class Source:
    """A checkpoint to start from.

    Attributes
    ----------
    folder : Path
        Holds ``model.safetensors`` and ``config.json``.
    name : str
        ``RUN/FOLDER`` for a run of the study, the folder's path for any other.
    epoch : int
        Epochs that it was trained for (0 if that is not known).
    validation_loss : float or None
    sha256 : str
        Of its weights.
    """

    folder: Path
    name: str
    epoch: int
    validation_loss: float | None
    sha256: str


@dataclass(frozen=True)
class TransferReport:
    """Which weights were reused; names say the subspace (``branch_z.subspaces.mean.OC4.weight``), not its number.

    Attributes
    ----------
    source, sha256 : str
    reused : list of str
        Same name and shape on both sides.
    reshaped : {name: (shape in the source, own shape)}
        Same name, other shape; the model keeps its own initial weights.
    new : list of str
        The source has none of this name.
    unused : list of str
        Weights of the source that the model has no place for.
    """

    source: str
    sha256: str
    reused: list[str]
    reshaped: dict[str, tuple[list[int], list[int]]]
    new: list[str]
    unused: list[str]


def find_source(path: str | Path, checkpoint: str = "best") -> Source:
    """The checkpoint behind a path.

    Parameters
    ----------
    path : path
        ``checkpoints.json`` of a run, or any checkpoint folder or the weights in it.
    checkpoint : str
        Which of the run's checkpoints; a folder is one.

    Raises
    ------
    ArtifactError
        If there is no such checkpoint, or the folder lacks a file.
    """
    path = Path(path)
    if path.name == MANIFEST:
        folder, record = resolve_checkpoint(path.parent, checkpoint)
        name = f"{path.parent.name}/{record.folder}"
        return Source(folder, name, record.epoch, record.validation_loss, record.sha256)
    path = whole_folder(path.parent if path.name == WEIGHTS else path)
    return Source(path, str(path), 0, None, file_sha256(path / WEIGHTS))


def _read_config(source: Source, model: str) -> DecVAEConfig | AutoencoderConfig | None:
    """Configuration of a checkpoint; None for the fitted models, which have nothing but arrays."""
    content = json.loads((source.folder / "config.json").read_text())
    found, expected = content.get("model_type"), _TYPES[model]
    if found != expected or (found == LinearModel.model_type and content["kind"] != model):
        kind = content.get("kind", found)
        raise ArtifactError(
            f"checkpoint {source.name} holds a model of type {kind!r}; a run of model {model!r} cannot start from it"
        )
    return _CONFIGS[found].from_pretrained(source.folder, local_files_only=True) if found in _CONFIGS else None


# ---- Weights ----


def _meanings(names: list[str], config: DecVAEConfig | AutoencoderConfig) -> dict[str, str]:
    """For each name in a state dict one that means the same in every model of its kind.

    Heads are stored by number, which for another number of components is another subspace; here they are named. The
    prefix of the encoder within a larger model is dropped.
    """

    def named(head: re.Match[str]) -> str:
        assert isinstance(config, DecVAEConfig), "no other model has subspaces"
        return head[1] + config.subspaces(head["branch"].upper())[int(head["number"])]

    return {name: _HEAD.sub(named, name.removeprefix("decvae.")) for name in names}


def load_weights(model: Model, source: Source, kind: str) -> TransferReport:
    """Put the weights of a checkpoint into ``model`` wherever name and shape agree, and log what does not.

    A classification head is reused only if it tells the same classes apart.

    Parameters
    ----------
    kind : str
        The run's ``model``.

    Raises
    ------
    ArtifactError
        If the checkpoint holds another kind of model, or no weight fits.
    """
    config = _read_config(source, kind)
    assert config is not None, f"a model of kind {kind!r} is fitted anew, from no weights"
    stored, own = load_file(source.folder / WEIGHTS), model.state_dict()
    theirs = {meaning: stored[name] for name, meaning in _meanings(list(stored), config).items()}
    if model.config.id2label != config.id2label:
        theirs = {name: tensor for name, tensor in theirs.items() if not name.startswith("classifier.")}
    ours = _meanings(list(own), model.config)
    reused = [name for name, meaning in ours.items() if meaning in theirs and theirs[meaning].shape == own[name].shape]
    if not reused:
        raise ArtifactError(
            f"no weight of checkpoint {source.name} has the name and shape of one of this run's model; the checkpoint "
            f"has {sorted(theirs)[:5]} and so on. Give the run the `network` of the checkpoint."
        )
    model.load_state_dict({**own, **{name: theirs[ours[name]] for name in reused}})
    shapes = {
        meaning: (list(theirs[meaning].shape), list(own[name].shape))
        for name, meaning in ours.items()
        if meaning in theirs and theirs[meaning].shape != own[name].shape
    }
    report = TransferReport(
        source=source.name,
        sha256=source.sha256,
        reused=[ours[name] for name in reused],
        reshaped=shapes,
        new=[meaning for meaning in ours.values() if meaning not in theirs],
        unused=sorted(set(_meanings(list(stored), config).values()) - set(ours.values())),
    )
    logger.info("started from %s: %d of %d weights reused", source.name, len(reused), len(own))
    for name, (found, wanted) in report.reshaped.items():
        logger.info("not reused, shape %s in the source, %s here: %s", found, wanted, name)
    for reason, names in (("not in the source", report.new), ("in the source only", report.unused)):
        for name in names:
            logger.info("%s: %s", reason, name)
    return report


# ---- Freezing ----


def freezable(model: Model) -> dict[str, nn.Module | nn.Parameter]:
    """Parts of a model by the names that ``freeze`` takes.

    DecVAE: every part of a branch with the branch's letter (``encoder_z``, ``project_s``, ``subspaces_z``), and
    ``branch_z`` and ``branch_s`` whole. Autoencoders: ``encoder``, ``mean``, ``logvar``, ``decoder``.
    """
    if isinstance(model, Autoencoder):
        return dict(model.named_children())
    parts: dict[str, nn.Module | nn.Parameter] = {}
    encoder = model.base_model
    for letter in "zs":
        branch = getattr(encoder, f"branch_{letter}")
        if branch is not None:
            parts[f"branch_{letter}"] = branch
            direct = (*branch.named_children(), *branch.named_parameters(recurse=False))
            parts |= {f"{name}_{letter}": part for name, part in direct}
    return parts


def freeze(model: Model, names: list[str]) -> None:
    """Exclude parts from training: no gradient, hence no optimiser state, and no change of running statistics.

    Raises
    ------
    ValueError
        For a name that the model does not have (the message lists those it has), or if nothing is left to train.
    """
    parts = freezable(model)
    if unknown := [name for name in names if name not in parts]:
        raise ValueError(f"freeze: the model has no {unknown}; it has {sorted(parts)}")
    for part in (parts[name] for name in names):
        part.requires_grad_(False)
        if isinstance(part, nn.Module):
            _stay_in_evaluation(part)
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise ValueError(f"freeze: {names} leaves nothing to train; use `adaptation: none` for a checkpoint as it is")


def _stay_in_evaluation(part: nn.Module) -> None:
    """Put a module into evaluation mode for good: ``model.train()`` of what it belongs to passes it by."""
    part.eval()

    def train(mode: bool = True) -> nn.Module:
        return part

    part.train = train  # type: ignore[method-assign]


def prepare(model: Model, run: dict[str, Any], source: str | Path | None) -> TransferReport | None:
    """Make a new model start where its run says: weights of ``source``, then frozen parts.

    Parameters
    ----------
    run : dict
        Settings; ``start_from`` and ``freeze`` may be absent.
    source : path or None
        As in :func:`find_source`; None for a run that starts from scratch.
    """
    report = None
    if source is not None:
        found = find_source(source, run["start_from"].get("checkpoint", "best"))
        report = load_weights(model, found, run["model"])
    freeze(model, run.get("freeze", []))
    return report


# ---- Zero-shot ----


@dataclass(frozen=True)
class _Copy:
    """A checkpoint folder that is saved by copying it."""

    folder: Path

    def save_pretrained(self, folder: str | Path) -> None:
        shutil.copytree(self.folder, folder)


def _architecture(run: dict[str, Any]) -> dict[str, Any]:
    """What a run's settings say about the configuration of its model, by whole key."""
    if run["model"] != "decvae":
        return run["autoencoder"]
    others = (*OBJECTIVE_KEYS, *OPTIMISATION_KEYS)
    branches = {
        section: {key: value for key, value in run.get(section, {}).items() if key not in others}
        for section in SECTIONS.values()
    }
    return dotted({"n_components": run["n_components"], "branches": run["branches"], **branches, **run["network"]})


def adopt_checkpoint(run: dict[str, Any], source: str | Path, run_dir: str | Path) -> None:
    """Make a checkpoint, as it is, the only one of a run of its own: ``checkpoints.json`` and ``run.json``.

    Raises
    ------
    ArtifactError
        If the checkpoint is of another model or architecture than the run's settings say.
    """
    found = find_source(source, run["start_from"].get("checkpoint", "best"))
    config = _read_config(found, run["model"])
    if config is not None:
        theirs = dotted(config.to_dict())
        differing = {key: value for key, value in _architecture(run).items() if theirs.get(key) != value}
        if differing:
            shown = {key: theirs.get(key) for key in differing}
            raise ArtifactError(f"checkpoint {found.name} has {shown}, the run's settings say {differing}")
    checkpoints = CheckpointStore(run_dir, keep=0)
    checkpoints.save(_Copy(found.folder), found.epoch, 0, found.validation_loss, ["best", "last"])
    record = provenance(run, run["seed"])
    record["start_from"] = {"source": found.name, "sha256": found.sha256}
    write_json(Path(run_dir) / "run.json", record)
    checkpoints.write_manifest()
