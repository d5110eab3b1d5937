"""Particles on the plain path: a small picture of each shape, made once, laid on the canvas many times."""

from __future__ import annotations

import cv2
import numpy as np
from cv2.typing import MatLike

from installation.gl.particles import Swarm, mask
from installation.messages import Image

MOST_BYTES = 32 << 20  # kept pictures; beyond it they are made anew
FULL = 255
LARGE = 32 * 32  # px
RAMP = (np.arange(256, dtype=np.float32) / FULL)[:, None, None]


class Sprites:
    """Masks by shape, [k, k, 3] uint8."""

    def __init__(self) -> None:
        self._masks: dict[int, Image] = {}
        self._clears: dict[tuple[int, int], Image] = {}
        self._bytes = 0

    def lay(self, picture: Image, swarm: Swarm) -> None:
        """Draw a swarm on ``picture`` [H, W, 3]."""
        height, width = picture.shape[:2]
        corners = np.floor(swarm.places).astype(np.int64)
        within = swarm.places - corners
        hides = np.round(swarm.hides * FULL).astype(np.int64).tolist()
        colours = swarm.colours.tolist()
        for i, (code, (middle_x, middle_y)) in enumerate(zip(swarm.codes.tolist(), corners.tolist(), strict=True)):
            colour = colours[i]
            if colour[0] + colour[1] + colour[2] + hides[i] < 1.0:
                continue
            sprite = self._masks.get(code)
            if sprite is None:
                sprite = self._make(code, swarm, i, (float(within[i, 0]), float(within[i, 1])))
            side = sprite.shape[0]
            x, y = middle_x - side // 2 + 1, middle_y - side // 2 + 1
            x1, y1 = x + side, y + side
            if x >= 0 and y >= 0 and x1 <= width and y1 <= height:
                under = picture[y:y1, x:x1]
                clear = self._clear(code, hides[i], sprite) if hides[i] else None
            else:
                left, top, right, bottom = max(-x, 0), max(-y, 0), side - max(x1 - width, 0), side - max(y1 - height, 0)
                if left >= right or top >= bottom:
                    continue
                under = picture[y + top : y + bottom, x + left : x + right]
                clear = self._clear(code, hides[i], sprite)[top:bottom, left:right] if hides[i] else None
                sprite = sprite[top:bottom, left:right]
            if clear is not None:
                cv2.multiply(under, clear, under, 1 / 255)
            cv2.add(under, self._paint(sprite, colour), under)

    def _paint(self, sprite: Image, colour: list[float]) -> MatLike:
        """A mask in a colour, by the way that is quicker at its size."""
        if sprite.shape[0] * sprite.shape[1] < LARGE:
            scale = (colour[0] / FULL, colour[1] / FULL, colour[2] / FULL, 0.0)
            return cv2.multiply(sprite, scale)  # type: ignore[call-overload, no-any-return]  # a scalar, which its stubs forget
        levels = np.array(colour, np.float32)[None, None, :] * RAMP
        return cv2.applyColorMap(np.ascontiguousarray(sprite[:, :, 0]), (levels + 0.5).astype(np.uint8))

    def _make(self, code: int, swarm: Swarm, i: int, within: tuple[float, float]) -> Image:
        if self._bytes > MOST_BYTES:
            self._masks.clear()
            self._clears.clear()
            self._bytes = 0
        grey = np.round(255.0 * mask(swarm.shapes[i], within, swarm.power)).astype(np.uint8)
        sprite = np.ascontiguousarray(np.repeat(grey[:, :, None], 3, axis=2))
        self._masks[code] = sprite
        self._bytes += sprite.nbytes
        return sprite

    def _clear(self, code: int, hides: int, sprite: Image) -> Image:
        """What is left of the canvas under a sprite that hides ``hides`` / 255 of it."""
        clear = self._clears.get((code, hides))
        if clear is None:
            clear = np.asarray(cv2.bitwise_not(cv2.convertScaleAbs(sprite, alpha=hides / FULL)), dtype=np.uint8)
            self._clears[(code, hides)] = clear
            self._bytes += clear.nbytes
        return clear
