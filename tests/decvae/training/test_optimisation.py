"""Schedules, optimisers and what the machine must have."""

import math
from typing import get_args

import pytest
import torch
from transformers import SchedulerType

from decvae.settings.branches import FrameBranchSettings, Scheduler
from decvae.settings.training import TrainingSettings
from decvae.training.optimisation import METRIC_SCHEDULERS, make_accelerator, make_optimizer, make_scheduler

NEEDED = {
    "cosine_with_min_lr": {"min_lr_rate": 0.1},
    "cosine_warmup_with_min_lr": {"min_lr_rate": 0.1},
    "warmup_stable_decay": {"num_decay_steps": 10},
}


def _rates(name, steps=40, **options):
    branch = FrameBranchSettings(scheduler=name, learning_rate=1.0, warmup_steps=4, scheduler_kwargs=options)
    optimizer = make_optimizer([torch.nn.Parameter(torch.zeros(2))], TrainingSettings(), branch)
    scheduler = make_scheduler(optimizer, branch, steps)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step(*([1.0] if name in METRIC_SCHEDULERS else []))
    return rates


@pytest.mark.parametrize("name", [kind.value for kind in SchedulerType])
def test_every_schedule_of_transformers_runs(name):
    rates = _rates(name, **NEEDED.get(name, {}))
    assert all(rate >= 0 for rate in rates)
    if name in NEEDED:
        with pytest.raises(
            ValueError, match=rf"does not fit branch_z\.scheduler '{name}'.*it takes .*{min(NEEDED[name])}"
        ):
            _rates(name)


def test_schedules_follow_their_formulas():
    assert _rates("constant_with_warmup")[:6] == [0.0, 0.25, 0.5, 0.75, 1.0, 1.0]
    assert _rates("cosine")[22] == pytest.approx(0.5 * (1 + math.cos(math.pi * 18 / 36)))
    assert _rates("polynomial", lr_end=0.1, power=2.0)[22] == pytest.approx(0.1 + 0.9 * 0.5**2)
    assert _rates("reduce_lr_on_plateau", patience=1, factor=0.5)[:6] == [1, 1, 1, 0.5, 0.5, 0.25]
    assert _rates("cosine_with_restarts", num_cycles=2)[22] == pytest.approx(1.0)


def test_foreign_arguments_of_a_schedule_are_named():
    with pytest.raises(ValueError, match=r"unknown \['cycles'\]\); it takes \['num_cycles'\]"):
        _rates("cosine", cycles=2)
    with pytest.raises(ValueError, match=r"it takes \[\]"):
        _rates("constant", power=2)


def test_the_settings_know_every_schedule():
    assert set(get_args(Scheduler)) == {kind.value for kind in SchedulerType}


def test_fp16_needs_a_gpu():
    with pytest.raises(ValueError, match="fp16 needs a GPU"):
        make_accelerator(TrainingSettings(precision="fp16"), "cpu")
