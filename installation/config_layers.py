"""Lays the user's file and the command line's settings over the shipped file, and finds the line to blame for a bad value."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import get_args

from pydantic import BaseModel, ValidationError

from installation.config_file import Document, Key, Value, parse_value, shown
from installation.errors import ConfigError

# Pydantic's kinds of error in the words of somebody who writes YAML; any other is quoted as it comes.
REASONS: Mapping[str, str] = MappingProxyType(
    {
        "int_parsing": "must be a whole number",
        "int_type": "must be a whole number",
        "int_from_float": "must be a whole number",
        "int_parsing_size": "must be a smaller number",
        "float_parsing": "must be a number",
        "float_type": "must be a number",
        "finite_number": "must be a finite number",
        "bool_parsing": "must be true or false",
        "bool_type": "must be true or false",
        "string_type": "must be text",
        "string_too_short": "must not be empty",
        "path_type": "must be a file name",
        "tuple_type": "must be a list, as in [a, b]",
        "missing": "is missing; write it",
        "dict_type": "must be a section of 'key: value' lines",
        "model_type": "must be a section of 'key: value' lines",
    }
)


KEY_ITSELF = "[key]"  # at the end of where pydantic finds a bad key
SECRETS = (("token",), ("pin",))  # last parts of keys whose values are said and written nowhere
HIDDEN = "…"  # in the place of what no message should say


@dataclass(frozen=True)
class Layers:
    """Merged values, and the document that each of them came from."""

    values: dict[str, Value]
    origins: Mapping[Key, Document]

    def say(self, key: Key, reason: str) -> str:
        """``file:line: key: value: reason``."""
        held = key
        while held and held not in self.origins:
            held = held[:-1]
        place = self.origins[held].where(key) if held else "configuration"
        found, value = self._look_up(key)
        return ": ".join([place, ".".join(key), *([HIDDEN if _is_secret(key) else shown(value)] if found else []), reason])

    def explain(self, err: ValidationError, model: type[BaseModel]) -> Iterator[str]:
        """One line for each key that pydantic refused."""
        said: set[Key] = set()
        for error in err.errors(include_url=False, include_context=False):
            key = tuple(str(part) for part in error["loc"] if part != KEY_ITSELF)
            if key in said:
                continue
            said.add(key)
            if error["type"] == "extra_forbidden":
                reason = no_such_key(model, key)
            else:
                message = error["msg"].removeprefix("Value error, ").replace("Input should", "must")
                reason = REASONS.get(error["type"], message)
            yield self.say(key, reason)

    def _look_up(self, key: Key) -> tuple[bool, Value]:
        value: Value = self.values
        for name in key:
            if isinstance(value, dict) and name in value:
                value = value[name]
            elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
                value = value[int(name)]
            else:
                return False, None
        return True, value


def merge(documents: Sequence[Document]) -> Layers:
    """Later documents over earlier ones, key by key; a list is replaced as a whole. A section with nothing under it sets
    nothing."""
    values: dict[str, Value] = {}
    origins: dict[Key, Document] = {}
    for document in documents:
        _lay(document.values, values, (), document, origins)
    return Layers(values, origins)


def read_override(text: str, model: type[BaseModel]) -> Document:
    """``faces.max=30`` as a document of one value. Raises ConfigError for a key that is not in ``model``."""
    name, equals, raw = text.partition("=")
    key = tuple(name.strip().split("."))
    label = f"--set {name}={HIDDEN}" if _is_secret(key) or "token" in raw else f"--set {text}"
    if not equals or not name.strip():
        raise ConfigError(f"{label}: write it as KEY=VALUE, for example --set faces.max=30")
    annotation = _annotation(model, key)
    if annotation is None:
        raise ConfigError(f"{label}: {'.'.join(key)}: {shown(raw)}: {no_such_key(model, key)}")
    # A name or a path is taken as it is, so that 007 stays 007 and a colon needs no quotes.
    value: Value = raw if annotation in (str, Path) else parse_value(raw, label)
    for part in reversed(key):
        value = {part: value}
    assert isinstance(value, dict)
    return Document(label, value, {key: 0})


def no_such_key(model: type[BaseModel], key: Key) -> str:
    """The reason against an unknown key, with the nearest known one."""
    for wrong in key:
        if wrong.isdecimal():  # a place in a list
            continue
        field = model.model_fields.get(wrong)
        if field is None:
            break
        inner = _section_in(field.annotation)
        if inner is None:
            return "no such key"
        model = inner
    names = [*model.model_fields]
    near = difflib.get_close_matches(wrong, names, n=1)
    return f"no such key; did you mean '{near[0]}'?" if near else f"no such key; there is {', '.join(names)}"


def _is_secret(key: Key) -> bool:
    return key[-1:] in SECRETS


def _is_section(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _section_in(annotation: object) -> type[BaseModel] | None:
    """The section that a setting is, holds a list of, or may be."""
    return next((one for one in (annotation, *get_args(annotation)) if _is_section(one)), None)


def _annotation(model: type[BaseModel], key: Key) -> object:
    """The type of the setting at ``key``, or None where there is no such setting."""
    annotation: object = model
    for name in key:
        if not _is_section(annotation):
            # Live controls are checked against their own table later; nothing else has keys of its own.
            return object if key[0] == "controls" and len(key) == 2 else None
        field = annotation.model_fields.get(name)  # type: ignore[attr-defined]  # a section
        if field is None:
            return None
        annotation = field.annotation
    return annotation


def _lay(over: Mapping[str, Value], under: dict[str, Value], key: Key, document: Document, origins: dict[Key, Document]) -> None:
    for name, value in over.items():
        inner = (*key, name)
        below = under.get(name)
        if isinstance(below, dict) and value is None:
            continue
        origins[inner] = document
        if isinstance(value, dict):
            section = below if isinstance(below, dict) else {}
            under[name] = section
            _lay(value, section, inner, document, origins)
        else:
            under[name] = value
