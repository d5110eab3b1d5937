"""Which files of directions a configuration means: files, and whole folders that an artist drops files into."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from installation.latents.direction_files import READERS
from installation.latents.direction_lists import SUFFIXES

MAX_FILES = 64  # in a folder: each is read at the start
Stamp = tuple[str, int, int, int]  # path, inode, ns of the last change, bytes


def direction_files(paths: Sequence[Path]) -> list[Path]:
    """The files, those of folders in the order of their names with lists last, so that a list has the last word on a name.
    In a folder everything counts that looks like directions and is not hidden; other files may lie beside them."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            listed = [one for one in sorted(path.iterdir()) if _looks_right(one)]
            files += sorted(listed, key=lambda one: one.suffix.lower() in SUFFIXES)[:MAX_FILES]
        else:
            files.append(path)
    return files


def stamps(paths: Sequence[Path]) -> frozenset[Stamp]:
    """What tells whether anything changed: every file, and what lies beside a list, for a list names files there."""
    seen: set[Path] = set()
    try:
        for path in direction_files(paths):
            seen.add(path)
            if path.suffix.lower() in SUFFIXES and path.parent.is_dir():
                seen.update(one for one in path.parent.iterdir() if _looks_right(one))
    except OSError:  # a folder that goes while it is being read
        return frozenset()
    found = set()
    for path in seen:
        try:
            status = path.stat()
        except OSError:
            continue
        found.add((str(path), status.st_ino, status.st_mtime_ns, status.st_size))
    return frozenset(found)


def _looks_right(path: Path) -> bool:
    return not path.name.startswith(".") and path.suffix.lower() in (*READERS, *SUFFIXES) and path.is_file()
