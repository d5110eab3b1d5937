"""The canvas without GL: OpenCV on preallocated uint8 pictures, cheap enough to run beside two networks on two cores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from installation.gl.flashes import sample_size
from installation.gl.grain import Grain
from installation.gl.look import Grade, Look, portrait_mask, rim, trail_share, vignette
from installation.gl.room import CameraRoom, Wall, dither, palette
from installation.gl.scene import Overlay, Scene, Tile
from installation.gl.sprites import Sprites
from installation.messages import Image

MASK_PX = 256  # the mask is drawn once at this size and scaled to each portrait's
TRAIL_FLOOR = 0.004  # share of the last picture below which nothing of it can be seen


class _Place(NamedTuple):
    """All that a portrait's mask on the canvas depends on. left, top, side: px."""

    left: int
    top: int
    side: int
    opacity: float
    softness: float
    vignette: float


@dataclass(frozen=True, slots=True, eq=False)
class _Cut:
    """A portrait's mask at one place."""

    place: _Place
    paint: Image  # [h, w, 3] 0…255, mask times vignette times opacity
    clear: Image  # [h, w, 3] 0…255, what is left of the wall


class PlainRenderer:
    """Draws scenes into one uint8 picture [height, width, 3]."""

    name = "plain"

    def __init__(self, width: int, height: int, seed: int = 0) -> None:
        self.width, self.height = width, height
        shape = (height, width, 3)
        self._wall = np.zeros(shape, np.uint8)
        # Two of each, in turn: the picture before this one stays whole.
        self._bases, self._finals = [np.zeros(shape, np.uint8) for _ in range(2)], [np.zeros(shape, np.uint8) for _ in range(2)]
        self._base, self._final = self._bases[0], self._finals[0]
        self._shown = self._before = self._base
        self._held: NDArray[np.float32] | None = None  # what is shown while changes are held back
        self._holds = False
        self._sample_size = sample_size(width, height)
        self._room, self._camera_room = Wall(width, height), CameraRoom(width, height)
        self._dither, self._grain = dither(width, height, seed), Grain(width, height, seed)
        self._light, self._eight = np.zeros((height, width), np.uint8), np.full((height, width), 8, np.uint8)
        self._camera_small: Image | None = None
        self._camera_large = np.zeros((0, 0, 3), np.uint8)
        self._feedback: NDArray[np.float32] | None = None
        self._wall_key: tuple[object, ...] = ()
        self._camera_key: tuple[object, ...] = ()
        self._camera_frame: Image | None = None
        self._grade: Grade | None = None
        self._curve, self._tint, self._palette = np.zeros(0, np.uint8), np.zeros((3, 3), np.float32), np.zeros((0, 3), np.uint8)
        self._mask: tuple[float, Image] = (-1.0, np.zeros((0, 0), np.uint8))
        self._rim = np.round(255.0 * rim(np.linspace(0.0, 1.0, 256, dtype=np.float32))).astype(np.uint8)
        darkest = 1.0 - vignette(width, height, 1.0)
        self._vignetting = 255.0 * float(darkest.max())
        self._distance = np.round(255.0 * darkest / darkest.max()).astype(np.uint8)
        self._falloff: tuple[float, Image] = (-1.0, np.zeros((height, width), np.uint8))
        self._cuts: list[_Cut] = []
        self._drawn: list[Image] = []
        self._sprites = Sprites()

    def draw(self, scene: Scene) -> None:
        """Wall, portraits among particles, ornament, trails, grain, blackout, overlays, in this order."""
        self._before = self._shown
        self._base, self._final = self._bases[0], self._finals[0]
        self._bases.reverse()
        self._finals.reverse()
        if not self._holds:
            self._held = None
        self._holds = False
        self._prepare(scene.look)
        self._draw_wall(scene)
        np.copyto(self._base, self._wall)
        del self._cuts[len(scene.tiles) :], self._drawn[len(scene.tiles) :]
        self._draw_swarms(scene, front=False)
        for i, tile in enumerate(scene.tiles):
            self._draw_tile(i, tile, scene.look)
        self._draw_swarms(scene, front=True)
        for ornament in scene.ornaments:
            self._lay(self._base, ornament)
        for glow in scene.glows:
            self._sprites.lay(self._base, glow)
        self._shown = self._trail(scene)
        self._finish(scene)

    def sample(self) -> Image:
        """A few pixels of the canvas, evenly spread."""
        return np.asarray(cv2.resize(self._shown, self._sample_size, interpolation=cv2.INTER_NEAREST), dtype=np.uint8)

    def hold(self, share: float) -> None:
        """Show only ``share`` 0…1 of what changed since the picture before. In float: rounding would stop a slow change."""
        if self._held is None:
            self._held = self._before.astype(np.float32)
        cv2.accumulateWeighted(self._shown, self._held, share)
        cv2.convertScaleAbs(self._held, dst=self._final)
        self._shown, self._holds = self._final, True

    def read(self) -> Image:
        """The canvas, [height, width, 3]; the next draw overwrites it."""
        return self._shown

    def show(self, window: tuple[int, int]) -> None:
        """Bound to no window: whoever holds one reads the picture."""

    def close(self) -> None:
        """Nothing to free."""

    def _prepare(self, look: Look) -> None:
        """Make the tables that this look needs and the last one did not."""
        if look.grade != self._grade:
            self._grade = look.grade
            self._curve, self._tint, self._palette = look.grade.curve(), look.grade.tint(), palette(look.grade)
        if look.softness != self._mask[0]:
            self._mask = (look.softness, np.round(255.0 * portrait_mask(MASK_PX, look.softness)).astype(np.uint8))
        if look.vignette != self._falloff[0]:
            # Looked up, not computed: a fader on the vignette asks for another one with every picture.
            levels = np.round(255.0 - self._vignetting * (look.vignette * np.arange(256) / 255.0)).astype(np.uint8)
            cv2.LUT(self._distance, levels, dst=self._falloff[1])
            self._falloff = (look.vignette, self._falloff[1])

    def _draw_wall(self, scene: Scene) -> None:
        look = scene.look
        camera_changed = self._draw_camera(scene)
        key = (scene.lights, scene.room, look.vignette, look.grade)
        if key == self._wall_key and not camera_changed:
            return
        self._wall_key = key
        small = self._room.light(scene.lights, look.vignette)
        # The noise around 8 goes onto the light before the palette, so that dark gradients do not fall into bands.
        cv2.resize(small, (self.width, self.height), dst=self._light, interpolation=cv2.INTER_LINEAR)
        cv2.add(self._light, self._dither, dst=self._light)
        cv2.subtract(self._light, self._eight, dst=self._light)
        cv2.applyColorMap(self._light, np.ascontiguousarray(self._palette[:, None, :]), dst=self._wall)
        if scene.room < 1.0:
            cv2.convertScaleAbs(self._wall, dst=self._wall, alpha=scene.room)
        if self._camera_small is not None:
            size = (self.width, self.height)
            cv2.resize(self._camera_small, size, dst=self._camera_large, interpolation=cv2.INTER_LINEAR)
            cv2.add(self._wall, self._camera_large, dst=self._wall)

    def _draw_camera(self, scene: Scene) -> bool:
        """Bring the camera's small picture up to date; whether it changed."""
        if scene.camera <= 0.0 or scene.frame is None:
            had, self._camera_small, self._camera_key, self._camera_frame = self._camera_small is not None, None, (), None
            return had
        look = scene.look
        key = (look.mirror, look.grade, scene.camera, look.vignette)
        if key == self._camera_key and scene.frame is self._camera_frame:
            return False
        self._camera_key, self._camera_frame = key, scene.frame
        self._camera_small = self._camera_room.picture(scene.frame, look.mirror, look.grade, scene.camera, look.vignette)
        if self._camera_large.size == 0:
            self._camera_large = np.zeros_like(self._wall)
        return True

    def _draw_swarms(self, scene: Scene, front: bool) -> None:
        for swarm in scene.swarms:
            if swarm.front == front:
                self._sprites.lay(self._base, swarm)

    def _draw_tile(self, index: int, tile: Tile, look: Look) -> None:
        box = tile.box
        left, top = round(box.x - box.size / 2), round(box.y - box.size / 2)
        side = max(1, round(box.size))
        x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + side, self.width), min(top + side, self.height)
        if x0 >= x1 or y0 >= y1 or tile.opacity <= 0.0:
            return
        inside = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
        graded = self._graded(tile.image, look)
        drawn = self._buffer(index, side)
        if tile.rests:
            cv2.resize(graded, (side, side), dst=drawn, interpolation=cv2.INTER_CUBIC)
        else:
            # On its way a portrait stands between pixels; rounding would make it creep.
            scale = box.size / graded.shape[0]
            dx, dy = box.x - box.size / 2 - left, box.y - box.size / 2 - top
            matrix = np.array([[scale, 0.0, dx + 0.5 * scale - 0.5], [0.0, scale, dy + 0.5 * scale - 0.5]])
            cv2.warpAffine(graded, matrix, (side, side), dst=drawn, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        cut = self._cut(index, _Place(left, top, side, tile.opacity, look.softness, look.vignette), inside)
        part = drawn[inside]
        wall = self._base[y0:y1, x0:x1]
        cv2.multiply(wall, cut.clear, dst=wall, scale=1 / 255)
        cv2.add(wall, cv2.multiply(part, cut.paint, dst=part, scale=1 / 255), dst=wall)

    def _graded(self, image: Image, look: Look) -> Image:
        """Tint, curve and mirror at the portrait's own size, where they cost least."""
        if not look.grade.colours_stay:
            image = np.asarray(cv2.transform(image, self._tint), dtype=np.uint8)
        if not look.grade.neutral:
            image = np.asarray(cv2.LUT(image, self._curve), dtype=np.uint8)
        return np.asarray(cv2.flip(image, 1), dtype=np.uint8) if look.mirror else image

    def _buffer(self, index: int, side: int) -> Image:
        """[side, side, 3] to draw a portrait into, the same as last time where it fits."""
        while len(self._drawn) <= index:
            self._drawn.append(np.zeros((0, 0, 3), np.uint8))
        if self._drawn[index].shape[0] != side:
            self._drawn[index] = np.empty((side, side, 3), np.uint8)
        return self._drawn[index]

    def _cut(self, index: int, place: _Place, inside: tuple[slice, slice]) -> _Cut:
        """The mask for the tile's place, kept while nothing about it changes."""
        if index < len(self._cuts) and self._cuts[index].place == place:
            return self._cuts[index]
        mask = cv2.resize(self._mask[1], (place.side, place.side), interpolation=cv2.INTER_LINEAR)[inside]
        y, x = max(place.top, 0), max(place.left, 0)
        paint = cv2.convertScaleAbs(cv2.LUT(mask, self._rim), alpha=place.opacity)
        paint = cv2.multiply(paint, self._falloff[1][y : y + mask.shape[0], x : x + mask.shape[1]], scale=1 / 255)
        cut = _Cut(place, _three(paint), _three(cv2.bitwise_not(cv2.convertScaleAbs(mask, alpha=place.opacity))))
        self._cuts[index : index + 1] = [cut]
        return cut

    def _trail(self, scene: Scene) -> Image:
        """Mix with what was there before. Kept in float: rounding would leave ghosts that never fade."""
        share = trail_share(scene.look.trails, scene.dt)
        if share < TRAIL_FLOOR:
            self._feedback = None
            return self._base
        if self._feedback is None:
            self._feedback = self._base.astype(np.float32)
        cv2.accumulateWeighted(self._base, self._feedback, 1.0 - share)
        cv2.convertScaleAbs(self._feedback, dst=self._final)
        return self._final

    def _finish(self, scene: Scene) -> None:
        picture = self._shown
        if scene.look.grain > 0.0:
            x, y = self._grain.shift(scene.now)
            lighter, darker = self._grain.layers(scene.look.grain)
            cv2.add(picture, lighter[y : y + self.height, x : x + self.width], dst=self._final)
            cv2.subtract(self._final, darker[y : y + self.height, x : x + self.width], dst=self._final)
            picture = self._final
        if scene.blackout >= 1.0:
            picture = self._final
            picture.fill(0)
        elif scene.blackout > 0.0:
            cv2.convertScaleAbs(picture, dst=self._final, alpha=1.0 - scene.blackout)
            picture = self._final
        for overlay in scene.overlays:
            self._lay(picture, overlay)
        self._shown = picture

    def _lay(self, picture: Image, overlay: Overlay) -> None:
        height = min(overlay.colour.shape[0], self.height - overlay.y)
        width = min(overlay.colour.shape[1], self.width - overlay.x)
        if width <= 0 or height <= 0:
            return
        under = picture[overlay.y : overlay.y + height, overlay.x : overlay.x + width]
        cv2.multiply(under, overlay.clear[:height, :width], dst=under, scale=1 / 255)
        cv2.add(under, overlay.colour[:height, :width], dst=under)


def _three(grey: MatLike) -> Image:
    """The same channel three times: OpenCV multiplies like with like fastest."""
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), dtype=np.uint8)
