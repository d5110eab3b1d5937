"""The file of ``--report``: its place is taken, and room kept in it, before the show starts."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from pathlib import Path

from installation.operation.health import Report
from installation.output_file import unwritable

ROOM = 1 << 16  # bytes, more than a report has: a recording may fill the disk meanwhile


class ReportFile:
    """Raises ConfigError or FaultError where ``path`` cannot be written, at once rather than after the show."""

    def __init__(self, path: Path) -> None:
        self._path, self._part = path, path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            if path.is_dir():
                raise IsADirectoryError(errno.EISDIR, "it is a folder")
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._part.open("w+b")
        except OSError as err:
            raise unwritable(f"--report {path}", err) from err
        try:
            self._file.write(bytes(ROOM))
            self._file.flush()
        except OSError as err:
            self.drop()
            raise unwritable(f"--report {path}", err) from err

    def write(self, report: Report) -> None:
        """One JSON object, complete or not at all. Raises ConfigError or FaultError where it cannot be written after all."""
        try:
            self._file.seek(0)
            self._file.write(json.dumps(report.as_dict(), indent=1).encode() + b"\n")
            self._file.flush()
            self._file.truncate()
            self._file.close()
            self._part.replace(self._path)
        except OSError as err:
            self.drop()
            raise unwritable(f"--report {self._path}", err) from err

    def drop(self) -> None:
        """There is nothing to report: the show has not begun."""
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(OSError):
            self._part.unlink(missing_ok=True)
