"""Where a crash was: Python's own fault handler writes the lines of code that each thread was at into a file, when the process dies of a
fault of its own (a driver's, a library's). Names of files and functions, and nothing of a picture."""

from __future__ import annotations

import contextlib
import faulthandler
from pathlib import Path
from typing import BinaryIO

NAME = "crash.txt"
KEPT = "crash.last.txt"  # of the last show that crashed


class CrashFile:
    """In the folder of the live state. crashed: whether the last show left one."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self.kept = folder / KEPT
        self._file: BinaryIO | None = None
        try:
            self.crashed = self._path.stat().st_size > 0
        except OSError:
            self.crashed = False

    def open(self) -> None:
        """From here on a crash is written down. What the last one wrote is kept beside. Nothing where nothing can be written."""
        with contextlib.suppress(OSError):
            if self.crashed:
                self._path.replace(self.kept)
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("wb", buffering=0)
            faulthandler.enable(self._file)

    def close(self) -> None:
        """The show ends in order. More than once does no harm."""
        if self._file is not None:
            faulthandler.disable()
            self._file.close()
            self._file = None
            with contextlib.suppress(OSError):
                self._path.unlink()
