"""The end of a show: every part is closed, whatever becomes of the others, and none is waited for too long."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable

log = logging.getLogger(__name__)


class Closing:
    """Begun when it is made. seconds: until whatever is still at work is left behind, to end with the process; on_fault: told of a part
    that cannot be closed."""

    def __init__(self, seconds: float, on_fault: Callable[[str], None]) -> None:
        self._by, self._on_fault = time.monotonic() + seconds, on_fault

    def left(self) -> float:
        """s, never negative."""
        return max(0.0, self._by - time.monotonic())

    def close(self, parts: Iterable[Callable[[], object]]) -> None:
        """Each in its order; one that fails is noted, and the others are closed all the same."""
        for close in parts:
            try:
                close()
            except Exception as err:
                log.debug("the end", exc_info=True)
                self._on_fault(f"at the end: {type(err).__name__}: {err}")
