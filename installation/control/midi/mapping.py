"""What MIDI learn has learned, and the file that keeps it.

    learned:
      look/grain: {device: nanoKONTROL2 MIDI 1, channel: 1, control: 21}
      edit/age/amount: {device: Faderfox, channel: 2, control: 4, bits: 14}
      transport/blackout: {device: Launchpad Mini, channel: 1, note: 36}
      preset/next: {device: nanoKONTROL2 MIDI 1, channel: 1, button: 58}
      look/zoom: {device: Twister, channel: 1, encoder: 3, mode: offset}

control: number of a knob or fader; with ``bits: 14`` its fine part comes as the number 32 above. button: a control that is only
ever pressed and released. encoder: an endless knob, that tells how far it was turned; mode: how it writes left, as 127 for one
step (twos, the usual one), 63 (offset) or 65 (sign). Lines for controls that these models lack wait in the file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import yaml

from installation.config_file import Document, Value, parse_document, shown
from installation.control.parameters import Parameter, ParameterTable
from installation.control.presets.files import SUFFIX, elsewhere, plain
from installation.control.presets.saving import BACKUP_FOLDER, BACKUPS, back_up
from installation.errors import ConfigError
from installation.output_file import whole_file
from installation.plain_file import open_plain

Kind = Literal["control", "note", "button", "encoder"]
KINDS: tuple[Kind, ...] = ("control", "note", "button", "encoder")
Mode = Literal["twos", "offset", "sign"]
MODES: tuple[Mode, ...] = ("twos", "offset", "sign")
KEYS = ("device", "channel", *KINDS, "bits", "mode")
FINE = 32  # from a control's number to that of its fine part
MAX_BYTES = 1 << 18
MAX_DEVICE = 200
HEAD = "# What MIDI learn has learned; written by the program, yours to edit while it runs.\n"


@dataclass(frozen=True, slots=True)
class Source:
    """A knob, fader, button or pad. channel: 0…15; number: 0…127, of the control or note; bits: 7 or 14; mode: of an encoder."""

    device: str
    channel: int
    kind: Kind
    number: int
    bits: int = 7
    mode: Mode = "twos"

    def __str__(self) -> str:
        """Short, as a panel's button shows it: "CC 21"; the channel where it is not the first."""
        word = "note" if self.kind == "note" else "CC"
        return f"{word} {self.number}" + (f" ch {self.channel + 1}" if self.channel else "")

    def words(self) -> str:
        """In full."""
        word = {"control": "CC", "button": "button CC", "encoder": "endless CC", "note": "note"}[self.kind]
        return f"{word} {self.number}{' (14 bit)' if self.bits == 14 else ''}, channel {self.channel + 1}, {self.device}"


Stamp = tuple[int, int, int]  # inode, ns of the last change, bytes
Learned = Mapping[str, Source]  # by the name of the control that it moves
NOTHING: Learned = MappingProxyType({})


def learnable(row: Parameter | None) -> bool:
    """Whether a knob can move it: words cannot be."""
    return row is not None and row.kind != "command"


def read_mapping(path: Path, table: ParameterTable) -> Learned:
    """The file's lines; none where there is no file. Raises ConfigError, one ``file:line: key: value: reason`` a problem."""
    try:
        with open_plain(path) as file:
            data = file.read(MAX_BYTES + 1)
        text = data.decode("utf-8-sig")
    except FileNotFoundError:
        return NOTHING
    except UnicodeDecodeError as err:
        raise ConfigError(f"{path}:{data[: err.start].count(10) + 1}: not UTF-8 text; save the file as UTF-8") from err
    except (OSError, ValueError) as err:
        raise ConfigError(f"{path}: cannot be read: {getattr(err, 'strerror', None) or err}") from err
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{path}: larger than {MAX_BYTES} bytes; this is not a MIDI mapping")
    document = parse_document(text, str(path))
    problems = [f"{document.where((key,))}: {plain(key)}: no such key; there is learned" for key in document.values if key != "learned"]
    lines = document.values.get("learned")
    if lines is not None and not isinstance(lines, dict):
        problems.append(f"{document.where(('learned',))}: learned: {shown(lines)}: must be 'control: {{device: …}}' lines")
        lines = None
    learned: dict[str, Source] = {}
    for name, value in (lines or {}).items():
        try:
            if not learnable(table.get(name) or elsewhere(name) or _recall(name)):
                raise ValueError(f"{shown(value)}: no such control, or one that no knob can move")
            learned[name] = _source(value)
        except ValueError as err:
            problems.append(f"{_where(document, name)}: {plain(name)}: {err}")
    if problems:
        raise ConfigError("\n".join(problems))
    return MappingProxyType(learned)


