"""A small file in which a show keeps what a hand set on the panel: whole or not at all, and put aside where it is broken."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from installation.errors import FacetsError
from installation.output_file import whole_file

MAX_BYTES = 1 << 16
VERSION = 1
BROKEN = ".broken"  # behind the name of a file that was put aside
T = TypeVar("T")


class KeptFile:
    """path: None where nothing is kept. what: what is in it, as in "the zones drawn on the panel"; instead: what holds where it cannot be
    read. ``notice``: what there is to say of it once it was read, "" for nothing."""

    def __init__(self, path: Path | None, what: str, instead: str) -> None:
        self.notice = ""
        self._path, self._what, self._instead = path, what, instead

    def read(self, parse: Callable[[Mapping[str, object]], T], nothing: T) -> T:
        """What ``parse`` makes of its contents, which may raise ValueError; ``nothing`` where there is none, or none that is whole."""
        path = self._path
        if path is None:
            return nothing
        try:
            if not path.is_file():
                return nothing
            if path.stat().st_size > MAX_BYTES:
                raise ValueError(f"larger than {MAX_BYTES} bytes")
            given = json.loads(path.read_bytes())
            if not isinstance(given, dict) or given.get("version") != VERSION:
                raise ValueError(f"of another version, or no file of {self._what}")
            return parse(given)
        except OSError as err:
            self.notice = f"{path}: {self._what} cannot be read ({err.strerror or err}); {self._instead}"
        except (ValueError, RecursionError) as err:
            aside = path.with_name(path.name + BROKEN)
            with contextlib.suppress(OSError):
                path.replace(aside)
            reason = "not whole, or no JSON" if isinstance(err, json.JSONDecodeError | UnicodeDecodeError | RecursionError) else err
            self.notice = f"{path}: {reason}; it was put aside as {aside.name}, and {self._instead}"
        return nothing

    def write(self, contents: Mapping[str, object]) -> str:
        """Keep it, on the disk before this returns. Why that cannot be done, "" where it is done."""
        path = self._path
        if path is None:
            return ""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(path) as part, part.open("w", encoding="utf-8") as file:
                json.dump({"version": VERSION, **contents}, file)
                file.flush()
                os.fsync(file.fileno())
        except (OSError, ValueError, FacetsError) as err:
            return str(err)
        return ""
