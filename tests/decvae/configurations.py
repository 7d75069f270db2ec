"""Short ways to configurations and their runs, for tests."""

from pathlib import Path

from decvae.study.configuration import validate_config
from decvae.study.runs import resolve_runs

ROOT = Path(__file__).resolve().parents[2]


def valid(**sections):
    return validate_config(sections)


def runs_of(*entries, **sections):
    return list(resolve_runs(valid(runs=list(entries), **sections)).values())


def only(*entries, **sections):
    (run,) = runs_of(*entries, **sections)
    return run


def nested(key, value):
    for part in reversed(key.split(".")):
        value = {part: value}
    return value
