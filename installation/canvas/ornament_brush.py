"""Drawing on a premultiplied picture with OpenCV's smooth lines and polygons, in units that follow the canvas."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.canvas.particles import REFERENCE_PX, Colour
from installation.messages import Image

SHIFT = 4  # bits behind the point
Points = NDArray[np.float64]  # [n, 2]


class Brush:
    """A canvas of ``width`` x ``height`` units, the shorter side 720. Colours are opaque; ``picture`` [H, W, 4] is premultiplied."""

    def __init__(self, width_px: int, height_px: int) -> None:
        self.unit = min(width_px, height_px) / REFERENCE_PX
        self.width, self.height = width_px / self.unit, height_px / self.unit
        self.picture: Image = np.zeros((height_px, width_px, 4), np.uint8)

    def _fixed(self, points: Points) -> NDArray[np.int32]:
        return np.asarray(np.round((np.asarray(points, np.float64) * self.unit - 0.5) * (1 << SHIFT)), np.int32)

    def line(self, points: Points | Sequence[tuple[float, float]], colour: Colour, width: float = 1.0) -> None:
        """A polyline ``width`` units thick, at least one pixel."""
        fixed = self._fixed(np.asarray(points))
        cv2.polylines(self.picture, [fixed], False, (*colour, 255), max(1, round(width * self.unit)), cv2.LINE_AA, SHIFT)

    def fill(self, points: Points | Sequence[tuple[float, float]], colour: Colour) -> None:
        """A polygon."""
        cv2.fillPoly(self.picture, [self._fixed(np.asarray(points))], (*colour, 255), cv2.LINE_AA, SHIFT)

    def ellipse(self, x: float, y: float, a: float, b: float, colour: Colour, angle: float = 0.0) -> None:
        """A filled ellipse of half axes a, b, turned by ``angle`` rad."""
        turn = np.linspace(0, 2 * np.pi, max(12, round(6 * np.sqrt(max(a, b) * self.unit))), endpoint=False)
        along, across = a * np.cos(turn), b * np.sin(turn)
        cosine, sine = np.cos(angle), np.sin(angle)
        self.fill(np.stack([x + along * cosine - across * sine, y + along * sine + across * cosine], axis=1), colour)

    def ball(self, x: float, y: float, a: float, b: float, ramp: Sequence[Colour], light: float = 0.35) -> None:
        """A shaded ellipsoid lit from above and the left: ``ramp`` from its shadow to its highlight."""
        for i in range(16):
            share = i / 15
            size = 1.0 - share
            self.ellipse(x - light * a * share, y - light * b * share, a * size + 0.3, b * size + 0.3, blend(ramp, share))


def blend(ramp: Sequence[Colour], share: float) -> Colour:
    """A colour of a ramp at 0…1."""
    places = np.linspace(0.0, 1.0, len(ramp))
    channels = [round(float(np.interp(share, places, [colour[i] for colour in ramp]))) for i in range(3)]
    return channels[0], channels[1], channels[2]


def swags(begin: tuple[float, float], end: tuple[float, float], count: int, sag: float, steps: int = 40) -> Points:
    """A line that hangs in ``count`` parabolas between two points."""
    t = np.linspace(0.0, 1.0, count * steps + 1)
    within = (t * count) % 1.0
    within[-1] = 1.0
    x, y = (begin[i] + (end[i] - begin[i]) * t for i in range(2))
    return np.stack([x, y + sag * 4 * within * (1 - within)], axis=1)


def along(points: Points, spacing: float, start: float = 0.0) -> tuple[Points, NDArray[np.float64]]:
    """Places every ``spacing`` along a line, and the angle of the line there."""
    steps = np.hypot(*np.diff(points, axis=0).T)
    way = np.concatenate([[0.0], np.cumsum(steps)])
    at = np.arange(start, way[-1], spacing)
    places = np.stack([np.interp(at, way, points[:, i]) for i in range(2)], axis=1)
    ahead = np.stack([np.interp(at + 2.0, way, points[:, i]) for i in range(2)], axis=1)
    back = np.stack([np.interp(at - 2.0, way, points[:, i]) for i in range(2)], axis=1)
    return places, np.arctan2(*(ahead - back).T[::-1])
