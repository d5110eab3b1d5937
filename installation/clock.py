"""Where ``now`` comes from: the monotonic clock of a live show, or the counted clock of a lockstep run."""

import time
from typing import Protocol


class Clock(Protocol):
    """Seconds that never run backwards."""

    def now(self) -> float:
        """Seconds since an arbitrary start."""
        ...


class MonotonicClock:
    """The machine's own clock."""

    def now(self) -> float:
        return time.monotonic()


class FrameClock:
    """Frame number ÷ rate: a lockstep run's time depends on its input alone. ``rate`` is frames a second."""

    def __init__(self, rate: float) -> None:
        if not rate > 0:
            raise ValueError(f"rate: a positive number of frames a second is needed, got {rate}")
        self.rate = rate
        self.frame = 0

    def now(self) -> float:
        return self.frame / self.rate

    def advance(self) -> None:
        """One frame later."""
        self.frame += 1
