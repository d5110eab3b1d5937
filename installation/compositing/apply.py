"""Changes over the camera's pixels: in a square crop, or in place, in the frame that the crop was cut from."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.compositing.change import Change
from installation.compositing.lips import LipMove
from installation.messages import Image, Matrix

LEAST_PX = 1 / 64  # a movement smaller than that moves nothing: resampling has 32 steps a pixel
MOVING = cv2.INTER_CUBIC  # Lanczos keeps more of the fine detail that moves, at fifteen times the cost
REGAINED = 0.2  # of an unsharp mask, given back where a pixel comes from half way between four: there resampling softens most
MARGIN = 4  # px around a face's square that resampling may look at


class Pane:
    """Applies changes; keeps its memory from call to call."""

    def __init__(self) -> None:
        self._buffers: dict[str, NDArray] = {}  # type: ignore[type-arg]

    def on_crop(self, crop: Image, change: Change, lips: LipMove | None = None) -> None:
        """Change a square crop [S, S, 3] in place. lips: to be moved, in px of the crop."""
        side = crop.shape[0]
        scale = side / change.brighter.shape[0]
        matrix = np.array([[scale, 0.0, 0.5 * scale - 0.5], [0.0, scale, 0.5 * scale - 0.5]])
        self._apply(crop, change, matrix, lips)

    def in_place(self, frame: Image, change: Change, M_c2o: Matrix, lips: LipMove | None = None) -> None:
        """Change a frame [H, W, 3] in place. M_c2o: pixel centres of the change's own pictures [p, p] to those of the frame; lips: to be
        moved, in px of the frame."""
        side = change.brighter.shape[0]
        edges = np.array([[-0.5, -0.5], [-0.5, side - 0.5], [side - 0.5, side - 0.5], [side - 0.5, -0.5]])
        corners = edges @ M_c2o[:, :2].T + M_c2o[:, 2]
        (left, top), (right, bottom) = np.floor(corners.min(axis=0)).astype(int), np.ceil(corners.max(axis=0)).astype(int)
        x0, y0 = max(int(left) - MARGIN, 0), max(int(top) - MARGIN, 0)
        x1, y1 = min(int(right) + MARGIN, frame.shape[1]), min(int(bottom) + MARGIN, frame.shape[0])
        if x1 - x0 < 2 or y1 - y0 < 2:
            return
        matrix = M_c2o.copy()
        matrix[:, 2] -= (x0, y0)
        self._apply(frame[y0:y1, x0:x1], change, matrix, None if lips is None else lips.seen_from(x0, y0))

    def _apply(self, under: Image, change: Change, matrix: Matrix, lips: LipMove | None) -> None:
        """matrix: pixels of the change to pixels of ``under`` [h, w, 3], which is written into."""
        shape = under.shape
        part = self._bytes("part", shape)
        if change.keep is not None:
            self._bring(change.keep, matrix, part, outside=255)
            cv2.multiply(under, part, dst=under, scale=1 / 255)
        self._bring(change.brighter, matrix, part)
        cv2.add(under, part, dst=under)
        self._bring(change.darker, matrix, part)
        cv2.subtract(under, part, dst=under)
        if lips is not None:  # before anything else moves: they are where the camera saw them
            lips.move(under)
        if change.origin is not None:
            self._move(under, change.origin, change.brighter.shape[0], matrix)

    @staticmethod
    def _bring(picture: Image, matrix: Matrix, out: Image, outside: int = 0) -> None:
        size = (out.shape[1], out.shape[0])
        border = (outside, outside, outside)
        cv2.warpAffine(picture, matrix, size, dst=out, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=border)

    def _move(self, under: Image, origin: NDArray[np.float32], side: int, matrix: Matrix) -> None:
        # The way back in pixels of ``under``, made small and enlarged.
        linear = (matrix[:, :2] * side).astype(np.float32)
        steps = np.einsum("ij,jyx->iyx", linear, origin)
        if float(np.abs(steps).max()) < LEAST_PX:
            return
        r = origin.shape[-1]
        to_small = side / r
        offset = matrix[:, :2] @ np.array([0.5 * to_small - 0.5] * 2) + matrix[:, 2]
        enlarge = np.concatenate([matrix[:, :2] * to_small, offset[:, None]], axis=1)
        x0, y0, x1, y1 = _moving(steps, enlarge, under.shape)
        if x1 - x0 < 2 or y1 - y0 < 2:
            return
        enlarge[:, 2] -= (x0, y0)
        self._resample(under[y0:y1, x0:x1], np.ascontiguousarray(steps), enlarge)

    def _resample(self, under: Image, steps: NDArray[np.float32], enlarge: Matrix) -> None:
        """Move the pixels of ``under`` in place: each comes from where ``steps`` [2, r, r], px, points to. enlarge: pixels of those to its
        own."""
        height, width = under.shape[:2]
        maps = [self._floats(name, (height, width)) for name in ("x", "y")]
        for into, step in zip(maps, steps, strict=True):
            cv2.warpAffine(step, enlarge, (width, height), dst=into, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        maps[0] += np.arange(width, dtype=np.float32)[None, :]
        maps[1] += np.arange(height, dtype=np.float32)[:, None]
        source, moved = self._bytes("source", under.shape), self._bytes("part", under.shape)
        np.copyto(source, under)
        cv2.remap(source, maps[0], maps[1], MOVING, dst=moved, borderMode=cv2.BORDER_REPLICATE)
        self._regain(moved, maps[0], maps[1], source, under)

    def _regain(self, moved: Image, x: NDArray[np.float32], y: NDArray[np.float32], spare: Image, out: Image) -> None:
        """What resampling at (x, y) took from ``moved``, given back into ``out``; whole pixels, which lost nothing, stay as they are.
        x, y and ``spare`` are overwritten."""
        between, soft = self._floats("between", x.shape), spare
        for at in (x, y):  # 4 f (1 - f) / 2 of the part behind the point: 0 on a pixel, a half between two
            np.floor(at, out=between)
            np.subtract(at, between, out=between)
            np.subtract(1.0, between, out=at)
            np.multiply(at, between, out=at)
        np.add(x, y, out=between)
        np.multiply(between, 2.0, out=between)
        cv2.GaussianBlur(moved, (3, 3), 0, dst=soft)
        cv2.addWeighted(moved, 1 + REGAINED, soft, -REGAINED, 0, dst=soft)
        np.subtract(1.0, between, out=x)
        cv2.blendLinear(moved, soft, x, between, dst=out)

    def _bytes(self, name: str, shape: tuple[int, ...]) -> Image:
        return self._kept(name, shape, np.uint8)

    def _floats(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        return self._kept(name, shape, np.float32)

    def _kept(self, name: str, shape: tuple[int, ...], kind: type) -> NDArray:  # type: ignore[type-arg]
        """Memory of at least that shape, grown in steps so that a face that comes nearer asks for little of it."""
        need = int(np.prod(shape))
        old = self._buffers.get(name)
        if old is None or old.size < need:
            old = self._buffers[name] = np.empty(int(need * 1.25), kind)
        return old[:need].reshape(shape)


def _moving(steps: NDArray[np.float32], enlarge: Matrix, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """x0, y0, x1, y1: the part of a picture [h, w, 3] in which anything moves, and what is looked at from there. steps: [2, r, r] px;
    enlarge: pixels of those to the picture's."""
    far = np.abs(steps).max(axis=0)
    rows, columns = np.flatnonzero(far.max(axis=1) > 0), np.flatnonzero(far.max(axis=0) > 0)
    if not rows.size:
        return 0, 0, 0, 0
    left, right, top, bottom = columns[0] - 1, columns[-1] + 1, rows[0] - 1, rows[-1] + 1
    corners = np.array([[left, top], [left, bottom], [right, bottom], [right, top]]) @ enlarge[:, :2].T + enlarge[:, 2]
    reach = math.ceil(float(far.max())) + MARGIN
    (x0, y0), (x1, y1) = np.floor(corners.min(axis=0)) - reach, np.ceil(corners.max(axis=0)) + reach
    return max(int(x0), 0), max(int(y0), 0), min(int(x1), shape[1]), min(int(y1), shape[0])
