"""The state that training resumes from: one file of tensors, with all that is no tensor as JSON in its metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from decvae.artifacts import atomic_path

Tensors = dict[str, torch.Tensor]


def write_state(path: Path, groups: Mapping[str, Tensors], rest: dict[str, Any]) -> None:
    """Write tensors, by group and name, and ``rest``, which JSON can hold, in the place of an older state."""
    tensors = {f"{group}/{name}": value for group, own in groups.items() for name, value in own.items()}
    with atomic_path(path) as partial:
        save_file(tensors, partial, metadata={"rest": json.dumps(rest)})


def read_state(path: Path) -> tuple[dict[str, Tensors], dict[str, Any]] | None:
    """Groups of tensors and the rest, as given to :func:`write_state`; None if there is no state."""
    if not path.is_file():
        return None
    groups: dict[str, Tensors] = {}
    with safe_open(path, framework="pt") as file:
        for name in file.keys():  # noqa: SIM118 (not a dict)
            group, _, own = name.partition("/")
            groups.setdefault(group, {})[own] = file.get_tensor(name)
        return groups, json.loads(file.metadata()["rest"])


def optimizer_tensors(optimizers: Mapping[str, torch.optim.Optimizer]) -> Tensors:
    """What optimisers remember of every parameter, as ``branch/parameter/entry``."""
    return {
        f"{branch}/{index}/{entry}": value
        for branch, optimizer in optimizers.items()
        for index, entries in optimizer.state_dict()["state"].items()
        for entry, value in entries.items()
    }


def learning_rates(optimizers: Mapping[str, torch.optim.Optimizer]) -> dict[str, list[float]]:
    """Learning rates of every optimiser."""
    return {branch: [group["lr"] for group in optimizer.param_groups] for branch, optimizer in optimizers.items()}


def restore_optimizer(optimizer: torch.optim.Optimizer, branch: str, tensors: Tensors, rates: list[float]) -> None:
    """Give the optimiser of ``branch`` what :func:`optimizer_tensors` and :func:`learning_rates` found."""
    state = optimizer.state_dict()
    for key, tensor in tensors.items():
        owner, index, entry = key.split("/")
        if owner == branch:
            state["state"].setdefault(int(index), {})[entry] = tensor
    optimizer.load_state_dict(state)
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        group["lr"] = rate
