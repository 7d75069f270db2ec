"""Keys of nested settings, given whole: ``branch_z.beta`` is the key ``beta`` of the section ``branch_z``.

Nothing is changed in place: results share what they do not change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Settings = dict[str, Any]


def merge(base: Settings, override: Settings) -> Settings:
    """``base`` with the values of ``override``; sections are merged, lists and values replaced."""
    both = {key for key in base.keys() & override.keys() if isinstance(base[key], dict)}
    sections = {key: merge(base[key], override[key]) for key in both if isinstance(override[key], dict)}
    return {**base, **override, **sections}


def without(settings: Settings, *keys: str) -> Settings:
    """Settings without some of their keys, whether they have them or not.

    >>> without({"seed": 0, "branch_z": {"beta": 0.1, "frames": 8}}, "seed", "branch_z.beta", "loss.units")
    {'branch_z': {'frames': 8}}
    """
    found = {key: value for key, value in settings.items() if key not in keys}
    for section, _, key in (name.partition(".") for name in keys):
        if key and section in found:
            found[section] = without(found[section], key)
    return found


def chosen(settings: Settings, keys: Sequence[str]) -> Settings:
    """Some keys of settings, given whole.

    >>> chosen({"seed": 0, "branch_z": {"beta": 0.1, "frames": 8}}, ["branch_z.frames"])
    {'branch_z': {'frames': 8}}
    """
    found: Settings = {}
    for key in keys:
        section, _, last = key.rpartition(".")
        target, source = (found.setdefault(section, {}), settings[section]) if section else (found, settings)
        target[last] = source[last]
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
