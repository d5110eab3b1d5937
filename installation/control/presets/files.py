"""Presets as files: what one may hold, and how it is read.

    title: Painted salon   # where it is not the file's name
    description: A salon of oil paintings that look back.
    tags: [winter, evening]
    fade: 4            # seconds
    easing: breath     # linear, smooth, in, out or breath
    controls:
      blend/painted/amount: 1.0
      blend/painted/layer/16: 0.5
      edit/smile/lfo/depth: 0.5

A preset is partial: a control that it does not name goes to where the show began. What people on stage hold, ``transport/…``,
``preset/…`` and ``schedule/…``, is not a preset's to set.
"""

from __future__ import annotations

import difflib
import errno
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from installation.config_file import Document, Value, parse_document, shown
from installation.control.easing import EASINGS
from installation.control.parameters import Parameter, ParameterTable, Scalar, parameter_table
from installation.control.presets.titles import MAX_TITLE, title_fault, title_of
from installation.errors import ConfigError

SUFFIX = ".yaml"
MAX_BYTES = 1 << 16
MAX_NAME = 64
MAX_DESCRIPTION = 500
MAX_TAGS = 32
MAX_SHOWN = 120
MAX_FADE = 60.0  # s, as preset/fade
DEFAULT_FADE = 3.0  # s
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
RESERVED = ("recall", "save", "next", "previous", "fade")  # each is an address under preset/ already
STAGE = ("transport/", "preset/", "schedule/")  # whose controls no preset sets and no recall resets
KEYS = ("title", "description", "tags", "fade", "easing", "controls")
# Every attribute, generator and style there could be: tells what is not installed here from what nobody has.
_ANYWHERE = parameter_table(["any"], ["any"], [4 << k for k in range(9)], styles=[("any", "")])


class MissingGeneratorError(ConfigError):
    """A preset that mixes in a generator which these models do not have; nothing else is wrong with it."""


@dataclass(frozen=True, eq=False)
class Preset:
    """A part of the controls, and how to get there. fade: s. absent: lines for attributes that these models lack; they are
    kept when the preset is saved."""

    name: str
    controls: Mapping[str, Scalar] = field(default_factory=dict)
    description: str = ""
    tags: tuple[str, ...] = ()
    fade: float = DEFAULT_FADE
    easing: str = "smooth"
    absent: Mapping[str, Scalar] = field(default_factory=dict)
    notices: tuple[str, ...] = ()  # what was left out, in words for a person
    title: str = ""  # what people call it, where its file says

    @property
    def called(self) -> str:
        """What people call it."""
        return self.title or title_of(self.name)


def name_fault(name: str) -> str | None:
    """Why no preset can be called this, or None where one can."""
    if len(name) > MAX_NAME:
        return f"longer than {MAX_NAME} characters"
    if not NAME.fullmatch(name):
        return "a preset's name is made of a-z, 0-9 and single hyphens"
    if name.isdecimal():
        return "a number alone is a place in the list, not a name"
    return f"preset/{name} is a control of its own" if name in RESERVED else None


def plain(text: str) -> str:
    """A name out of a file, for a message: short, and nothing in it that a terminal would obey."""
    return text if text.isprintable() and len(text) <= MAX_SHOWN else shown(text)


def belongs(name: str) -> bool:
    """Whether a control is part of what a preset describes."""
    return not name.startswith(STAGE)


def elsewhere(name: str) -> Parameter | None:
    """The row that a control would be if its attribute, generator or style were installed; None where no models have such a one."""
    if name.startswith("style/") and name in _ANYWHERE:
        return _ANYWHERE[name]
    kind, _, rest = name.partition("/")
    word, _, tail = rest.partition("/")
    return _ANYWHERE.get(f"{kind}/any/{tail}") if kind in ("edit", "blend", "style") and NAME.fullmatch(word) else None


def read_preset(path: Path, table: ParameterTable) -> Preset:
    """The preset in a file. Raises ConfigError, one ``file:line: key: value: reason`` a problem; MissingGeneratorError where
    all that is wrong is that a generator is not here. Lines for an attribute that is not here are left out with a notice."""
    document = parse_document(_text(path), str(path))
    problems: list[str] = []

    def refuse(key: tuple[str, ...], value: Value, reason: str) -> None:
        problems.append(f"{document.where(key)}: {plain(key[-1])}: {shown(value)}: {reason}")

    for key, value in document.values.items():
        if key not in KEYS:
            near = difflib.get_close_matches(key, KEYS, n=1)
            refuse((key,), value, f"no such key; did you mean '{near[0]}'?" if near else f"no such key; there is {', '.join(KEYS)}")
    for key, check in CHECKS:
        value = document.values.get(key)
        if value is not None and (reason := check(value)):
            refuse((key,), value, reason)
    lines = document.values.get("controls")
    if lines is not None and not isinstance(lines, dict):
        refuse(("controls",), lines, "must be 'control: value' lines")
        lines = None
    controls: dict[str, Scalar] = {}
    absent: dict[str, Scalar] = {}
    generators: list[str] = []
    for name, value in (lines or {}).items():
        row = table.get(name)
        reason = _control_fault(name, value, table)
        if reason:
            refuse(("controls", name), value, reason)
        elif row is not None:
            controls[name] = _fitting(row, value)
        else:
            other = elsewhere(name)
            assert other is not None
            absent[name] = _fitting(other, value)
            if name.startswith("blend/") and f"{owner_of(name)}/amount" not in table:
                here = ", ".join(one.split("/")[1] for one in table if one.startswith("blend/") and one.endswith("/amount"))
                where = f"{document.where(('controls', name))}: {name}: {shown(value)}"
                generators.append(f"{where}: there is no such generator here; there is {here or 'none'}")
    if problems:
        raise ConfigError("\n".join(problems))
    if generators:
        raise MissingGeneratorError("\n".join(generators))
    return _preset(path.stem, document, controls, absent)


