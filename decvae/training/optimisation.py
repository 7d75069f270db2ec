"""What training is built from: the accelerator, one AdamW and one learning rate schedule per branch."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs
from torch import nn
from transformers import get_scheduler
from transformers.optimization import TYPE_TO_SCHEDULER_FUNCTION, SchedulerType

if TYPE_CHECKING:
    from decvae.settings.branches import BranchSettings
    from decvae.settings.training import TrainingSettings

METRIC_SCHEDULERS = ("reduce_lr_on_plateau", "greedy")  # these follow the validation loss, not the step


def make_accelerator(settings: TrainingSettings, device: str) -> Accelerator:
    """The accelerator of a training on ``device`` ("cpu", "cuda"), of one process or, by ``accelerate launch``, more.

    Raises
    ------
    ValueError
        For fp16 on a CPU.
    """
    if settings.precision == "fp16" and device == "cpu":
        raise ValueError('training.precision fp16 needs a GPU; on a CPU use bf16 or "no"')
    # An objective may leave parameters out (heads without a prior, for instance).
    unused = DistributedDataParallelKwargs(find_unused_parameters=True)
    return Accelerator(cpu=device == "cpu", mixed_precision=settings.precision, kwargs_handlers=[unused])


def parameter_groups(model: nn.Module) -> dict[str, list[nn.Parameter]]:
    """Trainable parameters by branch: those of branch S, and all others as Z; empty groups are left out."""
    groups: dict[str, list[nn.Parameter]] = {"z": [], "s": []}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            groups["s" if "branch_s" in name.split(".") else "z"].append(parameter)
    return {name: parameters for name, parameters in groups.items() if parameters}


def make_optimizer(
    parameters: list[nn.Parameter], settings: TrainingSettings, branch: BranchSettings
) -> torch.optim.AdamW:
    """AdamW with the learning rate of a branch."""
    return torch.optim.AdamW(
        parameters,
        lr=branch.learning_rate,
        betas=(settings.adam_beta1, settings.adam_beta2),
        eps=settings.adam_epsilon,
        weight_decay=settings.weight_decay,
        fused=True,  # one pass over the weights
    )


def make_scheduler(optimizer: torch.optim.Optimizer, branch: BranchSettings, max_steps: int) -> Any:
    """The learning rate schedule of a branch over ``max_steps``.

    Raises
    ------
    ValueError
        If its ``scheduler_kwargs`` do not fit the schedule; the message lists what it takes.
    """
    name, options = branch.scheduler, branch.scheduler_kwargs
    taken = inspect.signature(cast(Callable[..., Any], TYPE_TO_SCHEDULER_FUNCTION[SchedulerType(name)])).parameters
    own = sorted(set(taken) - {"optimizer", "num_warmup_steps", "num_training_steps", "last_epoch"})
    try:
        if own != ["kwargs"] and (foreign := sorted(set(options) - set(own))):
            raise TypeError(f"unknown {foreign}")
        return get_scheduler(name, optimizer, min(branch.warmup_steps, max_steps), max_steps, options)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{branch.name}.scheduler_kwargs {options} does not fit {branch.name}.scheduler {name!r} ({error}); "
            f"it takes {own}"
        ) from error
