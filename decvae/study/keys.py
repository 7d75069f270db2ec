"""Keys of nested settings, given whole: ``branch_z.beta`` is the key ``beta`` of the section ``branch_z``."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

Settings = dict[str, Any]


def merge(base: Settings, override: Settings) -> Settings:
    """``base`` with the values of ``override``; sections are merged, lists and values replaced."""
    merged = copy.deepcopy(base)
    for key, value in override.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = copy.deepcopy(value)
    return merged


def without(settings: Settings, *keys: str) -> Settings:
    """A copy of settings without some of their keys, whether they have them or not.

    >>> without({"seed": 0, "branch_z": {"beta": 0.1, "frames": 8}}, "seed", "branch_z.beta", "loss.units")
    {'branch_z': {'frames': 8}}
    """
    found = copy.deepcopy(settings)
    for key in keys:
        section, _, last = key.rpartition(".")
        (found.get(section, {}) if section else found).pop(last, None)
    return found


def chosen(settings: Settings, keys: Sequence[str]) -> Settings:
    """A copy of some keys of settings, given whole.

    >>> chosen({"seed": 0, "branch_z": {"beta": 0.1, "frames": 8}}, ["branch_z.frames"])
    {'branch_z': {'frames': 8}}
    """
    found: Settings = {}
    for key in keys:
        section, _, last = key.rpartition(".")
        target, source = (found.setdefault(section, {}), settings[section]) if section else (found, settings)
        target[last] = copy.deepcopy(source[last])
    return found


def dotted(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Settings by their whole key.

    >>> dotted({"seed": 0, "loss": {"frames": 8}})
    {'seed': 0, 'loss.frames': 8}
    """
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        flat |= dotted(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return flat
