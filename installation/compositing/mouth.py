"""A mouth in a picture: where it lies, and what moving its lips has in common whichever way they go.

Lengths are in mouths (``Mouth.width``, the distance between its inner corners), places (u, v): u along the mouth, -1 and 1 at its
corners, v px down to the chin.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.faces.landmarks import CHIN, JAW_SIDES, LOWER_LIP_LINE, NOSE_BASE, UPPER_LIP_LINE
from installation.messages import Image, Points

Plane = NDArray[np.float32]
Field = NDArray[np.float64]
Box = tuple[int, int, int, int]  # x0, y0, x1, y1 px

LEAST_WIDTH = 6.0  # px, of a mouth that is too small to be moved
MOVED = 3.2  # half widths of the mouth beyond which nothing moves
NECK = 1.1  # ways from lip to chin, under the chin, over which the neck moves less and less
BEYOND = 8.0  # half widths and mouths: outside of every box
GRID = 14  # steps a mouth of the coarse grid on which the way back is found
SUBPIXEL_BITS = 4  # in which outlines are given to OpenCV
FAR = 16_000.0  # px: OpenCV takes no outline farther away than that


@dataclass(frozen=True, slots=True, eq=False)
class Mouth:
    """upper, lower: [11, 2] (u, v), the inner edges of the lips from corner to corner; middle: u of the face's midline; sides: u of the
    face's rim to the left and right; chin, nose: px from the line between the corners down to the chin and up to the nose."""

    origin: NDArray[np.float64]  # [2] px, half way between the corners
    along: NDArray[np.float64]  # [2] unit vector from the left corner to the right one
    down: NDArray[np.float64]  # [2] unit vector to the chin
    width: float  # px from corner to corner
    upper: Plane
    lower: Plane
    middle: float
    sides: tuple[float, float]
    chin: float
    nose: float

    @property
    def own(self) -> float:
        """px that it is open by itself."""
        return max(0.0, float((self.lower[:, 1] - self.upper[:, 1]).max()))

    @property
    def lowest(self) -> float:
        """v of the lower lip's inner edge where that is the lowest."""
        return float(self.lower[:, 1].max())

    def seen_from(self, x: float, y: float) -> Mouth:
        """The same mouth in the part of the picture that begins at (x, y)."""
        return replace(self, origin=self.origin - (x, y))

    def places(self, points: Field) -> tuple[Field, Field]:
        """u and v of points [..., 2] of the picture."""
        away = points - self.origin
        return away @ self.along * (2.0 / self.width), away @ self.down

    def pixels(self, u: Field, v: Field) -> Field:
        """[..., 2] px of the picture."""
        return self.origin + (u * (self.width / 2))[..., None] * self.along + v[..., None] * self.down

    def box(self, shape: tuple[int, ...]) -> Box | None:
        """All that moving its lips moves, inside a picture of that shape; None where that is nothing."""
        lowest = self.chin + (NECK + 0.1) * (self.chin - self.lowest)
        u, v = np.array([-MOVED, MOVED, -MOVED, MOVED]), np.array([self.nose, self.nose, lowest, lowest])
        corners = self.pixels(u, v)
        (x0, y0), (x1, y1) = np.floor(corners.min(axis=0)).astype(int), np.ceil(corners.max(axis=0)).astype(int)
        x0, y0, x1, y1 = max(int(x0), 0), max(int(y0), 0), min(int(x1), shape[1]), min(int(y1), shape[0])
        return (x0, y0, x1, y1) if x1 - x0 >= 4 and y1 - y0 >= 4 else None

    def way_back(self, box: Box, before: Callable[[Field, Field], tuple[Field, Field]]) -> Plane:
        """[h, w, 2] px: where each pixel of a box comes from. before: says of places (u, v) where they were."""
        x0, y0, x1, y1 = box
        step = max(1.0, self.width / GRID)
        columns, rows = max(2, math.ceil((x1 - x0) / step)), max(2, math.ceil((y1 - y0) / step))
        xs = (np.arange(columns) + 0.5) * ((x1 - x0) / columns) - 0.5 + x0
        ys = (np.arange(rows) + 0.5) * ((y1 - y0) / rows) - 0.5 + y0
        found = self.pixels(*before(*self.places(np.stack(np.meshgrid(xs, ys), axis=-1))))
        return np.asarray(cv2.resize(np.asarray(found, np.float32), (x1 - x0, y1 - y0), interpolation=cv2.INTER_LINEAR))

    def below(self, line: Field, box: Box) -> NDArray[np.uint8]:
        """[h, w] of a box: 255 under a line [N, 2] px across the mouth, carried on level beyond both corners."""
        ends = self.pixels(np.array([-BEYOND, BEYOND]), np.zeros(2))
        under = self.pixels(np.array([BEYOND, -BEYOND]), np.full(2, BEYOND * self.width))
        return filled(np.concatenate([ends[:1], line, ends[1:], under]), box)


