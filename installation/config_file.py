"""Reads YAML as data and remembers the line of every key, so that an error can name it.

Used for the configuration and for presets. Nothing in a file is evaluated: plain mappings, lists and scalars only, no
tags, no aliases (so a small file cannot grow into a large one), a bounded size and depth, and no key given twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from installation.errors import ConfigError
from installation.plain_file import NotAFileError, open_plain

Value = object  # None, bool, int, float, str, dict[str, Value] or list[Value]
Key = tuple[str, ...]  # ("faces", "max"); a list's items are ("models", "children", "0")

MAX_BYTES = 1 << 20
MAX_DEPTH = 16
NOT_PRINTABLE = "a character that is not allowed"


@dataclass(frozen=True)
class Document:
    """One file's values and where each of them stands."""

    label: str  # the file as the caller named it
    values: dict[str, Value]
    lines: Mapping[Key, int] = field(default_factory=dict)  # line of each key, from 1; 0 on a command line

    def where(self, key: Key) -> str:
        """``file:line`` of the key, or of the nearest section around it that the file has."""
        while key and key not in self.lines:
            key = key[:-1]
        line = self.lines[key] if key else 0
        return f"{self.label}:{line}" if line else self.label


def read_document(path: Path) -> Document:
    """The mapping in a YAML file. Raises ConfigError, one line a problem, for a file that is missing, a folder, larger than
    a mebibyte, not UTF-8, empty, not a mapping, or that holds a duplicate key, a tag, an alias or too deep a nest."""
    label = str(path)
    return parse_document(_read_text(path, label), label)


def parse_document(text: str, label: str) -> Document:
    """The mapping in a YAML text; ``label`` names it in errors."""
    node = _compose(text, label)
    if node is None:
        raise ConfigError(f"{label}: the file is empty; write at least one key, for example 'source: demo'")
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError(f"{_at(label, _line(node))}: the file must hold 'key: value' lines")
    lines: dict[Key, int] = {}
    problems: list[str] = []
    values = _mapping(node, (), label, lines, problems)
    if problems:
        raise ConfigError("\n".join(problems))
    return Document(label, values, lines)


def parse_value(text: str, label: str) -> Value:
    """One value of a command line, written as in the file: ``30``, ``0.5``, ``true``, ``[a, b]``. Raises ConfigError."""
    node = _compose(text, label)
    if node is None:
        return None
    problems: list[str] = []
    value = _value(node, (), label, {}, problems)
    if problems:
        raise ConfigError("\n".join(problems))
    return value


def shown(value: Value) -> str:
    """A value as an error message prints it: short, and on one line."""
    text = "nothing" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _read_text(path: Path, label: str) -> str:
    try:
        with open_plain(path) as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as err:
        raise ConfigError(f"{label}: no such file") from err
    except NotAFileError as err:
        raise ConfigError(f"{label}: {err}; name a YAML file{' in it' if path.is_dir() else ''}") from err
    except (OSError, ValueError) as err:  # ValueError: a NUL in the name
        raise ConfigError(f"{label}: cannot be read: {getattr(err, 'strerror', None) or err}") from err
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{label}: larger than {MAX_BYTES} bytes; this is not a configuration")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        line = data[: err.start].count(b"\n") + 1
        raise ConfigError(f"{_at(label, line)}: not UTF-8 text; save the file as UTF-8") from err


def _compose(text: str, label: str) -> yaml.Node | None:
    try:
        # The event stream is flat, so a nest of a million brackets is refused before anything recurses into it.
        for problem in _refusals(text, label):
            raise ConfigError(problem)
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as err:
        mark = err.problem_mark or err.context_mark
        line = mark.line + 1 if mark else 1
        raise ConfigError(f"{_at(label, line)}: not valid YAML: {err.problem or err.context}") from err
    except yaml.YAMLError as err:
        position = getattr(err, "position", 0)
        line = text[: position if isinstance(position, int) else 0].count("\n") + 1
        raise ConfigError(f"{_at(label, line)}: not valid YAML: {NOT_PRINTABLE}") from err


def _refusals(text: str, label: str) -> Iterator[str]:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            yield f"{_at(label, line)}: *{event.anchor}: aliases are not used here; write the value out"
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                yield f"{_at(label, line)}: nested deeper than {MAX_DEPTH} levels"
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _at(label: str, line: int) -> str:
    return label if label.startswith("--") else f"{label}:{line}"  # a command line has no lines


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _mapping(node: yaml.MappingNode, key: Key, label: str, lines: dict[Key, int], problems: list[str]) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name_node, value_node in node.value:
        name = name_node.value if isinstance(name_node, yaml.ScalarNode) else None
        if not name:
            problems.append(f"{_at(label, _line(name_node))}: a key must be a plain name")
            continue
        inner = (*key, name)
        if name in values:
            problems.append(f"{_at(label, _line(name_node))}: {'.'.join(inner)}: given twice, first in line {lines[inner]}; keep one")
            continue
        lines[inner] = _line(name_node)
        values[name] = _value(value_node, inner, label, lines, problems)
    return values


def _value(node: yaml.Node, key: Key, label: str, lines: dict[Key, int], problems: list[str]) -> Value:
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, key, label, lines, problems)
    if isinstance(node, yaml.SequenceNode):
        items: list[Value] = []
        for index, item in enumerate(node.value):
            inner = (*key, str(index))
            lines[inner] = _line(item)
            items.append(_value(item, inner, label, lines, problems))
        return items
    loader = yaml.SafeLoader("")
    try:
        value: Value = loader.construct_object(node)
    except (yaml.YAMLError, ValueError) as err:  # an unknown tag, a thirteenth month, an integer of ten thousand digits
        reason = err.problem if isinstance(err, yaml.MarkedYAMLError) else "not a value that can be read"
        problems.append(f"{_at(label, _line(node))}: {'.'.join(key)}: {shown(node.value)}: {reason}")
        return None
    finally:
        loader.dispose()
    # What YAML takes for a date or for bytes is text to everyone else.
    return value if value is None or isinstance(value, bool | int | float | str) else str(node.value)
