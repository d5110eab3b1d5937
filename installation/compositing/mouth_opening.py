"""A mouth that opens: lips and jaw part along the line between the lips, and what lies behind them is painted into the gap.

Pixels that part keep the camera's sharpness, which no drawing of a generator has; only what appears is drawn: teeth, tongue, the dark.
(Averbuch-Elor et al. 2017, "Bringing Portraits to Life": a still face is moved by a warp of its own pixels, the hidden region of the mouth
alone comes from elsewhere.) Where a mouth is open already, what is seen in it stays with the upper jaw.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from installation.compositing.mouth import NECK, Box, Field, Mouth, around, filled, level, pixel_centres, resampled
from installation.compositing.mouth_inside import Inside, interior, light, smooth
from installation.messages import Image

WIDEST = 0.8  # mouths: the gap that nothing goes beyond
GROWTH = 0.75  # of the way there, exponentially, that amount 1 opens
LOWER_SHARE = 0.85  # of the gap is the lower lip's way, the rest the upper lip's
ROUND = 0.7  # power of the parabola between the corners; smaller is rounder
NARROWER = 0.07  # of the half width that the corners come in at a gap of half a mouth
JAW = 2.1  # half widths of the mouth that the jaw reaches to
STEPS_BACK = 3
LEAST_PX = 0.75  # a gap smaller than that is none
SOFT, LEAST_SOFT = 0.012, 0.4  # mouths, and px: standard deviation of the rim of the gap
LEAST_SHARE = 0.05  # of the gap in a pixel, under which it is taken for lips or skin
MOST_OF_JAW = 0.8  # of the way from lip to chin: how far a lip goes


@dataclass(frozen=True, slots=True, eq=False)
class Opening:
    """gap: px that a mouth is opened beyond what it is by itself."""

    mouth: Mouth
    gap: float

    def seen_from(self, x: float, y: float) -> Opening:
        """The same in the part of the picture that begins at (x, y)."""
        return replace(self, mouth=self.mouth.seen_from(x, y))

    def move(self, picture: Image) -> None:
        """Open the mouth in a picture [h, w, 3], in place."""
        box = self.mouth.box(picture.shape)
        if box is None:
            return
        upper, lower = (self.mouth.way_back(box, way) for way in (self._upper_before, self._lower_before))
        top, bottom = self.edges()
        below = self.mouth.below((top + bottom) / 2, box)
        x0, y0, x1, y1 = box
        part = picture[y0:y1, x0:x1]
        moved = resampled(part, box, np.where(below[..., None] > 127, lower, upper))
        self._paint(moved, top, bottom, box)
        np.copyto(part, moved)

    def edges(self) -> tuple[Field, Field]:
        """[25, 2] px each: the upper and the lower edge of the gap, left to right."""
        u = np.linspace(-1.0, 1.0, 25)
        v = level(self.mouth.lower, u)
        u_now = u + self._inward(u, v)
        return self.mouth.pixels(u_now, v + self._upper_way(u, v)), self.mouth.pixels(u_now, v + self._lower_way(u, v))

    def _lower_before(self, u: Field, v: Field) -> tuple[Field, Field]:
        was_u, was_v = u, v
        for _ in range(STEPS_BACK):
            was_u, was_v = u - self._inward(was_u, was_v), v - self._lower_way(was_u, was_v)
        return was_u, was_v

    def _upper_before(self, u: Field, v: Field) -> tuple[Field, Field]:
        was_u, was_v = u, v
        for _ in range(STEPS_BACK):
            was_u, was_v = u - self._inward(was_u, was_v), v - self._upper_way(was_u, was_v)
        return was_u, was_v

    def _lower_way(self, u: Field, v: Field) -> Field:
        """px down that a place of the lower face goes: the lip in a curve, the chin with the jaw, the neck less and less."""
        reach = max(1.0, self.mouth.chin - self.mouth.lowest)
        t = (v - level(self.mouth.lower, u)) / reach
        jaw = np.exp(-np.abs(u / JAW) ** 4)
        share = smooth(1.2 * t)
        rest = 1.0 - smooth((t - 1.0) / NECK)
        return np.asarray(LOWER_SHARE * self.gap * ((1.0 - share) * lens(u) + share * jaw) * rest)

    def _upper_way(self, u: Field, v: Field) -> Field:
        """px down (it is negative) that a place of the upper lip goes; the nose stays."""
        t = (v - level(self.mouth.lower, u)) / min(-1.0, self.mouth.nose)
        return np.asarray((LOWER_SHARE - 1.0) * self.gap * lens(u) * (1.0 - smooth(t)))

    def _inward(self, u: Field, v: Field) -> Field:
        """In u: how far a place goes to the middle, as a mouth that opens grows narrower."""
        pull = NARROWER * min(1.0, 2.0 * self.gap / self.mouth.width)
        far = np.where(v < 0, v / min(-1.0, self.mouth.nose), v / max(1.0, self.mouth.chin))
        return np.asarray(-pull * u * np.exp(-((u / 1.5) ** 4)) * (1.0 - smooth(far)))

    def _paint(self, picture: Image, top: Field, bottom: Field, box: Box) -> None:
        """What lies behind the lips, into the gap of ``picture``, which is that box of the whole one."""
        outline = np.concatenate([top, bottom[::-1]])
        inside = around(outline, 3.0, box)
        if inside is None:
            return
        mouth, (x0, y0, x1, y1) = self.mouth, inside
        part = picture[y0 - box[1] : y1 - box[1], x0 - box[0] : x1 - box[0]]
        soft = max(LEAST_SOFT, SOFT * mouth.width)
        share = cv2.GaussianBlur(filled(outline, inside), (0, 0), soft).astype(np.float32) * np.float32(1 / 255)
        u, v = mouth.places(pixel_centres(inside))
        edge = mouth.places(top)[0]
        above, beneath = (np.interp(u, edge, mouth.places(line)[1]) for line in (top, bottom))
        place = Inside(u / max(1e-6, float(np.abs(edge).max())), v - above, np.maximum(beneath - above, 1e-6), mouth.width, mouth.middle)
        lit = interior(place, self.gap / mouth.width, mouth.own / mouth.width) * light(part[share < LEAST_SHARE])
        seen = cv2.GaussianBlur(lit.astype(np.float32), (0, 0), soft)
        part[:] = np.clip(part + (seen - part) * share[..., None] + 0.5, 0, 255).astype(np.uint8)


def opening_of(mouth: Mouth, amount: float) -> Opening | None:
    """A mouth that is opened by ``amount`` (from 0 on; 1 is a clear "ah"). None where nothing would be seen of it."""
    if not (math.isfinite(amount) and amount > 0):
        return None
    room = min(max(0.0, WIDEST * mouth.width - mouth.own), MOST_OF_JAW * max(0.0, mouth.chin - mouth.lowest) / LOWER_SHARE)
    gap = room * (1.0 - math.exp(-GROWTH * amount))
    return None if gap < LEAST_PX else Opening(mouth, gap)


def lens(u: Field) -> Field:
    """0…1: how far the lips part at each place between the corners."""
    return np.asarray(np.maximum(0.0, 1.0 - u * u) ** ROUND)
