"""Shader sources as text: ``#include "file"`` and definitions put in, with no GL at hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from installation.places import shipped

SHADERS = shipped("shaders")
_INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"\s*(?://.*)?$')
_VERSION = re.compile(r"^\s*#\s*version\b")


class ShaderError(Exception):
    """A shader that cannot be put together or compiled: file, line, reason."""


def read_shader(name: str) -> str:
    """The text of a file of ``shaders/``. Raises ShaderError."""
    try:
        return (SHADERS / name).read_text(encoding="utf-8")
    except OSError as err:
        raise ShaderError(f"{name}: cannot be read ({err.strerror})") from err


def expand(name: str, defines: Mapping[str, float | int], read: Callable[[str], str] = read_shader) -> str:
    """The shader ``name`` with every include put in once, where it is first named, and ``defines`` after ``#version``.

    ``read`` gives a file's text, or raises ShaderError or KeyError.

    Raises ShaderError for a file that includes itself, an include that cannot be read, or a ``#version`` that is not the
    first line of the first file.
    """
    lines = _include(name, read, (), set())
    if not lines or not _VERSION.match(lines[0]):
        raise ShaderError(f"{name}:1: the first line must be #version")
    for number, line in enumerate(lines[1:], start=2):
        if _VERSION.match(line):
            raise ShaderError(f"{name}:{number}: #version may only stand in the first line")
    return "\n".join([lines[0], *(f"#define {key} {_literal(value)}" for key, value in defines.items()), *lines[1:]]) + "\n"


def _include(name: str, read: Callable[[str], str], above: tuple[str, ...], done: set[str]) -> list[str]:
    lines: list[str] = []
    for number, line in enumerate(read(name).splitlines(), start=1):
        found = _INCLUDE.match(line)
        if not found:
            lines.append(line)
            continue
        other = found[1]
        if other == name or other in above:
            raise ShaderError(f"{name}:{number}: {other} includes itself")
        if other not in done:
            done.add(other)
            try:
                lines += _include(other, read, (*above, name), done)
            except KeyError as err:
                raise ShaderError(f"{name}:{number}: {other} cannot be read") from err
    return lines


def _literal(value: float) -> str:
    """A number as GLSL writes it: floats always with a point."""
    text = f"{value:.9g}"
    return text if isinstance(value, int) or "." in text or "e" in text else f"{text}.0"
