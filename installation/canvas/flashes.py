"""The flash limit: whatever the controls say, the canvas never flashes more than three times in a second over a quarter of its
area.

Flashes are counted as WCAG 2.3.1 defines them. A general flash is a pair of opposing changes of a tenth or more of the
largest relative luminance, the darker of the two states below 0.80; a red flash is a pair of opposing changes from or to a
saturated red. Both are counted in small cells of the canvas. All bounds here are a little tighter than those of WCAG, because
a cell is not a pixel and a clock is not a screen.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.canvas.look import LUMA
from installation.messages import Image

CELLS = 32  # along the canvas' longer side
SAMPLES = 5  # pixels taken of each cell, along each side
WINDOW_SECONDS = 1.1
MOST_CHANGES = 6  # three pairs
MOST_AREA = 0.18  # of the canvas that may have more of them
STEPS = np.array([[0.07], [0.045]], np.float32)  # the smallest change that counts: of luminance; of red, (R - G - B) = 20/320
BRIGHT = np.array([[0.85], [np.inf]], np.float32)  # changes between states above this count for nothing
SATURATED = 0.75  # R / (R + G + B) of a saturated red
CALM_SECONDS = 0.6  # time constant of the picture while flashes are held back
RELEASE_SECONDS = 1.0  # of quiet before the picture is let go, and the time in which that happens
SEARCHES = 6  # halvings of the way from nothing to all of a change

Signal = NDArray[np.float32]  # [2, cells], luminance and red, both 0…1

_levels = np.arange(256) / 255.0
LINEAR = np.where(_levels <= 0.04045, _levels / 12.92, ((_levels + 0.055) / 1.055) ** 2.4).astype(np.float32)  # sRGB's curve


def sample_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of the picture that is looked at instead of the canvas, px."""
    longer = max(width, height)
    return SAMPLES * max(2, round(CELLS * width / longer)), SAMPLES * max(2, round(CELLS * height / longer))


def signal(samples: Image) -> Signal:
    """Mean relative luminance of each cell, and its (R - G - B) where it is a saturated red, from [h, w, 3] samples."""
    height, width = samples.shape[:2]
    light = cv2.resize(cv2.LUT(samples, LINEAR), (width // SAMPLES, height // SAMPLES), interpolation=cv2.INTER_AREA).reshape(-1, 3)
    red, green, blue = light[:, 0], light[:, 1], light[:, 2]
    saturated = red >= SATURATED * (red + green + blue)
    return np.stack([light @ np.array(LUMA, np.float32), np.where(saturated, np.maximum(red - green - blue, 0.0), 0.0)])


class FlashCount:
    """Counts the opposing changes in each cell. A change is complete where the signal has left its last extreme by a step."""

    def __init__(self, first: Signal) -> None:
        self._low, self._high = first.copy(), first.copy()
        self._way = np.zeros(first.shape, np.int8)  # of the last change: 1 up, -1 down, 0 before the first
        self._times = np.full((MOST_CHANGES + 1, *first.shape), -np.inf)  # s, the newest first

    def excess(self, values: Signal, now: float) -> float:
        """Share 0…1 of the cells that would have changed too often within the last second, were ``values`` shown at ``now``."""
        down, up = self._changes(values)
        oldest = np.where(down | up, self._times[MOST_CHANGES - 1], self._times[MOST_CHANGES])
        return float(np.mean(np.any(oldest > now - WINDOW_SECONDS, axis=0)))

    def add(self, values: Signal, now: float) -> None:
        """``values`` are shown at ``now``."""
        down, up = self._changes(values)
        changed = down | up
        if changed.any():
            self._times[1:, changed] = self._times[:-1, changed]
            self._times[0, changed] = now
            self._way[down], self._way[up] = -1, 1
        self._low = np.where(down, values, np.minimum(self._low, values))
        self._high = np.where(up, values, np.maximum(self._high, values))
        # The extreme that the next change is measured from begins where the last change ended.
        self._high = np.where(down, values, self._high)
        self._low = np.where(up, values, self._low)

    def _changes(self, values: Signal) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        down = (self._way >= 0) & (self._high - values >= STEPS) & (values < BRIGHT)
        up = (self._way <= 0) & (values - self._low >= STEPS) & (self._low < BRIGHT)
        return down, up & ~down


class FlashLimiter:
    """Says how much of each new picture's change may be shown: all of it, unless the canvas would flash.

    Where too many flashes are asked for, the picture follows slowly until a second after they end; where even that would be a
    flash too many, it follows as far as it may.
    """

    def __init__(self) -> None:
        self.held = 0  # pictures that were not shown as they were asked for
        self._asked: FlashCount | None = None
        self._shown: FlashCount | None = None
        self._last: Image = np.zeros((0, 0, 3), np.uint8)  # samples of what was shown
        self._values: Signal = np.zeros((2, 0), np.float32)  # of the samples that ``share`` was asked about
        self._flashing = -math.inf  # s, when too many flashes were last asked for
        self._calm = 0.0  # 0…1, 1 while they are held back

    def share(self, samples: Image, now: float, dt: float) -> float:
        """Share 0…1 of the change from the picture shown last to the one of ``samples`` that may be shown at ``now``."""
        values = self._values = signal(samples)
        if self._asked is None or self._shown is None or samples.shape != self._last.shape:
            self._asked, self._shown = FlashCount(values), FlashCount(values)
            return 1.0
        # What is asked for decides whether to be calm: held pictures flash no more, and must not let go for that.
        if self._asked.excess(values, now) > MOST_AREA:
            self._flashing = now
        self._asked.add(values, now)
        if now - self._flashing < RELEASE_SECONDS:
            self._calm = 1.0
        else:
            self._calm = max(0.0, self._calm - dt / RELEASE_SECONDS)
        share = 1.0 if self._calm <= 0.0 else 1.0 - math.exp(-dt / (CALM_SECONDS * self._calm))
        return self._most(share, samples, values, now)

    def shown(self, samples: Image, now: float, whole: bool) -> None:
        """What is shown at ``now``; ``whole``: as it was asked for."""
        self.held += not whole
        self._last = samples
        if self._shown is not None:
            self._shown.add(self._values if whole else signal(samples), now)

    def _most(self, share: float, samples: Image, values: Signal, now: float) -> float:
        """The largest share up to ``share`` that breaks no limit; none at all never does."""
        assert self._shown is not None
        count = self._shown

        def fits(part: float) -> bool:
            mixed = values if part >= 1.0 else signal(cv2.addWeighted(samples, part, self._last, 1.0 - part, 0.0).astype(np.uint8))
            return count.excess(mixed, now) <= MOST_AREA

        return share if fits(share) else _largest(fits, share)


def _largest(fits: Callable[[float], bool], most: float) -> float:
    """A share below ``most`` that fits, found by halving; 0 where none does."""
    low, high = 0.0, most
    for _ in range(SEARCHES):
        middle = (low + high) / 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low
