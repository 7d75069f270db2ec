"""One training loop for DecVAE and the autoencoders, on accelerate: seeded, resumable, one file per checkpoint."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate.utils import gather_object
from torch.utils.data import DataLoader
from transformers import PreTrainedModel

from decvae.artifacts import progress
from decvae.features.batches import Batch, StepBatches, move
from decvae.features.store import FeatureFile
from decvae.models.checkpoints import CheckpointStore
from decvae.settings.branches import BranchSettings, branches_of
from decvae.settings.execution import LoggingSettings
from decvae.settings.training import TrainingSettings
from decvae.training.history import History, MeanOf
from decvae.training.logs import start_logs
from decvae.training.optimisation import (
    METRIC_SCHEDULERS,
    make_accelerator,
    make_optimizer,
    make_scheduler,
    parameter_groups,
)
from decvae.training.resume import read_state, write_state
from decvae.training.stopping import EarlyStopping


class TrainingError(RuntimeError):
    """Training cannot go on; the message says at which step, on which utterances, and what is kept."""


def _due(count: int, every: int) -> bool:
    return every > 0 and count % every == 0


class Trainer:
    """Trains one model; :meth:`run` does everything, the other methods are its parts.

    Parameters
    ----------
    model : PreTrainedModel
        ``forward(**batch)`` returns an object with ``loss`` and ``parts``.
    train, validation : FeatureFile
    make : callable
        Makes batches of them, see :class:`decvae.features.batches.StepBatches`.
    run : dict
        Resolved settings of the run: ``training``, ``seed``, and ``branch_z`` and ``branch_s`` for learning rate and
        schedule of each branch; an autoencoder has those of Z.
    run_dir : path
        Receives ``checkpoints/`` and, while training is under way, ``state/resume.safetensors``.
    fingerprint : str
        Identifies settings and code; a resume state with another fingerprint is ignored.
    logging : LoggingSettings, optional
        Where to log besides the history; by default nowhere.
    best_loss : float, optional
        Of :class:`decvae.training.stopping.EarlyStopping` at the start.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        train: FeatureFile,
        validation: FeatureFile,
        make: Callable[..., Batch],
        run: dict[str, Any],
        run_dir: str | Path,
        *,
        device: str,
        fingerprint: str,
        logging: LoggingSettings | None = None,
        best_loss: float | None = None,
    ) -> None:
        self.settings = settings = TrainingSettings(**run["training"])
        self.run_settings, self.seed, self.fingerprint, self.logging = run, run["seed"], fingerprint, logging
        self.accelerator = accelerator = make_accelerator(settings, device)
        shares = {"rank": accelerator.process_index, "world": accelerator.num_processes}
        shared = {"make": make, "batch_size": settings.batch_size, "seed": self.seed}
        self.train = StepBatches(train, **shared, **shares, accumulation=settings.accumulation)
        self.validation = StepBatches(validation, **shared)
        self.run_dir = Path(run_dir)
        self.state_path = self.run_dir / "state" / "resume.safetensors"
        if settings.gradient_checkpointing:
            model.activation_checkpointing_enable({"use_reentrant": False})
        if settings.compile:
            model.compile()
        self.model = accelerator.prepare(model)
        self.bare_model = accelerator.unwrap_model(self.model)
        self.max_steps = settings.max_epochs * self.train.steps_per_epoch
        branches: dict[str, BranchSettings] = dict(zip("zs", branches_of(run), strict=True))
        self.optimizers, self.schedulers = {}, {}
        for branch, parameters in parameter_groups(self.bare_model).items():
            optimizer = make_optimizer(parameters, settings, branches[branch])
            self.optimizers[branch] = accelerator.prepare(optimizer)
            self.schedulers[branch] = make_scheduler(optimizer, branches[branch], self.max_steps)
        self.by_metric = [name for name in self.schedulers if branches[name].scheduler in METRIC_SCHEDULERS]
        self.stopping = EarlyStopping(
            settings.early_stopping_patience,
            settings.early_stopping_min_improvement,
            settings.early_stopping_warmup_epochs,
            best_loss,
        )
        self.checkpoints = CheckpointStore(run_dir, settings.keep_checkpoints)
        self.history = History()
        self.recent, self.since_validation = MeanOf(), MeanOf()
        self.step = 0
        self.best = float("inf")

    # ------------------------------------------------------------------------------------------- whole run

    def run(self) -> tuple[CheckpointStore, History]:
        """Train to the end (or resume and train to the end)."""
        resumed = self._restore()
        if self.logging is not None:
            start_logs(self.accelerator, self.logging, self.run_dir, self.step, self.run_settings)
        if not resumed:
            self._finish_epoch(0)
        settings, steps_per_epoch = self.settings, self.train.steps_per_epoch
        remaining = range(self.step, 0 if self.stopping.stop else self.max_steps)
        batches = self._load(remaining)
        for _ in progress(remaining, description="training steps"):
            started = time.perf_counter()
            parts = self._optimise([next(batches) for _ in range(settings.accumulation)])
            self._log_step(parts, time.perf_counter() - started)
            epoch, rest = divmod(self.step, steps_per_epoch)
            if saved := _due(self.step, settings.checkpoint_steps):
                self._save_checkpoint(epoch, None, by_step=True)
            if rest == 0 and (_due(epoch, settings.validation_epochs) or epoch == settings.max_epochs):
                self._finish_epoch(epoch)
                if self.stopping.stop:
                    break
            elif saved or _due(self.step, settings.state_steps):
                self._save_state()
        self.accelerator.end_training()
        return self.checkpoints, self.history

    def _load(self, steps: range) -> Iterator[Batch]:
        """The batches of some steps, one for each accumulated part."""
        parts = self.settings.accumulation
        return iter(
            DataLoader(
                self.train,
                batch_size=None,
                sampler=range(steps.start * parts, steps.stop * parts),
                num_workers=self.settings.workers,
                pin_memory=self.accelerator.device.type == "cuda",
            )
        )

    def _optimise(self, batches: list[Batch]) -> dict[str, torch.Tensor]:
        """One optimiser step on its batches; returns the parts of the loss, and what describes the step."""
        # What sampling layers draw depends on the step and the process alone.
        seed = np.random.SeedSequence([self.seed, self.step, self.accelerator.process_index]).generate_state(1)
        torch.manual_seed(int(seed[0]))
        self.model.train()
        means = MeanOf()
        for part, batch in enumerate(batches, start=1):
            # Processes exchange gradients once, with the last part.
            with nullcontext() if part == len(batches) else self.accelerator.no_sync(self.model):
                output = self.model(**move(batch, self.accelerator.device))
                self.accelerator.backward(self._scaled_loss(output) / len(batches))
            means.add({"all/total": output.loss, **output.parts})
        norm = self.accelerator.clip_grad_norm_(self.model.parameters(), self.settings.clip_norm)
        values = {**means.means(), "all/gradient_norm": norm}
        self._require_finite(values, batches)
        for branch, optimizer in self.optimizers.items():
            values[f"{branch.upper()}/learning_rate"] = torch.tensor(optimizer.param_groups[0]["lr"])
            optimizer.step()
            optimizer.zero_grad()
            if branch not in self.by_metric and not optimizer.step_was_skipped:
                self.schedulers[branch].step()
        self.step += 1
        return values

    @staticmethod
    def _scaled_loss(output: Any) -> torch.Tensor:
        """The loss whose gradient is used: divided by what the model says, if anything (``loss.gradient_scale``)."""
        divisor = getattr(output, "gradient_divisor", None)
        return output.loss if divisor is None else output.loss / divisor

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        """Mean losses over all validation utterances, all their frames, in evaluation mode.

        Processes share the batches. A batch is as large as one accumulated part of a training step, of all processes.
        """
        self.bare_model.eval()
        size = max(1, self.validation.batch_size // self.settings.accumulation)
        starts = range(0, len(self.validation.data), size)
        found = []
        for start in starts[self.accelerator.process_index :: self.accelerator.num_processes]:
            chosen = range(len(self.validation.data))[start : start + size]
            batch = move(self.validation.make(self.validation.data, chosen), self.accelerator.device)
            output = self.bare_model(**batch)
            values = {"all/total": output.loss, **output.parts}
            numbers = {name: value.double().cpu() for name, value in values.items()}
            found.append((start, len(chosen), numbers, self.tally(output)))
        found = sorted(gather_object(found), key=lambda item: item[0])
        means = MeanOf()
        for _, weight, numbers, _ in found:
            means.add(numbers, weight)
        return {**means.take(), **self.scores([tally for *_, tally in found])}

    def tally(self, output: Any) -> np.ndarray | None:
        """What :meth:`scores` needs of the model's output for one validation batch; here nothing."""
        return None

    def scores(self, tallies: list[Any]) -> dict[str, float]:
        """What a validation gives beside the mean losses, from the tallies of all batches; here nothing."""
        return {}

    def _finish_epoch(self, epoch: int) -> None:
        """Validate, checkpoint and save the resume state after ``epoch`` (0: before training)."""
        if epoch > 0:
            self._log(epoch, "train", "epoch", self._over_processes(self.since_validation))
        values = self.validate()
        loss = values["all/total"]
        self._log(epoch, "validation", "epoch", values)
        for branch, scheduler in self.schedulers.items():
            if epoch > 0 and branch in self.by_metric:
                scheduler.step(loss)
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
        periodic = _due(epoch, self.settings.checkpoint_epochs)
        if names or periodic:
            self._save_checkpoint(epoch, loss, names=names, periodic=periodic)
        self._save_state()

    # ----------------------------------------------------------------------------------------------- logging

    def _log_step(self, values: dict[str, torch.Tensor], seconds: float) -> None:
        self.since_validation.add(values)
        self.recent.add({**values, "all/seconds": torch.tensor(seconds)})
        if _due(self.step, self.settings.log_steps):
            means = self._over_processes(self.recent)
            means["all/samples_per_second"] = self.train.batch_size / means.pop("all/seconds")
            self._log(-(-self.step // self.train.steps_per_epoch), "train", "step", means)

    def _log(self, epoch: int, split: str, interval: str, values: dict[str, float]) -> None:
        self.history.add(self.step, epoch, split, interval, values)
        prefix = "train_epoch" if (split, interval) == ("train", "epoch") else split
        self.accelerator.log({f"{prefix}/{name}": value for name, value in values.items()}, step=self.step)

    def _over_processes(self, means: MeanOf) -> dict[str, float]:
        """The means since the last call, over all processes."""
        values = means.take()
        if self.accelerator.num_processes == 1:
            return values
        numbers = torch.tensor(list(values.values()), dtype=torch.float64, device=self.accelerator.device)
        return dict(zip(values, self.accelerator.reduce(numbers, "mean").tolist(), strict=True))

    def _require_finite(self, values: dict[str, torch.Tensor], batches: list[Batch]) -> None:
        """Raise TrainingError if the loss or its gradient is not finite (in fp16 the scaler handles the gradient)."""
        loss, norm = values["all/total"], values["all/gradient_norm"]
        scaled = getattr(self.accelerator, "scaler", None) is not None
        if torch.isfinite(loss) and (scaled or torch.isfinite(norm)):
            return
        parts = {name: float(value) for name, value in values.items()}
        kept = [item.folder for item in self.checkpoints.saved]
        raise TrainingError(
            f"loss is {float(loss)}, gradient norm {float(norm)} at step {self.step}; {self._suspects(batches)}. "
            f"Parts: {parts}. Checkpoints kept in {self.checkpoints.folder}: {kept}."
        )

    @torch.no_grad()
    def _suspects(self, batches: list[Batch]) -> str:
        """What to look at after a loss that is not finite: weights, or utterances that have one on their own."""
        broken = [name for name, value in self.bare_model.named_parameters() if not torch.isfinite(value).all()]
        if broken:
            return f"weights are not finite ({', '.join(broken[:3])}, {len(broken)} in all): lower the learning rate"
        self.bare_model.eval()
        ids, found = self.train.data.utterance_ids, []
        for part, batch in enumerate(batches):
            utterances, _ = self.train.share(self.step * len(batches) + part)
            for row, utterance in enumerate(utterances):
                alone = move({name: value[row : row + 1] for name, value in batch.items()}, self.accelerator.device)
                if not torch.isfinite(self.bare_model(**alone).loss):
                    found.append(ids[utterance])
        if found:
            return f"on their own, utterances {found} of this batch have a loss that is not finite: inspect them"
        everyone = [ids[utterance] for utterance in self.train.utterances(self.step)]
        return f"on its own, each utterance of the batch {everyone} has a finite loss: lower the learning rate"

    # ------------------------------------------------------------------------------- checkpoints and resuming

    def _save_checkpoint(self, epoch: int, loss: float | None, **options: Any) -> None:
        if self.accelerator.is_main_process:
            self.checkpoints.save(self.bare_model, epoch, self.step, loss, **options)

    def _save_state(self) -> None:
        """Write everything needed to go on from here."""
        if not self.accelerator.is_main_process:
            return
        scaler = getattr(self.accelerator, "scaler", None)
        state = {
            "fingerprint": self.fingerprint,
            "step": self.step,
            "best": self.best,
            "model": self.bare_model.state_dict(),
            "optimizers": {branch: optimizer.state_dict() for branch, optimizer in self.optimizers.items()},
            "schedulers": {branch: scheduler.state_dict() for branch, scheduler in self.schedulers.items()},
            "scaler": scaler.state_dict() if scaler is not None else None,
            "checkpoints": self.checkpoints.state(),
            "stopping": asdict(self.stopping),
            "history": self.history.rows,
            "recent": asdict(self.recent),
            "since_validation": asdict(self.since_validation),
        }
        write_state(self.state_path, state)
        self.checkpoints.prune()

    def _restore(self) -> bool:
        """Load the resume state if there is one of the same fingerprint whose checkpoints are still there."""
        if not self.state_path.is_file():
            return False
        state = read_state(self.state_path)
        if state["fingerprint"] != self.fingerprint or not self.checkpoints.restore(state["checkpoints"]):
            return False
        self.step, self.best = state["step"], state["best"]
        self.bare_model.load_state_dict(state["model"])
        for branch, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][branch])
            self.schedulers[branch].load_state_dict(state["schedulers"][branch])
        if state["scaler"] is not None:
            self.accelerator.scaler.load_state_dict(state["scaler"])
        self.stopping, self.history = EarlyStopping(**state["stopping"]), History(state["history"])
        self.recent, self.since_validation = MeanOf(**state["recent"]), MeanOf(**state["since_validation"])
        return True
