"""Film grain: one table of noise, shifted by a place that follows from seed and time alone."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.canvas.look import GRAIN_LEVELS
from installation.messages import Image

REACH = 64  # px, how far the table may be shifted each way
GRAINS_PER_SECOND = 24  # new grain as often as film had it, whatever the canvas' rate
SIGMAS = 3.0  # noise beyond this many standard deviations is cut


class Grain:
    """Normal noise over the canvas plus its reach. ``table``: [height + 64, width + 64] float32, standard deviation 1."""

    def __init__(self, width: int, height: int, seed: int) -> None:
        self._seed = seed & 0x7FFFFFFF
        rough = np.random.default_rng(self._seed).standard_normal((height + REACH, width + REACH), dtype=np.float32)
        self.table: NDArray[np.float32] = np.clip(rough, -SIGMAS, SIGMAS)
        self._amount = -1.0
        steps = np.repeat(np.round(self.table * (255.0 / SIGMAS)).astype(np.int16)[:, :, None], 3, axis=2)
        self._above, self._below = (np.clip(part, 0, 255).astype(np.uint8) for part in (steps, -steps))
        self._lighter, self._darker = np.zeros_like(self._above), np.zeros_like(self._below)

    def shift(self, now: float) -> tuple[int, int]:
        """Where the table's window begins at time ``now``: x, y in 0…63."""
        tick = int(np.floor(now * GRAINS_PER_SECOND + 1e-6))
        mixed = ((tick + self._seed) * 0x9E3779B1) & 0xFFFFFFFF
        mixed = ((mixed ^ (mixed >> 15)) * 0x85EBCA77) & 0xFFFFFFFF
        return (mixed >> 8) % REACH, (mixed >> 20) % REACH

    def layers(self, amount: float) -> tuple[Image, Image]:
        """[height + 64, width + 64, 3] to add and to subtract, in grey levels, made anew when ``amount`` changes."""
        if amount != self._amount:
            self._amount = amount
            # Looked up, not computed: a fader on the grain asks for another one with every picture.
            levels = np.clip(np.round(np.arange(256) * (SIGMAS / 255.0 * GRAIN_LEVELS * amount)), 0, 255).astype(np.uint8)
            cv2.LUT(self._above, levels, dst=self._lighter)
            cv2.LUT(self._below, levels, dst=self._darker)
        return self._lighter, self._darker
