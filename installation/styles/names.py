"""Names of styles: what a picture's file becomes in an address."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from types import MappingProxyType
from typing import Final

LONGEST: Final = 48
FALLBACK: Final = "style"
OTHERS: Final = frozenset({"strength", "colour", "scope", "walk"})  # addresses under style/ that are no style's
_LETTERS: Final = MappingProxyType(str.maketrans({
    "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "å": "aa", "ł": "l", "đ": "d", "ð": "d", "þ": "th",
}))  # fmt: skip
_OTHER: Final = re.compile(r"[^a-z0-9]+")


def style_name(title: str, taken: Collection[str] = ()) -> str:
    """``Nächtlicher Garten v1.2`` -> ``naechtlicher-garten-v1-2``: of a-z, 0-9 and single hyphens, with a number behind it where
    another style has that name."""
    composed = unicodedata.normalize("NFC", title).casefold().translate(_LETTERS)
    plain = unicodedata.normalize("NFKD", composed)
    stem = _OTHER.sub("-", "".join(one for one in plain if not unicodedata.combining(one))).strip("-")[:LONGEST].strip("-")
    if not stem or stem.isdecimal():
        stem = f"{FALLBACK}-{stem}".strip("-")
    name, number = stem, 1
    while name in taken or name in OTHERS:
        number += 1
        name = f"{stem}-{number}"
    return name
