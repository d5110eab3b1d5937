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
from installation.sources.capture import open_source
from installation.sources.opening import open_in_time


@dataclass(frozen=True)
class SourceOpening:
    """Opens the source that the configuration names, as often as it is lost. clock: stamps its frames."""

    config: Config
    clock: Clock
    health: Health
    lockstep: bool

    @property
    def patience(self) -> float:
        """s that the show goes on without a source at its start."""
        wait = self.config.capture.wait
        return inf if wait == "forever" else wait

    def open(self) -> CaptureSource:
        """Raises SourceError."""
        return open_source(self.config.source, capture_settings(self.config), self.clock, realtime=not self.lockstep)

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
