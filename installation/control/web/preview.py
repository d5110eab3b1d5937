"""A picture for the panel: a small JPEG, ten times a second at most, and only while somebody asks for it and privacy allows it."""

from __future__ import annotations

import threading
from collections.abc import Callable

import cv2
import numpy as np

from installation.messages import Image

PERIOD = 0.1  # s between two pictures
LONGEST = 640  # px of the longer side
QUALITY = 78


class Preview:
    """Hands the newest picture from a loop to the web thread. Both sides may come and go. allowed: whether pictures may be shown, which
    nobody knows before there is a source; a live camera's are only where ``privacy.allow_recording`` says so."""

    def __init__(self, allowed: bool = False) -> None:
        self.allowed = allowed
        self.size: tuple[int, int] | None = None  # width and height of the newest picture that was offered, px
        self._lock = threading.Lock()
        self._asked = False
        self._put = float("-inf")
        self._small: Image | None = None
        self._ready: Callable[[], None] | None = None

    def wanted(self, now: float) -> bool:
        """Whether somebody waits for a picture at ``now``, s, who may see it. Costs nothing; for the loop that has the pictures."""
        return self.allowed and self._asked and now - self._put >= PERIOD

    def put(self, image: Image, now: float) -> None:
        """A picture [H, W, 3] uint8 RGB, which may change afterwards: a small copy is kept. Nothing where that is not allowed."""
        if not self.allowed:
            return
        height, width = image.shape[:2]
        scale = min(1.0, LONGEST / max(height, width))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA) if scale < 1 else image.copy()
        with self._lock:
            self._small, self._put, self._asked = np.asarray(small, np.uint8), now, False
            ready = self._ready
        if ready is not None:
            ready()

    def offer(self, image: Image, now: float) -> None:
        """Put it where somebody waits for one. Costs nothing otherwise."""
        self.size = (image.shape[1], image.shape[0])
        if self.wanted(now):
            self.put(image, now)

    def ask(self, ready: Callable[[], None]) -> None:
        """Want one more picture; ``ready`` is called in the display's thread once it is there."""
        with self._lock:
            self._ready, self._asked = ready, True

    def jpeg(self) -> bytes | None:
        """The newest picture, which is given away: None until the next one is put."""
        with self._lock:
            small, self._small = self._small, None
        if small is None:
            return None
        made, data = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        return data.tobytes() if made else None
