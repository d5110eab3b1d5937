"""Portraits on the plain path: graded, brought to their size, cut out, and kept while nothing about them changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from cv2.typing import MatLike

from installation.canvas.layout import Box
from installation.canvas.look import Grade, portrait_mask, rim, vignette
from installation.canvas.pace import CostlyLook
from installation.canvas.scene import Tile
from installation.messages import Image

MASK_PX = 256  # the mask is drawn once at this size and scaled to each portrait's
NOTHING: Image = np.zeros((0, 0, 3), np.uint8)


class _Place(NamedTuple):
    """All that a portrait's mask on the canvas depends on. left, top, side: px."""

    left: int
    top: int
    side: int
    opacity: float
    softness: float
    vignette: float
    square: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Cut:
    """A portrait's mask at one place."""

    place: _Place
    paint: Image  # [h, w, 3] 0…255, mask times vignette times opacity
    clear: Image  # [h, w, 3] 0…255, what is left of the wall


@dataclass(frozen=True, slots=True, eq=False)
class _Painted:
    """A portrait as it was laid on the wall last, and what it was made of."""

    image: Image
    cut: _Cut
    made_of: tuple[Box, bool, bool, Grade]  # the rest of it: square, whether it rests, mirror, grade
    part: Image  # [h, w, 3] what was added to the wall


class PlainPortraits:
    """Lays portraits on a picture of one size."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._grade: Grade | None = None
        self._curve, self._tint = np.zeros(0, np.uint8), np.zeros((3, 3), np.float32)
        self._mask: tuple[float, Image] = (-1.0, np.zeros((0, 0), np.uint8))
        self._rim = np.round(255.0 * rim(np.linspace(0.0, 1.0, 256, dtype=np.float32))).astype(np.uint8)
        darkest = 1.0 - vignette(width, height, 1.0)
        self._vignetting = 255.0 * float(darkest.max())
        self._distance = np.round(255.0 * darkest / darkest.max()).astype(np.uint8)
        self._falloff: tuple[float, Image] = (-1.0, np.zeros((height, width), np.uint8))
        self._cuts: list[_Cut | None] = []
        self._painted: list[_Painted | None] = []
        self._drawn: list[Image] = []

    def prepare(self, slow: CostlyLook, grade: Grade, count: int) -> None:
        """Make the tables that these portraits need and the last ones did not."""
        if grade != self._grade:
            self._grade, self._curve, self._tint = grade, grade.curve(), grade.tint()
        if slow.softness != self._mask[0]:
            self._mask = (slow.softness, np.round(255.0 * portrait_mask(MASK_PX, slow.softness)).astype(np.uint8))
        if slow.vignette != self._falloff[0]:
            # Looked up, not computed: a fader on the vignette asks for another one with every picture.
            levels = np.round(255.0 - self._vignetting * (slow.vignette * np.arange(256) / 255.0)).astype(np.uint8)
            cv2.LUT(self._distance, levels, dst=self._falloff[1])
            self._falloff = (slow.vignette, self._falloff[1])
        del self._cuts[count:], self._painted[count:], self._drawn[count:]
        more = count - len(self._cuts)
        self._cuts += [None] * more
        self._painted += [None] * more
        self._drawn += [NOTHING] * more

    def lay(self, picture: Image, index: int, tile: Tile, slow: CostlyLook, grade: Grade, mirror: bool) -> None:
        """Lay the tile of this place in the order on ``picture`` [H, W, 3]."""
        box = tile.box
        left, top = round(box.x - box.size / 2), round(box.y - box.size / 2)
        side = max(1, round(box.size))
        x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + side, self.width), min(top + side, self.height)
        if x0 >= x1 or y0 >= y1 or tile.opacity <= 0.0:
            return
        inside = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
        cut = self._cut(index, _Place(left, top, side, tile.opacity, slow.softness, slow.vignette, tile.square), inside)
        part = self._part(index, tile, cut, inside, grade, mirror)
        wall = picture[y0:y1, x0:x1]
        cv2.multiply(wall, cut.clear, dst=wall, scale=1 / 255)
        cv2.add(wall, part, dst=wall)

    def _part(self, index: int, tile: Tile, cut: _Cut, inside: tuple[slice, slice], grade: Grade, mirror: bool) -> Image:
        """What is added to the wall. Portraits are fewer than pictures: mostly the same as last time."""
        old = self._painted[index]
        made_of = (tile.box, tile.rests, mirror, grade)
        if old is not None and old.image is tile.image and old.cut is cut and old.made_of == made_of:
            return old.part
        box, place = tile.box, cut.place
        side = place.side
        graded = self._graded(tile.image, grade, mirror)
        drawn = self._buffer(index, side)
        if tile.rests:
            grows = graded.shape[0] < side
            cv2.resize(graded, (side, side), dst=drawn, interpolation=cv2.INTER_CUBIC if grows else cv2.INTER_AREA)
        else:
            # On its way a portrait stands between pixels; rounding would make it creep.
            scale = box.size / graded.shape[0]
            dx, dy = box.x - box.size / 2 - place.left, box.y - box.size / 2 - place.top
            matrix = np.array([[scale, 0.0, dx + 0.5 * scale - 0.5], [0.0, scale, dy + 0.5 * scale - 0.5]])
            cv2.warpAffine(graded, matrix, (side, side), dst=drawn, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        part = drawn[inside]
        cv2.multiply(part, cut.paint, dst=part, scale=1 / 255)
        self._painted[index] = _Painted(tile.image, cut, made_of, part)
        return part

    def _graded(self, image: Image, grade: Grade, mirror: bool) -> Image:
        """Tint, curve and mirror at the portrait's own size, where they cost least."""
        if not grade.colours_stay:
            image = np.asarray(cv2.transform(image, self._tint), dtype=np.uint8)
        if not grade.neutral:
            image = np.asarray(cv2.LUT(image, self._curve), dtype=np.uint8)
        return np.asarray(cv2.flip(image, 1), dtype=np.uint8) if mirror else image

    def _buffer(self, index: int, side: int) -> Image:
        """[side, side, 3] to draw a portrait into, the same as last time where it fits."""
        if self._drawn[index].shape[0] != side:
            self._drawn[index] = np.empty((side, side, 3), np.uint8)
        return self._drawn[index]

    def _cut(self, index: int, place: _Place, inside: tuple[slice, slice]) -> _Cut:
        """The mask for the tile's place, kept while nothing about it changes."""
        old = self._cuts[index]
        if old is not None and old.place == place:
            return old
        if place.square:
            mask = np.full((inside[0].stop - inside[0].start, inside[1].stop - inside[1].start), 255, np.uint8)
        else:
            mask = np.asarray(cv2.resize(self._mask[1], (place.side, place.side), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)[inside]
        y, x = max(place.top, 0), max(place.left, 0)
        paint = cv2.convertScaleAbs(cv2.LUT(mask, self._rim), alpha=place.opacity)
        paint = cv2.multiply(paint, self._falloff[1][y : y + mask.shape[0], x : x + mask.shape[1]], scale=1 / 255)
        cut = _Cut(place, _three(paint), _three(cv2.bitwise_not(cv2.convertScaleAbs(mask, alpha=place.opacity))))
        self._cuts[index] = cut
        return cut


def _three(grey: MatLike) -> Image:
    """The same channel three times: OpenCV multiplies like with like fastest."""
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), dtype=np.uint8)