def last_good(path: Path, table: ParameterTable) -> Learned:
    """The newest backup that can be read, or nothing."""
    for number in range(1, BACKUPS + 1):
        backup = path.parent / BACKUP_FOLDER / f"{path.stem}.{number}{SUFFIX}"
        try:
            learned = read_mapping(backup, table)
        except ConfigError:
            continue
        if learned:
            return learned
    return NOTHING


def write_mapping(path: Path, learned: Learned) -> Stamp | None:
    """Write the file, whole or not at all; the one before becomes the newest of ten backups. The stamp of what was written: whatever
    has another is somebody else's. Raises ConfigError."""
    lines = {name: _line(source) for name, source in learned.items()}
    body = yaml.safe_dump({"learned": lines}, sort_keys=False, allow_unicode=True, width=200, default_flow_style=None)
    try:
        with whole_file(path) as part:
            with part.open("wb") as file:
                file.write((HEAD + body).encode())
                file.flush()
                os.fsync(file.fileno())
            back_up(path)
            return stamp_of(part)  # it stays as it is renamed; a moment later somebody else may have written theirs
    except OSError as err:
        raise ConfigError(f"{path}: what was learned cannot be saved ({err.strerror or err})") from err


def stamp_of(path: Path) -> Stamp | None:
    """Tells one state of a file from the next; None where there is none."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _line(source: Source) -> dict[str, object]:
    line: dict[str, object] = {"device": source.device, "channel": source.channel + 1, source.kind: source.number}
    if source.kind == "encoder" and source.mode != MODES[0]:
        line["mode"] = source.mode
    return line | ({"bits": 14} if source.bits == 14 else {})


def _where(document: Document, name: str) -> str:
    return document.where(("learned", name))


def _recall(name: str) -> Parameter | None:
    """The recall of a preset that is not here now."""
    way = name.split("/")
    return Parameter(name, False, "", kind="trigger") if len(way) == 3 and way[0] == "preset" and way[2] == "recall" else None


def _source(value: Value) -> Source:
    """Raises ValueError with the reason."""
    if not isinstance(value, dict) or (set(value) - set(KEYS)):
        raise ValueError(f"{shown(value)}: must hold device, channel and one of {', '.join(KINDS)}")
    kinds = [kind for kind in KINDS if kind in value]
    device = value.get("device")
    if len(kinds) != 1:
        raise ValueError(f"{shown(value)}: must hold exactly one of {', '.join(KINDS)}")
    if not isinstance(device, str) or not 0 < len(device) <= MAX_DEVICE:
        raise ValueError(f"device: {shown(device)}: must be the name of a port")
    kind, bits = kinds[0], value.get("bits", 7)
    channel, number = _within("channel", value.get("channel"), 1, 16), _within(kind, value[kind], 0, 127)
    if bits not in (7, 14) or (bits == 14 and (kind != "control" or number >= FINE)):
        raise ValueError(f"bits: {shown(bits)}: must be 7, or 14 for a control from 0 to {FINE - 1}")
    mode = next((one for one in MODES if one == value.get("mode", MODES[0])), None)
    if mode is None or ("mode" in value and kind != "encoder"):
        raise ValueError(f"mode: {shown(value['mode'])}: must be one of {', '.join(MODES)}, for an encoder")
    return Source(device, channel - 1, kind, number, 14 if bits == 14 else 7, mode)


def _within(key: str, value: Value, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{key}: {shown(value)}: must be a whole number from {low} to {high}")
    return value
