"""The folder of presets, looked at again and again: what is new, what changed, what broke, what is gone."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from installation.control.parameters import ParameterTable
from installation.control.presets.files import SUFFIX, MissingGeneratorError, Preset, name_fault, owner_of, plain, read_preset
from installation.control.presets.numbers import PresetNumbers
from installation.errors import ConfigError

MAX_PRESETS = 500
Stamp = tuple[int, int, int]  # inode, ns of the last change, bytes
OTHER_MODELS: Stamp = (0, 0, 0)  # of a file that is to be read again for them


@dataclass(frozen=True)
class FolderContents:
    """One look at the folder. presets: the good ones by name, sorted; of a broken one the last good state. faults and notices:
    what there is to say since the last look. numbers: each preset's own, from 0. files: names of all that lie there, the broken
    ones too."""

    presets: Mapping[str, Preset]
    faults: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    numbers: Mapping[str, int] = field(default_factory=dict)
    files: frozenset[str] = frozenset()


@dataclass(slots=True)
class KnownFile:
    """What is known of one file. problem: why its newest state cannot be used."""

    stamp: Stamp
    preset: Preset | None = None
    problem: ConfigError | None = None
    told: bool = False
    soft: bool = False  # read because the models are others, not because somebody edited it


class PresetFolder:
    """Reads a file when its stamp changes. An editor may be half-way through writing, so a broken file is spoken of at the
    second look that finds it the same; at the first look ever, at once. keep: whether the presets' numbers are written down.
    beneath: a folder that is only read; its presets are there where this one has none of the same name."""

    def __init__(self, path: Path, keep: bool = False, beneath: Path | None = None) -> None:
        self.path, self._beneath = path, beneath
        self._places: dict[str, Path] = {}  # the folder that each file lies in
        self._numbers = PresetNumbers(path, keep)
        self._known: dict[str, KnownFile] = {}
        self._rows: frozenset[str] | None = None
        self._told: set[str] = set()
        self._crowded = False
        self._readable = True

    def look(self, table: ParameterTable) -> FolderContents:
        """The presets as they are now, for the controls of ``table``. Never raises for what is in the folder."""
        first = self._rows is None
        rows = frozenset(name for name in table if not name.startswith("preset/"))
        if rows != self._rows:  # other models: what fits them is another question
            for known in self._known.values():
                known.stamp = OTHER_MODELS
        self._rows = rows
        faults: list[str] = []
        absent: list[str] = []
        stamps = self._stamps(faults)
        self._known = {name: known for name, known in self._known.items() if name in stamps}
        for name, stamp in stamps.items():
            before = self._known.get(name)
            changed = before is None or before.stamp != stamp
            known = self._known[name] = before if before and not changed else self._read(name, stamp, before, table)
            if changed:
                known.soft = first or (before is not None and before.stamp == OTHER_MODELS)
            if changed and not first:
                continue
            if known.problem is not None and not known.told:
                known.told = True
                # What other models would make good is no fault of a file's that nobody has edited.
                (absent if known.soft and isinstance(known.problem, MissingGeneratorError) else faults).append(str(known.problem))
        presets = {known.preset.name: known.preset for known in self._known.values() if known.preset is not None}
        fresh = [notice for preset in presets.values() for notice in preset.notices if notice not in self._told]
        self._told.update(fresh)
        notices = tuple(filter(None, ["; ".join([*_left_out(absent), *_waiting(fresh, presets)])]))  # one, however many wait
        files = frozenset(name.rpartition(".")[0].lower() for name in stamps)
        return FolderContents(dict(sorted(presets.items())), tuple(faults), notices, self._numbers.of(presets), files)

    def problem(self, name: str) -> ConfigError | None:
        """Why the newest state of a preset's file cannot be used."""
        known = self._known.get(f"{name}{SUFFIX}")
        return None if known is None else known.problem

    def _read(self, name: str, stamp: Stamp, before: KnownFile | None, table: ParameterTable) -> KnownFile:
        last_good = None if before is None else before.preset
        try:
            reason = name_fault(name.removesuffix(SUFFIX)) if name.endswith(SUFFIX) else f"a preset's file ends in {SUFFIX}"
            if reason:
                raise ConfigError(f"{self.path}/{plain(name)}: {reason}")
            return KnownFile(stamp, read_preset(self._places.get(name, self.path) / name, table))
        except ConfigError as err:
            return KnownFile(stamp, last_good, err)

    def _stamps(self, faults: list[str]) -> dict[str, Stamp]:
        """Every file that means to be a preset, by its name; of two that differ in case or ending alone, the rightly named."""
        found: dict[str, Stamp] = {}
        try:
            for folder in filter(None, (self._beneath, self.path)):
                found |= (listed := _listing(folder))
                self._places |= dict.fromkeys(listed, folder)
        except OSError as err:
            if self._readable:
                faults.append(f"{self.path}: the presets cannot be read ({err.strerror or err})")
            self._readable = False
            return {name: known.stamp for name, known in self._known.items()}
        self._readable = True
        names = sorted(found, key=lambda name: (name not in self._known, name))  # what was there goes before what comes
        left_out = sorted(names[MAX_PRESETS:])
        if left_out and not self._crowded:
            faults.append(f"{self.path}: holds more than {MAX_PRESETS} presets; {_listed(left_out)} left out; move some elsewhere")
        self._crowded = bool(left_out)
        return {name: found[name] for name in sorted(names[:MAX_PRESETS])}


def _listing(folder: Path) -> dict[str, Stamp]:
    """The files of one folder that mean to be presets; of a folder that is not there, none. Raises OSError."""
    found: dict[str, Stamp] = {}
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or not entry.name.lower().endswith((SUFFIX, ".yml")):
                continue
            with contextlib.suppress(FileNotFoundError):  # gone since
                status = entry.stat(follow_symlinks=False)
                found[entry.name] = (status.st_ino, status.st_mtime_ns, status.st_size)
    return found


def _listed(names: list[str]) -> str:
    """``new.yaml is``; ``a.yaml and 3 others are``."""
    more = len(names) - 1
    return f"{plain(names[0])} is" if not more else f"{plain(names[0])} and {more} other{'s' * (more > 1)} are"


def _waiting(fresh: list[str], presets: Mapping[str, Preset]) -> list[str]:
    """One notice for all lines that wait for attributes which these models do not have: the first in full, the others by name."""
    if len(fresh) < 2:
        return fresh
    waiting = [preset for preset in presets.values() if any(notice in fresh for notice in preset.notices)]
    owners = dict.fromkeys(owner_of(name) for preset in waiting for name in preset.absent)
    more = len(fresh) - 1
    return [f"{fresh[0]}; {more} more like it, in {len(waiting)} preset{'s' * (len(waiting) > 1)}, for {', '.join(owners)}"]


def _left_out(absent: list[str]) -> list[str]:
    """One notice for all presets that mix in generators which these models do not have: the first in full, the others by count."""
    more = len(absent) - 1
    if more < 1:
        return absent
    return [f"{absent[0]}; {more} other preset{'s' * (more > 1)} left out likewise"]
