"""The first loop: a source is opened, read and kept alive, and what it gives is put where perception takes it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import InitVar, dataclass, field
from math import inf
from typing import ClassVar

from installation.errors import FaultError, SourceError
from installation.messages import Frame
from installation.operation.health import Health
from installation.operation.worker import Loop
from installation.slot import Slot
from installation.sources import CaptureSource, SourceEnded
from installation.sources.comeback import Comeback, unknown
from installation.sources.opening import Opening
from installation.sources.watch import PictureWatch

PAUSE = 0.1  # s between two looks whether it is time to open a source that is gone
OPENING = 0.25  # s that capture waits for a source that is being opened before it looks around
FROZEN_SECONDS = 2.0  # s without a new picture of a camera, or with black ones, after which it counts as gone
SILENT_CAMERA = "the camera gives no pictures; is it asleep?"
CAPTURE = "capture"  # the fault of a source that is gone
LEFT_OUT = "left out"  # that of one which leaves out a part of what it has


@dataclass
class CaptureLoop(Loop):
    """Source -> slot. A camera that is lost, or open and shows nothing, is opened again with growing patience; the show goes on.

    patience: s after which a source that was not there at the start, and never came, ends the show. is_there: whether its device
    is there, at a glance; None where only opening it tells. watch: over a camera's pictures.
    """

    may_hang: ClassVar[bool] = True

    open_source: Callable[[], CaptureSource]
    out: Slot[Frame]
    health: Health
    source: CaptureSource | None = None
    patience: float = inf
    is_there: InitVar[Callable[[], bool | None]] = unknown
    watch: PictureWatch = field(default_factory=lambda: PictureWatch(FROZEN_SECONDS))
    ended: bool = False
    _until: float | None = None  # s of the clock, when patience ends
    _opening: Opening | None = None
    _told: str = ""  # what the source leaves out, as told last
    _wrong: str = ""  # with a source that is open
    _lost: bool = False
    _newest: float | None = None  # s of the clock, of the newest picture that shows something, or when the source was opened
    _size: tuple[int, ...] = ()
    _counted: tuple[int, int] = (0, 0)  # pictures that were skipped and adapted, of the source that follows
    _counted_of: CaptureSource | None = None
    _reader: int = 0  # which thread reads, counted: a hung one is replaced
    _changes: bool = False

    def __post_init__(self, is_there: Callable[[], bool | None]) -> None:
        self._comeback = Comeback(is_there)

    def change(self) -> None:
        """Another source is wanted: at the next turn the one at hand is let go, and what ``open_source`` gives then takes its place, or is
        waited for like one that was lost. Any thread."""
        self._changes = True

    def away(self, now: float) -> bool:
        """Whether a camera shows nothing: it is gone, black, frozen, or silent for ``FROZEN_SECONDS`` s. Any thread."""
        source, newest = self.source, self._newest
        silent = source is not None and source.is_live and newest is not None and now - newest > FROZEN_SECONDS
        return self._lost or self._wrong != "" or silent

    def step(self, now: float) -> None:
        # Change over to another source, where one is wanted.
        if self._changes:
            self._changes, self._lost, self._wrong, self._until = False, True, "", inf
            if not self._let_go():
                return
            self._opening = Opening(self.open_source)
        # Open the source, or wait until it is time to try again.
        source = self.source
        if source is None:
            self._reopen(now)
            return
        # Take the newest frame.
        reader = self._reader
        try:
            with self.health.timed("capture"):
                frame = source.read()
        except Exception as err:
            if self._given_up(source):
                return
            if isinstance(err, SourceEnded):
                self.ended = True
                raise FaultError("the source has ended") from None
            if not isinstance(err, SourceError):
                raise
            self._lose(str(err), now)  # it was there and is not: whatever it was, it may come back
            return
        finally:
            if reader == self._reader:
                self._count(source)
        if self._given_up(source):
            return
        # Hand on what shows something; the slot counts what nobody took.
        wrong = self._look(source, frame, now)
        if wrong:
            self._doubt(source, wrong, now)
        elif frame is not None:
            self._hand_on(source, frame)

    def _given_up(self, source: CaptureSource) -> bool:
        """Whether a source has kept its reader waiting for so long that another one is read by now; then it is let go of here, however
        the waiting ended."""
        if self.source is source:
            return False
        source.close()
        return True

    def _look(self, source: CaptureSource, frame: Frame | None, now: float) -> str:
        """What is wrong with a camera that is open."""
        if frame is not None:
            return self.watch.look(frame.image, frame.time) if source.is_sensor else ""
        self._newest = now if self._newest is None else self._newest
        return SILENT_CAMERA if source.is_live and now - self._newest > FROZEN_SECONDS else ""

    def _doubt(self, source: CaptureSource, wrong: str, now: float) -> None:
        """It stays open, so that its first sound picture is seen at once, and is opened anew from time to time. A stream that hesitates
        is left to itself: it says when it is gone."""
        if wrong != self._wrong:
            self._wrong = wrong
            self.health.fault(wrong, CAPTURE)
            self._comeback.lost(now)
        elif source.is_sensor and self._comeback.due(now) and self._let_go():
            self._comeback.lost(now)
            self._opening = Opening(self.open_source)

    def _hand_on(self, source: CaptureSource, frame: Frame) -> None:
        self._newest, self._wrong, self._lost = frame.time, "", False
        self._comeback.well(frame.time)
        self.health.took_frame(frame.time)
        self.health.over(CAPTURE)
        self.health.size_changes += self._size not in ((), frame.image.shape)
        self._size = frame.image.shape
        self._tell(source.complaint)
        self.out.put(frame)

    def _tell(self, complaint: str) -> None:
        if complaint != self._told:
            self._told = complaint
            self.health.over(LEFT_OUT)
            if complaint:
                self.health.fault(complaint, LEFT_OUT)

    def _count(self, source: CaptureSource) -> None:
        if source is not self._counted_of:
            self._counted_of, self._counted = source, (0, 0)
        skipped, adapted = self._counted
        self.health.frames_skipped += source.frames_skipped - skipped
        self.health.frames_adapted += source.frames_adapted - adapted
        self._counted = (source.frames_skipped, source.frames_adapted)

    def _reopen(self, now: float) -> None:
        self._until = now + self.patience if self._until is None else self._until
        if self._opening is None and not self._comeback.due(now):
            time.sleep(PAUSE)
            return
        self._opening = self._opening or Opening(self.open_source)
        try:
            self.source = self._opening.wait(OPENING)
        except SourceError as err:
            self._opening = None
            self._lose(str(err), now)
            if now >= self._until:
                raise
        except Exception:
            self._opening = None
            raise
        if self.source is not None:
            self._opening, self._until, self._newest = None, inf, None

    def _lose(self, why: str, now: float) -> None:
        self._lost, self._wrong = True, ""
        self.health.fault(why, CAPTURE)
        if self._let_go():
            self._comeback.lost(now, inf if self._until is None or self._until <= now else self._until)

    def _let_go(self) -> bool:
        """Whether this thread still is the one that reads: closing may hang, and another may have taken over."""
        reader = self._reader
        if self._opening is not None:
            self._opening.give_up()
            self._opening = None
        source, self.source = self.source, None  # first: whoever takes over must not meet it
        if source is not None:
            source.close()
        return self._reader == reader

    def tear_down(self) -> None:
        self._let_go()

    def abandon(self) -> bool:
        """A driver keeps its reader waiting for ever: whoever reads lets go of the source, should it return."""
        self._reader += 1
        self.source, self._counted_of, self._opening, self._lost = None, None, None, True
        return True
