"""The canvas without GL: OpenCV on preallocated uint8 pictures, cheap enough to run beside two networks on two cores."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.canvas.flashes import sample_size
from installation.canvas.grain import Grain
from installation.canvas.look import trail_share
from installation.canvas.mirror import PlainMirror, PlainPeople, View
from installation.canvas.pace import CostlyLook, StaggeredLook
from installation.canvas.plain.portraits import PlainPortraits
from installation.canvas.plain.sprites import Sprites
from installation.canvas.plain.wall import PlainWall
from installation.canvas.scene import Overlay, Scene
from installation.messages import Image

TRAIL_FLOOR = 0.004  # share of the last picture below which nothing of it can be seen


class PlainRenderer:
    """Draws scenes into one uint8 picture [height, width, 3]."""

    name = "plain"

    def __init__(self, width: int, height: int, seed: int = 0) -> None:
        self.width, self.height = width, height
        shape = (height, width, 3)
        # Two of each, in turn: the picture before this one stays whole.
        self._bases, self._finals = [np.zeros(shape, np.uint8) for _ in range(2)], [np.zeros(shape, np.uint8) for _ in range(2)]
        self._base, self._final = self._bases[0], self._finals[0]
        self._shown = self._before = self._base
        self._holding = np.zeros(shape, np.float32)  # what is shown while changes are held back
        self._holds = self._held = False  # in this picture, in the one before
        self._feedback = np.zeros(shape, np.float32)
        buffers: list[NDArray[Any]] = [*self._bases, *self._finals, self._holding, self._feedback]
        for buffer in buffers:
            buffer.fill(0)  # memory that was never touched costs a picture its time when it first is
        self._trailing = False
        self._beneath = np.zeros((0, 0, 3), np.uint8)  # the picture without its overlays, where somebody keeps it
        self._sample_size = sample_size(width, height)
        self._pace = StaggeredLook()
        self._wall, self._portraits = PlainWall(width, height, seed), PlainPortraits(width, height)
        self._mirror, self._people = PlainMirror(width, height), PlainPeople()
        self._grain, self._sprites = Grain(width, height, seed), Sprites()

    def draw(self, scene: Scene) -> None:
        """Wall, portraits among particles, ornament, trails, grain, blackout, overlays, in this order."""
        self._before = self._shown
        self._base, self._final = self._bases[0], self._finals[0]
        self._bases.reverse()
        self._finals.reverse()
        self._held, self._holds = self._holds, False
        look, slow = scene.look, self._pace.step(CostlyLook.of(scene.look))
        self._draw_room(scene, slow)
        self._portraits.prepare(slow, look.grade, len(scene.tiles))
        self._draw_swarms(scene, front=False)
        for i, tile in enumerate(scene.tiles):
            self._portraits.lay(self._base, i, tile, slow, look.grade, look.mirror)
        self._draw_swarms(scene, front=True)
        for ornament in scene.ornaments:
            self._lay(self._base, ornament)
        for glow in scene.glows:
            self._sprites.lay(self._base, glow)
        self._shown = self._trail(scene)
        self._finish(scene, slow.grain)

    def sample(self) -> Image:
        """A few pixels of the canvas, evenly spread."""
        return np.asarray(cv2.resize(self._shown, self._sample_size, interpolation=cv2.INTER_NEAREST), dtype=np.uint8)

    def hold(self, share: float) -> None:
        """Show only ``share`` 0…1 of what changed since the picture before. In float: rounding would stop a slow change."""
        if not self._held:
            np.copyto(self._holding, self._before)
        cv2.accumulateWeighted(self._shown, self._holding, share)
        cv2.convertScaleAbs(self._holding, dst=self._final)
        self._shown, self._holds = self._final, True

    def read(self) -> Image:
        """The canvas, [height, width, 3]; the next draw overwrites it."""
        return self._shown

    def beneath(self) -> Image:
        """The picture without its overlays, [height, width, 3], of the newest scene that asked for it."""
        return self._beneath

    def show(self, window: tuple[int, int]) -> None:
        """Bound to no window: whoever holds one reads the picture."""

    def close(self) -> None:
        """Nothing to free."""

    def _draw_room(self, scene: Scene, slow: CostlyLook) -> None:
        """The wall, or the mirror, or some of both while one goes over into the other."""
        look, share = scene.look, scene.mirror if scene.picture is not None else 0.0
        if scene.picture is None or share <= 0.0:
            np.copyto(self._base, self._wall.draw(scene, slow))
            return
        picture, (x0, y0, x1, y1) = self._mirror.draw(scene.picture, look.fit, look.mirror, look.sharpen, slow)
        under = self._base[y0:y1, x0:x1]
        if scene.people is not None and scene.hidden > 0.0:
            np.copyto(self._base, self._wall.draw(scene, slow))
            view = View.of((scene.picture.shape[1], scene.picture.shape[0]), (self.width, self.height), look.fit, look.mirror)
            self._people.lay(picture, under, scene.people, scene.hidden, share, view)
            return
        if share < 1.0 or under.shape != self._base.shape:
            np.copyto(self._base, self._wall.draw(scene, slow))
        if share < 1.0:
            cv2.addWeighted(picture, share, under, 1.0 - share, 0.0, dst=under)
        else:
            np.copyto(under, picture)

    def _draw_swarms(self, scene: Scene, front: bool) -> None:
        for swarm in scene.swarms:
            if swarm.front == front:
                self._sprites.lay(self._base, swarm)

    def _trail(self, scene: Scene) -> Image:
        """Mix with what was there before. Kept in float: rounding would leave ghosts that never fade."""
        share = trail_share(scene.look.trails, scene.dt)
        if share < TRAIL_FLOOR:
            self._trailing = False
            return self._base
        if not self._trailing:
            np.copyto(self._feedback, self._base)
            self._trailing = True
        cv2.accumulateWeighted(self._base, self._feedback, 1.0 - share)
        cv2.convertScaleAbs(self._feedback, dst=self._final)
        return self._final

    def _finish(self, scene: Scene, grain: float) -> None:
        picture = self._shown
        if grain > 0.0:
            x, y = self._grain.shift(scene.now)
            lighter, darker = self._grain.layers(grain)
            cv2.add(picture, lighter[y : y + self.height, x : x + self.width], dst=self._final)
            cv2.subtract(self._final, darker[y : y + self.height, x : x + self.width], dst=self._final)
            picture = self._final
        if scene.blackout >= 1.0:
            picture = self._final
            picture.fill(0)
        elif scene.blackout > 0.0:
            cv2.convertScaleAbs(picture, dst=self._final, alpha=1.0 - scene.blackout)
            picture = self._final
        if scene.keeps:
            self._keep(picture)
        for overlay in scene.overlays:
            self._lay(picture, overlay)
        self._shown = picture

    def _keep(self, picture: Image) -> None:
        if self._beneath.shape != picture.shape:
            self._beneath = np.empty_like(picture)
        np.copyto(self._beneath, picture)

    def _lay(self, picture: Image, overlay: Overlay) -> None:
        height = min(overlay.colour.shape[0], self.height - overlay.y)
        width = min(overlay.colour.shape[1], self.width - overlay.x)
        if width <= 0 or height <= 0:
            return
        under = picture[overlay.y : overlay.y + height, overlay.x : overlay.x + width]
        cv2.multiply(under, overlay.clear[:height, :width], dst=under, scale=1 / 255)
        cv2.add(under, overlay.colour[:height, :width], dst=under)