def mouth_in(landmarks: Points) -> Mouth | None:
    """The mouth of a face whose landmarks [468, 2 or 3] are px of the picture; None where it is too small, or seen from nowhere."""
    upper, lower = (np.asarray(landmarks[list(index), :2], np.float64) for index in (UPPER_LIP_LINE, LOWER_LIP_LINE))
    left, right = upper[0], upper[-1]
    width = float(np.hypot(*(right - left)))
    if not width >= LEAST_WIDTH:
        return None
    along, origin = (right - left) / width, (left + right) / 2
    down = np.array([-along[1], along[0]])
    chin, nose = (float((landmarks[index][:2] - origin) @ down) for index in (CHIN, NOSE_BASE))
    if chin < 0.1 * width or nose > -0.05 * width:  # no view of a face in which lips could move
        return None

    def edge(points: Field) -> Plane:
        u, v = (points - origin) @ along * (2.0 / width), (points - origin) @ down
        order = np.argsort(u)
        return np.stack([u[order], v[order]], axis=1).astype(np.float32)

    middle = float(np.clip((upper[len(upper) // 2] - origin) @ along * (2.0 / width), -0.7, 0.7))
    left_side, right_side = (float((landmarks[index][:2] - origin) @ along * (2.0 / width)) for index in JAW_SIDES)
    return Mouth(origin, along, down, width, edge(upper), edge(lower), middle, (left_side, right_side), chin, nose)


def level(line: Plane, u: Field) -> Field:
    """v of a lip's edge [N, 2] at places u; that of the corners beyond them."""
    return np.asarray(np.interp(u, line[:, 0], line[:, 1], left=0.0, right=0.0))


def around(points: Field, spare: float, box: Box) -> Box | None:
    """What of a box lies around points [N, 2] px, ``spare`` px more at every side; None where that is nothing."""
    (left, over), (right, under) = np.floor(points.min(axis=0) - spare).astype(int), np.ceil(points.max(axis=0) + spare).astype(int) + 1
    x0, y0, x1, y1 = max(int(left), box[0]), max(int(over), box[1]), min(int(right), box[2]), min(int(under), box[3])
    return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


def pixel_centres(box: Box) -> Field:
    """[h, w, 2] px: x and y of each pixel of a box."""
    x0, y0, x1, y1 = box
    return np.stack(np.meshgrid(np.arange(x0, x1), np.arange(y0, y1)), axis=-1).astype(np.float64)


def filled(outline: Field, box: Box) -> NDArray[np.uint8]:
    """[h, w] of a box: 255 inside an outline [N, 2] px of the picture."""
    x0, y0, x1, y1 = box
    mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
    points = np.clip(outline - (x0, y0), -FAR, FAR)
    cv2.fillPoly(mask, [np.round(points * (1 << SUBPIXEL_BITS)).astype(np.int32)], (255,), cv2.LINE_AA, SUBPIXEL_BITS)
    return mask


def resampled(part: Image, box: Box, source: Plane) -> Image:
    """A box's pixels [h, w, 3], each from where ``source`` [h, w, 2], px of the picture, says."""
    x, y = (np.ascontiguousarray(source[..., axis] - np.float32(box[axis])) for axis in (0, 1))
    return np.asarray(cv2.remap(np.ascontiguousarray(part), x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.uint8)
