"""What happens to a camera in a rehearsal, and when: written down as a script, or drawn by lot from a seed.

    unplug@5+3, freeze@20+4        three seconds unplugged five seconds after the show began, four frozen after twenty
    random                         any fault every 20 s
    random, every=8, seed=3, of=unplug/busy
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

RANDOM = "random"
EVERY = 20.0  # s between two faults that are drawn by lot
SHORTEST, LONGEST = 1.0, 6.0  # s that those last
LONGEST_SHARE = 0.5  # of the time between two
STEP = re.compile(r"([a-z]+)@(\d+(?:\.\d+)?)\+(\d+(?:\.\d+)?)")


class CameraFault(StrEnum):
    """What may happen to a camera."""

    UNPLUG = "unplug"  # its device is gone
    BUSY = "busy"  # another program takes it
    ASLEEP = "asleep"  # it is there and gives no picture
    FREEZE = "freeze"  # one and the same picture again and again
    BLACK = "black"
    CORRUPT = "corrupt"  # every other picture is damaged, or of another format
    RESIZE = "resize"  # pictures of another size and shape
    SLOW = "slow"  # a picture now and then


@dataclass(frozen=True, slots=True)
class Incident:
    """One fault. at: s since the rehearsal began, not before which it comes; seconds: how long it lasts."""

    fault: CameraFault
    at: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Lot:
    """Faults drawn by lot, one every ``every`` s; the same seed gives the same ones. longest: s that one lasts at most."""

    every: float = EVERY
    seed: int = 0
    faults: tuple[CameraFault, ...] = tuple(CameraFault)
    longest: float = LONGEST

    def incidents(self) -> Iterator[Incident]:
        """Without end; each kind comes once before any comes again."""
        chance, number = random.Random(self.seed), 0
        most = min(self.longest, LONGEST_SHARE * self.every)
        while True:
            for kind in chance.sample(self.faults, len(self.faults)):
                number += 1
                yield Incident(kind, number * self.every, round(chance.uniform(min(SHORTEST, most), most), 2))


def incidents(text: str) -> Iterator[Incident]:
    """In the order of their times, without end where they are drawn by lot. Raises ValueError with one sentence, at once."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts or parts[0] == RANDOM or "=" in parts[0]:
        return _lot(part for part in parts if part != RANDOM).incidents()
    return iter(_script(parts))


def _script(parts: list[str]) -> list[Incident]:
    found = []
    for part in parts:
        match = STEP.fullmatch(part.replace(" ", ""))
        if match is None:
            raise ValueError(f"'{part}' is no fault; write KIND@BEGIN+SECONDS, as in unplug@5+3, or {RANDOM}")
        found.append(Incident(_fault(match[1]), float(match[2]), float(match[3])))
    found.sort(key=lambda incident: incident.at)
    for one, other in pairwise(found):
        if one.at + one.seconds > other.at:
            raise ValueError(f"{one.fault}@{one.at:g} lasts until {one.at + one.seconds:g} s, and {other.fault} begins at {other.at:g} s")
    return found


def _lot(parts: Iterable[str]) -> Lot:
    lot = Lot()
    for part in parts:
        name, _, value = (piece.strip() for piece in part.partition("="))
        try:
            match name:
                case "every":
                    lot = replace(lot, every=_seconds(value))
                case "seed":
                    lot = replace(lot, seed=int(value))
                case "of":
                    lot = replace(lot, faults=tuple(_fault(kind.strip()) for kind in value.split("/")))
                case _:
                    raise ValueError(f"not known beside {RANDOM}; there is every=SECONDS, seed=NUMBER and of=KIND/KIND")
        except ValueError as err:
            raise ValueError(f"'{part}': {err}") from None
    return lot


def _seconds(text: str) -> float:
    value = float(text)
    if not 1 <= value <= 86400:
        raise ValueError("must be seconds, from 1 to 86400")
    return value


def _fault(name: str) -> CameraFault:
    try:
        return CameraFault(name)
    except ValueError:
        raise ValueError(f"'{name}' is no fault of a camera; there is {', '.join(CameraFault)}") from None
