"""A virtual camera that plays a script: pictures, silences, losses and returns. For tests and rehearsals without a device."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from installation.clock import Clock
from installation.errors import SourceError
from installation.messages import Image
from installation.sources.base import CaptureSource, SourceEnded

Step = Image | None | SourceError


class ScriptedSource(CaptureSource):
    """Plays ``script`` one step a read: a picture is given, None says nothing new, an error is raised.

    The script goes on where it was after ``close`` and ``open``. An error at its head when the source is opened makes that
    opening fail, so [a, SourceLost(..), SourceLost(..), b] is a camera that goes away, cannot be opened once, and comes back.
    """

    is_live = True

    def __init__(self, script: Iterable[Step], clock: Clock, rate: float = 30.0, realtime: bool = False) -> None:
        super().__init__(clock, realtime)
        self._steps: Iterator[Step] = iter(script)
        self._ahead: list[Step] = []
        self._rate = rate
        self.opened = 0  # successful openings

    @property
    def rate(self) -> float:
        return self._rate

    def describe(self) -> str:
        return f"scripted source, {self._rate:g} frames a second"

    def _open(self) -> None:
        for step in self._steps:
            if isinstance(step, SourceError):
                raise step
            self._ahead.append(step)
            break
        self.due = 0.0
        self.opened += 1

    def _read(self, now: float) -> Image | None:
        if self.realtime and now < self.due:
            return None
        self.due = max(self.due + 1 / self._rate, now)
        step = self._ahead.pop() if self._ahead else next(self._steps, SourceEnded("the script is over"))
        if isinstance(step, Exception):
            raise step
        return step

    def _close(self) -> None:
        pass
