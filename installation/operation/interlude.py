"""Lets somebody else use what a loop alone may touch, between the loop's own turns.

An engine serves one thread. Whoever wants it beside the show (the photo page) hands its call to the loop that the engine belongs to, and
waits. The loop makes the call while it has nothing to do; where it always has something to do, only now and then, so that the show
loses a few parts in a hundred at most.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")

BUSY_SHARE, BUSY_BURST = 0.025, 0.2  # of the time of a loop that is never idle, and s that can be saved up: a hand works by fits and starts
IDLE_SHARE, IDLE_BURST = 0.3, 0.2  # of the time of a loop that waits for its next frame
ENDED = "the loop has ended"
PATIENCE = 20.0  # s that a call waits for its turn


class _Call(Generic[T]):
    """One call on its way. Either it has a result, or it failed, once ``done`` is set."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self.done = threading.Event()
        self.result: list[T] = []
        self.failed: BaseException | None = None

    def make(self) -> None:
        try:
            self.result.append(self._call())
        except BaseException as err:  # handed to whoever waits; the loop goes on
            self.failed = err
        self.done.set()

    def give_up(self, why: BaseException) -> None:
        self.failed = why
        self.done.set()


class Interlude:
    """One borrower, one loop. wake: ends the loop's waiting early; clock: s."""

    def __init__(self, wake: Callable[[], None] = lambda: None, clock: Callable[[], float] = time.perf_counter) -> None:
        self._wake, self._clock = wake, clock
        self._lock = threading.Lock()
        self._waiting: _Call[Any] | None = None
        self._busy, self._idle = BUSY_BURST, IDLE_BURST  # s that may be spent now
        self._then = clock()
        self._closed = False

    def run(self, call: Callable[[], T], patience: float = PATIENCE) -> T:
        """The result of ``call``, made by the loop's thread. Raises what it raises, and TimeoutError where it had no turn. For the
        borrower's thread, one call after the other."""
        mine = _Call(call)
        with self._lock:
            if self._waiting is not None:
                raise RuntimeError("one call at a time")
            if self._closed:
                raise TimeoutError(ENDED)
            self._waiting = mine
        self._wake()
        if not mine.done.wait(patience):
            with self._lock:
                self._waiting = None
            if not mine.done.wait(0.0):  # it may have had its turn just now
                raise TimeoutError("the loop had no turn for it")
        if mine.failed is not None:
            raise mine.failed
        return mine.result[0]

    @property
    def waiting(self) -> bool:
        """Whether a call waits. Costs nothing; for the loop."""
        return self._waiting is not None

    def step(self, idle: bool) -> bool:
        """Make the call that waits, if there is one and it may be made now. idle: whether the loop has nothing of its own to do. Returns
        whether one was made. For the loop's thread."""
        if not self.waiting:
            return False
        began = self._clock()
        self._refill(began)
        if (self._idle if idle else self._busy) <= 0.0:
            return False
        with self._lock:
            call, self._waiting = self._waiting, None
        if call is None:  # its borrower has lost patience
            return False
        call.make()
        spent = self._clock() - began
        self._busy, self._idle = self._busy - spent, self._idle - spent
        return True

    def close(self) -> None:
        """The loop turns no more: whoever waits, and whoever comes, is told by TimeoutError. A call in hand is finished."""
        with self._lock:
            self._closed = True
            left, self._waiting = self._waiting, None
        if left is not None:
            left.give_up(TimeoutError(ENDED))

    def _refill(self, now: float) -> None:
        seconds, self._then = now - self._then, now
        self._busy = min(BUSY_BURST, self._busy + BUSY_SHARE * seconds)
        self._idle = min(IDLE_BURST, self._idle + IDLE_SHARE * seconds)
