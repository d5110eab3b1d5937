"""Paints the nearest visitor's face small, in one style after another, in idle moments. A style that has just come is the next."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Protocol

import cv2
import numpy as np

from installation.messages import Image, Portrait, Portraits
from installation.styles.blend import Blender, blend_of
from installation.styles.crops import cut
from installation.styles.library import Palette, Style
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

    def keep(self, names: Collection[str]) -> None:
        """Throw all others away: their styles are gone."""
        ...

    def clear(self) -> None:
        """Throw them all away."""
        ...


@dataclass(eq=False)
class Sketches:
    """One a call, at most every ``IDLE_PERIOD``; the styles come in turn, those first that were not sketched yet."""

    painter: Painter
    blender: Blender
    board: Board
    _next: float = float("-inf")
    _turn: int = 0
    _seen: float = float("-inf")
    _palette: Palette | None = None
    _sketched: dict[str, Style] = field(default_factory=dict)  # what each looked like when it was

    def step(self, portraits: Portraits, busy: bool, now: float) -> None:
        """``now``, s; busy: whether the show itself is being painted."""
        nearest = max(portraits.portraits, key=lambda one: one.face.box[2] - one.face.box[0], default=None)
        if nearest is not None:
            self._seen = now
        elif self._sketched and now - self._seen > GONE_SECONDS:
            self.board.clear()
            self._sketched = {}
        palette = self._followed()
        if nearest is None or not palette.styles or not self.board.wanted or now < self._next:
            return
        self._next = now + (BUSY_PERIOD if busy else IDLE_PERIOD)
        self.painter.prepare()
        hand, face = self.painter.square(), _face(portraits, nearest)
        if hand is None or face is None:
            return
        name = self._due(palette)
        blend = blend_of(palette, {name: 1.0})
        if blend is not None:
            painted = hand.draw(np.asarray(cv2.resize(face, hand.size, interpolation=cv2.INTER_LINEAR), np.uint8), blend)
            self.board.put(name, np.asarray(cv2.resize(painted, (SKETCH_PX, SKETCH_PX), interpolation=cv2.INTER_AREA), np.uint8))
            self._sketched[name] = palette.styles[name]

    def _followed(self) -> Palette:
        """The styles there are now; a sketch of one that is gone, or is another picture by now, does not stay."""
        palette = self.blender.palette
        if palette is not self._palette:
            self._palette = palette
            self._sketched = {name: style for name, style in self._sketched.items() if _same(style, palette.styles.get(name))}
            self.board.keep(self._sketched)
        return palette

    def _due(self, palette: Palette) -> str:
        fresh = next((name for name in palette.styles if name not in self._sketched), None)
        if fresh is not None:
            return fresh
        self._turn += 1
        return list(palette.styles)[self._turn % len(palette.styles)]


def _same(one: Style, other: Style | None) -> bool:
    return other is not None and one.place == other.place and one.vector is other.vector


def _face(portraits: Portraits, nearest: Portrait) -> Image | None:
    if nearest.square is not None:
        picture = portraits.picture if portraits.picture is not None else portraits.frame.image
        return cut(picture, nearest.square, 2 * SKETCH_PX)
    return nearest.image if nearest.image.size else None
