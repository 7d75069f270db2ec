"""When training ends before its last epoch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class EarlyStopping:
    """Stop after ``patience`` validations in a row without a relative improvement of ``min_improvement``.

    The best value is tracked from the first validation; failures are counted only after ``warmup_epochs``. From a
    ``best`` of minus infinity on, nothing counts as an improvement.
    """

    patience: int
    min_improvement: float
    warmup_epochs: int
    best: float | None = None
    failures: int = 0

    @property
    def stop(self) -> bool:
        """Training should stop now."""
        return self.patience > 0 and self.failures >= self.patience

    def update(self, epoch: int, loss: float) -> None:
        """Take in the validation loss after ``epoch``."""
        improved = self.best is None or (self.best - loss) > self.min_improvement * abs(self.best)
        if improved:
            self.best, self.failures = loss, 0
        elif epoch >= self.warmup_epochs:
            self.failures += 1
