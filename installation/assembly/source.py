"""How the source of a show is opened, and for how long one that is not there yet is waited for."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

from installation.assembly.settings import capture_settings
from installation.clock import Clock
from installation.config import Config
from installation.errors import SourceError
from installation.operation.health import Health
from installation.operation.saying import say
from installation.sources import CaptureSource, SourceLost
from installation.sources.camera_book import CameraBook
from installation.sources.capture import find_source, is_there
from installation.sources.chaos import ChaosSource
from installation.sources.controls import restore
from installation.sources.incidents import CameraFault
from installation.sources.lasting import LastingNames
from installation.sources.opening import open_in_time
from installation.sources.rehearsal import Rehearsal


@dataclass(frozen=True)
class SourceOpening:
    """Opens the source that the configuration names, or the camera that a hand chose in its place, as often as it is lost. clock: stamps
    its frames; rehearsal: what happens to it on purpose; names: find a camera again that comes back under another number."""

    config: Config
    clock: Clock
    health: Health
    lockstep: bool
    rehearsal: Rehearsal | None = None
    book: CameraBook | None = None
    names: LastingNames = field(default_factory=LastingNames)

    @property
    def named(self) -> str:
        """What is opened."""
        return self.config.source if self.book is None else self.book.source()

    @property
    def patience(self) -> float:
        """s that the show goes on without a source at its start. A camera that a hand chose is waited for: the page where another one can
        be chosen is there as long as the show is."""
        if self.book is not None and self.book.chosen:
            return inf
        wait = self.config.capture.wait
        return inf if wait == "forever" else wait

    def open(self) -> CaptureSource:
        """Raises SourceError."""
        named = self.named
        source = find_source(self.names.now(named), capture_settings(self.config), self.clock, realtime=not self.lockstep)
        source = (source if self.rehearsal is None else ChaosSource(source, self.rehearsal)).open()
        self.names.opened(named)
        if self.book is not None and source.controls is not None:
            restore(source.controls, self.book.values(named))
        return source

    def is_there(self) -> bool | None:
        """Whether its device is there, at a glance; None where only opening it tells."""
        if self.rehearsal is not None and self.rehearsal.fault() is CameraFault.UNPLUG:
            return False
        return is_there(self.names.now(self.named))

    def first(self) -> CaptureSource | None:
        """The open source; None where it is not there yet and the show is to wait for it. Lockstep waits here. Raises SourceError
        where it cannot be opened and no patience was asked for."""
        try:
            return self.open()
        except SourceError as err:
            chosen = self.book is not None and self.book.chosen != ""
            if not (self.patience if isinstance(err, SourceLost) else chosen):
                raise
            say(f"facets: {err}; the show waits for it" + (f" for {self.patience:g} s" if self.patience < inf else ""))
            self.health.fault(str(err))
        return open_in_time(self.open, self.patience) if self.lockstep else None
