"""Whose turn it is to be drawn: where a machine draws fewer portraits than there are to see, the stalest come first."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

GOLDEN = 0.6180339887498949  # multiples of it, less their whole part, are spread evenly however many there are
Key = tuple[int, int]  # visitor's id and cell


@dataclass(frozen=True, slots=True)
class Turns:
    """What to draw now. pixels: side of the square that each of them fills where it is seen; none: as large as it can be. spread:
    cycles over which the cells are spread; generators 0…1: share of the cells that have a generator of their own."""

    keys: tuple[Key, ...]
    pixels: tuple[int, ...] = ()
    cells: int = 1
    spread: float = 0.0
    generators: float = 0.0

    def ahead(self, cell: int, wave: int) -> float:
        """Cycles that a cell is ahead of the first one in an oscillator: each has another order, so that cells differ in all."""
        return self.spread * ((cell * GOLDEN * (wave + 1)) % 1.0)

    def own(self, cell: int) -> bool:
        """Whether a cell has a generator of its own: evenly many of all, never the first."""
        return int((cell + 1) * self.generators) > int(cell * self.generators) if cell else False

    def order(self, cell: int) -> int:
        """How many cells before this one have a generator of their own."""
        return int(cell * self.generators)


class Queue:
    """Remembers when each key had its turn."""

    def __init__(self) -> None:
        self._last: dict[Key, int] = {}  # number of the turn, 0: none yet
        self._turn = 0

    def next(self, keys: Sequence[Key], cost: Callable[[Key], float] = lambda key: 0.0, most: float = math.inf) -> tuple[Key, ...]:
        """Those of ``keys`` that waited longest, as many as cost no more than ``most`` together, and at least one; equals in their
        order. New ones come first."""
        self._last = {key: self._last.get(key, 0) for key in keys}
        chosen: list[Key] = []
        spent = 0.0
        for key in sorted(self._last, key=lambda key: self._last[key]):
            spent += cost(key)
            if chosen and spent > most:
                break
            self._turn += 1
            self._last[key] = self._turn
            chosen.append(key)
        return tuple(chosen)
