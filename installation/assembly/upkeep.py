"""What looks after a show that nobody watches: its measures, its log, the word to the service manager and to the house, and whether its
configuration is what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

from installation.assembly.chronicle import Chronicle
from installation.assembly.config_watch import ConfigWatch
from installation.assembly.house import heartbeat_of
from installation.assembly.options import RunOptions
from installation.assembly.soundness import check_beside
from installation.config import Config
from installation.control.parameters import ParameterTable
from installation.observation import Observation
from installation.operation.diary import brief
from installation.operation.health import Health
from installation.operation.measures import Beat, Measurer
from installation.operation.saying import say
from installation.operation.service_manager import ServiceManager
from installation.operation.starts import FineWatch

SAFE = "safe mode"  # the fault of a show that does not run with what was asked for


class Part(Protocol):
    """Something beside the show."""

    def start(self) -> None:
        """Begin."""
        ...

    def stop(self) -> None:
        """End; more than once, or before the start, does no harm."""
        ...


class Upkeep:
    """Whole once it is made, at work from ``start`` to ``stop``. restarts: of each worker by name; told: notes a fault that somebody
    should hear of at once; table: the live controls that there are. Raises ConfigError for a heartbeat that cannot be."""

    def __init__(
        self,
        config: Config,
        options: RunOptions,
        health: Health,
        observe: Callable[[], Observation],
        restarts: Callable[[], Mapping[str, int]],
        told: Callable[[str, str], None],
        table: Callable[[], ParameterTable],
    ) -> None:
        self._safe, self._told = options.safe, told
        self._beat = Beat()
        self.measure = Measurer(health, self._beat, restarts, options.safe)
        self._manager = ServiceManager.of(status=lambda: brief(observe()))
        self._fine = FineWatch(options.fine) if options.fine is not None else None
        parts: list[Part | None] = [Chronicle(config, options, observe, self.measure, health.fault)]
        if not options.lockstep:
            parts.append(heartbeat_of(config, observe, self.measure, health.fault, health.over))
            if options.config_file is not None:
                check = partial(check_beside, config, table)
                parts.append(ConfigWatch(options.config_file, options.overrides, config, check, told, health.over, _say))
        self._parts = [part for part in parts if part is not None]

    def start(self) -> None:
        """Begin, and say what the operator should know from the start."""
        for part in self._parts:
            part.start()
        if self._safe:
            self._told(self._safe, SAFE)

    def starting(self, now: float) -> None:
        """The networks are still being built, at ``now`` seconds."""
        self._manager.starting(now, "reading the models, measuring the engines")

    def pictured(self, now: float) -> None:
        """A picture was shown at ``now``, s of the show's clock. In the thread that draws; takes no time."""
        self._beat.showed(now)
        self._manager(now)
        if self._fine is not None:
            self._fine(now)

    def stopping(self) -> None:
        """The show ends."""
        self._manager.stopping()

    def stop(self) -> None:
        """End, the log last. More than once does no harm."""
        for part in reversed(self._parts):
            part.stop()


def _say(text: str) -> None:
    say(f"facets: {text}")
