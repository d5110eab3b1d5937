"""Lips that smile, or lose their smile: the corners of the sitter's own mouth go out and up, or in and down, and take the cheeks along.

Most of a smile is movement; what is drawn of it are folds and shadows alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from installation.compositing.mouth import Box, Field, Mouth, around, resampled
from installation.messages import Image

LIFT, WIDER = 0.115, 0.16  # amount 1: mouths that the corners go up, and half widths that each goes out
SADDER = 0.6  # of that is what a smile that goes moves them: the direction's own warp does the rest, and more is a clown's
DIP = 0.02  # mouths that the middle goes the other way
MOST, GAIN = 1.25, 1.35  # strength that nothing goes beyond, and what it gains with the first of an amount: 1 is 1, 2 is 1.22
WIDE, LOW = 0.22, 0.12  # mouths that the lips' middle lies under the corners, or above them, where a mouth can hardly smile more, or less
LEAST_ROOM = 0.25  # of the way is left to such a mouth
BENDING = 1.5  # power with which the lips bend from their middle to the corners
BESIDE, ABOVE, BELOW = 1.4, 1.2, 0.65  # half widths beside the corners, and mouths above and below them, as far as cheeks go along
LEAST_BESIDE = 0.5  # the same of a head that is turned, whose rim is near: what is behind a face stays
MIDDLE_WIDE, MIDDLE_HIGH = 0.9, 0.4  # half widths and mouths as far as the middle goes
STEPS_BACK = 3
LEAST_PX = 0.3  # a way of the corners that is shorter is none


@dataclass(frozen=True, slots=True, eq=False)
class Smile:
    """amount: 1 a clear smile, -1 a serious mouth, for one that does neither."""

    mouth: Mouth
    amount: float

    def seen_from(self, x: float, y: float) -> Smile:
        """The same in the part of the picture that begins at (x, y)."""
        return replace(self, mouth=self.mouth.seen_from(x, y))

    def move(self, picture: Image) -> None:
        """Move the corners of the mouth in a picture [h, w, 3], in place."""
        box = self._box(picture.shape)
        if box is None:
            return
        x0, y0, x1, y1 = box
        part = picture[y0:y1, x0:x1]
        np.copyto(part, resampled(part, box, self.mouth.way_back(box, self._before)))

    def _box(self, shape: tuple[int, ...]) -> Box | None:
        wide, high = 1.0 + BESIDE, np.array([-ABOVE, BELOW]) * self.mouth.width
        corners = self.mouth.pixels(np.array([-wide, wide, wide, -wide]), np.repeat(high, 2))
        return around(corners, 1.0, (0, 0, shape[1], shape[0]))

    def _beside(self) -> tuple[float, float]:
        """How far cheeks go along to the left and to the right."""
        left, right = (min(BESIDE, max(LEAST_BESIDE, side - 1.0)) for side in (-self.mouth.sides[0], self.mouth.sides[1]))
        return left, right

    def _before(self, u: Field, v: Field) -> tuple[Field, Field]:
        was_u, was_v = u, v
        for _ in range(STEPS_BACK):
            out, down = self._way(was_u, was_v)
            was_u, was_v = u - out, v - down
        return was_u, was_v

    def _way(self, u: Field, v: Field) -> tuple[Field, Field]:
        """How far a place goes out along the mouth (in u), and down (px)."""
        y = v / self.mouth.width
        aside = np.abs(u)
        corner = np.where(aside < 1, np.minimum(aside, 1) ** BENDING, fading((aside - 1) / np.where(u < 0, *self._beside())))
        # Of a head that is turned, one half of the mouth is short: its corner lies at the rim of the face, which stays.
        seen = np.clip(np.where(u < 0, 1.0 + self.mouth.middle, 1.0 - self.mouth.middle), 0.0, 1.0)
        goes = self.amount * corner * seen * fading(y / np.where(y < 0, ABOVE, BELOW))
        middle = self.amount * fading(u / MIDDLE_WIDE) * fading(y / MIDDLE_HIGH)
        return np.asarray(WIDER * np.sign(u) * goes), np.asarray(self.mouth.width * (DIP * middle - LIFT * goes))


def room(mouth: Mouth, amount: float) -> float:
    """0…1: how far corners can still go up (amount above 0) or down: a broad smile grows little broader."""
    middle = float(mouth.upper[len(mouth.upper) // 2, 1]) / mouth.width
    taken = middle / WIDE if amount > 0 else -middle / LOW
    return min(1.0, max(LEAST_ROOM, 1.0 - max(0.0, taken)))


def fading(t: Field) -> Field:
    """1 at 0, smoothly down to 0 at 1 and beyond, either way."""
    return np.asarray(np.square(np.maximum(0.0, 1.0 - t * t)))


def smile_of(mouth: Mouth, amount: float) -> Smile | None:
    """A mouth that smiles by ``amount``, below 0 it loses its smile. None where nothing would be seen of it."""
    if not math.isfinite(amount):
        return None
    strength = room(mouth, amount) * MOST * math.tanh(GAIN * amount / MOST) * (1.0 if amount > 0 else SADDER)
    return None if abs(strength) * LIFT * mouth.width < LEAST_PX else Smile(mouth, strength)
