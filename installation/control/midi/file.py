"""The file of what was learned, in a show: a person may edit it while the program runs, and break it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from installation.control.midi.mapping import Learned, last_good, read_mapping, write_mapping
from installation.control.parameters import ParameterTable
from installation.errors import ConfigError

Stamp = tuple[int, int, int]  # inode, ns of the last change, bytes


class MappingFile:
    """Belongs to one thread. on_fault: told what is wrong with the file, and where."""

    def __init__(self, path: Path, on_fault: Callable[[str], None]) -> None:
        self._path, self._on_fault = path, on_fault
        self._stamp: Stamp | None = None  # as it was last read or written

    def changed(self) -> bool:
        """Whether somebody else has written it since it was last read or written."""
        return self._stamp != _stamp(self._path)

    def read(self, table: ParameterTable, before: Learned) -> Learned:
        """What it says now; of a broken file, what was learned ``before``, or the last backup that is good."""
        self._stamp = _stamp(self._path)
        try:
            return read_mapping(self._path, table)
        except ConfigError as err:
            self._on_fault(str(err))
            return before or last_good(self._path, table)

    def write(self, learned: Learned) -> None:
        """Keep what was learned; what goes wrong is told."""
        try:
            write_mapping(self._path, learned)
        except ConfigError as err:
            self._on_fault(str(err))
        self._stamp = _stamp(self._path)


def _stamp(path: Path) -> Stamp | None:
    """Tells one state of a file from the next; None where there is none."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
