"""A mouth that opens: lips and jaw part along the line between the lips, and what lies behind them is painted into the gap.

Pixels that part keep the camera's sharpness, which no drawing of a generator has; only what appears is drawn: teeth, tongue, the dark.
(Averbuch-Elor et al. 2017, "Bringing Portraits to Life": a still face is moved by a warp of its own pixels, the hidden region of the mouth
alone comes from elsewhere.) Where a mouth is open already, what is seen in it stays with the upper jaw.

Lengths are in mouths (``Frame.width``, the distance between its inner corners), places (u, v): u along the mouth, -1 and 1 at its corners,
v down to the chin.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.compositing.mouth_inside import Inside, interior, light, smooth
from installation.faces.landmarks import CHIN, LOWER_LIP_LINE, NOSE_BASE, UPPER_LIP_LINE
from installation.messages import Image, Points

Plane = NDArray[np.float32]

WIDEST = 0.8  # mouths: the gap that nothing goes beyond
GROWTH = 0.75  # of the way there, exponentially, that amount 1 opens
LOWER_SHARE = 0.85  # of the gap is the lower lip's way, the rest the upper lip's
ROUND = 0.7  # power of the parabola between the corners; smaller is rounder
NARROWER = 0.07  # of the half width that the corners come in at a gap of half a mouth
JAW, MOVED = 2.1, 3.2  # half widths of the mouth that the jaw reaches to, and beyond which nothing moves
NECK = 1.1  # ways from lip to chin, under the chin, over which the neck moves less and less
BEYOND = 8.0  # half widths and mouths: outside of every box
GRID = 14  # steps a mouth of the coarse grid on which the way back is found
STEPS_BACK = 3
LEAST_PX = 0.75  # a gap smaller than that is none
LEAST_WIDTH = 6.0  # px, of a mouth that is too small to be opened
SOFT, LEAST_SOFT = 0.012, 0.4  # mouths, and px: standard deviation of the rim of the gap
LEAST_SHARE = 0.05  # of the gap in a pixel, under which it is taken for lips or skin
SUBPIXEL_BITS = 4  # in which outlines are given to OpenCV
FAR = 16_000.0  # px: OpenCV takes no outline farther away than that
MOST_OF_JAW = 0.8  # of the way from lip to chin: how far a lip goes


@dataclass(frozen=True, slots=True, eq=False)
class Mouth:
    """A mouth in a picture, and how far it is to be opened.

    line: [11, 2] px, the lower lip's inner edge from corner to corner, left to right; middle: u of the face's midline; own: px that the
    mouth is open by itself; gap: px that it is opened beyond that; chin, nose: px from the line between the corners down to the chin and
    up to the nose.
    """

    origin: NDArray[np.float64]  # [2] px, half way between the corners
    along: NDArray[np.float64]  # [2] unit vector from the left corner to the right one
    down: NDArray[np.float64]  # [2] unit vector to the chin
    width: float  # px from corner to corner
    line: Plane  # [11, 2] (u, v), v in px
    middle: float
    own: float
    gap: float
    chin: float
    nose: float

    def seen_from(self, x: float, y: float) -> Mouth:
        """The same mouth in the part of the picture that begins at (x, y)."""
        return replace(self, origin=self.origin - (x, y))

    def places(self, points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """u and v (px) of points [..., 2] of the picture."""
        away = points - self.origin
        return away @ self.along * (2.0 / self.width), away @ self.down

    def pixels(self, u: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.float64]:
        """[..., 2] px of the picture."""
        return self.origin + (u * (self.width / 2))[..., None] * self.along + v[..., None] * self.down

    def seam(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """v of the line along which it parts, px; level beyond the corners."""
        return np.interp(u, self.line[:, 0], self.line[:, 1], left=0.0, right=0.0)


def mouth_of(landmarks: Points, amount: float) -> Mouth | None:
    """The mouth of a face whose landmarks [468, 2] are px of the picture, to be opened by ``amount`` (from 0 on; 1 is a clear "ah"). None
    where nothing would be seen of it."""
    upper, lower = (np.asarray(landmarks[list(index), :2], np.float64) for index in (UPPER_LIP_LINE, LOWER_LIP_LINE))
    left, right = upper[0], upper[-1]
    width = float(np.hypot(*(right - left)))
    if amount <= 0 or not math.isfinite(amount) or width < LEAST_WIDTH:
        return None
    along, origin = (right - left) / width, (left + right) / 2
    down = np.array([-along[1], along[0]])
    chin, nose = (float((landmarks[index][:2] - origin) @ down) for index in (CHIN, NOSE_BASE))
    if chin < 0.1 * width or nose > -0.05 * width:  # no view of a face in which a mouth could open
        return None
    u = (lower - origin) @ along * (2.0 / width)
    v = (lower - origin) @ down
    own = max(0.0, float(((lower - upper) @ down).max()))
    room = min(max(0.0, WIDEST * width - own), MOST_OF_JAW * max(0.0, chin - float(v.max())) / LOWER_SHARE)
    gap = room * (1.0 - math.exp(-GROWTH * amount))
    if gap < LEAST_PX:
        return None
    order = np.argsort(u)
    line = np.stack([u[order], v[order]], axis=1).astype(np.float32)
    middle = float(np.clip((upper[len(upper) // 2] - origin) @ along * (2.0 / width), -0.7, 0.7))
    return Mouth(origin, along, down, width, line, middle, own, gap, chin, nose)


def lens(u: NDArray[np.float64]) -> NDArray[np.float64]:
    """0…1: how far the lips part at each place between the corners."""
    return np.asarray(np.maximum(0.0, 1.0 - u * u) ** ROUND)


def _lower_way(mouth: Mouth, u: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.float64]:
    """px down that a place of the lower face goes: the lip in a curve, the chin with the jaw, the neck less and less."""
    seam = mouth.seam(u)
    reach = max(1.0, mouth.chin - float(mouth.line[:, 1].max()))
    t = (v - seam) / reach
    jaw = np.exp(-np.abs(u / JAW) ** 4)
    share = smooth(1.2 * t)
    rest = 1.0 - smooth((t - 1.0) / NECK)
    return np.asarray(LOWER_SHARE * mouth.gap * ((1.0 - share) * lens(u) + share * jaw) * rest)


def _upper_way(mouth: Mouth, u: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.float64]:
    """px down (it is negative) that a place of the upper lip goes; the nose stays."""
    t = (v - mouth.seam(u)) / min(-1.0, mouth.nose)
    return np.asarray((LOWER_SHARE - 1.0) * mouth.gap * lens(u) * (1.0 - smooth(t)))


def _inward(mouth: Mouth, u: NDArray[np.float64], v: NDArray[np.float64]) -> NDArray[np.float64]:
    """In u: how far a place goes to the middle, as a mouth that opens grows narrower."""
    pull = NARROWER * min(1.0, 2.0 * mouth.gap / mouth.width)
    far = np.where(v < 0, v / min(-1.0, mouth.nose), v / max(1.0, mouth.chin))
    return np.asarray(-pull * u * np.exp(-((u / 1.5) ** 4)) * (1.0 - smooth(far)))


def _sources(mouth: Mouth, points: NDArray[np.float64], lower: bool) -> NDArray[np.float32]:
    """[..., 2] px: where each place of the opened picture was before, in the lower or the upper face."""
    u, v = mouth.places(points)
    was_u, was_v = u, v
    way = _lower_way if lower else _upper_way
    for _ in range(STEPS_BACK):
        was_u, was_v = u - _inward(mouth, was_u, was_v), v - way(mouth, was_u, was_v)
    return np.asarray(mouth.pixels(was_u, was_v), np.float32)


def _edges(mouth: Mouth) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """[25, 2] px each: the upper and the lower edge of the gap, left to right."""
    u = np.linspace(-1.0, 1.0, 25)
    v = mouth.seam(u)
    u_now = u + _inward(mouth, u, v)
    return mouth.pixels(u_now, v + _upper_way(mouth, u, v)), mouth.pixels(u_now, v + _lower_way(mouth, u, v))


def open_mouth(picture: Image, mouth: Mouth) -> None:
    """Open the mouth in a picture [h, w, 3], in place."""
    box = _box(mouth, picture.shape)
    if box is None:
        return
    x0, y0, x1, y1 = box
    part = picture[y0:y1, x0:x1]
    step = max(1.0, mouth.width / GRID)
    columns, rows = max(2, math.ceil((x1 - x0) / step)), max(2, math.ceil((y1 - y0) / step))
    xs = (np.arange(columns) + 0.5) * ((x1 - x0) / columns) - 0.5 + x0
    ys = (np.arange(rows) + 0.5) * ((y1 - y0) / rows) - 0.5 + y0
    grid = np.stack(np.meshgrid(xs, ys), axis=-1)
    size = (x1 - x0, y1 - y0)
    upper, lower = (np.asarray(cv2.resize(_sources(mouth, grid, low), size, interpolation=cv2.INTER_LINEAR)) for low in (False, True))
    top, bottom = _edges(mouth)
    below = _filled(np.concatenate([_level(mouth, (top + bottom) / 2), _corners_below(mouth)]), box)
    source = np.where(below[..., None] > 127, lower, upper) - np.array([x0, y0], np.float32)
    x, y = np.ascontiguousarray(source[..., 0]), np.ascontiguousarray(source[..., 1])
    moved = np.asarray(cv2.remap(np.ascontiguousarray(part), x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.uint8)
    _paint(moved, mouth, top, bottom, box)
    np.copyto(part, moved)


def _box(mouth: Mouth, shape: tuple[int, ...]) -> tuple[int, int, int, int] | None:
    """x0, y0, x1, y1: what an opened mouth moves, inside the picture; None where that is nothing."""
    reach = mouth.chin - float(mouth.line[:, 1].max())
    lowest = mouth.chin + (NECK + 0.1) * reach
    u, v = np.array([-MOVED, MOVED, -MOVED, MOVED]), np.array([mouth.nose, mouth.nose, lowest, lowest])
    corners = mouth.pixels(u, v)
    (x0, y0), (x1, y1) = np.floor(corners.min(axis=0)).astype(int), np.ceil(corners.max(axis=0)).astype(int)
    x0, y0, x1, y1 = max(int(x0), 0), max(int(y0), 0), min(int(x1), shape[1]), min(int(y1), shape[0])
    return (x0, y0, x1, y1) if x1 - x0 >= 4 and y1 - y0 >= 4 else None


def _level(mouth: Mouth, line: NDArray[np.float64]) -> NDArray[np.float64]:
    """A line across the mouth, carried on beyond both corners."""
    left, right = mouth.pixels(np.array([-BEYOND, BEYOND]), np.zeros(2))
    return np.concatenate([left[None], line, right[None]])


def _corners_below(mouth: Mouth) -> NDArray[np.float64]:
    """[2, 2] px: right and left, far under the chin."""
    return mouth.pixels(np.array([BEYOND, -BEYOND]), np.full(2, BEYOND * mouth.width))


def _filled(outline: NDArray[np.float64], box: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """[h, w] of a box: 255 inside an outline of the picture."""
    x0, y0, x1, y1 = box
    mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
    points = np.clip(outline - (x0, y0), -FAR, FAR)
    cv2.fillPoly(mask, [np.round(points * (1 << SUBPIXEL_BITS)).astype(np.int32)], (255,), cv2.LINE_AA, SUBPIXEL_BITS)
    return mask


def _paint(picture: Image, mouth: Mouth, top: NDArray[np.float64], bottom: NDArray[np.float64], box: tuple[int, int, int, int]) -> None:
    """What lies behind the lips, into the gap of ``picture``, which is that box of the whole one."""
    outline = np.concatenate([top, bottom[::-1]])
    (left, over), (right, under) = np.floor(outline.min(axis=0)).astype(int) - 3, np.ceil(outline.max(axis=0)).astype(int) + 4
    x0, y0, x1, y1 = max(int(left), box[0]), max(int(over), box[1]), min(int(right), box[2]), min(int(under), box[3])
    if x1 - x0 < 1 or y1 - y0 < 1:
        return
    part = picture[y0 - box[1] : y1 - box[1], x0 - box[0] : x1 - box[0]]
    soft = max(LEAST_SOFT, SOFT * mouth.width)
    share = cv2.GaussianBlur(_filled(outline, (x0, y0, x1, y1)), (0, 0), soft).astype(np.float32) * np.float32(1 / 255)
    xs, ys = np.meshgrid(np.arange(x0, x1), np.arange(y0, y1))
    u, v = mouth.places(np.stack([xs, ys], axis=-1).astype(np.float64))
    edge = mouth.places(top)[0]
    above, beneath = (np.interp(u, edge, mouth.places(line)[1]) for line in (top, bottom))
    place = Inside(u / max(1e-6, float(np.abs(edge).max())), v - above, np.maximum(beneath - above, 1e-6), mouth.width, mouth.middle)
    lit = interior(place, mouth.gap / mouth.width, mouth.own / mouth.width) * light(part[share < LEAST_SHARE])
    seen = cv2.GaussianBlur(lit.astype(np.float32), (0, 0), soft)
    part[:] = np.clip(part + (seen - part) * share[..., None] + 0.5, 0, 255).astype(np.uint8)
