"""Where engines are kept from start to start, and what serves in its place where nothing can be written there."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Store:
    """folder: where engines are kept. lasting: whether the next start finds them. notice: one sentence where it does not."""

    folder: Path
    lasting: bool = True
    notice: str = ""


def open_store(folder: Path) -> Store:
    """The store in ``folder``; where that cannot be written, one that lasts as long as the program and has all that lies there
    already: without any, every engine would be converted again for each measurement."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return Store(folder)
    except OSError as err:
        reason = err.strerror or str(err)
    notice = f"{folder}: the engines' cache cannot be written ({reason}): what it does not hold is made anew at every start, which takes"
    return Store(_stand_in(folder), False, f"{notice} a minute or more; make the folder writable, or name another by FACETS_CACHE=FOLDER")


_stand_ins: dict[Path, tempfile.TemporaryDirectory[str]] = {}  # each removes its folder when the program ends


def _stand_in(folder: Path) -> Path:
    if folder not in _stand_ins:
        _stand_ins[folder] = tempfile.TemporaryDirectory(prefix="facets-engines-", ignore_cleanup_errors=True)
    place = Path(_stand_ins[folder].name)
    with contextlib.suppress(OSError):
        for file in folder.iterdir():
            with contextlib.suppress(OSError):
                (place / file.name).symlink_to(file)
    return place
