"""The best code of an inversion: with a rate that is raised where time is short, the last one need not be it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from installation.inversion.engine import Inversion, Progress


@dataclass(frozen=True, slots=True, eq=False)
class Best:
    """code: [styles, w_dim]. before, after: loss of the code that it began with, and of this one; the same where none was better."""

    code: Tensor
    before: float
    after: float
    steps: int

    @property
    def gain(self) -> float:
        """0…1: share of the loss that is gone; 0 where the loss is no number."""
        return 1.0 - self.after / self.before if self.before > 0 else 0.0


def best_code(inversion: Inversion, goes_on: Callable[[Progress], bool] = lambda progress: True) -> Best:
    """Run an inversion without tuning until it is over. goes_on: hears of every step; False ends it with what it has found so far."""
    best = code = inversion.ws
    before, least, steps = 0.0, float("inf"), 0
    for progress in inversion.run():  # its loss and its picture are those of the code before the step
        if progress.step == 1:
            before = progress.loss
        if progress.loss < least:
            best, least = code, progress.loss
        code, steps = inversion.ws, progress.step
        if not goes_on(progress):
            break
    if (last := inversion.loss()) < least:
        best, least = code, last
    return Best(best, before if steps else least, least, steps)
