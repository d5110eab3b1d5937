"""What drawn people are drawn with: curves through points, filled shapes with soft edges, lines, light."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.messages import Image

SHIFT = 4  # bits of a pixel that OpenCV takes points to
WIDE = 5.0  # px of a blur from which it is made on a smaller copy
Points = NDArray[np.float64]  # [N, 2] in fractions of the side
Cover = NDArray[np.float32]  # [S, S] 0…1
Paint = NDArray[np.float32]  # [3] 0…255


def curve(points: Sequence[tuple[float, float]], closed: bool = True, steps: int = 12) -> Points:
    """Through the points, smoothly (Catmull and Rom 1974)."""
    p = np.array(points, np.float64)
    count = len(p)
    ends = (p[-1], p[0], p[1]) if closed else (2 * p[0] - p[1], 2 * p[-1] - p[-2], p[-1])
    padded = np.vstack([ends[0], p, ends[1], ends[2]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    parts = []
    for k in range(count if closed else count - 1):
        a, b, c, d = padded[k : k + 4]
        parts.append(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))
    return np.vstack(parts) if closed else np.vstack([*parts, p[-1:]])


class Sheet:
    """A square to draw on, several times as large as the picture that comes of it."""

    def __init__(self, side: int, finer: int = 2) -> None:
        self.side, self._finer = side * finer, finer
        self.paint: NDArray[np.float32] = np.zeros((self.side, self.side, 3), np.float32)

    def cover(self, shape: Points, soft: float = 0.0) -> Cover:
        """Where a closed shape is. soft: fraction of the side over which its edge fades."""
        plane = np.zeros((self.side, self.side), np.uint8)
        cv2.fillPoly(plane, [self._px(shape)], 255, cv2.LINE_AA, SHIFT)
        return self._soft(plane, shape, soft)

    def line(self, points: Points, width: float, soft: float = 0.0, closed: bool = False) -> Cover:
        """Where a line is. width: fraction of the side."""
        plane = np.zeros((self.side, self.side), np.uint8)
        cv2.polylines(plane, [self._px(points)], closed, 255, max(1, round(width * self.side)), cv2.LINE_AA, SHIFT)
        return self._soft(plane, points, soft, width)

    def lines(self, many: Sequence[Points], width: float, soft: float = 0.0) -> Cover:
        """Where any of many open lines is."""
        plane = np.zeros((self.side, self.side), np.uint8)
        for points in many:
            cv2.polylines(plane, [self._px(points)], False, 255, max(1, round(width * self.side)), cv2.LINE_AA, SHIFT)
        return self._soft(plane, np.concatenate(list(many)), soft, width)

    def disc(self, x: float, y: float, rx: float, ry: float, soft: float = 0.0) -> Cover:
        """Where an ellipse is."""
        angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        return self.cover(np.stack([x + rx * np.cos(angles), y + ry * np.sin(angles)], axis=1), soft)

    def lay(self, colour: Sequence[float] | Paint, cover: Cover, share: float = 1.0) -> None:
        """Paint where ``cover`` says so."""
        part = _part(cover)
        here = self.paint[part]
        here += (np.asarray(colour, np.float32) - here) * (np.float32(share) * cover[part])[..., None]

    def shade(self, factor: float, cover: Cover) -> None:
        """Darker (below 1) or lighter where ``cover`` says so."""
        part = _part(cover)
        self.paint[part] *= (1 + np.float32(factor - 1) * cover[part])[..., None]

    def picture(self, grain: float, rng: np.random.Generator) -> Image:
        """[side, side, 3] at its true size, on paper with a grain of so many grey levels."""
        small = cv2.resize(self.paint, (self.side // self._finer,) * 2, interpolation=cv2.INTER_AREA)
        small = small + grain * rng.standard_normal((*small.shape[:2], 1))
        return np.asarray(np.clip(small + 0.5, 0, 255), np.uint8)

    def _px(self, points: Points) -> NDArray[np.int32]:
        return np.round((points * self.side - 0.5) * (1 << SHIFT)).astype(np.int32)

    def _soft(self, plane: NDArray[np.uint8], points: Points, soft: float, width: float = 0.0) -> Cover:
        """Blurred where there is something, which is quicker than everywhere."""
        reach = width / 2 + 4 * soft + 2 / self.side
        (x0, y0), (x1, y1) = ((np.array([points.min(axis=0) - reach, points.max(axis=0) + reach]) * self.side).clip(0, self.side)).astype(
            int
        )
        whole = np.zeros((self.side, self.side), np.float32)
        part = plane[y0:y1, x0:x1].astype(np.float32) / np.float32(255.0)
        if part.size:
            whole[y0:y1, x0:x1] = _blurred(part, soft * self.side) if soft else part
        return whole


def _blurred(part: Cover, sigma: float) -> Cover:
    """By so many px; a wide blur on a small copy."""
    if sigma < WIDE:
        return np.asarray(cv2.GaussianBlur(part, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE), np.float32)
    height, width = part.shape
    smaller = (max(2, round(width * WIDE / 2 / sigma)), max(2, round(height * WIDE / 2 / sigma)))
    small = cv2.GaussianBlur(cv2.resize(part, smaller, interpolation=cv2.INTER_AREA), (0, 0), WIDE / 2, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 1), np.float32)


def _part(cover: Cover) -> tuple[slice, slice]:
    """The rows and columns in which anything is covered."""
    rows, columns = np.flatnonzero(cover.any(axis=1)), np.flatnonzero(cover.any(axis=0))
    return (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)) if rows.size else (slice(0, 0), slice(0, 0))


def mixed(a: Sequence[float] | Paint, b: Sequence[float] | Paint, share: float) -> Paint:
    """``share`` 0…1 of ``b``."""
    first = np.asarray(a, np.float32)
    return np.asarray(first + (np.asarray(b, np.float32) - first) * np.float32(share), np.float32)
