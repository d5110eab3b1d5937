"""Writes presets so that nothing is ever lost: whole or not at all, with the ten states before as backups."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

import yaml

from installation.control.parameters import ParameterTable, Scalar
from installation.control.preset_files import MAX_NAME, SUFFIX, Preset, name_fault
from installation.errors import ConfigError
from installation.output_file import whole_file

BACKUPS = 10
BACKUP_FOLDER = ".backups"


def text_of(preset: Preset, table: ParameterTable) -> str:
    """The file that ``read_preset`` reads back as this preset: keys and controls always in the same order."""
    order = {name: place for place, name in enumerate(table)}
    lines = sorted({**preset.absent, **preset.controls}.items(), key=lambda line: (order.get(line[0], len(order)), line[0]))
    head: dict[str, object] = {"description": preset.description} if preset.description else {}
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
    text = text_of(preset, table)
    path = folder / f"{preset.name}{SUFFIX}"
    try:
        folder.mkdir(exist_ok=True)
        if path.is_file() and not path.is_symlink() and path.read_bytes() == text.encode():
            return
        with whole_file(path) as part:
            with part.open("wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            back_up(path)
        _settle(folder)
    except OSError as err:
        raise ConfigError(f"{path}: cannot be saved ({err.strerror or err})") from err


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


def _settle(folder: Path) -> None:
    """The folder's entry on the disk too, so that a power cut leaves the new file or the old one."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
