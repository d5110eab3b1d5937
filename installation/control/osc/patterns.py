"""OSC 1.0 address patterns: ``?`` any letter, ``*`` any letters, ``[a-c]`` ``[!a-c]`` one of these or none of them, ``{this,that}``.
They match between two slashes, never across one.

Every place that a pattern can have reached within a word is a bit of one number, so that no pattern takes longer than its own
length times a word's: there is nothing to try again, as a regular expression would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache

SPECIAL = frozenset("?*[]{}")
Step = Callable[[int, str], int]  # places reached (bits), the word -> places reached


def is_pattern(address: str) -> bool:
    """Whether an address stands for several."""
    return not SPECIAL.isdisjoint(address)


def matches(pattern: str, addresses: Iterable[str]) -> list[str]:
    """The addresses that the pattern means, in their order. Raises ValueError for a bracket that does not close."""
    parts = [_steps(part) for part in pattern.split("/")]
    known: list[dict[str, bool]] = [{} for _ in parts]
    found = []
    for address in addresses:
        words = address.split("/")
        if len(words) == len(parts) and all(_fits(known[i], parts[i], word) for i, word in enumerate(words)):
            found.append(address)
    return found


def _fits(known: dict[str, bool], steps: Sequence[Step], word: str) -> bool:
    """Whether the steps lead from a word's beginning to its end; addresses share most of their words."""
    if word not in known:
        places = 1
        for step in steps:
            places = step(places, word)
            if not places:
                break
        known[word] = bool(places >> len(word) & 1)
    return known[word]


def _steps(part: str) -> list[Step]:
    steps: list[Step] = []
    at = 0
    while at < len(part):
        letter = part[at]
        if letter in "[{":
            end = part.find("]" if letter == "[" else "}", at + 1)
            if end < 0:
                raise ValueError(f"{letter} does not close")
            inside, at = part[at + 1 : end], end
            steps.append(_one_of(inside) if letter == "[" else _words(tuple(dict.fromkeys(inside.split(",")))))
        elif letter == "*":
            if not steps or steps[-1] is not _any:
                steps.append(_any)
        elif letter == "?":
            steps.append(_one)
        else:
            steps.append(_letters(frozenset(letter)))
        at += 1
    return steps


def _any(places: int, word: str) -> int:
    """From the first place reached on, every place."""
    first = places & -places
    return (2 << len(word)) - first


def _one(places: int, word: str) -> int:
    return places << 1 & (2 << len(word)) - 1


def _letters(letters: frozenset[str], inverted: bool = False) -> Step:
    @cache
    def where(word: str) -> int:
        return sum(1 << i for i, letter in enumerate(word) if (letter in letters) is not inverted)

    return lambda places, word: (places & where(word)) << 1


def _one_of(inside: str) -> Step:
    """``a-cx`` or ``!a-cx``. A dash at an end is a dash."""
    inverted = inside.startswith("!")
    listed = inside[inverted:]
    letters: set[str] = set()
    at = 0
    while at < len(listed):
        last = listed[at + 2] if listed[at + 1 : at + 2] == "-" and at + 2 < len(listed) else ""
        letters |= {chr(code) for code in range(ord(listed[at]), ord(last) + 1)} if last else {listed[at]}
        at += 3 if last else 1
    return _letters(frozenset(letters), inverted)


def _words(choices: Sequence[str]) -> Step:
    def step(places: int, word: str) -> int:
        reached = 0
        for choice in choices:
            at = word.find(choice)
            while at >= 0:
                reached |= (places >> at & 1) << at + len(choice)
                at = word.find(choice, at + 1) if at < len(word) else -1
        return reached

    return step
