"""The log on the disk: a few files that take turns, so that weeks of it are never more than some megabytes, and a disk that is full or
cannot be written never stops a show."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import os
import sys
from collections.abc import Callable
from pathlib import Path

from installation.operation.folded_log import FoldedLog

FREE_LINES = 10  # of a kind in a minute; further ones are counted
FORM, TIME = "%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S%z"
NAME = "facets.log"
LOGGER = "facets.log"  # whose word it is that lines are missing


class KeptLog(logging.handlers.RotatingFileHandler):
    """``facets.log`` in a folder, and the older ``facets.log.1`` …. megabytes: of each file; files: in all, of which a single one begins
    anew when it is full. on_fault: told once that nothing can be written, and not again before something could be."""

    def __init__(self, folder: Path, megabytes: float, files: int, on_fault: Callable[[str], None]) -> None:
        super().__init__(folder / NAME, maxBytes=int(megabytes * 2**20), backupCount=files - 1, encoding="utf-8", delay=True)
        self.lost = 0  # lines that could not be written
        self._told = 0  # of those, how many the log itself tells of
        self._folder, self._on_fault = folder, on_fault
        self._failed = False
        self.setFormatter(logging.Formatter(FORM, TIME))
        self.addFilter(FoldedLog(FREE_LINES))

    def emit(self, record: logging.LogRecord) -> None:
        lost = self.lost
        if self.stream is None:
            with contextlib.suppress(OSError):
                self._folder.mkdir(parents=True, exist_ok=True)
        super().emit(record)
        if self.lost == lost and self._failed:
            self._failed = False
            missing, self._told = self.lost - self._told, self.lost
            super().emit(
                logging.LogRecord(LOGGER, logging.WARNING, "", 0, f"{missing} lines before this one could not be written", None, None)
            )

    def doRollover(self) -> None:
        """A log of one file begins anew: without older ones the library would write on at its end."""
        super().doRollover()
        if self.backupCount == 0:
            os.truncate(self.baseFilename, 0)

    def handleError(self, record: logging.LogRecord) -> None:
        """Instead of a traceback on the terminal for each line."""
        err = sys.exc_info()[1]
        self.lost += 1
        stream, self.stream = self.stream, None  # opened anew with the next line
        if stream is not None:
            with contextlib.suppress(OSError, ValueError):
                stream.close()
        if not self._failed:
            self._failed = True
            self._on_fault(f"{self.baseFilename}: the log cannot be written ({getattr(err, 'strerror', None) or err})")
