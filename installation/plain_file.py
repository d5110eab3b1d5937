"""Files that people name: a pipe would be waited for without end, a device has none, and neither is what was meant."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

KINDS = (
    (stat.S_ISDIR, "this is a folder"),
    (stat.S_ISFIFO, "this is a pipe"),
    (stat.S_ISSOCK, "this is a socket"),
    (stat.S_ISCHR, "this is a device"),
    (stat.S_ISBLK, "this is a device"),
)


class NotAFileError(OSError):
    """What is there is no file. Its text says what it is: ``this is a pipe``."""

    @property
    def strerror(self) -> str:  # type: ignore[override]  # the reason as callers quote that of any other error
        return str(self)


def open_plain(path: Path) -> BinaryIO:
    """Open a file to read. Raises NotAFileError for what is none, at once, and OSError or ValueError as ``open`` does."""
    check_plain(path)
    # It could be another by now: opened so that nothing is waited for, and looked at once more.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    file = os.fdopen(handle, "rb")
    try:
        _check(os.fstat(handle).st_mode)
    except NotAFileError:
        file.close()
        raise
    return file


def check_plain(path: Path) -> None:
    """Raise NotAFileError where something other than a file is at ``path``, OSError where nothing can be looked at."""
    _check(os.stat(path).st_mode)


def check_target(path: Path) -> None:
    """Raise NotAFileError where a file that is written to ``path`` would take the place of something that is none; a place
    where nothing is will do."""
    try:
        check_plain(path)
    except FileNotFoundError:
        return


def _check(mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise NotAFileError(next((kind for test, kind in KINDS if test(mode)), "this is no file"))
