"""Keeps a styled picture steady: where the camera's picture did not move, the painted one must not either.

A style network answers a few grey levels of camera noise with other strokes. So the picture that it sees is averaged over time
where nothing moves, and what it draws is blended with what it drew before; where something moves, both are new at once, within
reach of a stroke as well, so that nothing leaves a trail.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.messages import Image

STILL, MOVES = 3.0, 9.0  # grey levels, mean difference around a pixel: below it nothing moved, above it the picture is new
AROUND: Final = 5  # px over which differences are averaged
REACH: Final = 13  # px that a stroke reaches beyond what moved
REST_IN, REST_OUT = 0.15, 0.15  # of what is new that is taken where nothing moves: light may change slowly
HURRY: Final = 6.0  # how much faster the picture follows while its style changes
Plane = NDArray[np.float32]
Planes = NDArray[np.float32]


class Steady:
    """Of one picture. All of its pictures have one size; another size begins anew."""

    def __init__(self) -> None:
        self._seen: Planes | None = None  # the camera's picture, averaged
        self._drawn: Planes | None = None  # what is shown
        self._moves: Plane | None = None
        self._kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (REACH, REACH))

    def forget(self) -> None:
        """The next picture has nothing to do with the last one."""
        self._seen = self._drawn = self._moves = None

    def look(self, picture: Image) -> Image:
        """The picture [h, w, 3] for the network to see."""
        if self._seen is None or self._seen.shape != picture.shape:
            self._seen, self._drawn, self._moves = picture.astype(np.float32), None, None
            return picture
        change = picture.astype(np.float32)
        change -= self._seen
        self._moves = self._movement(change)
        change *= np.maximum(self._moves, REST_IN)[..., None]
        self._seen += change
        return np.asarray(cv2.convertScaleAbs(self._seen), dtype=np.uint8)

    def draw(self, drawn: Image, away: float) -> Image:
        """What is to be shown of a picture that the network drew. away 0…1: how far its style is from the last one's."""
        if self._drawn is None or self._moves is None:
            self._drawn = drawn.astype(np.float32)
            return drawn
        change = drawn.astype(np.float32)
        change -= self._drawn
        change *= np.maximum(self._moves, min(1.0, REST_OUT + HURRY * away))[..., None]
        self._drawn += change
        return np.asarray(cv2.convertScaleAbs(self._drawn), dtype=np.uint8)

    def _movement(self, change: Planes) -> Plane:
        """[h, w] 0…1: how far each place is new."""
        size = np.abs(change).mean(axis=2)
        level = (cv2.blur(size, (AROUND, AROUND)) - np.float32(STILL)) / np.float32(MOVES - STILL)
        level = np.clip(level, 0.0, 1.0, out=level)
        return np.asarray(cv2.blur(cv2.dilate(level, self._kernel), (AROUND, AROUND)), np.float32)
