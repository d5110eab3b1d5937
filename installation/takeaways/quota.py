"""How many takeaways may be taken, and how much room they may fill: so many an hour, so many bytes, and the disk never to its end."""

from __future__ import annotations

import shutil
import threading
from collections import deque
from enum import Enum
from pathlib import Path

from installation.takeaways.ageing import Moment, age

HOUR = 3600.0
LEAST_FREE = 64 << 20  # bytes of the disk that stay free
EACH = 12 << 20  # bytes that one takeaway may come to, for whose sake none is begun that would not fit
MOST_COUNTED = 10_000


class Refusal(Enum):
    """Why none can be taken now; the value is for the operator."""

    HOUR = "as many as takeaways.most_an_hour allows were taken within the last hour"
    SPACE = "the takeaways that are kept fill takeaways.most_megabytes"
    DISK = "the disk is almost full"


class Quota:
    """Counts; deletes nothing. Any thread may ask. folder: where they lie; an_hour: how many; most_bytes: of all together."""

    def __init__(self, folder: Path, an_hour: int, most_bytes: int) -> None:
        self._folder, self._an_hour, self._most_bytes = folder, an_hour, most_bytes
        self._lock = threading.Lock()
        self._taken: deque[Moment] = deque(maxlen=MOST_COUNTED)
        self._sizes: dict[str, int] = {}

    def taken(self, made: Moment) -> None:
        """One was taken then. It counts for an hour, whether it is kept so long or not; the oldest is to be told of first."""
        with self._lock:
            self._taken.append(made)

    def fills(self, name: str, size: int) -> None:
        """A takeaway has so many bytes now."""
        with self._lock:
            self._sizes[name] = size

    def frees(self, name: str) -> None:
        """It is there no more."""
        with self._lock:
            self._sizes.pop(name, None)

    def refusal(self, now: Moment) -> Refusal | None:
        """Why none can be taken now; None where one can. Asks the disk."""
        with self._lock:
            while self._taken and (age(self._taken[0], now) or 0.0) >= HOUR:
                self._taken.popleft()
            if len(self._taken) >= self._an_hour:
                return Refusal.HOUR
            if sum(self._sizes.values()) + EACH > self._most_bytes:
                return Refusal.SPACE
        try:
            return Refusal.DISK if shutil.disk_usage(self._folder).free < LEAST_FREE + EACH else None
        except OSError:
            return Refusal.DISK
