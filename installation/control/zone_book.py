"""The zones in which faces do not count: those of the configuration, and those drawn on the panel, which a file keeps."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from installation.errors import FacetsError
from installation.output_file import whole_file
from installation.zones import Zone, read_zones

MAX_BYTES = 1 << 16
VERSION = 1
BROKEN = ".broken"  # behind the name of a file that was put aside


class ZoneBook:
    """fixed: of the configuration; they stay. path: of the file that keeps the others, None where nothing is kept. ``notice``: what there
    is to say of that file at the start, "" for nothing."""

    def __init__(self, fixed: Sequence[Zone] = (), path: Path | None = None) -> None:
        self.fixed, self.notice = tuple(fixed), ""
        self._path, self._lock = path, threading.Lock()
        self._drawn: tuple[Zone, ...] = () if path is None else self._read(path)
        self._all = (*self.fixed, *self._drawn)

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
            if self._path is None:
                return ""
            try:
                self._write(self._path, zones)
            except (OSError, ValueError, FacetsError) as err:
                on_fault(f"the zones drawn on the panel hold, but cannot be kept: {err}")
                return f"it holds, but only until the show ends: {err}"
        return ""

    def _write(self, path: Path, zones: Sequence[Zone]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as part, part.open("w", encoding="utf-8") as file:
            json.dump({"version": VERSION, "zones": [zone.numbers() for zone in zones]}, file)
            file.flush()
            os.fsync(file.fileno())

    def _read(self, path: Path) -> tuple[Zone, ...]:
        try:
            if not path.is_file():
                return ()
            if path.stat().st_size > MAX_BYTES:
                raise ValueError(f"larger than {MAX_BYTES} bytes")
            given = json.loads(path.read_bytes())
            if not isinstance(given, dict) or given.get("version") != VERSION:
                raise ValueError("of another version, or no file of zones")
            return read_zones(given.get("zones"))
        except OSError as err:
            self.notice = f"{path}: the zones drawn on the panel cannot be read ({err.strerror or err}); those of the configuration hold"
        except (ValueError, RecursionError) as err:
            aside = path.with_name(path.name + BROKEN)
            with contextlib.suppress(OSError):
                path.replace(aside)
            reason = "not whole, or no JSON" if isinstance(err, json.JSONDecodeError | UnicodeDecodeError | RecursionError) else err
            self.notice = f"{path}: {reason}; it was put aside as {aside.name}, and the zones of the configuration hold"
        return ()


