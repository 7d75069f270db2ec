"""Losses over training: running means, and the table that ``history.parquet`` holds."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd
import torch

COLUMNS = ("step", "epoch", "split", "interval", "branch", "quantity", "value")


@dataclass
class MeanOf:
    """Running means of named scalar tensors, without a device synchronisation per step."""

    sums: dict[str, torch.Tensor] = field(default_factory=dict)
    weight: float = 0.0

    def add(self, values: dict[str, torch.Tensor], weight: float = 1.0) -> None:
        """Add one observation of every value."""
        for name, value in values.items():
            self.sums[name] = self.sums.get(name, 0.0) + weight * value.detach().double()
        self.weight += weight

    def means(self) -> dict[str, torch.Tensor]:
        """The means so far."""
        return {name: value / self.weight for name, value in self.sums.items()}

    def take(self) -> dict[str, float]:
        """The means so far, as numbers; starts afresh."""
        means = {name: float(value) for name, value in self.means().items()}
        self.sums, self.weight = {}, 0.0
        return means


@dataclass
class History:
    """What was logged, compactly: for each split, interval and set of names one list of rows of numbers.

    ``interval`` says what a value is the mean of: ``step`` (the last ``log_steps`` optimiser steps) or ``epoch`` (all
    steps since the last validation; of the validation split, all its utterances).
    """

    rows: dict[tuple[str, str, tuple[str, ...]], list[list[float]]] = field(default_factory=dict)

    def add(self, step: int, epoch: int, split: str, interval: str, values: dict[str, float]) -> None:
        """Add one value of each quantity; names are ``BRANCH/quantity``."""
        self.rows.setdefault((split, interval, tuple(values)), []).append([step, epoch, *values.values()])

    def table(self) -> pd.DataFrame:
        """All values in long form, in the order of the steps: the columns of :data:`COLUMNS`."""
        if not self.rows:
            return pd.DataFrame(columns=list(COLUMNS)).astype({"step": int, "epoch": int, "value": float})
        tables = []
        for (split, interval, names), rows in self.rows.items():
            table = pd.DataFrame(rows, columns=["step", "epoch", *names]).melt(["step", "epoch"], var_name="name")
            table[["branch", "quantity"]] = table["name"].str.split("/", expand=True)
            tables.append(table.assign(split=split, interval=interval)[list(COLUMNS)])
        return pd.concat(tables, ignore_index=True).sort_values("step", kind="stable", ignore_index=True)
