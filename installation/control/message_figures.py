"""How many control messages come in, and what was wrong with those that were ignored: for the log and the operator's figures."""

from __future__ import annotations

import logging
from collections.abc import Callable

from installation.control.state import ControlState

log = logging.getLogger(__name__)

SECOND = 1.0  # between two lines in the log, and between two rates
FRESH = 10.0  # s that the operator is shown why the last message was ignored

LabelledValue = tuple[str, str]  # label and value


class MessageFigures:
    """received: messages that came by OSC so far."""

    def __init__(self, state: ControlState, received: Callable[[], int]) -> None:
        self._state, self._received = state, received
        self._second: float | None = None  # when the last second began
        self._then = 0  # messages received until then
        self._rate = 0.0
        self._ignored = 0
        self._ignored_at = float("-inf")

    def step(self, now: float) -> None:
        """Rates, and once a second a line of what was ignored. now: s of the show's clock."""
        if self._second is not None and 0 <= now - self._second < SECOND:
            return
        received, counts = self._received(), self._state.counts()
        if self._second is not None and now > self._second:
            self._rate = (received - self._then) / (now - self._second)
        if counts.ignored > self._ignored:
            self._ignored_at = now
            log.warning("%d control messages were ignored, the last: %s", counts.ignored - self._ignored, counts.last)
        self._second, self._then, self._ignored = now, received, counts.ignored

    def rows(self) -> list[LabelledValue]:
        """How many come, and how many could not be obeyed as they were."""
        counts = self._state.counts()
        return [("messages", f"{self._rate:5.0f} /s"), ("ignored", f"{counts.ignored}"), ("clamped", f"{counts.clamped}")]

    def why(self) -> list[LabelledValue]:
        """Why the last one was ignored, for a while."""
        fresh = self._second is not None and self._second - self._ignored_at < FRESH
        return [("why", self._state.counts().last)] if fresh else []
