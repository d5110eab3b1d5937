"""Takeaways on the disk: a folder each, whole or not there at all, in one folder that no other show may have meanwhile."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from installation.takeaways.ageing import Moment
from installation.takeaways.kept import Kept, write_note
from installation.takeaways.leftovers import GOING, MAKING, delete, hold, left_behind, taken_up


class Storage:
    """Knows nothing of time. Two threads may be at two takeaways, not at the same one. on_fault: told, from any thread, of what could not
    be deleted. Raises ConfigError where the folder cannot be had."""

    def __init__(self, folder: Path, on_fault: Callable[[str], None]) -> None:
        self._folder, self._on_fault = folder, on_fault
        self._told: set[Path] = set()  # what could not be deleted so far
        self._held = hold(folder)

    def close(self) -> None:
        """Another show may have the folder now."""
        self._held.close()

    def take_up(self, now: Moment) -> list[tuple[str, Kept | None]]:
        """What an earlier show has left, the oldest first: the id and what lies there, None for what has to go. What was being written or
        deleted when it was killed is cleared away; ``left`` names what could not be."""
        for place in left_behind(self._folder):
            self._delete(place)
        found = sorted(taken_up(self._folder, now), key=lambda pair: pair[1].made.wall if pair[1] else 0.0)
        return [(place.name, kept) for place, kept in found]

    def left(self) -> list[str]:
        """Names, for ``remove``, of what is half written or half deleted. Asked where nothing is being written."""
        return [place.name.removeprefix(GOING) for place in left_behind(self._folder)]

    def make(self, name: str, fill: Callable[[Path], Kept]) -> Kept:
        """A new takeaway. fill: puts files into a folder, and says what is there. Raises OSError; then nothing of it is left."""
        staging = self._folder / staging_name(name)
        try:
            staging.mkdir(mode=0o700)
            kept = fill(staging)
            write_note(staging, kept)
            os.rename(staging, self._folder / name)
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise
        return kept

    def write(self, kept: Kept) -> None:
        """What is said of a takeaway is another. Raises OSError."""
        write_note(self._folder / kept.id, kept)

    def move_in(self, name: str, file: Path) -> None:
        """A file from a place on the same disk becomes one of a takeaway's, under the name that it has. Raises OSError."""
        os.chmod(file, 0o600)
        os.replace(file, self._folder / name / file.name)

    def size(self, name: str) -> int:
        """Bytes of a takeaway's files."""
        try:
            return sum(file.stat().st_size for file in (self._folder / name).iterdir())
        except OSError:
            return 0

    def remove(self, name: str) -> bool:
        """Out of reach first, in one step; then file by file. Whether nothing of it is left; otherwise it is to be asked for again."""
        going = self._folder / f"{GOING}{name}"
        with contextlib.suppress(OSError):
            os.rename(self._folder / name, going)
        return all([self._delete(place) for place in (going, self._folder / name)])

    def _delete(self, place: Path) -> bool:
        """Whether it is gone. What is not is told once."""
        gone = delete(place)
        if gone:
            self._told.discard(place)
        elif place not in self._told:
            self._told.add(place)
            self._on_fault(f"takeaways: {place}: cannot be deleted; it is tried again")
        return gone


def staging_name(name: str) -> str:
    """Under which name a takeaway is written, until it is whole."""
    return f"{MAKING}{name}"
