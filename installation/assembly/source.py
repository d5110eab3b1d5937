"""How the source of a show is opened, and for how long one that is not there yet is waited for."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from installation.assembly.settings import capture_settings
from installation.clock import Clock
from installation.config import Config
from installation.operation.health import Health
from installation.operation.saying import say
from installation.sources import CaptureSource, SourceLost
from installation.sources.capture import find_source, is_there
from installation.sources.chaos import ChaosSource
from installation.sources.incidents import CameraFault
from installation.sources.opening import open_in_time
from installation.sources.rehearsal import Rehearsal


@dataclass(frozen=True)
class SourceOpening:
    """Opens the source that the configuration names, as often as it is lost. clock: stamps its frames; rehearsal: what happens to it
    on purpose."""

    config: Config
    clock: Clock
    health: Health
    lockstep: bool
    rehearsal: Rehearsal | None = None

    @property
    def patience(self) -> float:
        """s that the show goes on without a source at its start."""
        wait = self.config.capture.wait
        return inf if wait == "forever" else wait

    def open(self) -> CaptureSource:
        """Raises SourceError."""
        source = find_source(self.config.source, capture_settings(self.config), self.clock, realtime=not self.lockstep)
        return (source if self.rehearsal is None else ChaosSource(source, self.rehearsal)).open()

    def is_there(self) -> bool | None:
        """Whether its device is there, at a glance; None where only opening it tells."""
        if self.rehearsal is not None and self.rehearsal.fault() is CameraFault.UNPLUG:
            return False
        return is_there(self.config.source)

    def first(self) -> CaptureSource | None:
        """The open source; None where it is not there yet and the show is to wait for it. Lockstep waits here. Raises SourceError
        where it cannot be opened and no patience was asked for."""
        try:
            return self.open()
        except SourceLost as err:
            if not self.patience:
                raise
            say(f"facets: {err}; the show waits for it" + (f" for {self.patience:g} s" if self.patience < inf else ""))
            self.health.fault(str(err))
        return open_in_time(self.open, self.patience) if self.lockstep else None
