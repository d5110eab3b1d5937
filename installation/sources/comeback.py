"""When a source that is gone is tried again: with growing patience, and at once where its device reappears."""

from __future__ import annotations

from collections.abc import Callable
from math import inf

from installation.sources.opening import RETRY_FIRST, RETRY_MOST

RETRY_UNSURE = 8.0  # s between attempts at most where only opening it tells whether a source is back
GLANCE = 0.5  # s between two looks for the device
STEADY = 5.0  # s that a source gives pictures before the next loss is the first again


def unknown() -> bool | None:
    """Of a source of which only opening tells whether it is there."""
    return None


class Comeback:
    """Turned with the clock of the show, s. is_there: whether the device is there, at a glance; None where only opening it tells.

    Attempts come 1, 2, 4, 8, 16, 30, 30 … s after each other while the device is not there, and at most 8 s where that is not
    known or it is there and does not work: a camera that comes back is to be seen within ten seconds.
    """

    def __init__(self, is_there: Callable[[], bool | None] = unknown) -> None:
        self._is_there = is_there
        self._wait = RETRY_FIRST
        self._at = -inf  # s, of the next attempt
        self._glanced = -inf
        self._absent = False
        self._well: float | None = None  # s, since when it gives pictures; None while it does not

    def lost(self, now: float, latest: float = inf) -> None:
        """It is gone, or an attempt has failed. latest: s, of the last attempt that anybody waits for."""
        self._well, self._glanced = None, now
        self._absent = self._is_there() is False
        self._wait = min(self._wait, RETRY_MOST if self._absent else RETRY_UNSURE)
        self._at = min(now + self._wait, max(latest, now))
        self._wait *= 2

    def due(self, now: float) -> bool:
        """Whether it is time to try."""
        if now >= self._at:
            return True
        if now - self._glanced < GLANCE:
            return False
        self._glanced = now
        there = self._is_there()
        if self._absent and there:  # plugged in again; whether it works already is seen by trying
            self._absent, self._at, self._wait = False, now, RETRY_FIRST
        return now >= self._at

    def well(self, now: float) -> None:
        """It gave a picture."""
        self._well = now if self._well is None else self._well
        if now - self._well >= STEADY:
            self._wait = RETRY_FIRST
