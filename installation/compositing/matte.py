"""The matte of all people in a frame: a network's rough answer, steady in time, drawn to the edges that the picture has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.messages import Image, Mask, Matrix

Plane = NDArray[np.float32]
Known = tuple[Mask, Matrix, int]  # a visitor's silhouette in their crop, crop px to frame px, side of the crop in px

WIDTH = 256  # px, of the small picture on which the filter looks
LONGEST = 1280  # px, longer side of a matte: edges of hair hold no more
RADIUS = 2  # px of the small picture: the windows of the filter
LEAST_VARIANCE = 1e-4  # of a window's light 0…1, under which it has no edge
SURE_OUT, SURE_IN = 0.2, 0.8  # what the network says below and above is no and yes
EDGE_OUT, EDGE_IN = 0.15, 0.85  # the same of the filter's answer: its windows leave a breath of mist beside every edge
CALM = 0.35  # of a new answer in the kept one where little changed: an outline that is not sure must not tremble
BRISK = 1.0  # and how fast that grows with the change: who moves must not trail a shadow
RIM = 0.12  # of a crop's side, along which a silhouette in it gives way: people go on beyond it


class Matte:
    """Makes the mattes of one stream of frames. The filter is He and Sun's fast guided filter (2015): in small windows the matte is a
    line of the picture's light; slopes and offsets are found on a small picture and enlarged."""

    def __init__(self) -> None:
        self._kept: Plane | None = None
        self._window = np.zeros((0, 0), np.float32)
        self._full: dict[str, Plane] = {}

    def forget(self) -> None:
        """The next frame follows none."""
        self._kept = None

    def of(self, frame: Image, answer: Plane, known: Sequence[Known] = ()) -> Mask:
        """[h, w] 0…255, of the frame's shape, at most 1280 px long; a new array, for those who hold on to it.

        answer: [y, x] 0…1 of the network for this frame [H, W, 3]. known: silhouettes that see more than it does, of small faces.
        """
        height, width = frame.shape[:2]
        small = cv2.resize(frame, _fitting(width, height, WIDTH), interpolation=cv2.INTER_AREA)
        rough = np.asarray(cv2.resize(answer, small.shape[1::-1], interpolation=cv2.INTER_LINEAR), dtype=np.float32)
        rough = _spread(rough, SURE_OUT, SURE_IN)
        for silhouette, M_c2o, side in known:
            self._add(rough, silhouette, M_c2o, side, small.shape[1] / width)
        slope, offset = _lines(np.asarray(small, dtype=np.uint8), self._steady(rough))
        return self._drawn(frame, slope, offset)

    def _steady(self, rough: Plane) -> Plane:
        """The answer, a little behind where it wavers and at once where it moves."""
        if self._kept is None or self._kept.shape != rough.shape:
            self._kept = rough
            return rough
        change = rough - self._kept
        self._kept = self._kept + np.minimum(CALM + BRISK * np.abs(change), 1.0) * change
        return self._kept

    def _add(self, rough: Plane, silhouette: Mask, M_c2o: Matrix, side: int, scale: float) -> None:
        """Lay one visitor's silhouette into the small matte where they stand, soft along the rim of their crop."""
        px = silhouette.shape[0]
        if self._window.shape != silhouette.shape:
            inwards = np.minimum(np.arange(px), np.arange(px)[::-1]).astype(np.float32) / (RIM * px)
            self._window = np.minimum(1.0, np.minimum(inwards[:, None], inwards[None, :]))
        matrix = np.asarray(M_c2o, dtype=np.float64) * scale
        matrix[:, 2] += (scale - 1.0) / 2  # pixel centres
        matrix[:, :2] *= side / px
        matrix[:, 2] += matrix[:, :2] @ np.full(2, (1.0 - px / side) / 2)
        soft = silhouette.astype(np.float32) * (self._window / 255.0)
        np.maximum(rough, cv2.warpAffine(soft, matrix, rough.shape[1::-1], flags=cv2.INTER_LINEAR), out=rough)

    def _drawn(self, frame: Image, slope: Plane, offset: Plane) -> Mask:
        """slope · light + offset at the frame's own size, in levels."""
        height, width = frame.shape[:2]
        size = (width, height) if max(width, height) <= LONGEST else _fitting(width, height, LONGEST)
        if size != (width, height):
            frame = np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        if not self._full or self._full["light"].shape != (size[1], size[0]):
            self._full = {name: np.zeros((size[1], size[0]), np.float32) for name in ("light", "slope", "offset")}
        light, line, above = self._full["light"], self._full["slope"], self._full["offset"]
        np.copyto(light, cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY))
        cv2.resize(slope, size, dst=line, interpolation=cv2.INTER_LINEAR)
        cv2.resize(offset, size, dst=above, interpolation=cv2.INTER_LINEAR)
        cv2.multiply(light, line, dst=light)
        cv2.add(light, above, dst=light)
        cv2.threshold(light, 0.0, 0.0, cv2.THRESH_TOZERO, dst=light)
        return np.asarray(cv2.convertScaleAbs(light), dtype=np.uint8)


def _lines(small: Image, matte: Plane) -> tuple[Plane, Plane]:
    """[h, w] each: slope per level of light and offset, both in levels of a matte, with the mist beside edges taken away."""
    light = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), dtype=np.float32) / np.float32(255.0)
    mean, share = _mean(light), _mean(matte)
    together, square = _mean(np.asarray(light * matte, np.float32)), _mean(np.asarray(light * light, np.float32))
    slope = (together - mean * share) / (square - mean * mean + np.float32(LEAST_VARIANCE))
    offset = share - slope * mean
    gain = 255.0 / (EDGE_IN - EDGE_OUT)
    return _mean(slope) * np.float32(gain / 255.0), (_mean(offset) - np.float32(EDGE_OUT)) * np.float32(gain)


def _mean(plane: NDArray[Any]) -> Plane:
    return np.asarray(cv2.boxFilter(plane, cv2.CV_32F, (2 * RADIUS + 1, 2 * RADIUS + 1)), dtype=np.float32)


def _spread(plane: Plane, low: float, high: float) -> Plane:
    return np.asarray(np.clip((plane - np.float32(low)) / np.float32(high - low), 0.0, 1.0), dtype=np.float32)


def _fitting(width: int, height: int, longest: int) -> tuple[int, int]:
    """Width and height of the same shape whose longer side is so long."""
    scale = longest / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))
