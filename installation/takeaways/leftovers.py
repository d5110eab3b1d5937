"""What an earlier show has left in the folder of takeaways: a lock, the links that are over, what may stay, and what has to go."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO

from installation.errors import ConfigError
from installation.takeaways.ageing import Moment
from installation.takeaways.kept import ID, Kept, read_note

MAKING, GOING = ".making-", ".going-"  # in front of a folder's name while it is written, and while it is deleted
ENDED = "ended.json"
MOST_ENDED = 2000  # links that are told apart from those that never were


def hold(folder: Path) -> IO[bytes]:
    """Make the folder where there is none, and lock it: two shows would clear away each other's. Raises ConfigError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = open(folder / ".lock", "ab")  # noqa: SIM115  # held as long as the show
    except OSError as err:
        raise ConfigError(f"takeaways.folder: {folder}: cannot be written ({err.strerror or err})") from err
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        held.close()
        raise ConfigError(f"takeaways.folder: {folder}: another show keeps its takeaways there; name another folder") from None
    return held


def left_behind(folder: Path) -> Iterator[Path]:
    """What was being written or deleted when a program was killed."""
    for place in sorted(folder.iterdir()):
        if place.name.startswith((MAKING, GOING)):
            yield place


def taken_up(folder: Path, now: Moment) -> Iterator[tuple[Path, Kept | None]]:
    """Every takeaway's folder, and what it holds; None where its time is over, or where nobody can say when it is."""
    for place in sorted(folder.iterdir()):
        if ID.fullmatch(place.name) and _may_be_folder(place):
            yield place, _taken_up(place, now)


def _taken_up(place: Path, now: Moment) -> Kept | None:
    try:
        kept = read_note(place)
        if kept.left(now) <= 0:
            return None
        for stray in place.iterdir():
            if stray.name.startswith("."):
                delete(stray)
    except (OSError, ValueError):
        return None
    return replace(kept, whole=True)  # nobody makes the rest of it any more


def _may_be_folder(place: Path) -> bool:
    """What nobody can look at may be one, and has to go like what nobody can read."""
    try:
        return stat.S_ISDIR(os.stat(place).st_mode)
    except FileNotFoundError:
        return False
    except OSError:
        return True


def delete(place: Path) -> bool:
    """Delete a file or a folder; whether it is gone. What nobody can look at is not. Of a folder that stays the files are emptied where
    that can be, as where only the folder cannot be written: nothing is left to see, and no note keeps it."""
    if os.path.isdir(place) and not os.path.islink(place):  # of Path's own, is_dir raises where nobody can look
        shutil.rmtree(place, ignore_errors=True)
        _empty(place)
    else:
        with contextlib.suppress(OSError):
            place.unlink()
    try:
        os.lstat(place)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _empty(place: Path) -> None:
    """Nothing at all where it is not there any more."""
    for folder, _, files in os.walk(place):
        for file in (Path(folder, name) for name in files):
            if not os.path.islink(file):
                with contextlib.suppress(OSError):
                    os.truncate(file, 0)


class Ended:
    """Ids of takeaways that are over, so that yesterday's link is told that it is, and not that it never was."""

    def __init__(self, folder: Path) -> None:
        self._file, self._part = folder / ENDED, folder / f".{ENDED}"
        self._ids: dict[str, None] = {}
        self._written = True
        with contextlib.suppress(OSError, ValueError, RecursionError):
            ended = json.loads(self._file.read_bytes())
            ended = ended if isinstance(ended, list) else []
            self._ids = dict.fromkeys(one for one in ended[-MOST_ENDED:] if isinstance(one, str) and ID.fullmatch(one))

    def __contains__(self, name: str) -> bool:
        return name in self._ids

    def add(self, name: str) -> None:
        """One more. On a full disk it is known until the program ends, or until ``again`` finds room."""
        self._ids[name] = None
        for old in list(self._ids)[:-MOST_ENDED]:
            del self._ids[old]
        self._write()

    def again(self) -> None:
        """Write what could not be written."""
        if not self._written:
            self._write()

    def _write(self) -> None:
        self._written = False
        with contextlib.suppress(OSError):
            self._part.write_text(json.dumps(list(self._ids)), encoding="ascii")
            os.replace(self._part, self._file)
            self._written = True
