"""Pictures of a folder, or one picture, shown as a steady camera would."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from installation.clock import Clock
from installation.errors import SourceError
from installation.messages import Image
from installation.sources.base import CaptureSettings, CaptureSource, SourceEnded
from installation.sources.folder import Folder, Stamp
from installation.sources.shots import Shot, shots

log = logging.getLogger(__name__)


class StillSource(CaptureSource):
    """One picture, or the pictures of a folder in the order of their names, each for ``still_seconds``; an animated one plays, at
    least once to its end.

    The same array is given again and again while a picture is shown; nobody may write into it. A folder is looked at again
    while it is shown. What cannot be read is left out, counted, and named in ``complaint``; a folder without a single readable
    picture is refused.
    """

    def __init__(self, path: Path, settings: CaptureSettings, clock: Clock, realtime: bool = True) -> None:
        super().__init__(clock, realtime, settings.orientation)
        self.path = path
        self.settings = settings
        self._folder: Folder | None = None
        self._file: Path | None = None  # the one that is shown
        self._stamp: Stamp | None = None  # how it was when it was read
        self._shots: Iterator[Shot] = iter(())
        self._shot: Shot | None = None
        self._until = 0.0  # s since the file began, at which the shot is over
        self._shown = 0  # frames of the file so far

    @property
    def rate(self) -> float:
        return self.settings.fps

    def describe(self) -> str:
        if self._folder is not None and len(self._folder.pictures) > 1:
            return f"{self.path}: {len(self._folder.pictures)} pictures, {self.settings.still_seconds:g} s each"
        size = f" {self._shot.image.shape[1]}×{self._shot.image.shape[0]}" if self._shot is not None else ""
        return f"{self.path}: still picture{size}"

    def _open(self) -> None:
        self._file, self.due = None, 0.0
        if not self.path.is_dir():
            self._folder = None
            self._begin(self.path)
            return
        self._folder = Folder(self.path)
        self._folder.open()
        count = len(self._folder.pictures)
        if not self._show_next():
            raise SourceError(f"{self.path}: none of its {count} pictures can be read")

    def _read(self, now: float) -> Image | None:
        if self.realtime:
            if now < self.due:
                return None
            self.due = max(self.due + 1 / self.rate, now)
        if self._folder is not None:
            self._folder.look(now)
        self._go_on()
        self._shown += 1
        return None if self._shot is None else self._shot.image

    def _go_on(self) -> None:
        """To the shot, or the file, whose time it is."""
        shot, seconds = self._shot, self._shown / self.rate
        if shot is not None and shot.seconds is not None:
            while seconds >= self._until - 1e-9:
                if not self._next_shot():
                    self._pass_is_over()
                    return
        elif shot is None or self._shown >= max(1, round(self.settings.still_seconds * self.rate)):
            self._file_is_over()

    def _next_shot(self) -> bool:
        try:
            shot = next(self._shots, None)
        except SourceError:  # the rest of an animation is damaged
            self.frames_skipped += 1
            return False
        if shot is not None:
            self._shot = shot
            self._until += shot.seconds or 0.0
        return shot is not None

    def _pass_is_over(self) -> None:
        """An animation has come to its end: again, until a still would have been shown for long enough."""
        alone = self._folder is None
        if self._file is not None and (self.settings.loop if alone else self._until < self.settings.still_seconds):
            begun = self._until
            if self._try(self._file, keep=True):
                self._until += begun
                return
        self._file_is_over()

    def _file_is_over(self) -> None:
        before = self._file
        if self._folder is None:
            if not self.settings.loop:
                raise SourceEnded(f"{self.path}: every picture was shown")
            self._shown = 0
            return
        if not self._show_next():
            if self._file is not None and self._folder.stamp(self._file) is None:  # the last one was deleted
                self._file, self._shot = None, None
            self._shown = 0
        elif not self.settings.loop and before is not None and self._file is not None and self._file <= before:
            raise SourceEnded(f"{self.path}: every picture was shown")

    def _show_next(self) -> bool:
        """Show the next readable picture of the folder; every one gets one try. False where there is none, and nothing changes."""
        assert self._folder is not None
        shown = False
        for path in self._folder.after(self._file):
            if path == self._file and self._folder.stamp(path) == self._stamp and self._shot is not None and self._shot.seconds is None:
                self._shown, shown = 0, True  # the only one, and as it was
                break
            if self._try(path):
                shown = True
                break
            self._folder.refuse(path)
        self._complain(self._folder.complaint)
        return shown

    def _try(self, path: Path, keep: bool = False) -> bool:
        """Show a file from its beginning; ``keep``: its time goes on. False where it cannot be read."""
        shown = self._shown
        try:
            self._begin(path)
        except SourceError:
            self.frames_skipped += 1
            return False
        self._shown = shown if keep else 0
        return True

    def _begin(self, path: Path) -> None:
        taken = shots(path)
        shot = next(taken)
        self._file, self._shots, self._shot, self._shown = path, taken, shot, 0
        self._stamp = self._folder.stamp(path) if self._folder is not None else None
        self._until = shot.seconds or 0.0

    def _complain(self, complaint: str) -> None:
        if complaint != self.complaint:
            self.complaint = complaint
            if complaint:
                log.warning(complaint)

    def _close(self) -> None:
        self._shot, self._shots = None, iter(())
