"""The mirror: the camera's picture over the whole canvas, sharp, with the faces changed in their places."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from installation.canvas.layout import Box
from installation.canvas.look import AUTO, COVER, Grade, vignette
from installation.canvas.pace import CostlyLook
from installation.messages import Image, Mask, Matrix

LEAST_SEEN = 0.7  # of a picture that covers the canvas by itself
SHARPEN_SIGMA = 1.0  # px of the canvas
SHARPEN_MOST = 0.8  # of what a blur takes away is added at sharpen = 1


@dataclass(frozen=True, slots=True)
class View:
    """Where a camera's picture lies on the canvas. x, y, width, height: px of the canvas; it may reach beyond it."""

    x: float
    y: float
    width: float
    height: float
    scale: float  # px of the canvas for one of the picture
    mirror: bool

    @classmethod
    def of(cls, picture: tuple[int, int], canvas: tuple[int, int], fit: str, mirror: bool) -> View:
        """picture, canvas: width and height in px. fit: cover, contain, or auto, which covers unless too much would be cut away, as of
        an upright picture on a wide canvas."""
        small, large = sorted((canvas[0] / picture[0], canvas[1] / picture[1]))
        covers = fit == COVER or (fit == AUTO and small / large >= LEAST_SEEN)
        scale = large if covers else small
        width, height = picture[0] * scale, picture[1] * scale
        return cls((canvas[0] - width) / 2, (canvas[1] - height) / 2, width, height, scale, mirror)

    def place(self, width: int, height: int) -> tuple[int, int, int, int]:
        """x0, y0, x1, y1: px of a canvas of that size that the picture covers."""
        x1, y1 = min(round(self.x + self.width), width), min(round(self.y + self.height), height)
        return max(round(self.x), 0), max(round(self.y), 0), x1, y1

    def seen(self, width: int, height: int) -> tuple[float, float, float, float]:
        """Left, top, width and height, 0…1, of the part of the picture that fills so many px of the canvas: its middle."""
        across, down = min(1.0, width / self.width), min(1.0, height / self.height)
        return (1.0 - across) / 2, (1.0 - down) / 2, across, down

    def box(self, square: Matrix) -> Box:
        """The square of the canvas of a crop, whose matrix carries the unit square's middle to the picture."""
        x, y = (float(square[i, 2]) + 0.5 for i in (0, 1))
        x = self.x + x * self.scale
        return Box(
            2 * self.x + self.width - x if self.mirror else x,
            self.y + y * self.scale,
            float(np.hypot(square[0, 0], square[1, 0])) * self.scale,
        )


