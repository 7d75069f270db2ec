"""Checkpoints of a run: folders ``epoch-0012`` with safetensors + JSON, and the manifest that names them.

``results/runs/RUN/checkpoints.json`` says which folder is ``init`` (untrained), ``best`` (lowest validation loss) and
``last``, and the SHA-256 of every weight file, so that a damaged or foreign folder is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from decvae.artifacts import ArtifactError, write_json

MANIFEST = "checkpoints.json"
WEIGHTS = "model.safetensors"
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


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class CheckpointStore:
    """Writes a run's checkpoints and remembers which is which.

    Parameters
    ----------
    run_dir : path
        ``results/runs/RUN``.
    keep : int
        Periodic checkpoints that are kept beside ``init``, ``best`` and ``last``.
    """

    def __init__(self, run_dir: str | Path, keep: int):
        self.run_dir = Path(run_dir)
        self.keep = keep
        self.saved: list[Checkpoint] = []
        self.names: dict[str, str] = {}

    def state(self) -> dict[str, Any]:
        """JSON-able state, to resume from."""
        return {"saved": [asdict(item) for item in self.saved], "names": dict(self.names)}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from :meth:`state`."""
        self.saved = [Checkpoint(**item) for item in state["saved"]]
        self.names = dict(state["names"])

    def save(
        self,
        model: Saveable,
        epoch: int,
        step: int,
        validation_loss: float | None,
        names: list[str],
        periodic: bool = True,
    ) -> None:
        """Save ``model`` as ``epoch-NNNN`` and give it ``names``; folders that no rule keeps are removed."""
        folder = f"epoch-{epoch:04d}"
        target = self.run_dir / "checkpoints" / folder
        partial = target.with_name(f".{folder}.partial-{os.getpid()}")
        shutil.rmtree(partial, ignore_errors=True)
        model.save_pretrained(partial)
        shutil.rmtree(target, ignore_errors=True)
        partial.rename(target)
        found = Checkpoint(folder, epoch, step, validation_loss, file_sha256(target / WEIGHTS), periodic)
        self.saved = [item for item in self.saved if item.folder != folder] + [found]
        self.names.update(dict.fromkeys(names, folder))
        self._drop_old()

    def _drop_old(self) -> None:
        named = set(self.names.values())
        others = [item for item in self.saved if item.folder not in named]
        periodic = [item for item in others if item.periodic]
        outdated = periodic[: max(0, len(periodic) - self.keep)]
        for item in [item for item in others if not item.periodic] + outdated:
            shutil.rmtree(self.run_dir / "checkpoints" / item.folder)
            self.saved.remove(item)

    def write_manifest(self) -> None:
        """Write ``checkpoints.json``."""
        write_json(self.run_dir / MANIFEST, self.state())


def resolve_checkpoint(run_dir: str | Path, name: str) -> tuple[Path, Checkpoint]:
    """Folder and record of a checkpoint.

    Parameters
    ----------
    name : str
        ``init``, ``best``, ``last`` or a folder name such as ``epoch-0012``.

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
