"""What the show measures of itself beside its health: the beat of its pictures, and what its process holds of the machine."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from itertools import islice

import numpy as np

from installation.observation import Measures, Series
from installation.operation.health import KEEP, Health, Spent
from installation.operation.temperature import processor_celsius

PERIOD = 1.0  # s
MINUTE = 60.0  # s
LATELY = 9_000  # pictures of a minute at most that the longest gap is looked for in


class Beat:
    """The times between pictures. ``showed`` is called after each of them, in the display's thread; any thread may read."""

    def __init__(self) -> None:
        self.intervals: deque[float] = deque(maxlen=KEEP)  # s
        self.spent = Spent()
        self._last: float | None = None

    def showed(self, now: float) -> None:
        """A picture was shown at ``now``, s of the show's clock."""
        if self._last is not None:
            interval = now - self._last
            self.intervals.append(interval)
            self.spent.count += 1
            self.spent.seconds += interval
        self._last = now

    def longest(self, seconds: float = MINUTE) -> float:
        """The longest interval of the last ``seconds``, in s; 0 before the second picture."""
        longest = passed = 0.0
        for interval in islice(reversed(self.intervals.copy()), LATELY):
            longest = max(longest, interval)
            passed += interval
            if passed >= seconds:
                break
        return longest


class Measurer:
    """Measures when it is asked, once a second at most however many ask. restarts: of each worker by name; safe: as in ``Measures``; now:
    s that never run backwards. Any thread."""

    def __init__(
        self,
        health: Health,
        beat: Beat,
        restarts: Callable[[], Mapping[str, int]] = dict,
        safe: str = "",
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._health, self._beat, self._restarts, self._safe, self._now = health, beat, restarts, safe, now
        self._lock = threading.Lock()
        self._made = float("-inf")
        self._newest = Measures()

    def __call__(self) -> Measures:
        now = self._now()
        with self._lock:
            if now - self._made >= PERIOD:
                self._made, self._newest = now, self._measure()
            return self._newest

    def _measure(self) -> Measures:
        h, beat = self._health, self._beat
        delays = h.glass_to_glass.copy()
        stages = [(name, h.stages[name].copy(), h.spent[name]) for name in list(h.stages) if name in h.spent]
        return Measures(
            captured=h.captured,
            presented=h.presented.count,
            portraits=h.portraits.count,
            visitors=h.visitors,
            intervals=series_of("interval", beat.intervals.copy(), beat.spent),
            gap=beat.longest(),
            delay=series_of("delay", delays, Spent(len(delays), sum(delays))),
            stages=tuple(series_of(*stage) for stage in stages),
            threads=_count("/proc/self/task"),
            files=_count("/proc/self/fd"),
            celsius=processor_celsius(),
            restarts=tuple(self._restarts().items()),
            safe=self._safe,
        )


def series_of(name: str, seconds: Iterable[float], spent: Spent) -> Series:
    """The percentiles of what is kept of a series; zeros for an empty one."""
    values = np.fromiter(seconds, float)
    p50, p95, p99 = np.percentile(values, (50, 95, 99)) if len(values) else (0.0, 0.0, 0.0)
    return Series(name, spent.count, spent.seconds, float(p50), float(p95), float(p99))


def _count(folder: str) -> int:
    try:
        return len(os.listdir(folder))
    except OSError:
        return 0
