"""The pictures of a folder as they come and go: new ones join once they are written, deleted ones leave."""

from __future__ import annotations

import os
from pathlib import Path
from time import perf_counter

from installation.errors import SourceError
from installation.sources.base import SourceLost

SUFFIXES = {
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".jp2", ".j2k", ".png", ".apng", ".webp", ".avif", ".avifs", ".heic", ".heif", ".hif"),
    *(".bmp", ".dib", ".tif", ".tiff", ".gif", ".ppm", ".pgm", ".pbm", ".pnm", ".tga", ".qoi", ".mpo"),
}
LOOK_SECONDS = 2.0  # between two looks
PATIENCE = 50.0  # times as long as a look took: a folder far away is looked at less often
NAMED = 8  # files that a sentence names

Stamp = tuple[int, int]  # bytes, and ns of the last change


class Folder:
    """Pictures by name. A file that appears while the show runs, or changes, counts from the look at which it is as it was at the
    look before: until then somebody may still be writing it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pictures: list[Path] = []  # sorted, those that cannot be read too
        self._seen: dict[Path, Stamp] = {}  # at the last look
        self._settled: dict[Path, Stamp] = {}
        self._broken: dict[Path, Stamp] = {}
        self._next = float("-inf")  # s

    def open(self) -> None:
        """The first look, which takes every file as it is. Raises SourceError, SourceLost where pictures may yet come."""
        try:
            self._seen = self._settled = self._list()
        except OSError as error:
            raise SourceError(f"{self.path}: the folder cannot be listed ({error.strerror})") from error
        self.pictures, self._broken = sorted(self._settled), {}
        if not self.pictures:
            raise SourceLost(f"{self.path}: the folder holds no pictures ({', '.join(sorted(SUFFIXES))})")

    def look(self, now: float) -> None:
        """Look again, if it is time; ``now``: s. A folder that cannot be listed just now stays as it was."""
        if now < self._next:
            return
        start = perf_counter()
        try:
            found = self._list()
        except OSError:
            found = self._seen
        self._next = now + max(LOOK_SECONDS, PATIENCE * (perf_counter() - start))
        if found == self._seen == self._settled:
            return
        self._settled = {
            path: stamp if self._seen.get(path) == stamp else self._settled[path]
            for path, stamp in found.items()
            if self._seen.get(path) == stamp or path in self._settled
        }
        self._seen = found
        self.pictures = sorted(self._settled)
        self._broken = {path: stamp for path, stamp in self._broken.items() if path in found}

    def stamp(self, path: Path) -> Stamp | None:
        """How the file was when it last came to rest; None where it is not there."""
        return self._settled.get(path)

    def after(self, path: Path | None) -> list[Path]:
        """The pictures that may be readable, in the order of their names, beginning behind ``path`` and going round."""
        behind = [one for one in self.pictures if path is None or one > path]
        return [one for one in (*behind, *self.pictures[: len(self.pictures) - len(behind)]) if self._settled[one] != self._broken.get(one)]

    def refuse(self, path: Path) -> None:
        """The picture cannot be read: it is left out until it changes."""
        self._broken[path] = self._settled[path]

    @property
    def complaint(self) -> str:
        """One sentence that names the pictures that are left out; empty where there are none."""
        left_out = sorted(path.name for path, stamp in self._broken.items() if self._settled.get(path) == stamp)
        if not left_out:
            return ""
        more = f" and {len(left_out) - NAMED} more" if len(left_out) > NAMED else ""
        which = "1 picture" if len(left_out) == 1 else f"{len(left_out)} pictures"
        return (
            f"{self.path}: {which} cannot be read and {'is' if len(left_out) == 1 else 'are'} left out: {', '.join(left_out[:NAMED])}{more}"
        )

    def _list(self) -> dict[Path, Stamp]:
        found = {}
        with os.scandir(self.path) as entries:
            for entry in entries:
                if entry.name.startswith(".") or os.path.splitext(entry.name)[1].lower() not in SUFFIXES:
                    continue
                try:
                    if entry.is_file():
                        stat = entry.stat()
                        found[Path(entry.path)] = (stat.st_size, stat.st_mtime_ns)
                except OSError:  # gone since it was listed
                    continue
        return found
