"""The numbers of the presets: MIDI programs and ``preset/recall 7`` mean the same preset tomorrow, whatever was saved since.

They are kept beside the presets in ``.numbers``, a line for each: ``7 golden-hour``. A person may edit it while the program
does not run. A preset that is gone keeps its number for the day that it comes back.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from installation.errors import ConfigError
from installation.output_file import whole_file

log = logging.getLogger(__name__)

FILE = ".numbers"
MOST = 2000  # numbers that are kept, those of presets that are gone among them
PROGRAMS = 128  # of MIDI; beyond them a number that is free again is better than one that no device can send
MAX_BYTES = 1 << 18


class PresetNumbers:
    """Belongs to whoever looks at the folder. keep: whether new numbers are written down."""

    def __init__(self, folder: Path, keep: bool) -> None:
        self._path, self._keep = folder / FILE, keep
        self._numbers = read_numbers(self._path)
        self._kept = dict(self._numbers)

    def of(self, names: Iterable[str]) -> Mapping[str, int]:
        """The number of each of these presets, from 0; those that are new get the next ones in their order."""
        present = sorted(names)
        for name in present:
            if name not in self._numbers:
                self._numbers[name] = self._free(present)
        if len(self._numbers) > MOST:
            self._numbers = {name: number for name, number in self._numbers.items() if name in set(present)}
        if self._keep and self._numbers != self._kept:
            self._write()
        return {name: self._numbers[name] for name in present}

    def _free(self, present: Iterable[str]) -> int:
        fresh = max(self._numbers.values(), default=-1) + 1
        if fresh < PROGRAMS:
            return fresh
        here = {self._numbers[name] for name in present if name in self._numbers}
        free = next((number for number in range(PROGRAMS) if number not in here), fresh)
        self._numbers = {name: number for name, number in self._numbers.items() if number != free}
        return free

    def _write(self) -> None:
        self._kept = dict(self._numbers)
        lines = sorted((number, name) for name, number in self._numbers.items())
        try:
            with whole_file(self._path) as part:
                part.write_text("".join(f"{number} {name}\n" for number, name in lines), encoding="utf-8")
        except (OSError, ConfigError) as err:  # a folder that cannot be written: nothing is saved there either
            log.debug("the numbers of the presets: %s", err)


def read_numbers(path: Path) -> dict[str, int]:
    """What the file says; lines that say nothing, or a second time the same number, are passed over."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            text = file.read(MAX_BYTES).decode("utf-8", "replace")
    except OSError:
        return {}
    found: dict[str, int] = {}
    given: set[int] = set()
    for line in text.splitlines():
        number, _, name = (part.strip() for part in line.strip().partition(" "))
        if number.isdecimal() and len(number) < 6 and name and name not in found and int(number) not in given:
            found[name] = int(number)
            given.add(int(number))
    return found
