"""Checkpoints of a run: folders ``epoch-0012`` or ``step-003000`` (safetensors, JSON), and their manifest.

``results/runs/RUN/checkpoints.json`` says which folder is ``init`` (untrained), ``best`` (lowest validation loss) and
``last``, and the SHA-256 of every weight file, so that a damaged or foreign folder is refused.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from decvae.artifacts import WEIGHTS, ArtifactError, file_sha256, write_json
from decvae.models.card import write_card

MANIFEST = "checkpoints.json"
NAMES = ("init", "best", "last")


class Saveable(Protocol):
    """Anything with Hugging Face's ``save_pretrained``."""

    def save_pretrained(self, folder: str | Path) -> None:
        """Write ``model.safetensors`` and ``config.json`` into ``folder``."""


@dataclass(frozen=True)
class Checkpoint:
    """One saved state of a run; ``folder`` is a name under ``checkpoints/``.

    ``periodic`` states are kept for their epoch, others only as long as they have a name.
    """

    folder: str
    epoch: int
    step: int
    validation_loss: float | None
    sha256: str
    periodic: bool = True


class CheckpointStore:
    """Writes a run's checkpoints and remembers which is which.

    Parameters
    ----------
    run_dir : path
        ``results/runs/RUN``.
    keep : int
        Periodic checkpoints kept beside ``init``, ``best`` and ``last``: as many by epoch, and as many by step.
    """

    def __init__(self, run_dir: str | Path, keep: int) -> None:
        self.run_dir = Path(run_dir)
        self.folder = self.run_dir / "checkpoints"
        self.keep = keep
        self.saved: list[Checkpoint] = []
        self.names: dict[str, str] = {}

    def state(self) -> dict[str, Any]:
        """JSON-able state, to resume from."""
        return {"saved": [asdict(item) for item in self.saved], "names": dict(self.names)}

    def restore(self, state: dict[str, Any]) -> bool:
        """Continue from :meth:`state`; False, and nothing restored, if one of its checkpoints is no longer there."""
        saved = [Checkpoint(**item) for item in state["saved"]]
        if not all((self.folder / item.folder / WEIGHTS).is_file() for item in saved):
            return False
        self.saved, self.names = saved, dict(state["names"])
        return True

    def save(
        self,
        model: Saveable,
        epoch: int,
        step: int,
        validation_loss: float | None,
        names: Sequence[str] = (),
        periodic: bool = True,
        by_step: bool = False,
    ) -> None:
        """Save ``model`` as ``epoch-NNNN`` (or ``step-NNNNNN``) and give it ``names``.

        Folders that no rule keeps are forgotten, and removed by the next :meth:`prune`.
        """
        folder = f"step-{step:06d}" if by_step else f"epoch-{epoch:04d}"
        target = self.folder / folder
        partial = target.with_name(f".{folder}.partial-{os.getpid()}")
        shutil.rmtree(partial, ignore_errors=True)
        model.save_pretrained(partial)
        write_card(partial, epoch=epoch, step=step, validation_loss=validation_loss)
        shutil.rmtree(target, ignore_errors=True)
        partial.rename(target)
        found = Checkpoint(folder, epoch, step, validation_loss, file_sha256(target / WEIGHTS), periodic)
        self.saved = [item for item in self.saved if item.folder != folder] + [found]
        self.names.update(dict.fromkeys(names, folder))
        self._forget_old()

    def _forget_old(self) -> None:
        named = set(self.names.values())
        kept = set(named)
        for kind in ("epoch", "step"):
            unnamed = [item.folder for item in self.saved if item.periodic and item.folder not in named]
            periodic = [folder for folder in unnamed if folder.startswith(kind)]
            kept.update(periodic[max(0, len(periodic) - self.keep) :])
        self.saved = [item for item in self.saved if item.folder in kept]

    def prune(self) -> None:
        """Remove the folders of forgotten checkpoints, and what a killed process left behind.

        Called after the state that no longer needs them is on disk, so that a kill in between loses nothing.
        """
        kept = {item.folder for item in self.saved}
        for path in self.folder.iterdir():
            if path.name not in kept:
                shutil.rmtree(path)

    def write_manifest(self) -> None:
        """Write ``checkpoints.json``."""
        write_json(self.run_dir / MANIFEST, self.state())


def local_options(name: str | Path | None, options: dict[str, Any]) -> dict[str, Any]:
    """Options of a ``from_pretrained`` that does not go to the network unless it is asked to.

    Raises
    ------
    ArtifactError
        If there is no folder of this name, unless ``local_files_only`` is false.
    """
    options = {"local_files_only": True, **options}
    if options["local_files_only"] and name is not None and not Path(name).is_dir():
        raise ArtifactError(
            f"there is no such folder as {name} (from {Path.cwd()}); give that of a checkpoint, such as "
            "results/runs/RUN/checkpoints/epoch-0012, or `local_files_only=False` for a name on a hub"
        )
    return options


def whole_folder(folder: str | Path) -> Path:
    """The folder of a checkpoint, which has weights and configuration.

    Raises
    ------
    ArtifactError
        If it lacks one of them.
    """
    local_options(folder, {})
    for name in ("config.json", WEIGHTS):
        if not (Path(folder) / name).is_file():
            raise ArtifactError(f"checkpoint {folder} has no {name}; train the run again or restore the folder")
    return Path(folder)


def resolve_checkpoint(run_dir: str | Path, name: str) -> tuple[Path, Checkpoint]:
    """Folder and record of a checkpoint.

    Parameters
    ----------
    name : str
        ``init``, ``best``, ``last`` or a folder name such as ``epoch-0012`` or ``step-003000``.

    Raises
    ------
    ArtifactError
        If the run has no such checkpoint, or its weights are missing or are not those that training saved.
    """
    manifest = Path(run_dir) / MANIFEST
    if not manifest.is_file():
        raise ArtifactError(f"{manifest} does not exist; train the run first")
    content = json.loads(manifest.read_text())
    saved = {item["folder"]: Checkpoint(**item) for item in content["saved"]}
    folder = content["names"].get(name, name)
    if folder not in saved:
        raise ArtifactError(
            f"{manifest} has no checkpoint {name!r}; it has {sorted(content['names'])}, {sorted(saved)}"
        )
    path = Path(run_dir) / "checkpoints" / folder
    if not (path / WEIGHTS).is_file():
        raise ArtifactError(f"checkpoint {path} has no {WEIGHTS}. Delete {manifest} and run again to train it.")
    if file_sha256(path / WEIGHTS) != saved[folder].sha256:
        raise ArtifactError(f"{path / WEIGHTS} is not the file that training saved. Delete {manifest} and run again.")
    return path, saved[folder]
