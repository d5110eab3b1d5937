"""Paints the nearest visitor's face small, in one style after another, in idle moments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from installation.messages import Image, Portrait, Portraits
from installation.styles.blend import Blender, blend_of
from installation.styles.crops import cut
from installation.styles.painter import Painter

IDLE_PERIOD, BUSY_PERIOD = 0.25, 1.0  # s between two sketches, while nothing is painted and while something is
SKETCH_PX = 96
GONE_SECONDS = 5.0  # without anybody, after which the last visitor's sketches are thrown away


class Board(Protocol):
    """Where they go."""

    @property
    def wanted(self) -> bool:
        """Whether anybody looks."""
        ...

    def put(self, name: str, picture: Image) -> None:
        """The newest one of a style."""
        ...

    def clear(self) -> None:
        """Throw them all away."""
        ...


@dataclass(eq=False)
class Sketches:
    """One a call, at most every ``IDLE_PERIOD``; the styles come in turn."""

    painter: Painter
    blender: Blender
    board: Board
    _next: float = float("-inf")
    _turn: int = 0
    _seen: float = float("-inf")
    _cleared: bool = True

    def step(self, portraits: Portraits, busy: bool, now: float) -> None:
        """``now``, s; busy: whether the show itself is being painted."""
        nearest = max(portraits.portraits, key=lambda one: one.face.box[2] - one.face.box[0], default=None)
        if nearest is not None:
            self._seen = now
        elif not self._cleared and now - self._seen > GONE_SECONDS:
            self.board.clear()
            self._cleared = True
        palette = self.blender.palette
        names = list(palette.styles)
        if nearest is None or not names or not self.board.wanted or now < self._next:
            return
        self._next = now + (BUSY_PERIOD if busy else IDLE_PERIOD)
        self.painter.prepare()
        hand, face = self.painter.square(), _face(portraits, nearest)
        if hand is None or face is None:
            return
        name = names[self._turn % len(names)]
        self._turn += 1
        blend = blend_of(palette, {name: 1.0})
        if blend is not None:
            painted = hand.draw(np.asarray(cv2.resize(face, hand.size, interpolation=cv2.INTER_LINEAR), np.uint8), blend)
            self.board.put(name, np.asarray(cv2.resize(painted, (SKETCH_PX, SKETCH_PX), interpolation=cv2.INTER_AREA), np.uint8))
            self._cleared = False


def _face(portraits: Portraits, nearest: Portrait) -> Image | None:
    if nearest.square is not None:
        picture = portraits.picture if portraits.picture is not None else portraits.frame.image
        return cut(picture, nearest.square, 2 * SKETCH_PX)
    return nearest.image if nearest.image.size else None
