"""The room behind the portraits: a dark wall with a pool of light at each, or the camera's picture out of focus.

Both are computed small and enlarged by the renderer: they hold nothing sharp.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.canvas.look import LUMA, Grade, vignette
from installation.canvas.scene import Light, Scene
from installation.messages import Image, Mask

SHRINK = 8  # the wall's light is computed at this fraction of the canvas
CAMERA_SHRINK = 4
CAMERA_LIGHT = 0.34  # of the camera's light is left behind the portraits
CAMERA_COLOUR = 0.55  # of its colourfulness
BLUR_LIGHT, BLUR_LIGHT_MIRROR = 0.62, 0.94  # of the camera's light, out of focus: behind portraits, and behind people in the mirror
BLUR_WIDTH = 26  # the radius of its boxes, in parts of the canvas' height
PEOPLE_GROW = 5  # px of the small picture: nothing of the people's rims is taken for the room
LEAST_ROOM = 1e-3  # how much people count as the room: where they fill all of it, they are what there is
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
    """The camera's picture behind the portraits: small and blurred; dim and a little grey as the layout's wall, with its own light and
    colours out of focus behind people. Both may be seen at once, while one goes over into the other."""

    def __init__(self, width: int, height: int) -> None:
        self.size = (max(2, width // CAMERA_SHRINK), max(2, height // CAMERA_SHRINK))
        self._light: tuple[tuple[float, float], Image] = ((-1.0, -1.0), np.zeros((0, 0, 3), np.uint8))
        self._key: tuple[object, ...] = ()
        self._sources: tuple[object, object] = (None, None)  # frame and people of last time
        self._picture: Image | None = None

    def behind(self, scene: Scene, grade: Grade, vignette_amount: float) -> Image | None:
        """[height / 4, width / 4, 3] of what the camera adds to what is behind, the same array while nothing changes; None for nothing."""
        frame, look = scene.frame, scene.look
        if frame is None or (scene.camera <= 0.0 and scene.blur <= 0.0):
            self._key, self._sources, self._picture = (), (None, None), None
            return None
        people = scene.people if scene.blur > 0.0 and scene.hidden > 0.0 else None
        light = BLUR_LIGHT + (BLUR_LIGHT_MIRROR - BLUR_LIGHT) * scene.mirror
        key = (look.mirror, grade, scene.camera, scene.blur, light, vignette_amount)
        if self._picture is None or key != self._key or frame is not self._sources[0] or people is not self._sources[1]:
            self._key, self._sources = key, (frame, people)
            dim = self._dim(frame, look.mirror, grade) if scene.camera > 0.0 else None
            soft = self._out_of_focus(frame, people, look.mirror, grade, light) if scene.blur > 0.0 else None
            self._picture = self._mixed(dim, scene.camera, soft, scene.blur, vignette_amount)
        return self._picture

    def _mixed(self, dim: Image | None, camera: float, soft: Image | None, blur: float, vignette_amount: float) -> Image:
        if dim is None or soft is None:
            one, share = (dim, camera) if soft is None else (soft, blur)
            assert one is not None
            return np.asarray(cv2.multiply(one, self._left(vignette_amount, share), scale=1 / 255), dtype=np.uint8)
        both = cv2.addWeighted(dim, camera, soft, blur, 0.0)
        return np.asarray(cv2.multiply(both, self._left(vignette_amount, 1.0), scale=1 / 255), dtype=np.uint8)

    def _left(self, vignette_amount: float, amount: float) -> Image:
        """How much light is left at each place, 0…255."""
        if self._light[0] != (vignette_amount, amount):
            light = np.round(vignette(*self.size, vignette_amount) * (255.0 * amount)).astype(np.uint8)
            self._light = ((vignette_amount, amount), np.repeat(light[:, :, None], 3, axis=2))
        return self._light[1]

    def _dim(self, frame: Image, mirror: bool, grade: Grade) -> Image:
        small, wide = _small(frame, self.size, mirror), _odd(self.size[1] / 45)
        small = np.asarray(cv2.blur(cv2.blur(small, (wide, wide)), (wide, wide)), dtype=np.uint8)  # two boxes are nearly a Gaussian
        luma = np.tile(np.array(LUMA, np.float32), (3, 1))
        colour = CAMERA_COLOUR * np.eye(3, dtype=np.float32) + (1.0 - CAMERA_COLOUR) * luma
        return np.asarray(cv2.LUT(cv2.transform(small, CAMERA_LIGHT * (grade.tint() @ colour)), grade.curve()), dtype=np.uint8)

    def _out_of_focus(self, frame: Image, people: Mask | None, mirror: bool, grade: Grade, light: float) -> Image:
        """The room without the people, whose colours would glow around them: where they stand, it is what the room is beside them."""
        size = (max(2, self.size[0] // 2), max(2, self.size[1] // 2))  # it holds even less than the wall's
        small, wide = _small(frame, size, mirror), _odd(size[1] / BLUR_WIDTH)
        if people is None:
            soft = cv2.blur(cv2.blur(small, (wide, wide)), (wide, wide))
        else:
            mask = _small(people, size, mirror)
            room = np.float32(1.0 / 255.0) * (255 - cv2.dilate(mask, np.ones((PEOPLE_GROW, PEOPLE_GROW), np.uint8))).astype(np.float32)
            room = np.maximum(room, np.float32(LEAST_ROOM))
            weighed = cv2.multiply(small, cv2.merge([room] * 3), dtype=cv2.CV_32F)
            for _ in range(2):
                weighed, room = cv2.blur(weighed, (wide, wide)), np.asarray(cv2.blur(room, (wide, wide)), dtype=np.float32)
            soft = cv2.convertScaleAbs(cv2.divide(weighed, cv2.merge([room] * 3)))
        graded = cv2.LUT(cv2.transform(soft, light * grade.tint()), grade.curve())
        return np.asarray(cv2.resize(graded, self.size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def _small(picture: NDArray[np.uint8], size: tuple[int, int], mirror: bool) -> NDArray[np.uint8]:
    """A picture of any size, cut to the shape of ``size`` (width, height) and never stretched, in that size."""
    width, height = size
    scale = min(picture.shape[0] / height, picture.shape[1] / width)
    cut_w, cut_h = max(1, round(width * scale)), max(1, round(height * scale))
    x, y = (picture.shape[1] - cut_w) // 2, (picture.shape[0] - cut_h) // 2
    small = cv2.resize(picture[y : y + cut_h, x : x + cut_w], size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.flip(small, 1) if mirror else small, dtype=np.uint8)


def _odd(half: float) -> int:
    return 1 + 2 * max(1, int(half))
