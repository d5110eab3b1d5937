"""The room behind the portraits: a dark wall with a pool of light at each, or the camera's picture out of focus.

Both are computed small and enlarged by the renderer: they hold nothing sharp.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.gl.look import LUMA, Grade, vignette
from installation.gl.scene import Light
from installation.messages import Image

SHRINK = 8  # the wall's light is computed at this fraction of the canvas
CAMERA_SHRINK = 4
CAMERA_LIGHT = 0.34  # of the camera's light is left behind the portraits
CAMERA_COLOUR = 0.55  # of its colourfulness
DITHER_LEVELS = 1.6  # index levels: enough to break the bands of a dark gradient

# Light 0…1 to sRGB: a cold black, a deep grey-green wall against which skin glows, then warm plaster under the lamp.
PALETTE_LIGHT = (0.0, 0.12, 0.3, 0.55, 0.8, 1.0)
PALETTE_COLOUR = ((4, 6, 8), (12, 17, 19), (31, 38, 37), (72, 73, 63), (126, 119, 98), (178, 162, 130))
SHADOW_DROP, SHADOW_RADIUS, SHADOW_DEPTH = 0.3, 0.85, 0.42  # of a lamp's radius: what hangs in its light shades the wall below


def palette(grade: Grade) -> NDArray[np.uint8]:
    """[256, 3] graded colours of the wall for light 0…255."""
    light = np.linspace(0.0, 1.0, 256)
    plain = np.stack([np.interp(light, PALETTE_LIGHT, [colour[i] for colour in PALETTE_COLOUR]) for i in range(3)], axis=1)
    tinted = np.clip(plain @ grade.tint().T, 0.0, 255.0)
    curve = grade.curve().astype(np.float64)
    graded = np.stack([np.interp(tinted[:, i], np.arange(256), curve) for i in range(3)], axis=1)
    return np.round(graded).astype(np.uint8)


def dither(width: int, height: int, seed: int) -> NDArray[np.uint8]:
    """[height, width] triangular noise around 8, in levels of light."""
    noise = np.random.default_rng(seed).random((2, height, width), dtype=np.float32).sum(axis=0) - 1.0
    return np.asarray(np.clip(np.round(8.0 + DITHER_LEVELS * noise), 0, 16), dtype=np.uint8)


class Wall:
    """The light on the wall, [ceil(height / 8), ceil(width / 8)] uint8, as the lamps stand."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        small_w, small_h = -(-width // SHRINK), -(-height // SHRINK)
        self._x = (np.arange(small_w, dtype=np.float32) + 0.5) * (width / small_w)
        self._y = (np.arange(small_h, dtype=np.float32) + 0.5) * (height / small_h)
        across, down = self._x / width * 2.0 - 1.0, self._y / height
        # The wall by itself: lit a little from above, darker towards the corners and the floor.
        self._base = ((0.145 - 0.11 * down**1.5)[:, None] * (1.0 - 0.35 * across**2)[None, :]).astype(np.float32)
        self._vignette = (-1.0, self._base)

    def light(self, lights: tuple[Light, ...], vignette_amount: float) -> NDArray[np.uint8]:
        """Light 0…255 under ``lights``, less the vignette. Lamps that overlap do not add up past 1."""
        if self._vignette[0] != vignette_amount:
            self._vignette = (vignette_amount, vignette(len(self._x), len(self._y), vignette_amount))
        left = 1.0 - self._base
        for lamp in lights:
            across = np.exp(-0.5 * ((self._x - lamp.x) / lamp.radius) ** 2)
            down = np.exp(-0.5 * ((self._y - lamp.y) / (1.15 * lamp.radius)) ** 2)
            left *= 1.0 - lamp.strength * down[:, None] * across[None, :]
        for lamp in lights:
            if lamp.shadow > 0.0:
                wide = SHADOW_RADIUS * lamp.radius
                across = np.exp(-0.5 * ((self._x - lamp.x) / wide) ** 4)
                down = np.exp(-0.5 * ((self._y - lamp.y - SHADOW_DROP * lamp.radius) / (1.25 * wide)) ** 4)
                left = 1.0 - (1.0 - left) * (1.0 - SHADOW_DEPTH * lamp.shadow * down[:, None] * across[None, :])
        return np.round((1.0 - left) * self._vignette[1] * 255.0).astype(np.uint8)


class CameraRoom:
    """The camera's picture behind the portraits: small, blurred, dim, a little grey."""

    def __init__(self, width: int, height: int) -> None:
        self.size = (max(2, width // CAMERA_SHRINK), max(2, height // CAMERA_SHRINK))
        self._light: tuple[tuple[float, float], Image] = ((-1.0, -1.0), np.zeros((0, 0, 3), np.uint8))

    def picture(self, frame: Image, mirror: bool, grade: Grade, amount: float, vignette_amount: float) -> Image:
        """[height / 4, width / 4, 3] of a frame of any size: cut to the canvas' shape, never stretched."""
        width, height = self.size
        frame_h, frame_w = frame.shape[:2]
        scale = min(frame_w / width, frame_h / height)
        cut_w, cut_h = max(1, round(width * scale)), max(1, round(height * scale))
        x, y = (frame_w - cut_w) // 2, (frame_h - cut_h) // 2
        small = cv2.resize(frame[y : y + cut_h, x : x + cut_w], self.size, interpolation=cv2.INTER_LINEAR)
        if mirror:
            small = cv2.flip(small, 1)
        wide = 1 + 2 * max(1, height // 45)
        small = cv2.blur(cv2.blur(small, (wide, wide)), (wide, wide))  # two boxes are nearly a Gaussian, and cheaper
        luma = np.tile(np.array(LUMA, np.float32), (3, 1))
        colour = CAMERA_COLOUR * np.eye(3, dtype=np.float32) + (1.0 - CAMERA_COLOUR) * luma
        small = cv2.LUT(cv2.transform(small, CAMERA_LIGHT * (grade.tint() @ colour)), grade.curve())
        if self._light[0] != (vignette_amount, amount):
            light = np.round(vignette(width, height, vignette_amount) * (255.0 * amount)).astype(np.uint8)
            self._light = ((vignette_amount, amount), np.repeat(light[:, :, None], 3, axis=2))
        return np.asarray(cv2.multiply(small, self._light[1], scale=1 / 255), dtype=np.uint8)
