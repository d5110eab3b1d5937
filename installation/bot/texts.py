"""What the bot says, in the languages of ``texts/``; English for everybody else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

FOLDER = Path(__file__).parent / "texts"
DEFAULT = "en"


@dataclass(frozen=True, slots=True)
class Texts:
    """One language. sentences: by key, with names in braces where something is filled in; attributes, styles: people's words for them."""

    language: str
    sentences: Mapping[str, str]
    attributes: Mapping[str, str]

    def say(self, key: str, **values: object) -> str:
        """The sentence of this key."""
        return self.sentences[key].format(**values)

    def attribute(self, name: str) -> str:
        """An attribute as people call it: one of somebody's own by its file's name."""
        return self.attributes.get(name) or spelled(name)


def spelled(name: str) -> str:
    """``hair-length`` -> ``Hair length``."""
    return name.replace("-", " ").capitalize()


@cache
def languages() -> tuple[str, ...]:
    """Those that there are texts in."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


@cache
def texts(language: str) -> Texts:
    """The texts of a language as Telegram names it (``de``, ``pt-br``)."""
    word = language.lower().partition("-")[0]
    word = word if word in languages() else DEFAULT
    read = yaml.safe_load((FOLDER / f"{word}.yaml").read_text(encoding="utf-8"))
    return Texts(word, read["sentences"], read["attributes"])


def figure(amount: float) -> str:
    """An amount as people read it: ``+1``, ``−½``, ``0``."""
    if not amount:
        return "0"
    size = {0.5: "½", 1.5: "1½"}.get(abs(amount)) or f"{abs(amount):.2g}"
    return f"{'+' if amount > 0 else '−'}{size}"
