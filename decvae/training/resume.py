"""The state that training resumes from: one file of tensors, with all that is no tensor as JSON in its metadata."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from decvae.artifacts import atomic_path

_TENSOR, _PAIRS = "tensor", "pairs"


def write_state(path: Path, state: dict[str, Any]) -> None:
    """Write nested dicts, lists and tuples of tensors and plain values, in the place of an older state."""
    tensors: dict[str, torch.Tensor] = {}
    content = _packed(state, tensors)
    with atomic_path(path) as partial:
        save_file(tensors, partial, metadata={"content": json.dumps(content)})


def read_state(path: Path) -> dict[str, Any]:
    """The state given to :func:`write_state`, its tensors on the CPU and its tuples lists, but for keys."""
    with safe_open(path, framework="pt") as file:
        state: dict[str, Any] = _unpacked(json.loads(file.metadata()["content"]), file)
        return state


def _packed(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    """JSON of a value: tensors by their names in the file, dicts as pairs, since not all of their keys are strings."""
    if isinstance(value, torch.Tensor):
        name = str(len(tensors))
        tensors[name] = value.detach().contiguous()
        return {_TENSOR: name}
    if isinstance(value, dict):
        return {_PAIRS: [[key, _packed(own, tensors)] for key, own in value.items()]}
    if isinstance(value, list | tuple):
        return [_packed(own, tensors) for own in value]
    return value


def _unpacked(value: Any, file: Any) -> Any:
    if isinstance(value, list):
        return [_unpacked(own, file) for own in value]
    if not isinstance(value, dict):
        return value
    if _TENSOR in value:
        return file.get_tensor(value[_TENSOR])
    return {_key(key): _unpacked(own, file) for key, own in value[_PAIRS]}


def _key(value: Any) -> Any:
    """Keys that were tuples are lists in JSON."""
    return tuple(map(_key, value)) if isinstance(value, list) else value
