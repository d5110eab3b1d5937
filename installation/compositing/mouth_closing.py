"""A mouth that closes: its lips come together over what was seen between them.

The sitter's own lips move, in the camera's pixels, and cover their teeth, which stay where they are; the chin follows half of the way. So
nothing has to be drawn but the line where two lips touch, and a laugh that ends leaves no streaks of teeth.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from installation.compositing.mouth import NECK, Box, Field, Mouth, around, level, pixel_centres, resampled
from installation.compositing.mouth_inside import smooth
from installation.messages import Image

GROWTH = 3.0  # of the way to closed, exponentially, that amount 1 closes: 0.95
LOWER_SHARE = 0.7  # of the gap is the lower lip's way, the rest the upper lip's
JAW, JAW_SHARE = 2.1, 0.5  # half widths of the mouth that the jaw reaches to; of the lower lip's way that the chin goes
RIM = 0.05  # mouths at the middle: what landmarks leave of teeth or of the dark along the lips, covered, too
RIM_FROM = 0.03  # mouths that lips are apart at a place, from which it has its whole rim
STEPS_BACK = 3
LEAST_PX = 0.75  # a gap smaller than that is none
SEAM, SEAM_WIDE, LEAST_SEAM = 0.35, 0.016, 0.6  # how dark the line between closed lips is, its width in mouths, and in px


@dataclass(frozen=True, slots=True, eq=False)
class Closing:
    """share 0…1: of the gap between the lips that is closed."""

    mouth: Mouth
    share: float

    def seen_from(self, x: float, y: float) -> Closing:
        """The same in the part of the picture that begins at (x, y)."""
        return replace(self, mouth=self.mouth.seen_from(x, y))

    def move(self, picture: Image) -> None:
        """Close the mouth in a picture [h, w, 3], in place."""
        box = self.mouth.box(picture.shape)
        if box is None:
            return
        upper, lower = (self.mouth.way_back(box, way) for way in (self._upper_before, self._lower_before))
        stays = self.mouth.way_back(box, lambda u, v: (u, v))  # teeth
        top, bottom = self.edges()
        source = np.where(self.mouth.below(top, box)[..., None] > 127, stays, upper)
        source = np.where(self.mouth.below(bottom, box)[..., None] > 127, lower, source)
        x0, y0, x1, y1 = box
        part = picture[y0:y1, x0:x1]
        moved = resampled(part, box, source)
        self._draw_seam(moved, box)
        np.copyto(part, moved)

    def edges(self) -> tuple[Field, Field]:
        """[25, 2] px each: the lips' inner edges as they are then, left to right."""
        u = np.linspace(-1.0, 1.0, 25)
        top, bottom = self._edge(u, lower=False), self._edge(u, lower=True)
        return self.mouth.pixels(u, top + self._upper_way(u, top)), self.mouth.pixels(u, bottom + self._lower_way(u, bottom))

    def _edge(self, u: Field, lower: bool) -> Field:
        """v of a lip's inner edge, with its rim."""
        rim = RIM * self.mouth.width * np.sqrt(np.maximum(0.0, 1.0 - u * u)) * smooth(self._own(u) / (RIM_FROM * self.mouth.width))
        return np.asarray(level(self.mouth.lower, u) + rim if lower else level(self.mouth.upper, u) - rim)

    def _own(self, u: Field) -> Field:
        """px that the lips are apart at each place."""
        return np.asarray(np.maximum(0.0, level(self.mouth.lower, u) - level(self.mouth.upper, u)))

    def _gap(self, u: Field) -> Field:
        """px to be closed at each place between the corners."""
        return np.asarray(self.share * np.maximum(0.0, self._edge(u, lower=True) - self._edge(u, lower=False)))

    def _lower_before(self, u: Field, v: Field) -> tuple[Field, Field]:
        was = v
        for _ in range(STEPS_BACK):
            was = v - self._lower_way(u, was)
        return u, was

    def _upper_before(self, u: Field, v: Field) -> tuple[Field, Field]:
        was = v
        for _ in range(STEPS_BACK):
            was = v - self._upper_way(u, was)
        return u, was

    def _lower_way(self, u: Field, v: Field) -> Field:
        """px down (it is negative) that a place of the lower face goes: the lip as far as it must, the chin half of that."""
        reach = max(1.0, self.mouth.chin - self.mouth.lowest)
        t = (v - self._edge(u, lower=True)) / reach
        jaw = JAW_SHARE * self.share * self.mouth.own * np.exp(-np.abs(u / JAW) ** 4)
        follows = smooth(1.2 * t)
        rest = 1.0 - smooth((t - 1.0) / NECK)
        return np.asarray(-LOWER_SHARE * ((1.0 - follows) * self._gap(u) + follows * jaw) * rest)

    def _upper_way(self, u: Field, v: Field) -> Field:
        """px down that a place of the upper lip goes; the nose stays."""
        t = (v - self._edge(u, lower=False)) / min(-1.0, self.mouth.nose)
        return np.asarray((1.0 - LOWER_SHARE) * self._gap(u) * (1.0 - smooth(t)))

    def _draw_seam(self, picture: Image, box: Box) -> None:
        """The shadow where the lips meet, on ``picture``, which is that box of the whole one."""
        top, bottom = self.edges()
        wide = max(LEAST_SEAM, SEAM_WIDE * self.mouth.width)
        inside = around(np.concatenate([top, bottom]), 3 * wide, box)
        if inside is None:
            return
        x0, y0, x1, y1 = inside
        (u_top, v_top), (_, v_bottom) = self.mouth.places(top), self.mouth.places(bottom)
        u, v = self.mouth.places(pixel_centres(inside))
        middle = np.interp(u, u_top, (v_top + v_bottom) / 2)
        closed = np.interp(u, u_top, smooth(self._gap(u_top) / (2 * wide)), left=0.0, right=0.0)
        kept = (1.0 - SEAM * self.share * closed * np.exp(-0.5 * ((v - middle) / wide) ** 2)).astype(np.float32)
        part = picture[y0 - box[1] : y1 - box[1], x0 - box[0] : x1 - box[0]]
        part[:] = cv2.multiply(part, cv2.merge([kept] * 3), dtype=cv2.CV_8U)


def closing_of(mouth: Mouth, amount: float) -> Closing | None:
    """A mouth that is closed by ``amount`` (from 0 on; 1 closes nearly all of it). None where there is nothing to close."""
    if not (math.isfinite(amount) and amount > 0):
        return None
    share = 1.0 - math.exp(-GROWTH * amount)
    return None if share * mouth.own < LEAST_PX else Closing(mouth, share)
