"""Fonts that really have the letters of a text: the artist's, the one that comes with the program, or one of the system's."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from pathlib import Path

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
import pygame
import pygame.freetype

OWN: Path = Path(str(resources.files(__package__) / "fonts" / "invitation.otf"))
SYSTEM = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".local/share/fonts", Path.home() / ".fonts")
KINDS = (".ttf", ".otf", ".ttc", ".otc")
WIDE = ("cjk", "noto", "wqy", "droid", "source", "han")  # in the names of fonts that have many letters: those are asked first
BLANK = " \t\n\u00a0\u202f\u3000"
MOST = 600  # fonts of a system that are asked


def typeface(text: str, first: Path | None = None) -> Path | None:
    """A font file that has every letter of a text; None where none is at hand. first: is asked before all others."""
    asked = [path for path in (first, OWN) if path is not None]
    near = next((path for path in asked if has_letters(path, text)), None)
    return near or next((path for path in system_fonts() if has_letters(path, text)), None)


def has_letters(path: Path, text: str) -> bool:
    """Whether a font can be read and has every letter of a text: what it has not it would draw as a box."""
    letters = frozenset(letter for letter in text if letter not in BLANK)
    return bool(letters) and letters <= _known(path, letters)


@cache
def _known(path: Path, letters: frozenset[str]) -> frozenset[str]:
    try:
        pygame.freetype.init()
        with path.open("rb") as file:
            metrics: Sequence[object] = pygame.freetype.Font(file, 20).get_metrics("".join(sorted(letters)))
    except (OSError, RuntimeError, ValueError, SystemError, pygame.error):  # SystemError: pygame's, of a file that is no font
        return frozenset()
    return frozenset(letter for letter, found in zip(sorted(letters), metrics, strict=True) if found is not None)


@cache
def system_fonts() -> tuple[Path, ...]:
    """The system's font files, plain ones before slanted and bold ones, those with many letters first."""
    found = sorted({path for folder in SYSTEM for path in _fonts(folder)})
    return tuple(sorted(found, key=_likely)[:MOST])


def _likely(path: Path) -> tuple[bool, bool, int, str]:
    name = path.name.lower()
    odd = any(word in name for word in ("bold", "italic", "oblique", "mono", "black", "emoji"))
    return not any(word in name for word in WIDE), odd, len(name), name


def _fonts(folder: Path) -> Iterator[Path]:
    try:
        yield from (path for path in folder.rglob("*") if path.suffix.lower() in KINDS)
    except OSError:
        return
