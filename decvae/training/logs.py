"""Where training is logged besides its history: TensorBoard event files and, only if asked, Weights & Biases."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

from accelerate import Accelerator
from accelerate.tracking import TensorBoardTracker, WandBTracker

from decvae.settings.execution import LoggingSettings


def start_logs(
    accelerator: Accelerator, settings: LoggingSettings, run_dir: Path, step: int, record: dict[str, Any]
) -> None:
    """Make ``accelerator.log`` write where ``settings`` say; ``accelerator.end_training`` closes it.

    Parameters
    ----------
    step : int
        Optimiser steps already done: 0 begins the event files anew, others replace what was logged after that step.
    record : dict
        Settings of the run, for the overview of Weights & Biases.

    Raises
    ------
    ImportError
        If Weights & Biases is asked for and not installed.
    """
    trackers = []
    if settings.tensorboard:
        if step == 0 and accelerator.is_main_process:
            shutil.rmtree(run_dir / "tensorboard", ignore_errors=True)
        trackers.append(TensorBoardTracker("tensorboard", run_dir, purge_step=step + 1))
    if settings.wandb != "no":
        if importlib.util.find_spec("wandb") is None:
            raise ImportError(
                f"logging.wandb is {settings.wandb!r}, but wandb is not installed. Install it "
                "(pip install 'decvae[wandb]'), or set logging.wandb to \"no\"."
            )
        options = {"mode": settings.wandb, "dir": run_dir, "name": run_dir.name, "config": record}
        trackers.append(WandBTracker(settings.wandb_project, **options))
    accelerator.log_with = trackers
    accelerator.init_trackers(settings.wandb_project)
