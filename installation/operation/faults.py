"""What went wrong: since when, how often, and whether it is over. The log stays short over weeks and never refuses a new one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from installation.observation import FaultRecord

MOST = 100  # records; beyond that the oldest that is over makes room
PASSING_SECONDS = 60.0  # a fault that is no lasting condition is over when it has not come again for so long


class FaultLog:
    """Records by their text. Any thread. now: seconds of the show."""

    def __init__(self, now: Callable[[], float] = time.monotonic, most: int = MOST) -> None:
        self.now = now
        self.total = 0  # different faults since the start
        self._most = most
        self._records: dict[str, FaultRecord] = {}
        self._lasting: set[str] = set()  # texts of conditions that somebody will call over
        self._lock = threading.Lock()

    def note(self, text: str, kind: str = "") -> None:
        """It went wrong, again perhaps. kind: the condition that lasts until ``over`` is told of it; none: it passes by itself."""
        moment, wall = self.now(), _wall()
        with self._lock:
            self._pass_by(moment)
            old = self._records.pop(text, None)
            if old is None:
                self.total += 1
                self._make_room()
                self._records[text] = FaultRecord(kind, text, wall, wall, moment, moment, 1)
            else:
                again = replace(old, kind=kind, last=wall, last_seconds=moment, count=old.count + 1, ended=None, ended_seconds=None)
                # Begun anew: since when it lasts is what the operator wants to know.
                self._records[text] = again if old.open else replace(again, since_seconds=moment)
            self._lasting.discard(text)
            if kind:
                self._lasting.add(text)

    def over(self, kind: str) -> None:
        """The condition has ended, with all that was said of it."""
        if not self._lasting:
            return
        moment, wall = self.now(), _wall()
        with self._lock:
            for text in [text for text in self._lasting if self._records[text].kind == kind]:
                self._lasting.discard(text)
                self._records[text] = replace(self._records[text], ended=wall, ended_seconds=moment)

    def records(self) -> tuple[FaultRecord, ...]:
        """All that are kept, the one that was noted last at the end."""
        with self._lock:
            self._pass_by(self.now())
            return tuple(self._records.values())

    def _pass_by(self, moment: float) -> None:
        for text, record in self._records.items():
            if record.open and text not in self._lasting and moment - record.last_seconds >= PASSING_SECONDS:
                self._records[text] = replace(record, ended=record.last, ended_seconds=record.last_seconds)

    def _make_room(self) -> None:
        if len(self._records) < self._most:
            return
        leaves = next((text for text, record in self._records.items() if not record.open), next(iter(self._records)))
        del self._records[leaves]
        self._lasting.discard(leaves)


def _wall() -> str:
    return datetime.now().astimezone().isoformat(timespec="seconds")
