"""One training loop for DecVAE and the autoencoders, on accelerate: seeded, resumable, one file per checkpoint."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from accelerate import Accelerator
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn
from torch.utils.data import DataLoader
from transformers import get_scheduler

from decvae.artifacts import atomic_path, progress
from decvae.batches import StepBatches, move
from decvae.checkpoints import CheckpointStore


class TrainingError(RuntimeError):
    """Training cannot go on; the message says at which step, on which utterances, and what is kept."""


@dataclass(frozen=True)
class TrainingSettings:
    """Optimisation; the defaults are the published SimVowels run.

    Attributes
    ----------
    batch_size : int
        Utterances per optimiser step, over all processes.
    max_epochs : int
    learning_rate_z, learning_rate_s : float
        Of branch Z (and of the autoencoders) and of branch S.
    scheduler_z, scheduler_s : str
        Names of ``transformers.SchedulerType``.
    warmup_steps_z, warmup_steps_s : int
    weight_decay, adam_beta1, adam_beta2, adam_epsilon : float
        Of AdamW.
    clip_norm : float
        Largest norm of the gradient of all parameters.
    validation_epochs, checkpoint_epochs : int
        Epochs between validations and between periodic checkpoints.
    keep_checkpoints : int
        Periodic checkpoints kept beside init, best and last.
    early_stopping_patience : int
        Validations without improvement after which training stops; 0: never.
    early_stopping_min_improvement : float
        Relative improvement over the best validation loss so far that counts.
    early_stopping_warmup_epochs : int
        Epochs before which training never stops.
    precision : {"no", "bf16", "fp16"}
    workers : int
        Processes that read batches ahead (0: none).
    """

    batch_size: int = 16
    max_epochs: int = 150
    learning_rate_z: float = 8e-5
    learning_rate_s: float = 1e-4
    scheduler_z: str = "constant_with_warmup"
    scheduler_s: str = "linear"
    warmup_steps_z: int = 5000
    warmup_steps_s: int = 5000
    weight_decay: float = 1e-4
    adam_beta1: float = 0.5
    adam_beta2: float = 0.999
    adam_epsilon: float = 1e-6
    clip_norm: float = 2.0
    validation_epochs: int = 1
    checkpoint_epochs: int = 10
    keep_checkpoints: int = 3
    early_stopping_patience: int = 5
    early_stopping_min_improvement: float = 0.002
    early_stopping_warmup_epochs: int = 112
    precision: str = "no"
    workers: int = 0


@dataclass
class EarlyStopping:
    """Stop after ``patience`` validations in a row without a relative improvement of ``min_improvement``.

    The best value is tracked from the first validation; failures are counted only after ``warmup_epochs``.
    """

    patience: int
    min_improvement: float
    warmup_epochs: int
    best: float | None = None
    failures: int = 0

    @property
    def stop(self) -> bool:
        """Training should stop now."""
        return self.patience > 0 and self.failures >= self.patience

    def update(self, epoch: int, loss: float) -> None:
        """Take in the validation loss after ``epoch``."""
        improved = self.best is None or (self.best - loss) > self.min_improvement * abs(self.best)
        if improved:
            self.best, self.failures = loss, 0
        elif epoch >= self.warmup_epochs:
            self.failures += 1


@dataclass
class History:
    """Long table of losses: step, epoch, split, branch, quantity, value; means over the steps since the last row."""

    rows: list[tuple[int, int, str, str, str, float]] = field(default_factory=list)

    COLUMNS = ("step", "epoch", "split", "branch", "quantity", "value")

    def add(self, step: int, epoch: int, split: str, values: dict[str, float]) -> None:
        """Add one row per value; names are ``BRANCH/quantity``."""
        for name, value in values.items():
            branch, quantity = name.split("/")
            self.rows.append((step, epoch, split, branch, quantity, value))

    def table(self) -> pd.DataFrame:
        """The rows as a table."""
        return pd.DataFrame(self.rows, columns=list(self.COLUMNS))


class MeanOf:
    """Running means of named scalar tensors, without a device synchronisation per step."""

    def __init__(self):
        self.sums: dict[str, torch.Tensor] = {}
        self.weight = 0.0

    def add(self, values: dict[str, torch.Tensor], weight: float = 1.0) -> None:
        """Add one observation of every value."""
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0.0) + weight * value.detach().double()
        self.weight += weight

    def take(self) -> dict[str, float]:
        """The means so far; starts afresh."""
        means = {name: float(value / self.weight) for name, value in self.sums.items()}
        self.__init__()
        return means


def parameter_groups(model: nn.Module) -> dict[str, list[nn.Parameter]]:
    """Trainable parameters by branch: those of branch S, and all others as Z; empty groups are left out."""
    groups: dict[str, list[nn.Parameter]] = {"z": [], "s": []}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            groups["s" if "branch_s" in name.split(".") else "z"].append(parameter)
    return {name: parameters for name, parameters in groups.items() if parameters}


class Trainer:
    """Trains one model; :meth:`run` does everything, the other methods are its parts.

    Parameters
    ----------
    model : nn.Module
        ``forward(**batch)`` returns an object with ``loss`` and ``parts``.
    train, validation : StepBatches
    run_dir : path
        Receives ``checkpoints/`` and, while training is under way, ``state/resume.safetensors``.
    fingerprint : str
        Identifies settings and code; a resume state with another fingerprint is ignored.
    """

    def __init__(
        self,
        model: nn.Module,
        train: StepBatches,
        validation: StepBatches,
        settings: TrainingSettings,
        run_dir: str | Path,
        *,
        seed: int,
        fingerprint: str,
        accelerator: Accelerator,
    ):
        self.settings, self.seed, self.fingerprint, self.accelerator = settings, seed, fingerprint, accelerator
        self.train, self.validation = train, validation
        self.run_dir = Path(run_dir)
        self.model = accelerator.prepare(model)
        self.max_steps = settings.max_epochs * train.steps_per_epoch
        self.optimizers, self.schedulers = {}, {}
        for name, parameters in parameter_groups(accelerator.unwrap_model(self.model)).items():
            optimizer = torch.optim.AdamW(
                parameters,
                lr=getattr(settings, f"learning_rate_{name}"),
                betas=(settings.adam_beta1, settings.adam_beta2),
                eps=settings.adam_epsilon,
                weight_decay=settings.weight_decay,
            )
            scheduler = getattr(settings, f"scheduler_{name}")
            warmup = min(getattr(settings, f"warmup_steps_{name}"), self.max_steps)
            self.optimizers[name] = accelerator.prepare(optimizer)
            self.schedulers[name] = get_scheduler(scheduler, optimizer, warmup, self.max_steps)
        self.stopping = EarlyStopping(
            settings.early_stopping_patience,
            settings.early_stopping_min_improvement,
            settings.early_stopping_warmup_epochs,
        )
        self.checkpoints = CheckpointStore(run_dir, settings.keep_checkpoints)
        self.history = History()
        self.step = 0
        self.best = float("inf")

    # ------------------------------------------------------------------------------------------- whole run

    def run(self) -> tuple[CheckpointStore, History]:
        """Train to the end (or resume and train to the end)."""
        if not self._restore():
            self._finish_epoch(0)
        steps_per_epoch, settings = self.train.steps_per_epoch, self.settings
        remaining = range(self.step, 0 if self.stopping.stop else self.max_steps)
        loader = DataLoader(
            self.train,
            batch_size=None,
            sampler=remaining,
            num_workers=settings.workers,
            pin_memory=self.accelerator.device.type == "cuda",
        )
        means = MeanOf()
        for batch in progress(loader, total=len(remaining), description="training steps"):
            means.add(self._optimise(batch))
            self.step += 1
            epoch, rest = divmod(self.step, steps_per_epoch)
            if rest == 0 and (epoch % settings.validation_epochs == 0 or epoch == settings.max_epochs):
                self.history.add(self.step, epoch, "train", means.take())
                self._finish_epoch(epoch)
                if self.stopping.stop:
                    break
        return self.checkpoints, self.history

    def _optimise(self, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """One optimiser step; returns the parts of the loss."""
        torch.manual_seed(1_000_003 * self.seed + self.step)  # what sampling layers draw depends on the step alone
        self.model.train()
        output = self.model(**move(batch, self.accelerator.device))
        if not torch.isfinite(output.loss):
            names = [self.train.data.utterance_ids[i] for i in self.train.utterances(self.step)]
            kept = [item.folder for item in self.checkpoints.saved]
            raise TrainingError(
                f"loss is {output.loss.item()} at step {self.step} on utterances {names}; parts: "
                f"{ {name: float(value) for name, value in output.parts.items()} }. Checkpoints kept in "
                f"{self.run_dir / 'checkpoints'}: {kept}. Lower the learning rate or inspect these utterances."
            )
        self.accelerator.backward(output.loss)
        self.accelerator.clip_grad_norm_(self.model.parameters(), self.settings.clip_norm)
        rates = {}
        for name, optimizer in self.optimizers.items():
            rates[f"{name.upper()}/learning_rate"] = torch.tensor(optimizer.param_groups[0]["lr"])
            optimizer.step()
            optimizer.zero_grad()
            self.schedulers[name].step()
        return {"all/total": output.loss, **output.parts, **rates}

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Mean losses over all validation utterances, all their frames, in evaluation mode."""
        self.model.eval()
        means, size = MeanOf(), self.validation.batch_size
        indices = range(len(self.validation.data))
        for start in range(0, len(indices), size):
            chosen = indices[start : start + size]
            batch = move(self.validation.make(self.validation.data, chosen), self.accelerator.device)
            output = self.model(**batch)
            means.add({"all/total": output.loss, **output.parts}, weight=len(chosen))
        return means.take()

    def _finish_epoch(self, epoch: int) -> None:
        """Validate, checkpoint and save the resume state after ``epoch`` (0: before training)."""
        values = self.validate()
        loss = values["all/total"]
        self.history.add(self.step, epoch, "validation", values)
        names = []
        if epoch == 0:
            names.append("init")
        else:
            self.stopping.update(epoch, loss)
        if loss < self.best:
            self.best = loss
            names.append("best")
        if self.stopping.stop or epoch == self.settings.max_epochs:
            names.append("last")
        if self.accelerator.is_main_process:
            periodic = epoch % self.settings.checkpoint_epochs == 0
            if names or periodic:
                model = self.accelerator.unwrap_model(self.model)
                self.checkpoints.save(model, epoch, self.step, loss, names, periodic)
            self._save_state()

    # ---------------------------------------------------------------------------------------------- resuming

    @property
    def _state_path(self) -> Path:
        return self.run_dir / "state" / "resume.safetensors"

    def _save_state(self) -> None:
        """Write everything needed to go on from here into one file: tensors, and the rest as JSON metadata."""
        model = self.accelerator.unwrap_model(self.model)
        tensors = {f"model/{name}": value.contiguous() for name, value in model.state_dict().items()}
        for name, optimizer in self.optimizers.items():
            for index, entry in optimizer.state_dict()["state"].items():
                tensors.update({f"optimizer/{name}/{index}/{key}": value for key, value in entry.items()})
        rest = {
            "fingerprint": self.fingerprint,
            "step": self.step,
            "best": self.best,
            "schedulers": {name: scheduler.state_dict() for name, scheduler in self.schedulers.items()},
            "stopping": {"best": self.stopping.best, "failures": self.stopping.failures},
            "checkpoints": self.checkpoints.state(),
            "history": self.history.rows,
        }
        with atomic_path(self._state_path) as partial:
            save_file(tensors, partial, metadata={"rest": json.dumps(rest)})

    def _restore(self) -> bool:
        """Load the resume state if there is one of the same fingerprint."""
        if not self._state_path.is_file():
            return False
        with safe_open(self._state_path, framework="pt") as file:
            rest: dict[str, Any] = json.loads(file.metadata()["rest"])
            if rest["fingerprint"] != self.fingerprint:
                return False
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
        model = self.accelerator.unwrap_model(self.model)
        model.load_state_dict({n.removeprefix("model/"): t for n, t in tensors.items() if n.startswith("model/")})
        for name, optimizer in self.optimizers.items():
            state = optimizer.state_dict()
            for key, tensor in tensors.items():
                if key.startswith(f"optimizer/{name}/"):
                    index, entry = key.split("/")[2:]
                    state["state"].setdefault(int(index), {})[entry] = tensor
            optimizer.load_state_dict(state)
            self.schedulers[name].load_state_dict(rest["schedulers"][name])
            for group, rate in zip(optimizer.param_groups, self.schedulers[name].get_last_lr(), strict=True):
                group["lr"] = rate
        self.step, self.best = rest["step"], rest["best"]
        self.stopping.best, self.stopping.failures = rest["stopping"]["best"], rest["stopping"]["failures"]
        self.checkpoints.restore(rest["checkpoints"])
        self.history.rows = [tuple(row) for row in rest["history"]]
        return True
