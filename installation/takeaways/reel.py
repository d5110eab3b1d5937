"""The film of a takeaway in memory: so many small pictures of the canvas, in memory that is taken once."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.messages import Image

FPS = 15
LOOP_SECONDS = 3.0
SEAM = 6  # pictures over which the end of the loop melts into its beginning
PICTURES = round(FPS * LOOP_SECONDS) + SEAM
SECONDS = PICTURES / FPS
LONGEST = 800  # px of the longer side


class Reel:
    """Pictures at an even rate from a display that shows them at another. size: width and height of the canvas in px.

    ``pictures`` is [n, h, w, 3]; the next film overwrites it.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        scale = min(1.0, LONGEST / max(size))
        width, height = (max(2, round(side * scale / 2) * 2) for side in size)  # even, as H.264 wants it
        self.pictures: NDArray[np.uint8] = np.zeros((PICTURES, height, width, 3), np.uint8)
        self.pictures.fill(0)  # memory that was never touched costs a picture its time when it first is
        self._began = 0.0
        self._taken = 0

    @property
    def full(self) -> bool:
        """Whether the film is whole."""
        return self._taken >= len(self.pictures)

    def begin(self, now: float) -> None:
        """A new film, from ``now`` s on."""
        self._began, self._taken = now, 0

    def wants(self, now: float) -> bool:
        """Whether the next picture is due."""
        return not self.full and now - self._began >= self._taken / FPS

    def add(self, picture: Image, now: float) -> None:
        """What is shown at ``now``, [height, width, 3]; it stands for the pictures that were due since the last one, too."""
        due = min(len(self.pictures), int((now - self._began) * FPS) + 1)
        if due <= self._taken:
            return
        first = self.pictures[self._taken]
        cv2.resize(picture, (first.shape[1], first.shape[0]), dst=first, interpolation=cv2.INTER_AREA)
        self.pictures[self._taken + 1 : due] = first
        self._taken = due

    def clear(self) -> None:
        """Nothing of the visitor stays in memory."""
        self.pictures.fill(0)
        self._taken = 0
