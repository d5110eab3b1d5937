"""The file of what was learned, in a show: a person may edit it while the program runs, and break it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from installation.control.midi.mapping import Learned, Stamp, last_good, read_mapping, stamp_of, write_mapping
from installation.control.parameters import ParameterTable
from installation.errors import ConfigError


class MappingFile:
    """Belongs to one thread. on_fault: told what is wrong with the file, and where."""

    def __init__(self, path: Path, on_fault: Callable[[str], None]) -> None:
        self._path, self._on_fault = path, on_fault
        self._stamp: Stamp | None = None  # as it was last read or written

    def changed(self) -> bool:
        """Whether somebody else has written it since it was last read or written."""
        return self._stamp != stamp_of(self._path)

    def read(self, table: ParameterTable, before: Learned) -> Learned:
        """What it says now; of a broken file, what was learned ``before``, or the last backup that is good."""
        self._stamp = stamp_of(self._path)
        try:
            return read_mapping(self._path, table)
        except ConfigError as err:
            self._on_fault(str(err))
            return before or last_good(self._path, table)

    def write(self, learned: Learned) -> None:
        """Keep what was learned; what goes wrong is told. What somebody writes from then on is a change."""
        try:
            self._stamp = write_mapping(self._path, learned)
        except ConfigError as err:
            self._on_fault(str(err))
