"""One picture that is painted again and again: seen, drawn, kept steady, coloured, and brought to its size."""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np

from installation.messages import Image
from installation.styles.blend import Blend
from installation.styles.colour import coloured
from installation.styles.steady import Steady

KEPT = 4  # pictures whose memory stays as it was: one may be on the canvas, one on its way there


class Hand(Protocol):
    """Draws pictures of one size."""

    size: tuple[int, int]

    def draw(self, picture: Image, blend: Blend) -> Image:
        """[height, width, 3] -> the same, painted all over; the next call may overwrite it."""
        ...


class Easel:
    """Of one picture of the show. steady: whether still places stay as they were, which a sequence wants and a still does not."""

    def __init__(self, steady: bool = True) -> None:
        self._steady = Steady() if steady else None
        self._blend: Blend | None = None
        self._pictures: list[Image] = []
        self._turn = 0

    def paint(self, picture: Image, blend: Blend, hand: Hand) -> Image:
        """[H, W, 3] of any size -> the same, painted. The fourth call after this one overwrites it."""
        grows = hand.size[0] > picture.shape[1]
        small = np.asarray(cv2.resize(picture, hand.size, interpolation=cv2.INTER_CUBIC if grows else cv2.INTER_AREA), dtype=np.uint8)
        seen = small if self._steady is None else self._steady.look(small)
        drawn = hand.draw(seen, blend)
        if self._steady is not None:
            drawn = self._steady.draw(drawn, blend.away(self._blend))
        self._blend = blend
        drawn = coloured(drawn, seen, blend.colour)
        return self._brought(drawn, picture, blend.amount)

    def _brought(self, drawn: Image, picture: Image, amount: float) -> Image:
        out = self._memory(picture)
        height, width = picture.shape[:2]
        cv2.resize(drawn, (width, height), dst=out, interpolation=cv2.INTER_CUBIC if width > drawn.shape[1] else cv2.INTER_AREA)
        if amount < 1.0:
            cv2.addWeighted(out, amount, picture, 1.0 - amount, 0.0, dst=out)
        return out

    def _memory(self, like: Image) -> Image:
        if not self._pictures or self._pictures[0].shape != like.shape:
            self._pictures = [np.empty_like(like) for _ in range(KEPT)]
        self._turn += 1
        return self._pictures[self._turn % KEPT][:]  # another object each time: whoever draws knows a picture again by itself