def _preset(name: str, document: Document, controls: Mapping[str, Scalar], absent: Mapping[str, Scalar]) -> Preset:
    values = document.values
    tags, fade = values.get("tags"), values.get("fade")
    return Preset(
        name,
        MappingProxyType(dict(controls)),
        str(values.get("description") or ""),
        tuple(str(tag) for tag in tags) if isinstance(tags, list) else (),
        float(fade) if isinstance(fade, int | float) else DEFAULT_FADE,
        str(values.get("easing") or "smooth"),
        MappingProxyType(dict(absent)),
        tuple(_absences(document, absent)),
        str(values.get("title") or ""),
    )


def _absences(document: Document, absent: Mapping[str, Scalar]) -> list[str]:
    """One notice for each attribute that is not here."""
    first: dict[str, str] = {}
    for name in absent:
        first.setdefault(owner_of(name), name)
    return [f"{document.where(('controls', name))}: {owner} is not installed here; its lines wait" for owner, name in first.items()]


def owner_of(name: str) -> str:
    """``edit/age`` of ``edit/age/lfo/rate``."""
    return "/".join(name.split("/")[:2])


def _control_fault(name: str, value: Value, table: ParameterTable) -> str | None:
    if not belongs(name):
        return "belongs to the people on stage; a preset leaves it as it is"
    row = table.get(name) or elsewhere(name)
    return table.fault(name, value) if row is None else ParameterTable([row]).fault(row.name, value)


def _fitting(row: Parameter, value: Value) -> Scalar:
    coerced = row.coerce(value)
    assert coerced is not None  # its fault was asked for
    return coerced


def _description_fault(value: Value) -> str | None:
    short = isinstance(value, str) and len(value) <= MAX_DESCRIPTION
    return None if short else f"must be text of at most {MAX_DESCRIPTION} characters"


def _tags_fault(value: Value) -> str | None:
    good = isinstance(value, list) and len(value) <= MAX_TAGS
    words = value if isinstance(value, list) else ()
    if good and all(isinstance(word, str) and NAME.fullmatch(word) and len(word) <= MAX_NAME for word in words):
        return None
    return f"must be a list of at most {MAX_TAGS} words of a-z, 0-9 and hyphens, as in [winter, late-night]"


def _fade_fault(value: Value) -> str | None:
    seconds = value if isinstance(value, int | float) and not isinstance(value, bool) else -1
    return None if 0 <= seconds <= MAX_FADE else f"must be seconds from 0 to {MAX_FADE:g}"


def _easing_fault(value: Value) -> str | None:
    return None if isinstance(value, str) and value in EASINGS else f"must be one of {', '.join(EASINGS)}"


def _title_fault(value: Value) -> str | None:
    return title_fault(value) if isinstance(value, str) else f"must be text of at most {MAX_TITLE} characters"


CHECKS = (
    ("title", _title_fault),
    ("description", _description_fault),
    ("tags", _tags_fault),
    ("fade", _fade_fault),
    ("easing", _easing_fault),
)


def _text(path: Path) -> str:
    """The file's text. A link is not followed and a pipe is not waited for: only a plain file in the folder is read."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ConfigError(f"{path}: not a plain file")
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as err:
        raise ConfigError(f"{path}: no such file") from err
    except IsADirectoryError as err:
        raise ConfigError(f"{path}: not a plain file") from err
    except (OSError, ValueError) as err:
        link = isinstance(err, OSError) and err.errno == errno.ELOOP
        reason = "a link; a preset is a file of its own" if link else f"cannot be read: {getattr(err, 'strerror', None) or err}"
        raise ConfigError(f"{path}: {reason}") from err
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{path}: larger than {MAX_BYTES} bytes; this is not a preset")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        line = data[: err.start].count(b"\n") + 1
        raise ConfigError(f"{path}:{line}: not UTF-8 text; save the file as UTF-8") from err
