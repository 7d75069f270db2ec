"""What the metrics of this folder say of themselves, and those of a protocol.

A new metric is a file beside this one that defines a :class:`Metric`; what tables and figures call it, if they are to
show it, is a row of :data:`decvae.names.scores.SCORES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, is_dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Literal

import numpy as np

from decvae.settings.evaluation import EvaluationSettings, Protocol

FOLDER = Path(__file__).parent
Arguments = Callable[[EvaluationSettings, int], Mapping[str, object]]  # of the settings and the seed


@dataclass(frozen=True)
class Metric:
    """A metric and the scores that it gives.

    Attributes
    ----------
    scores : tuple of str
        Rows of the table of scores.
    needs : {"codes", "factors", "split", "splits"}
        What ``compute`` takes: ``(z)``; ``(z, y)``; one :class:`~decvae.evaluation.metrics.checks.TrainTest` of all
        factors; or any number of them, so that each factor can be split by its own groups.
    compute : function
        Returns the value of a single score, or a dataclass with each score by its name (None: undefined, no row).
    sound, published : function, optional
        Further arguments of ``compute`` under either protocol; the published one lacks a metric without them.
    jackknifed : frozenset of str
        Scores of the training part, so that folds are a jackknife; else folds are disjoint test parts.
    """

    scores: tuple[str, ...]
    needs: Literal["codes", "factors", "split", "splits"]
    compute: Callable[..., Any]
    sound: Arguments = lambda settings, seed: {}
    published: Arguments | None = None
    jackknifed: frozenset[str] = frozenset()

    def values(self, result: Any) -> dict[str, float | None]:
        """The named scores of a result of ``compute``."""
        return {name: getattr(result, name) if is_dataclass(result) else result for name in self.scores}


def metrics_of(protocol: Protocol, settings: EvaluationSettings, seed: int) -> list[Metric]:
    """The metrics of a protocol, file by file; their ``compute`` has its further arguments."""
    found = []
    for file in iter_modules([str(FOLDER)]):
        for metric in vars(import_module(f"{__package__}.{file.name}")).values():
            arguments = getattr(metric, protocol) if isinstance(metric, Metric) else None
            if arguments is not None:
                found.append(replace(metric, compute=partial(metric.compute, **arguments(settings, seed))))
    return found


def statistics(suite: Sequence[Metric], z: np.ndarray, y: np.ndarray | None) -> dict[str, float | None]:
    """Scores of the metrics without a training part; without factors those that need none."""
    found: dict[str, float | None] = {}
    for metric in suite:
        if metric.needs == "codes":
            found |= metric.values(metric.compute(z))
        elif metric.needs == "factors" and y is not None:
            found |= metric.values(metric.compute(z, y))
    return found
