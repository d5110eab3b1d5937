"""A rehearsal of a camera's faults: which one is on, whether the picture came back after it, and how soon."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable

from installation.messages import Image
from installation.observation import RehearsalSeen
from installation.sources.incidents import CameraFault, Incident


class Rehearsal:
    """Any thread. The next fault waits until the picture is back after the last one, so that what is measured is one fault's own.

    now: s of the show's clock, by which pictures are stamped.
    """

    def __init__(self, incidents: Iterable[Incident], now: Callable[[], float]) -> None:
        self._incidents, self._now = iter(incidents), now
        self._next = next(self._incidents, None)
        self._on: CameraFault | None = None
        self._ends = 0.0
        self._held: Image | None = None
        self._began: float | None = None
        self._injected: Counter[str] = Counter()
        self._recovered = 0
        self._longest: dict[str, float] = {}  # s, by kind of fault
        self._lock = threading.Lock()

    @property
    def count(self) -> int:
        """Faults that have begun."""
        return self._injected.total()

    def fault(self) -> CameraFault | None:
        """What is wrong with the camera just now."""
        with self._lock:
            now = self._now()
            due = self._began is not None and self._next is not None and now - self._began >= self._next.at
            if due and self._on is None and self._next is not None:
                self._on, self._ends, self._held = self._next.fault, now + self._next.seconds, None
                self._injected[self._on.value] += 1
                self._next = next(self._incidents, None)
            return self._on if now < self._ends else None

    def held(self, picture: Image) -> Image:
        """The picture that a camera froze at: the first one of this fault, also where it was opened anew meanwhile."""
        with self._lock:
            self._held = picture if self._held is None else self._held
            return self._held

    def shown(self, taken: float) -> None:
        """A picture of the camera, taken at ``taken``, is on the canvas now. The first one begins the rehearsal."""
        with self._lock:
            now = self._now()
            self._began = now if self._began is None else self._began
            if self._on is not None and taken >= self._ends and now >= self._ends:
                kind, self._on = self._on.value, None
                self._recovered += 1
                self._longest[kind] = max(self._longest.get(kind, 0.0), now - self._ends)

    def seen(self) -> RehearsalSeen:
        """What there has been so far."""
        with self._lock:
            waiting = "" if self._on is None else self._on.value
            longest = {kind: round(seconds, 3) for kind, seconds in sorted(self._longest.items())}
            counts = dict(sorted(self._injected.items()))
            return RehearsalSeen(self._injected.total(), self._recovered, max(longest.values(), default=0.0), counts, longest, waiting)
