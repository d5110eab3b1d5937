"""Tells a camera that is well from one that is open and shows nothing: its pictures are black, or one and the same again and again.

A sensor has noise, so no two pictures of one that is well are alike. A few of the pixels tell as much as all of them.
"""

from __future__ import annotations

import numpy as np

from installation.messages import Image

EVERY = 8  # px between two pixels that are looked at, across and down
DARK = 24  # levels, 0…255, up to which a pixel counts as black: a covered lens has noise
LIT_SHARE = 0.01  # of the pixels that are lit at least in a picture that shows something
BLACK = "the camera gives black pictures; is its lens covered, or the room dark?"
FROZEN_WORDS = "the camera gives one and the same picture again and again; it is opened anew"


class PictureWatch:
    """Looks at every picture of a camera. patience: s that black or alike ones have come when they are spoken of; 0: never."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._last: Image | None = None
        self._new = self._lit = 0.0  # s, when a picture last was another one, and when one last showed something

    def look(self, picture: Image, now: float) -> str:
        """picture: uint8 [H, W, 3], taken at ``now``, s. One sentence on what is wrong; "" where the camera is well. What was wrong
        stays wrong until a picture comes that shows something new, also where the camera was opened anew between."""
        if not self._patience:
            return ""
        sample = picture[::EVERY, ::EVERY]
        if self._last is None:
            self._new = self._lit = now
        if self._last is None or sample.shape != self._last.shape or not np.array_equal(sample, self._last):
            self._last, self._new = sample.copy(), now
        if np.count_nonzero(sample > DARK) >= LIT_SHARE * sample.size:
            self._lit = now
        if now - self._lit >= self._patience:
            return BLACK
        return FROZEN_WORDS if now - self._new >= self._patience else ""
