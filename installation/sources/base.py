"""What every source of pictures shares: guards, counts and timestamps around a driver's ``_open``, ``_read``, ``_close``."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from installation.clock import Clock
from installation.errors import SourceError
from installation.messages import Frame, Image
from installation.sources.adapt import adapted
from installation.sources.controls import CameraControls
from installation.sources.orientation import UPRIGHT, Flip, Orientation

MAX_NAP = 0.02  # s that ``read`` waits at most for a picture that is not due yet
MAX_SIDE = 3840  # px; larger pictures are scaled down while they are read, so memory stays bounded


class SourceEnded(Exception):
    """The source has shown everything and does not loop. Not a fault."""


class SourceLost(SourceError):
    """The source went away for now: close it, wait, open it again."""


@dataclass(frozen=True, slots=True)
class CaptureSettings:
    """What to ask a source for. A camera gives the nearest it can; files have their own size and rate."""

    width: int = 1280  # px
    height: int = 720  # px
    fps: float = 30.0  # frames a second; also the rate at which a still is repeated
    mjpg: bool = True  # ask a camera for compressed pictures: USB 2 carries no 720p30 without
    loop: bool = True  # begin again at the end of a clip or a folder
    still_seconds: float = 5.0  # s that each picture of a folder is shown
    rotate: int = 0  # degrees clockwise, a multiple of 90, by which every picture is turned: a camera may hang upside down
    flip: Flip = "none"  # how it is mirrored after that

    @property
    def orientation(self) -> Orientation:
        """How every picture is laid."""
        return Orientation.of(self.rotate, self.flip)


class CaptureSource(ABC):
    """A source of pictures; one thread reads, any thread may close.

    ``realtime``: pictures come at their own pace and late ones are left out; otherwise each ``read`` gives the next one
    at once. A source may be opened again after ``close``, which is how a lost camera is brought back.
    orientation: how every picture is laid before it is given.
    """

    is_live: bool = False  # True: pictures of this moment, which a privacy rule may forbid to record
    is_sensor: bool = False  # True: while it is well it gives many pictures a second, no two alike
    controls: CameraControls | None = None  # what can be set at it, where it has such a thing

    def __init__(self, clock: Clock, realtime: bool = True, orientation: Orientation = UPRIGHT) -> None:
        self.clock = clock
        self.realtime = realtime
        self.orientation = orientation
        self.frames_read = 0
        self.frames_skipped = 0  # corrupt or unreadable pictures left out
        self.frames_adapted = 0  # pictures of another format that were brought into ours
        self.frames_late = 0  # sound pictures left out because newer ones were due
        self.complaint = ""  # one sentence on what is left out now
        self.due = 0.0  # s of the clock: before it ``read`` has nothing new
        self.nap = time.sleep  # how ``read`` waits until then; a test that turns its own clock puts nothing in its place
        self._lock = threading.Lock()
        self._is_open = False
        self._as_read: Image | None = None  # the newest picture, and as it is laid: a still is given again and again
        self._as_laid: Image | None = None

    @property
    @abstractmethod
    def rate(self) -> float:
        """Frames a second: measured for cameras, declared for files."""

    @abstractmethod
    def describe(self) -> str:
        """A few words for a person: what it is, its size and rate."""

    @abstractmethod
    def _open(self) -> None:
        """Take hold of the device or file. Raises SourceError, or SourceLost where trying again may help."""

    @abstractmethod
    def _read(self, now: float) -> Image | None:
        """The next picture; None where there is none just now. Raises SourceEnded, SourceLost."""

    @abstractmethod
    def _close(self) -> None:
        """Let go; called once for each ``_open``, also for one that failed half way."""

    def open(self) -> Self:
        """Open the source; does nothing where it is open. Raises SourceError or SourceLost."""
        with self._lock:
            if self._is_open:
                return self
            try:
                self._open()
            except BaseException:
                self._close()
                raise
            self._is_open = True
        return self

    def read(self) -> Frame | None:
        """The newest picture, stamped with the clock; None where there is none just now, after a nap until one is due.

        A camera keeps its reader waiting for a picture; a file in real time does as much for ``MAX_NAP`` s, so that a loop
        may turn freely round ``read``.
        Raises SourceEnded after the last picture of a source that does not loop, SourceLost where it went away.
        """
        with self._lock:
            if not self._is_open:
                raise SourceLost(f"{self.describe()}: is closed; open it before reading")
            now = self.clock.now()
            image = self._adapted(self._read(now))
            if image is not None:
                frame = Frame(index=self.frames_read, time=self._taken_at(now), image=self._laid(image))
                self.frames_read += 1
                return frame
            wait = min(self.due - now, MAX_NAP) if self.realtime else 0.0
        if wait > 0:
            self.nap(wait)
        return None

    def close(self) -> None:
        """Let go of the device or file; does nothing where it is closed."""
        with self._lock:
            if self._is_open:
                self._is_open = False
                self._as_read = self._as_laid = None
                self._close()

    def _adapted(self, picture: Image | None) -> Image | None:
        image = None if picture is None else adapted(picture, MAX_SIDE)
        self.frames_skipped += picture is not None and image is None
        self.frames_adapted += image is not picture and image is not None
        return image

    def _laid(self, image: Image) -> Image:
        if not self.orientation:
            return image
        if self._as_laid is None or image is not self._as_read:
            self._as_read, self._as_laid = image, self.orientation.apply(image)
        return self._as_laid

    def _taken_at(self, now: float) -> float:
        """s, when the picture just read was taken; ``now`` is when reading began."""
        return now

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
