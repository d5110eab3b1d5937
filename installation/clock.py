"""Where ``now`` comes from: the monotonic clock of a live show, or the counted clock of a lockstep run. And the clock on the wall."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
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


class LockstepClock:
    """The same, there before the source is whose rate it counts by: 0 until the first frame."""

    def __init__(self) -> None:
        self._frame, self._now = 0, 0.0

    def now(self) -> float:
        return self._now

    def advance(self, rate: float) -> None:
        """One frame later. rate: the source's, in frames a second, the same every time."""
        self._frame += 1
        self._now = self._frame / rate


WallClock = Callable[[], datetime]  # the date and the time of day, in a zone; it may be set, and run backwards


def wall_clock() -> datetime:
    """The machine's own, in UTC."""
    return datetime.now(UTC)
