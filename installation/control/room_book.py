"""The part of the camera's picture in which visitors are looked for: drawn on the operator's page, kept in a file."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from installation.kept_file import KeptFile
from installation.zones import Zone, read_zone

LEAST = 0.2  # of the picture's side; in less there is hardly room for a head
WHOLE = Zone(0.0, 0.0, 1.0, 1.0)


def read_room(value: object) -> Zone | None:
    """A crop as the page or a file writes it, four fractions of the picture; None: the whole picture. What reaches out is cut. Raises
    ValueError."""
    if value is None:
        return None
    zone = read_zone(value)
    if round(zone.right - zone.left, 6) < LEAST or round(zone.bottom - zone.top, 6) < LEAST:
        raise ValueError(f"must be at least {LEAST:g} of the picture wide and high; what is smaller has no room for visitors")
    return None if zone == WHOLE else zone


class RoomBook:
    """path: of the file that keeps it, None where nothing is kept. ``notice``: what there is to say of that file at the start."""

    def __init__(self, path: Path | None = None) -> None:
        self._file, self._lock = KeptFile(path, "the crop of the room", "visitors are looked for in the whole picture"), threading.Lock()
        self._room: Zone | None = self._file.read(_kept, None)
        self.notice = self._file.notice

    def room(self) -> Zone | None:
        """The crop; None: the whole picture. Any thread."""
        return self._room

    def draw(self, given: object, on_fault: Callable[[str], None] = lambda fault: None) -> str:
        """Look for visitors there from now on, see ``read_room``. Why that is not done, or why it does not outlast the show; "" where it
        does. on_fault: told of a file that cannot be written."""
        try:
            room = read_room(given)
        except ValueError as err:
            return f"the crop {err}"
        with self._lock:
            self._room = room
            if fault := self._file.write({"room": None if room is None else room.numbers()}):
                on_fault(f"the crop of the room holds, but cannot be kept: {fault}")
                return f"it holds, but only until the show ends: {fault}"
        return ""


def _kept(given: Mapping[str, object]) -> Zone | None:
    if "room" not in given:
        raise ValueError("holds no crop")
    return read_room(given["room"])