class PlainMirror:
    """The camera's picture as it lies on the canvas [height, width, 3], made anew where something about it changed."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._fitted = np.zeros((height, width, 3), np.uint8)
        self._graded = np.zeros((height, width, 3), np.uint8)
        self._blurred = np.zeros((0, 0, 3), np.uint8)
        self._falloff: tuple[float, Image] = (0.0, np.zeros((0, 0, 3), np.uint8))
        self._key: tuple[object, ...] = ()
        self._picture: Image | None = None

    def draw(self, picture: Image, fit: str, mirror: bool, sharpen: float, slow: CostlyLook) -> tuple[Image, tuple[int, int, int, int]]:
        """The picture brought to the canvas, and the px x0, y0, x1, y1 that it covers. The next one overwrites it."""
        view = View.of((picture.shape[1], picture.shape[0]), (self.width, self.height), fit, mirror)
        x0, y0, x1, y1 = view.place(self.width, self.height)
        key = (fit, mirror, sharpen, slow.grade, slow.vignette)
        out = self._graded[y0:y1, x0:x1]
        if picture is not self._picture or key != self._key:
            self._picture, self._key = picture, key
            self._make(picture, view, out, sharpen, slow, (x0, y0, x1, y1))
        return out, (x0, y0, x1, y1)

    def _make(self, picture: Image, view: View, out: Image, sharpen: float, slow: CostlyLook, place: tuple[int, int, int, int]) -> None:
        fitted = self._fitted[place[1] : place[3], place[0] : place[2]]
        cut = cut_to(picture, view, (place[2] - place[0], place[3] - place[1]))
        brought(cut, view.mirror, fitted)
        if sharpen > 0.0:
            self._sharpen(fitted, SHARPEN_MOST * sharpen)
        graded(fitted, slow.grade, out)
        if slow.vignette > 0.0:
            cv2.multiply(out, self._left(slow.vignette)[place[1] : place[3], place[0] : place[2]], dst=out, scale=1 / 255)

    def _sharpen(self, picture: Image, amount: float) -> None:
        if self._blurred.shape != picture.shape:
            self._blurred = np.empty(picture.shape, np.uint8)
        cv2.GaussianBlur(picture, (0, 0), SHARPEN_SIGMA, dst=self._blurred)
        cv2.addWeighted(picture, 1.0 + amount, self._blurred, -amount, 0.0, dst=picture)

    def _left(self, amount: float) -> Image:
        """[height, width, 3] how much light a vignette leaves, 0…255."""
        if self._falloff[0] != amount or not self._falloff[1].size:
            levels = np.round(255.0 * vignette(self.width, self.height, amount)).astype(np.uint8)
            self._falloff = (amount, np.repeat(levels[:, :, None], 3, axis=2))
        return self._falloff[1]


class PlainPeople:
    """How much of the mirror's picture is seen at each place of the canvas where its room gives way to what is behind."""

    def __init__(self) -> None:
        self._seen = np.zeros((0, 0), np.uint8)
        self._three, self._rest, self._part = (np.zeros((0, 0, 3), np.uint8) for _ in range(3))
        self._key: tuple[object, ...] = ()
        self._people: Mask | None = None

    def lay(self, picture: Image, under: Image, people: Mask, hidden: float, share: float, view: View) -> None:
        """Lay the picture over ``under``, both [h, w, 3] of the canvas: people by ``share``, the room by what ``hidden`` leaves of it.
        view: of the camera's picture, whose shape is the matte's."""
        if self._three.shape != picture.shape:
            self._three, self._rest, self._part = (np.empty_like(picture) for _ in range(3))
            self._seen, self._key = np.empty(picture.shape[:2], np.uint8), ()
        key = (hidden, share, view)
        if people is not self._people or key != self._key:
            self._people, self._key = people, key
            brought_plane(people, view, self._seen)
            cv2.convertScaleAbs(self._seen, dst=self._seen, alpha=share * hidden, beta=255.0 * share * (1.0 - hidden))
            cv2.cvtColor(self._seen, cv2.COLOR_GRAY2RGB, dst=self._three)
            cv2.bitwise_not(self._three, dst=self._rest)
        cv2.multiply(picture, self._three, dst=self._part, scale=1 / 255)
        cv2.multiply(under, self._rest, dst=under, scale=1 / 255)
        cv2.add(under, self._part, dst=under)


def brought_plane(plane: Mask, view: View, out: Mask) -> None:
    """Bring a matte of the picture's shape, but of any size, to where the picture lies."""
    left, top, across, down = view.seen(out.shape[1], out.shape[0])
    height, width = plane.shape
    x, y = round(left * width), round(top * height)
    cut = plane[y : y + max(1, round(down * height)), x : x + max(1, round(across * width))]
    cv2.resize(cut, (out.shape[1], out.shape[0]), dst=out, interpolation=cv2.INTER_LINEAR)
    if view.mirror:
        cv2.flip(out, 1, dst=out)


def cut_to(picture: Image, view: View, size: tuple[int, int]) -> Image:
    """The part of a picture that can be seen. size: width and height of what it is to fill, px of the canvas."""
    height, width = picture.shape[:2]
    seen_w, seen_h = min(width, max(1, round(size[0] / view.scale))), min(height, max(1, round(size[1] / view.scale)))
    x, y = (width - seen_w) // 2, (height - seen_h) // 2
    return picture[y : y + seen_h, x : x + seen_w]


def reduced(picture: Image, scale: float) -> Image:
    """A picture that is shown smaller, by averages; any other as it is."""
    if scale >= 1.0:
        return picture
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def brought(picture: Image, mirror: bool, out: Image) -> None:
    """Bring a picture to the size of ``out``: pixel by pixel where they are of one size, by a cubic where it grows, by averages
    where it shrinks; left and right change places where it is a mirror's."""
    size = (out.shape[1], out.shape[0])
    if picture.shape == out.shape:
        if mirror:
            cv2.flip(picture, 1, dst=out)
        else:
            np.copyto(out, picture)
        return
    grows = picture.shape[0] < out.shape[0]
    cv2.resize(picture, size, dst=out, interpolation=cv2.INTER_CUBIC if grows else cv2.INTER_AREA)
    if mirror:
        cv2.flip(out, 1, dst=out)


def graded(picture: Image, grade: Grade, out: Image) -> None:
    """Tint and curve, from one picture into another of its size."""
    source = picture
    if not grade.colours_stay:
        cv2.transform(source, grade.tint(), dst=out)
        source = out
    if not grade.neutral:
        cv2.LUT(source, grade.curve(), dst=out)
        source = out
    if source is picture:
        np.copyto(out, picture)
