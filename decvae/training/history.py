"""Losses over training: running means, and the table that ``history.parquet`` holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch

COLUMNS = ("step", "epoch", "split", "interval", "branch", "quantity", "value")


class MeanOf:
    """Running means of named scalar tensors, without a device synchronisation per step."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.sums: dict[str, torch.Tensor] = {}
        self.weight = 0.0

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
        self.clear()
        return means

    def state(self) -> dict[str, Any]:
        """JSON-able state, to resume from."""
        return {"sums": {name: float(value) for name, value in self.sums.items()}, "weight": self.weight}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from :meth:`state`."""
        self.sums = {name: torch.tensor(value, dtype=torch.float64) for name, value in state["sums"].items()}
        self.weight = state["weight"]


class History:
    """What was logged, compactly: for each split, interval and set of names one list of rows of numbers.

    ``interval`` says what a value is the mean of: ``step`` (the last ``log_steps`` optimiser steps) or ``epoch`` (all
    steps since the last validation; of the validation split, all its utterances).
    """

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str, tuple[str, ...]], list[np.ndarray]] = {}

    def add(self, step: int, epoch: int, split: str, interval: str, values: dict[str, float]) -> None:
        """Add one value of each quantity; names are ``BRANCH/quantity``."""
        self._rows.setdefault((split, interval, tuple(values)), []).append(
            np.array([step, epoch, *values.values()], dtype=np.float64)
        )

    def table(self) -> pd.DataFrame:
        """All values in long form, in the order of the steps: the columns of :data:`COLUMNS`."""
        tables = [pd.DataFrame({name: [] for name in COLUMNS}).astype({"step": int, "epoch": int, "value": float})]
        for (split, interval, names), rows in self._rows.items():
            values = np.stack(rows)
            count = len(names)
            branches, quantities = zip(*(name.split("/") for name in names), strict=True)
            tables.append(
                pd.DataFrame(
                    {
                        "step": np.repeat(values[:, 0].astype(int), count),
                        "epoch": np.repeat(values[:, 1].astype(int), count),
                        "split": split,
                        "interval": interval,
                        "branch": branches * len(values),
                        "quantity": quantities * len(values),
                        "value": values[:, 2:].ravel(),
                    }
                )
            )
        tables = tables[1:] or tables
        return pd.concat(tables, ignore_index=True).sort_values("step", kind="stable", ignore_index=True)

    def state(self) -> tuple[list[list[Any]], dict[str, torch.Tensor]]:
        """Names (JSON-able) and numbers, to resume from."""
        names = [[split, interval, list(found)] for split, interval, found in self._rows]
        return names, {str(place): torch.from_numpy(np.stack(rows)) for place, rows in enumerate(self._rows.values())}

    def restore(self, names: list[list[Any]], numbers: dict[str, torch.Tensor]) -> None:
        """Continue from :meth:`state`."""
        self._rows = {
            (split, interval, tuple(found)): list(numbers[str(place)].numpy())
            for place, (split, interval, found) in enumerate(names)
        }
