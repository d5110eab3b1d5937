"""Timelines as files: one JSON object a line, so that a person can read, cut and mend them.

    {"timeline": 1, "begin": {"edit/smile/amount": 0.5}}
    {"frame": 31, "seconds": 1.033, "name": "look/grain", "value": 0.7, "source": "osc"}
    {"frame": 96, "seconds": 3.2, "name": "preset/recall", "value": "calm", "source": "web"}

begin: controls that did not stand where the show begins. frame: frames captured until then; seconds: since the show began.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from installation.config_file import shown
from installation.control.parameters import ParameterTable, Scalar
from installation.control.presets.files import NAME, elsewhere, plain
from installation.errors import ConfigError
from installation.plain_file import NotAFileError, open_plain

VERSION = 1
MAX_LINE = 64 << 10  # the first line holds every control
MAX_BYTES = 256 << 20
MAX_PROBLEMS = 20  # told; a file of another kind has one in every line


@dataclass(frozen=True, slots=True)
class TimelineMove:
    """One move of one hand. seconds: since the show began; frame: frames captured until then."""

    frame: int
    seconds: float
    name: str
    value: Scalar
    source: str = ""


@dataclass(frozen=True)
class Score:
    """A timeline as read. begin: where the controls stood."""

    begin: dict[str, Scalar]
    moves: tuple[TimelineMove, ...]


def head_line(begin: dict[str, Scalar]) -> str:
    """The first line of a file."""
    return json.dumps({"timeline": VERSION, "begin": begin}) + "\n"


def move_line(move: TimelineMove) -> str:
    """The line of one move."""
    fields = {"frame": move.frame, "seconds": round(move.seconds, 4), "name": move.name, "value": move.value, "source": move.source}
    return json.dumps(fields) + "\n"


def read_timeline(path: Path, table: ParameterTable) -> Score:
    """A timeline for these controls. Raises ConfigError, ``file:line: reason`` each, for a file that is missing, too large, not
    a timeline, out of order, or that moves what no installation has; controls of models that are not here are let pass."""
    problems: list[str] = []
    begin: dict[str, Scalar] | None = None
    moves: list[TimelineMove] = []
    try:
        with open_plain(path) as file:
            if os.fstat(file.fileno()).st_size > MAX_BYTES:
                raise ConfigError(f"{path}: larger than {MAX_BYTES >> 20} MiB; this is not a timeline")
            number = 0
            while line := file.readline(MAX_LINE + 1):
                number += 1
                try:
                    fields = _fields(line)
                    if begin is None:
                        begin = _begin(fields, table)
                    else:
                        moves.append(_move(fields, table, moves[-1] if moves else None))
                except ValueError as err:
                    problems.append(f"{path}:{number}: {err}")
                    if begin is None or len(problems) >= MAX_PROBLEMS:
                        break
    except FileNotFoundError as err:
        raise ConfigError(f"{path}: no such file") from err
    except NotAFileError as err:
        raise ConfigError(f"{path}: {err}; name a timeline") from err
    except (OSError, ValueError) as err:  # ValueError: a NUL in the name
        raise ConfigError(f"{path}: cannot be read: {getattr(err, 'strerror', None) or err}") from err
    if problems:
        raise ConfigError("\n".join(problems))
    if begin is None:
        raise ConfigError(f"{path}: the file is empty; --timeline-record writes one")
    return Score(begin, tuple(moves))


def _fields(line: bytes) -> dict[str, Any]:
    if len(line) > MAX_LINE:
        raise ValueError(f"a line longer than {MAX_LINE} bytes; this is not a timeline")
    if not line.endswith(b"\n"):
        raise ValueError("the line is cut off; delete it to play what is before it")
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as err:
        raise ValueError("not a JSON object") from err
    if not isinstance(fields, dict):
        raise ValueError("not a JSON object")
    return fields


def _begin(fields: dict[str, Any], table: ParameterTable) -> dict[str, Scalar]:
    if fields.get("timeline") != VERSION:
        raise ValueError(f'a timeline begins with {{"timeline": {VERSION}}}')
    begin = fields.get("begin", {})
    if not isinstance(begin, dict):
        raise ValueError('"begin" must hold controls')
    for name, value in begin.items():
        _check(name, value, table)
    return begin


def _move(fields: dict[str, Any], table: ParameterTable, before: TimelineMove | None) -> TimelineMove:
    for key in fields:
        if key not in ("frame", "seconds", "name", "value", "source"):
            raise ValueError(f"{plain(key)}: no such key; a move has frame, seconds, name, value and source")
    frame, seconds = fields.get("frame"), fields.get("seconds")
    name, value, source = fields.get("name"), fields.get("value"), fields.get("source", "")
    if isinstance(frame, bool) or not isinstance(frame, int) or frame < 0:
        raise ValueError(f"frame: {shown(frame)}: must be a whole number from 0")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < math.inf:
        raise ValueError(f"seconds: {shown(seconds)}: must be a number from 0")
    if before is not None and (frame < before.frame or seconds < before.seconds):
        raise ValueError("before the line above it; moves stand in their order")
    if not isinstance(name, str):
        raise ValueError(f"name: {shown(name)}: must be a control")
    if not isinstance(source, str):
        raise ValueError(f"source: {shown(source)}: must be text")
    return TimelineMove(frame, float(seconds), name, _check(name, value, table), source[:40])


def _check(name: str, value: object, table: ParameterTable) -> Scalar:
    """The value of a move. Raises ValueError where no hand could have made it."""
    if not isinstance(value, bool | int | float | str):
        raise ValueError(f"{plain(name)}: {shown(value)}: must be a number, text, true or false")
    words = name.split("/")
    recall = len(words) == 3 and words[0] == "preset" and words[2] == "recall" and NAME.fullmatch(words[1])
    row = table.get(name) or elsewhere(name)
    if row is None and not recall:
        raise ValueError(f"{plain(name)}: no such control; 'python -m installation controls' lists them")
    if row is not None and row.coerce(value) is None:
        raise ValueError(f"{plain(name)}: {shown(value)}: must be {row.allowed()}")
    return value
