"""Masks of visitors that a network is asked for by turns: an outline in a crop that follows the face hardly changes from frame to
frame, so one visitor a frame is enough."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from installation.messages import AlignedFace, Image, Mask

Levels = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    """What is known of one visitor. mask: the levels as they are handed on, never written into again; turn: frame number at which
    they were taken last."""

    levels: Levels
    mask: Mask
    turn: int


class MaskMemory:
    """measure: a visitor's crop [S, S, 3] -> levels [h, w]. finished: levels -> the mask to hand on. taken 0…1: of new levels in those
    that are kept, so that a rim that is not sure does not tremble. rest: frames after a visitor's turn before it comes again."""

    def __init__(self, measure: Callable[[Image], Levels], finished: Callable[[Levels], Mask], taken: float, rest: int) -> None:
        self._measure, self._finished, self._taken, self._rest = measure, finished, np.float32(taken), rest
        self._kept: dict[int, _Kept] = {}
        self._turn = 0

    def step(self, faces: Sequence[AlignedFace]) -> None:
        """The faces of a new frame: the stalest of those that are seen has its turn, who is not there any more is forgotten."""
        self._turn += 1
        self._kept = {a.face.id: self._kept[a.face.id] for a in faces if a.face.id in self._kept}
        due = [a for a in faces if a.face.seen and self._age(a) > self._rest]
        if due:
            self._take(max(due, key=self._age))

    def mask(self, id: int) -> Mask | None:
        """A visitor's; None until their first turn has come."""
        kept = self._kept.get(id)
        return None if kept is None else kept.mask

    def _age(self, aligned: AlignedFace) -> float:
        """Frames since a visitor's last turn."""
        kept = self._kept.get(aligned.face.id)
        return math.inf if kept is None else self._turn - kept.turn

    def _take(self, aligned: AlignedFace) -> None:
        fresh, old = self._measure(aligned.crop), self._kept.get(aligned.face.id)
        levels = fresh if old is None else old.levels + self._taken * (fresh - old.levels)
        self._kept[aligned.face.id] = _Kept(levels, self._finished(levels), self._turn)
