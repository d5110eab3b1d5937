"""When a short job may go before the show: in time of the processor that was saved up while nobody asked for any.

A hand that drags a slider wants its picture at once, and works a second or two at a time; the show must not be the slower for it.
Both hold where a short share of the machine is set aside for such hands and may be saved up between them (a token bucket).
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

SHARE, MOST = 0.015, 0.25  # of the time of all cores, and of one at most
BURST = 0.25  # s of it that can be saved up


class RightOfWay:
    """share: s of a thread's processor time that come to be had in a second; None: there is no show to wait for. What others do for a
    job, as the loops that lend their engines, they limit themselves (see ``Interlude``). clock: s."""

    def __init__(self, share: float | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._share, self._clock = share, clock
        self._saved, self._then = BURST, clock()
        self._ended = threading.Event()

    @staticmethod
    def beside_a_show() -> RightOfWay:
        """A small share of this machine."""
        return RightOfWay(min(MOST, SHARE * len(os.sched_getaffinity(0))))

    def wait(self) -> None:
        """Until there is some to be had."""
        while (seconds := self.missing()) > 0.0 and not self._ended.wait(seconds):
            pass

    def missing(self) -> float:
        """s until there is some to be had."""
        if self._share is None:
            return 0.0
        now = self._clock()
        self._saved, self._then = min(BURST, self._saved + self._share * (now - self._then)), now
        return max(0.0, -self._saved / self._share)

    def spend(self, seconds: float) -> None:
        """So much was taken, which may be more than there was: the next job waits for that."""
        self._saved -= seconds

    def end(self) -> None:
        """Nobody waits any more."""
        self._ended.set()
