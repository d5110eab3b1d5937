"""The zones in which faces do not count: those of the configuration, and those drawn on the panel, which a file keeps."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from installation.kept_file import KeptFile
from installation.zones import Zone, read_zones


class ZoneBook:
    """fixed: of the configuration; they stay. path: of the file that keeps the others, None where nothing is kept. ``notice``: what there
    is to say of that file at the start, "" for nothing."""

    def __init__(self, fixed: Sequence[Zone] = (), path: Path | None = None) -> None:
        self.fixed = tuple(fixed)
        self._file, self._lock = KeptFile(path, "zones drawn on the panel", "the zones of the configuration hold"), threading.Lock()
        self._drawn: tuple[Zone, ...] = self._file.read(lambda given: read_zones(given.get("zones")), ())
        self._all = (*self.fixed, *self._drawn)
        self.notice = self._file.notice

    def zones(self) -> tuple[Zone, ...]:
        """All of them. Any thread."""
        return self._all

    @property
    def drawn(self) -> tuple[Zone, ...]:
        """Those that a hand drew. Any thread."""
        return self._drawn

    def draw(self, given: object, on_fault: Callable[[str], None] = lambda fault: None) -> str:
        """Put these zones, as ``read_zones`` reads them, in the place of those drawn so far. Why that is not done, or why it does not
        outlast the show; "" where it does. on_fault: told of a file that cannot be written."""
        try:
            zones = read_zones(given)
        except ValueError as err:
            return f"a zone {err}"
        with self._lock:
            self._drawn, self._all = zones, (*self.fixed, *zones)
            if fault := self._file.write({"zones": [zone.numbers() for zone in zones]}):
                on_fault(f"the zones drawn on the panel hold, but cannot be kept: {fault}")
                return f"it holds, but only until the show ends: {fault}"
        return ""
