"""What is behind everybody on the plain path: the lit wall, the camera's picture, a picture of its own, or some of each."""

from __future__ import annotations

import cv2
import numpy as np

from installation.canvas.look import Grade, vignette
from installation.canvas.mirror import graded
from installation.canvas.pace import CostlyLook
from installation.canvas.room import CameraRoom, Wall, dither, palette
from installation.canvas.scene import Light, Scene
from installation.messages import Image

STRENGTHS, PLACES = 256, 2  # steps of a lamp's strength and of a pixel: less is not seen of something so soft
DITHER_MIDDLE = 8  # levels, of which the noise takes away or adds


class PlainWall:
    """One picture [height, width, 3], drawn where something about it changed."""

    def __init__(self, width: int, height: int, seed: int) -> None:
        self._size = (width, height)
        self.picture: Image = np.zeros((height, width, 3), np.uint8)
        self._room, self._camera_room = Wall(width, height), CameraRoom(width, height)
        self._dither = dither(width, height, seed)
        self._light, self._middle = np.zeros((height, width), np.uint8), np.full((height, width), DITHER_MIDDLE, np.uint8)
        self._lit: tuple[object, ...] = ()
        self._seen: tuple[Grade | None, float] = (None, 0.0)  # grade and share of the room that the palette is for
        self._palette = np.zeros((256, 1, 3), np.uint8)
        self._camera: Image | None = None  # what the camera adds, small
        self._large = np.zeros((0, 0, 3), np.uint8)
        self._pictures = PlainBackdrops(width, height)
        self._key: tuple[object, ...] = ()

    def draw(self, scene: Scene, slow: CostlyLook) -> Image:
        """The wall behind this scene; the next one overwrites it."""
        camera = self._camera_room.behind(scene, slow.grade, slow.vignette)
        changed, self._camera = camera is not self._camera, camera
        pictures = [(one.image, one.share) for one in scene.backdrops]
        lights = tuple(_steady(light) for light in scene.lights)
        shown = tuple((id(image), share) for image, share in pictures)
        key = (lights if scene.room > 0.0 else (), scene.room, slow.vignette, slow.grade, shown)
        if key == self._key and not changed:
            return self.picture
        self._key = key
        if scene.room > 0.0:
            self._draw_room(lights, scene.room, slow)
        else:
            self.picture.fill(0)
        if camera is not None:
            self._add_camera(camera)
        for image, share in pictures:
            self._pictures.add(self.picture, image, share, slow)
        self._pictures.keep(pictures)
        return self.picture

    def _draw_room(self, lights: tuple[Light, ...], room: float, slow: CostlyLook) -> None:
        if (slow.grade, room) != self._seen:
            self._seen = (slow.grade, room)
            self._palette = np.ascontiguousarray(np.round(palette(slow.grade) * room).astype(np.uint8)[:, None, :])
        lit = (lights, slow.vignette)
        if lit != self._lit:
            self._lit = lit
            # The noise goes onto the light before the palette, so that dark gradients do not fall into bands.
            cv2.resize(self._room.light(lights, slow.vignette), self._size, dst=self._light, interpolation=cv2.INTER_LINEAR)
            cv2.add(self._light, self._dither, dst=self._light)
            cv2.subtract(self._light, self._middle, dst=self._light)
        cv2.applyColorMap(self._light, self._palette, dst=self.picture)

    def _add_camera(self, small: Image) -> None:
        if self._large.size == 0:
            self._large = np.zeros_like(self.picture)
        cv2.resize(small, self._size, dst=self._large, interpolation=cv2.INTER_LINEAR)
        cv2.add(self.picture, self._large, dst=self.picture)


class PlainBackdrops:
    """Pictures behind everybody, graded once and added by their shares."""

    def __init__(self, width: int, height: int) -> None:
        self._size = (width, height)
        self._graded: dict[int, tuple[Image, tuple[Grade, float], Image]] = {}  # by the picture's identity, with the picture itself
        self._part = np.zeros((0, 0, 3), np.uint8)
        self._falloff: tuple[float, Image] = (0.0, np.zeros((0, 0, 3), np.uint8))

    def add(self, wall: Image, image: Image, share: float, slow: CostlyLook) -> None:
        """Lay a picture of the wall's size over what is already there of others."""
        done = self._of(image, slow)
        if share >= 1.0:
            np.copyto(wall, done)  # nothing else is there
            return
        if self._part.size == 0:
            self._part = np.zeros_like(wall)
        cv2.convertScaleAbs(done, dst=self._part, alpha=share)
        cv2.add(wall, self._part, dst=wall)

    def keep(self, shown: list[tuple[Image, float]]) -> None:
        """Forget the pictures that are not shown any more."""
        held = {id(image) for image, _ in shown}
        self._graded = {key: value for key, value in self._graded.items() if key in held}

    def _of(self, image: Image, slow: CostlyLook) -> Image:
        look = (slow.grade, slow.vignette)
        known = self._graded.get(id(image))
        if known is not None and known[1] == look:
            return known[2]
        out = np.empty_like(image) if known is None else known[2]
        graded(image, slow.grade, out)
        if slow.vignette > 0.0:
            cv2.multiply(out, self._left(slow.vignette), dst=out, scale=1 / 255)
        self._graded[id(image)] = (image, look, out)
        return out

    def _left(self, amount: float) -> Image:
        if self._falloff[0] != amount or not self._falloff[1].size:
            levels = np.round(255.0 * vignette(*self._size, amount)).astype(np.uint8)
            self._falloff = (amount, np.repeat(levels[:, :, None], 3, axis=2))
        return self._falloff[1]


def _steady(light: Light) -> Light:
    """A lamp that moves by less than can be seen is one that rests."""
    strength, shadow = (round(share * STRENGTHS) / STRENGTHS for share in (light.strength, light.shadow))
    x, y, radius = (round(length * PLACES) / PLACES for length in (light.x, light.y, light.radius))
    return Light(x, y, radius, strength, shadow)
