"""Writes presets so that nothing is ever lost: whole or not at all, with the ten states before as backups."""

from __future__ import annotations

import contextlib
import itertools
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from installation.control.parameters import ParameterTable, Scalar
from installation.control.presets.files import MAX_NAME, SUFFIX, Preset, name_fault, read_preset
from installation.errors import ConfigError
from installation.output_file import whole_file

BACKUPS = 10
BACKUP_FOLDER = ".backups"


def text_of(preset: Preset, table: ParameterTable) -> str:
    """The file that ``read_preset`` reads back as this preset: keys and controls always in the same order."""
    order = {name: place for place, name in enumerate(table)}
    lines = sorted({**preset.absent, **preset.controls}.items(), key=lambda line: (order.get(line[0], len(order)), line[0]))
    head: dict[str, object] = {"title": preset.title} if preset.title else {}
    if preset.description:
        head["description"] = preset.description
    if preset.tags:
        head["tags"] = list(preset.tags)
    body = {**head, "fade": preset.fade, "easing": preset.easing, "controls": dict(lines)}
    return yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None if preset.tags else False)


def short(value: Scalar) -> Scalar:
    """A number as a person would write it: a fader's 0.30000001192 is 0.3."""
    return float(f"{value:.6g}") if isinstance(value, float) else value


def write_preset(folder: Path, preset: Preset, table: ParameterTable) -> None:
    """Write ``NAME.yaml``, whole or not at all; the file that was there becomes the newest of ten backups. Raises ConfigError
    for a name that cannot be, a folder that cannot be written, a full disk."""
    reason = name_fault(preset.name)
    if reason:
        raise ConfigError(f"preset {preset.name[:MAX_NAME]!r}: {reason}")
    text = text_of(preset, table).encode()
    path = folder / f"{preset.name}{SUFFIX}"
    with _saving(path):
        folder.mkdir(exist_ok=True)
        if path.is_file() and not path.is_symlink() and path.read_bytes() == text:
            return
        _replace(path, text)


def restore_preset(folder: Path, name: str, key: str, table: ParameterTable) -> None:
    """Put a backup in the place of ``NAME.yaml``, which becomes the newest backup itself. Raises ConfigError: there is no such
    backup any more, it is broken, or the folder cannot be written."""
    path = folder / f"{name}{SUFFIX}"
    with _saving(path):
        found = next((backup for backup in backups_of(folder, name) if backup.key == key), None)
        if found is None:
            raise ConfigError(f"{path}: this backup is there no more; look at the list again")
        read_preset(found.path, table)
        text = found.path.read_bytes()
        if path.is_file() and path.read_bytes() == text:
            return
        _replace(path, text)


@dataclass(frozen=True, slots=True)
class Backup:
    """An earlier state of a preset. key: tells it from the others, also once newer ones have come; saved: s since 1970."""

    path: Path
    key: str
    saved: float


def backups_of(folder: Path, name: str) -> list[Backup]:
    """The states before of one preset, the newest first."""
    if name_fault(name):
        return []
    found = []
    for number in range(1, BACKUPS + 1):
        path = folder / BACKUP_FOLDER / f"{name}.{number}{SUFFIX}"
        try:
            status = path.stat(follow_symlinks=False)
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode):
            found.append(Backup(path, f"{status.st_ino}-{status.st_mtime_ns}", status.st_mtime))
    return found


@contextlib.contextmanager
def _saving(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as err:
        raise ConfigError(f"{path}: cannot be saved ({err.strerror or err})") from err


def _replace(path: Path, text: bytes) -> None:
    """New contents, whole or not at all; those before become the newest backup."""
    with whole_file(path) as part:
        with part.open("wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        back_up(path)


def back_up(path: Path) -> None:
    """Keep the file as ``.backups/NAME.1.yaml`` and the older ones up to ``NAME.10.yaml``. A link to it takes no room."""
    if path.is_symlink() or not path.is_file():
        return
    shelf = path.parent / BACKUP_FOLDER
    shelf.mkdir(exist_ok=True)
    if shelf.is_symlink():
        raise ConfigError(f"{shelf}: is a link; backups are kept in a folder of the presets' own")
    names = [shelf / f"{path.stem}.{number}{SUFFIX}" for number in range(1, BACKUPS + 1)]
    for newer, older in reversed(list(itertools.pairwise(names))):
        if newer.exists():
            newer.replace(older)
    names[0].unlink(missing_ok=True)
    os.link(path, names[0])
