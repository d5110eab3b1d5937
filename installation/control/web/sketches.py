"""Small pictures of the live face in each style, for the panel: made in idle moments, and only while a panel is open."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection

import cv2

from installation.messages import Image

WANTED_SECONDS = 3.0  # after a panel was told of the pictures, in which new ones are made
QUALITY = 82


class SketchBoard:
    """Holds the newest JPEG of each style. Any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._jpegs: dict[str, tuple[int, bytes]] = {}
        self._count = 0
        self._asked = float("-inf")
        self._forbidden = False

    @property
    def wanted(self) -> bool:
        """Whether a panel is open."""
        return self._clock() - self._asked < WANTED_SECONDS

    def put(self, name: str, picture: Image) -> None:
        """The newest picture [s, s, 3] of a style."""
        made, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        with self._lock:
            if made and not self._forbidden:
                self._count += 1
                self._jpegs[name] = (self._count, data.tobytes())

    def forbid(self) -> None:
        """From now on no picture leaves the canvas, one that is being made included."""
        with self._lock:
            self._forbidden, self._jpegs = True, {}

    def keep(self, names: Collection[str]) -> None:
        """Of these alone."""
        with self._lock:
            self._jpegs = {name: jpeg for name, jpeg in self._jpegs.items() if name in names}

    def clear(self) -> None:
        """Whoever was seen in them is gone."""
        with self._lock:
            self._jpegs = {}

    def numbers(self) -> dict[str, int]:
        """Which picture of each style is the newest. Whoever asks is a panel that wants more of them."""
        self._asked = self._clock()
        with self._lock:
            return {name: number for name, (number, _) in self._jpegs.items()}

    def jpeg(self, name: str) -> bytes | None:
        """The newest picture of a style, None where there is none."""
        with self._lock:
            found = self._jpegs.get(name)
        return None if found is None else found[1]
