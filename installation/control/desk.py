"""The control desk: every hand that reaches the live controls from outside, opened, served once a picture, and closed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Literal, Protocol

from installation.config import ControlConfig
from installation.control.observation import Observation
from installation.control.state import ControlState
from installation.errors import FacetsError

log = logging.getLogger(__name__)

SECOND = 1.0  # between two lines in the log, and between two rates
FRESH = 10.0  # s that the HUD speaks of the last message that was ignored


class Part(Protocol):
    """One way in or out."""

    def start(self) -> None:
        """Open its port or device. Raises ConfigError where the configuration asks for one that cannot be had."""
        ...

    def stop(self) -> None:
        """Close it; more than once does no harm."""
        ...


class ControlDesk:
    """Built before the first picture and stepped once a picture.

    lockstep: whether the run goes as fast as it can; then only what the configuration turns on by name is opened. observe: the
    show as it is. on_fault: told of a part that fails while the show runs, which goes on without it.
    """

    def __init__(
        self,
        config: ControlConfig,
        state: ControlState,
        observe: Callable[[], Observation],
        on_fault: Callable[[str], None],
        lockstep: bool = False,
    ) -> None:
        self._config, self._state, self._observe, self._on_fault = config, state, observe, on_fault
        self._lockstep = lockstep
        self._received: Callable[[], int] = int
        self._parts: list[Part] = []
        self._second: float | None = None
        self._then = 0  # messages received until the last second began
        self._rate = 0.0
        self._ignored = 0
        self._ignored_at = float("-inf")

    def wants(self, enabled: bool | Literal["auto"]) -> bool:
        """Whether a way in with this setting is to be opened."""
        return enabled is True or (enabled == "auto" and not self._lockstep)

    def start(self) -> None:
        """Open everything that is wanted, or nothing. Raises ConfigError."""
        try:
            for part in self._build():
                self._parts.append(part)
                part.start()
        except FacetsError:
            self.stop()
            raise

    def _build(self) -> list[Part]:
        parts: list[Part] = []
        if self.wants(self._config.osc.enabled):
            from installation.control.osc import OscServer
            from installation.control.osc_feedback import OscFeedback

            server = OscServer(self._state, self._config.osc)
            self._received = lambda: server.received
            parts += [server, OscFeedback(self._state, self._config.osc, self._observe)]
        return parts

    def step(self, now: float) -> None:
        """Once a picture; ``now`` in seconds of the show's clock. Never raises."""
        if self._second is not None and 0 <= now - self._second < SECOND:
            return
        received, counts = self._received(), self._state.counts()
        if self._second is not None and now > self._second:
            self._rate = (received - self._then) / (now - self._second)
        if counts.ignored > self._ignored:
            self._ignored_at = now
            log.warning("%d control messages were ignored, the last: %s", counts.ignored - self._ignored, counts.last)
        self._second, self._then, self._ignored = now, received, counts.ignored

    def figures(self) -> tuple[tuple[str, str], ...]:
        """Label and value for the operator's HUD."""
        counts = self._state.counts()
        rows = [("messages", f"{self._rate:5.0f} /s"), ("ignored", f"{counts.ignored}"), ("clamped", f"{counts.clamped}")]
        if self._second is not None and self._second - self._ignored_at < FRESH:
            rows.append(("why", counts.last))
        return tuple(rows)

    def stop(self) -> None:
        """Close everything, the last opened first."""
        while self._parts:
            part = self._parts.pop()
            try:
                part.stop()
            except Exception as err:  # the others are to be closed all the same
                log.exception("a control could not be closed")
                self._on_fault(f"control: {type(err).__name__}: {err}")
