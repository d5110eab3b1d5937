"""How far a long piece of work has come."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable

WIDTH = 30  # characters
PAUSE = 0.1  # s between two looks of a terminal's line


class Bar:
    """Progress on a terminal, one line; elsewhere one line once it is done."""

    def __init__(self, name: str, write: Callable[[str], object] | None = None) -> None:
        """write: what takes the text; None for standard error as it is now, which need not be what it was when the program began."""
        self._name, self._write, self._live = name, write or sys.stderr.write, sys.stderr.isatty()
        self._began = time.monotonic()
        self._shown = 0.0
        self.show(0.0)

    def show(self, share: float) -> None:
        """0…1; more is all."""
        now = time.monotonic()
        if not self._live or now - self._shown < PAUSE:
            return
        self._shown = now
        full = math.floor(WIDTH * min(max(share, 0.0), 1.0))
        self._write(f"\r[{'█' * full}{'·' * (WIDTH - full)}] {100 * min(share, 1.0):3.0f} % {self._name}\x1b[K")

    def end(self, done: bool = False) -> None:
        """No more of it."""
        if self._live:
            self._write("\r\x1b[K")
        if done:
            self._write(f"{self._name}: {time.monotonic() - self._began:.1f} s\n")
