"""What people call a preset, and the file name that is made from it.

A title is free: ``Été, encore``. The file, and the address that recalls it, are named after it: ``ete-encore.yaml`` and
``/facets/preset/ete-encore/recall``, with a number behind it where another preset has that name already.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from types import MappingProxyType

MAX_TITLE = 80  # characters
JOINERS = "\u200c\u200d"  # between the parts of some letters and emoji
FALLBACK = "preset"  # for a title without a letter that a-z could stand for
# Letters that no decomposition takes apart.
PLAIN: Mapping[int, str] = MappingProxyType(str.maketrans({
    "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h", "ŋ": "ng",
}))  # fmt: skip
_OTHER = re.compile(r"[^a-z0-9]+")


def title_fault(title: str) -> str | None:
    """Why no preset can be called this, or None where one can."""
    if not title.strip():
        return "a preset needs a name"
    if len(title) > MAX_TITLE:
        return f"longer than {MAX_TITLE} characters"
    if any(unicodedata.category(one).startswith("C") and one not in JOINERS for one in title):
        return "a name is one line of plain text"
    if "/" in title or "\\" in title:
        return "a name holds no slash"
    return "a name begins with neither a dot nor a hyphen" if title.strip()[0] in ".-" else None


def tidy(title: str) -> str:
    """A title as it is kept: one form of each letter, single spaces."""
    return " ".join(unicodedata.normalize("NFC", title).split())


def same_title(one: str, other: str) -> bool:
    """Whether two titles are one to a person who reads them."""
    return _folded(one) == _folded(other)


def title_of(name: str) -> str:
    """What to call a preset whose file does not say: ``golden-hour`` is Golden hour."""
    words = name.replace("-", " ")
    return words[:1].upper() + words[1:]


def file_name(title: str, longest: int, fit: Callable[[str], bool]) -> str:
    """The first name for a title that fits: of a-z, 0-9 and single hyphens, at most ``longest`` characters."""
    plain = unicodedata.normalize("NFKD", title.casefold().translate(PLAIN))
    stem = _OTHER.sub("-", "".join(one for one in plain if not unicodedata.combining(one))).strip("-")[: longest - 5].strip("-")
    if not stem or stem.isdecimal():
        stem = f"{FALLBACK}-{stem}".strip("-")
    name, number = stem, 1
    while not fit(name):
        number += 1
        name = f"{stem}-{number}"
    return name


def _folded(title: str) -> str:
    return unicodedata.normalize("NFC", tidy(title).casefold())
