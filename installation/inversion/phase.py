"""One of the two phases: a rate that rises where time is short and falls at the end, and whether it still gains."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from installation.inversion.settings import LEAST_GAIN, PATIENCE, RAMP_DOWN

WARM_STEPS = 3  # after which it is known how long a step takes
SMOOTHING = 0.1  # of the loss that is watched


@dataclass
class Phase:
    """steps: at most. seconds: at most, None without end. rate: of Adam; hurry: how many times it may be raised where the seconds
    allow fewer steps than there are."""

    steps: int
    seconds: float | None
    rate: float
    hurry: float
    done: int = 0
    spent: float = 0.0
    settled: bool = False  # it no longer gained
    _smooth: float = math.inf
    _mark: float = math.inf  # smoothed loss at the last gain that counted
    _at: int = field(default=0)

    @property
    def share(self) -> float:
        """0…1: how far it is, by steps or by time, whatever is nearer to its end."""
        by_time = 0.0 if self.seconds is None else self.spent / max(self.seconds, 1e-9)
        return min(1.0, max(self.done / max(self.steps, 1), by_time))

    @property
    def over(self) -> bool:
        return self.settled or self.done >= self.steps or (self.seconds is not None and self.spent >= self.seconds)

    @property
    def expected(self) -> float:
        """Steps that there will be, as far as that is known."""
        if self.seconds is None or self.done < WARM_STEPS:
            return self.steps
        return min(self.steps, max(1.0, self.seconds / (self.spent / self.done)))

    @property
    def current_rate(self) -> float:
        """The way through the codes is as long in few steps as it would be in many."""
        raised = self.rate * min(self.hurry, max(1.0, self.steps / self.expected))
        falling = min(1.0, (1.0 - self.share) / RAMP_DOWN)
        return raised * (0.5 - 0.5 * math.cos(math.pi * falling))

    def step(self, loss: float, seconds: float) -> None:
        """One step is done."""
        self.done += 1
        self.spent += seconds
        self._smooth = loss if math.isinf(self._smooth) else self._smooth + SMOOTHING * (loss - self._smooth)
        if self._smooth < self._mark * (1.0 - LEAST_GAIN):
            self._mark, self._at = self._smooth, self.done
        self.settled = self.done - self._at >= PATIENCE

    def state(self) -> list[float]:
        """What a later run goes on from."""
        return [float(self.done), self.spent, self._smooth, self._mark, float(self._at), float(self.settled)]

    def restore(self, state: list[float]) -> None:
        """Go on from there; with other limits, if those are others now."""
        self.done, self._at = int(state[0]), int(state[4])
        self.spent, self._smooth, self._mark, self.settled = state[1], state[2], state[3], bool(state[5])
