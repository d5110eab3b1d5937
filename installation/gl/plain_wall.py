"""What is behind the portraits on the plain path: the lit wall, the camera's picture, or some of both."""

from __future__ import annotations

import cv2
import numpy as np

from installation.gl.look import Grade
from installation.gl.pace import Slow
from installation.gl.room import CameraRoom, Wall, dither, palette
from installation.gl.scene import Light, Scene
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
        self._camera: Image | None = None
        self._camera_large = np.zeros((0, 0, 3), np.uint8)
        self._camera_key: tuple[object, ...] = ()
        self._camera_frame: Image | None = None
        self._key: tuple[object, ...] = ()

    def draw(self, scene: Scene, slow: Slow) -> Image:
        """The wall behind this scene; the next one overwrites it."""
        camera_changed = self._draw_camera(scene, slow)
        lights = tuple(_steady(light) for light in scene.lights)
        key = (lights if scene.room > 0.0 else (), scene.room, slow.vignette, slow.grade)
        if key == self._key and not camera_changed:
            return self.picture
        self._key = key
        if scene.room > 0.0:
            self._draw_room(lights, scene.room, slow)
        elif self._camera is None:
            self.picture.fill(0)
        if self._camera is not None:
            into = self._enlarge(self._camera, self.picture if scene.room <= 0.0 else self._camera_picture())
            if scene.room > 0.0:
                cv2.add(self.picture, into, dst=self.picture)
        return self.picture

    def _draw_room(self, lights: tuple[Light, ...], room: float, slow: Slow) -> None:
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

    def _draw_camera(self, scene: Scene, slow: Slow) -> bool:
        """Bring the camera's small picture up to date; whether it changed."""
        if scene.camera <= 0.0 or scene.frame is None:
            had, self._camera, self._camera_key, self._camera_frame = self._camera is not None, None, (), None
            return had
        mirror = scene.look.mirror
        key = (mirror, slow.grade, scene.camera, slow.vignette)
        if key == self._camera_key and scene.frame is self._camera_frame:
            return False
        self._camera_key, self._camera_frame = key, scene.frame
        self._camera = self._camera_room.picture(scene.frame, mirror, slow.grade, scene.camera, slow.vignette)
        return True

    def _camera_picture(self) -> Image:
        if self._camera_large.size == 0:
            self._camera_large = np.zeros_like(self.picture)
        return self._camera_large

    def _enlarge(self, small: Image, into: Image) -> Image:
        cv2.resize(small, self._size, dst=into, interpolation=cv2.INTER_LINEAR)
        return into


def _steady(light: Light) -> Light:
    """A lamp that moves by less than can be seen is one that rests."""
    strength, shadow = (round(share * STRENGTHS) / STRENGTHS for share in (light.strength, light.shadow))
    x, y, radius = (round(length * PLACES) / PLACES for length in (light.x, light.y, light.radius))
    return Light(x, y, radius, strength, shadow)
