"""Particles on the plain path: a small picture of each shape, made once, laid on the canvas many times."""

from __future__ import annotations

import cv2
import numpy as np
from cv2.typing import MatLike

from installation.canvas.particles import Swarm, mask
from installation.messages import Image

MOST_BYTES = 32 << 20  # kept masks; beyond it they are made anew
MOST_PAINTED = 16 << 20  # bytes of kept masks in a colour
FULL = 255
LARGE = 32 * 32  # px
RAMP = (np.arange(256, dtype=np.float32) / FULL)[:, None, None]


class Sprites:
    """Masks by shape, [k, k, 3] uint8."""

    def __init__(self) -> None:
        self._masks: dict[int, Image] = {}
        self._clears: dict[tuple[int, int], Image] = {}
        self._bytes = 0
        self._painted: dict[tuple[int, int, int, int], Image] = {}
        self._painted_bytes = 0

    def lay(self, picture: Image, swarm: Swarm) -> None:
        """Draw a swarm on ``picture`` [H, W, 3]."""
        height, width = picture.shape[:2]
        corners = np.floor(swarm.places).astype(np.int64)
        within = swarm.places - corners
        hides = np.round(swarm.hides * FULL).astype(np.int64).tolist()
        colours = np.rint(swarm.colours).astype(np.int64).tolist()
        for i, (code, (middle_x, middle_y)) in enumerate(zip(swarm.codes.tolist(), corners.tolist(), strict=True)):
            colour = colours[i]
            if colour[0] + colour[1] + colour[2] + hides[i] < 1.0:
                continue
            sprite = self._masks.get(code)
            if sprite is None:
                sprite = self._make(code, swarm, i, (float(within[i, 0]), float(within[i, 1])))
            painted = self._paint(code, sprite, *colour)
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
                painted = painted[top:bottom, left:right]
            if clear is not None:
                cv2.multiply(under, clear, under, 1 / 255)
            cv2.add(under, painted, under)

    def _paint(self, code: int, sprite: Image, red: int, green: int, blue: int) -> Image:
        """A mask in a colour. Snow has a few of them for hours; made by the way that is quicker at its size."""
        key = (code, red, green, blue)
        painted = self._painted.get(key)
        if painted is not None:
            return painted
        made: MatLike
        if sprite.shape[0] * sprite.shape[1] < LARGE:
            scale = (red / FULL, green / FULL, blue / FULL, 0.0)
            made = cv2.multiply(sprite, scale)  # type: ignore[call-overload]  # a scalar, which its stubs forget
        else:
            levels = np.array((red, green, blue), np.float32)[None, None, :] * RAMP
            made = cv2.applyColorMap(np.ascontiguousarray(sprite[:, :, 0]), (levels + 0.5).astype(np.uint8))
        if self._painted_bytes > MOST_PAINTED:
            self._painted.clear()
            self._painted_bytes = 0
        painted = self._painted[key] = np.asarray(made, dtype=np.uint8)
        self._painted_bytes += painted.nbytes
        return painted

    def _make(self, code: int, swarm: Swarm, i: int, within: tuple[float, float]) -> Image:
        if self._bytes > MOST_BYTES:
            self._masks.clear()
            self._clears.clear()
            self._painted.clear()
            self._bytes = self._painted_bytes = 0
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
