"""Styles as they are asked for in words: ``great-wave``, ``ink=0.5,painting.jpg=0.5``.

A picture's file may have commas and equals signs in its name: what lies there under the whole word is that file. A style is known by
its address, ``blue-garden``, and by the name that its picture has in the folder, ``Blue Garden``.
"""

from __future__ import annotations

import difflib
import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from installation.errors import ConfigError
from installation.sources.folder import SUFFIXES
from installation.styles.blend import Blend, blend_of
from installation.styles.folder import UnfitPictureError, read_picture
from installation.styles.library import Library, Palette, Style
from installation.styles.names import style_name


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """One blend. label: what to call its pictures. files: the pictures that its styles are of, by the style's name; built-in styles
    have none. weights: of each style, 0…1."""

    label: str
    blend: Blend
    files: Mapping[str, Path]
    weights: Mapping[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """Styles that are named, with their weights 0…1. palette: every style there is, and the pictures that were named. files: the
    pictures that the named ones are of, by the style's name; built-in styles have none."""

    palette: Palette
    weights: Mapping[str, float]
    files: Mapping[str, Path]


def read_named(text: str, library: Library, palette: Palette) -> Named:
    """The styles that a text names. Raises ConfigError for a style that is not there or a picture that cannot be one."""
    styles, weights, files = dict(palette.styles), dict[str, float](), dict[str, Path]()
    for word, weight in _parts(text):
        name = _known(word, palette)
        if not name:
            path = Path(word).expanduser()
            name, styles[name] = _picture(word, path, library, palette)
            files[name] = path
        elif (file := palette.styles[name].file) is not None:
            files[name] = file
        weights[name] = weights.get(name, 0.0) + weight
    if not any(weights.values()):
        raise _nothing(text)
    return Named(Palette(styles), weights, files)


def read_asked(text: str, library: Library, palette: Palette, strength: float = 1.0, colour: float = 1.0) -> Asked:
    """The blend that a text asks for. Raises ConfigError for a style that is not there or a picture that cannot be one."""
    named = read_named(text, library, palette)
    blend = blend_of(named.palette, {name: weight for name, weight in named.weights.items() if weight > 0}, strength, colour)
    if blend is None:
        raise _nothing(text)
    return Asked("+".join(named.weights), blend, named.files, named.weights)


def _nothing(text: str) -> ConfigError:
    return ConfigError(f"--style {text!r}: asks for nothing; name a style, as in great-wave or ink=0.5,frost=0.5")


def _parts(text: str) -> list[tuple[str, float]]:
    """Words and their weights."""
    if _is_file(text):
        return [(text, 1.0)]
    return [_weighted(part) for part in filter(None, (part.strip() for part in text.split(",")))]


def _is_file(word: str) -> bool:
    try:
        return Path(word).expanduser().is_file()
    except (OSError, ValueError, RuntimeError):  # no name that a file can have, or nobody's home
        return False


def _known(word: str, palette: Palette) -> str:
    """The style that a word means, by its address, or by the name of its picture in the folder; "" where it means none."""
    if word in palette.styles or _is_file(word):
        return word if word in palette.styles else ""
    meant = _plain(word)
    named = ((style.name, style.file) for style in palette.styles.values())
    return next((name for name, file in named if file is not None and meant in (_plain(file.name), _plain(file.stem))), "")


def _plain(name: str) -> str:
    """As names are compared: some systems write an umlaut as one letter, others as two."""
    return unicodedata.normalize("NFC", name).casefold()


def _weighted(part: str) -> tuple[str, float]:
    word, sign, number = part.rpartition("=")
    if not sign or _is_file(part):
        return part, 1.0
    try:
        weight = float(number)
    except ValueError:
        weight = math.nan
    if not 0.0 <= weight <= 1.0:
        raise ConfigError(f"--style {part!r}: {number!r} is no weight; it goes from 0 to 1")
    return word, weight


def _picture(word: str, path: Path, library: Library, palette: Palette) -> tuple[str, Style]:
    if path.suffix.lower() not in SUFFIXES and not path.exists():
        near = difflib.get_close_matches(word, palette.styles, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there is {', '.join(palette.styles)}"
        raise ConfigError(f"--style {word!r}: there is no such style; {hint}")
    try:
        if not path.exists():
            raise UnfitPictureError("does not exist")
        vector = library.vector(read_picture(path))
    except UnfitPictureError as err:
        raise ConfigError(f"--style {word!r}: {err}") from err
    name = style_name(path.stem, palette.styles)
    return name, Style(name, path.stem, vector=vector, file=path)
