"""Align: cut each face out of the frame as FFHQ cuts it, on the CPU in OpenCV or, all faces at once, on a GPU.

Average blocks of k by k pixels where the face is k times larger than its crop, sample bilinearly, and outside the frame reflect,
blur and fade towards the crop's median colour (Karras et al. 2019, the dataset tool of FFHQ). A GPU does everything up to the
reflection, within one grey level of the CPU; what lies outside the frame is softened by the same code for both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.engines.crops import Cropper, Cut
from installation.faces.ffhq import crop_to_original, invert, quad_from_landmarks
from installation.faces.padding import run_on
from installation.faces.quality import inside_share
from installation.messages import AlignedFace, AlignedFrame, Image, Matrix, TrackedFrame

# Shares of the crop's side, from the dataset tool of FFHQ.
BLUR = 0.02  # sigma of the blur outside the frame
PAD = 0.3  # shortest distance over which the padding fades to the median colour
BORDER = 0.1  # what the fade keeps beyond the farthest corner
BLUR_SHRINK = 4  # the blur runs on a crop this many times smaller: what it removes does not need the pixels
MEDIAN_STEP = 8  # the median looks at every eighth pixel of every eighth row

CROPS_KEPT = 4  # frames for which a crop's memory stays as it was


class Align:
    """TrackedFrame -> AlignedFrame. ``size``: side of the crop, px; ``cropper``: cuts all faces out at once, None: the CPU does.

    A crop's memory is used again ``CROPS_KEPT`` frames later: whoever needs it longer copies it.
    """

    def __init__(self, size: int = 256, cropper: Cropper | None = None) -> None:
        if size < BLUR_SHRINK * 4 or size % BLUR_SHRINK:
            raise ValueError(f"size: a multiple of {BLUR_SHRINK}, at least {BLUR_SHRINK * 4} px, is needed, got {size}")
        self.size, self._cropper = size, cropper
        self._turn = 0
        self._buffers: list[list[Image]] = [[] for _ in range(CROPS_KEPT)]

    def align(self, tracked: TrackedFrame) -> AlignedFrame:
        """Crops of all faces of the frame, in their order."""
        buffers = self._buffers[self._turn]
        self._turn = (self._turn + 1) % CROPS_KEPT
        while len(buffers) < len(tracked.faces):
            buffers.append(np.empty((self.size, self.size, 3), np.uint8))
        places = [crop_to_original(quad_from_landmarks(face.landmarks), self.size) for face in tracked.faces]
        crops = buffers[: len(places)]
        self._fill(tracked.frame.image, places, crops)
        height, width = tracked.frame.image.shape[:2]
        for face, crop, M_c2o in zip(tracked.faces, crops, places, strict=True):
            if inside_share(face.landmarks, width, height) < 1.0:  # a reflection of the face itself would be a second one
                run_on(crop, M_c2o, width, height)
        found = zip(tracked.faces, crops, places, strict=True)
        return AlignedFrame(tracked.frame, tuple(AlignedFace(face, crop, M_c2o, invert(M_c2o)) for face, crop, M_c2o in found))

    def _fill(self, image: Image, places: Sequence[Matrix], crops: Sequence[Image]) -> None:
        if self._cropper is not None:
            align_batch(image, places, crops, self._cropper)
            return
        for M_c2o, crop in zip(places, crops, strict=True):
            align_image(image, M_c2o, self.size, crop)


def align_image(image: Image, M_c2o: Matrix, size: int, out: Image | None = None) -> Image:
    """One crop [size, size, 3] of ``image`` [H, W, 3] on the CPU, written into ``out`` where it is given."""
    plan = _plan(M_c2o, size, image.shape[1], image.shape[0])
    x0, y0, x1, y1 = plan.region
    region = image[y0:y1, x0:x1]
    if plan.shrink > 1:
        region = cv2.resize(  # type: ignore[assignment]
            region, ((x1 - x0) // plan.shrink, (y1 - y0) // plan.shrink), interpolation=cv2.INTER_AREA
        )
    matrix = _to_blocks(M_c2o, plan.shrink)
    matrix[:, 2] -= (x0 // plan.shrink, y0 // plan.shrink)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    crop = np.empty((size, size, 3), np.uint8) if out is None else out
    cv2.warpAffine(region, matrix, (size, size), dst=crop, flags=flags, borderMode=cv2.BORDER_REFLECT_101)
    if plan.pads is not None:
        _soften(crop, M_c2o, plan.pads, image.shape[1], image.shape[0])
    return crop


def align_batch(image: Image, places: Sequence[Matrix], crops: Sequence[Image], cropper: Cropper) -> None:
    """Fill each of ``crops`` [S, S, 3] with what lies at its M_c2o of ``places`` in ``image`` [H, W, 3], all by one ``cropper``."""
    height, width = image.shape[:2]
    plans = [_plan(M_c2o, crop.shape[0], width, height) for M_c2o, crop in zip(places, crops, strict=True)]
    cropper(image, [Cut(_to_blocks(M_c2o, plan.shrink), plan.shrink) for M_c2o, plan in zip(places, plans, strict=True)], crops)
    for M_c2o, crop, plan in zip(places, crops, plans, strict=True):
        if plan.pads is not None:
            _soften(crop, M_c2o, plan.pads, width, height)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a crop needs of its frame."""

    shrink: int  # blocks of this many pixels a side are averaged first
    region: tuple[int, int, int, int]  # x0, y0, x1, y1 px, multiples of shrink
    pads: tuple[float, float, float, float] | None  # px over which each side's padding fades; None: all inside the frame


def _plan(M_c2o: Matrix, size: int, width: int, height: int) -> _Plan:
    edges = np.array([[-0.5, -0.5], [-0.5, size - 0.5], [size - 0.5, size - 0.5], [size - 0.5, -0.5]])
    corners = edges @ M_c2o[:, :2].T + M_c2o[:, 2]
    (left, top), (right, bottom) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    side = float(np.hypot(M_c2o[0, 0], M_c2o[1, 0])) * size

    # Blocks lie on one grid of the whole frame, so that CPU and GPU average the same pixels.
    shrink = max(1, min(round(side / size), width, height))
    margin = 2 * shrink
    x0, x1 = _span(left - margin, right + margin, width, shrink)
    y0, y1 = _span(top - margin, bottom + margin, height, shrink)

    over = (-0.5 - left, right - width + 0.5, -0.5 - top, bottom - height + 0.5)
    if max(over) <= 0:
        return _Plan(shrink, (x0, y0, x1, y1), None)
    pads = tuple(max(excess + BORDER * side, PAD * side) for excess in over)
    return _Plan(shrink, (x0, y0, x1, y1), (pads[0], pads[1], pads[2], pads[3]))


def _span(low: float, high: float, length: int, block: int) -> tuple[int, int]:
    """The pixels from ``low`` to ``high`` that exist, with those that a reflection at either end shows, in whole blocks."""
    low, high = min(low, 2 * length - high), max(high, -low)
    blocks = length // block
    first = min(max(int(low // block), 0), blocks - 1)
    last = min(max(int(-(-high // block)), first + 1), blocks)
    return first * block, last * block


def _to_blocks(M_c2o: Matrix, shrink: int) -> Matrix:
    """M_c2o with its target counted in blocks of ``shrink`` pixels."""
    matrix = M_c2o / shrink
    matrix[:, 2] += 0.5 / shrink - 0.5
    return matrix


def _soften(crop: Image, M_c2o: Matrix, pads: tuple[float, float, float, float], width: int, height: int) -> None:
    """Blur the padding and fade it to the median colour, in place, the more the farther from the frame it lies."""
    size = crop.shape[0]
    small_size = size // BLUR_SHRINK
    along = np.arange(small_size, dtype=np.float32) * BLUR_SHRINK + (BLUR_SHRINK - 1) / 2
    depth = np.zeros((small_size, small_size), np.float32)
    for row, far, (near_pad, far_pad) in ((M_c2o[0], width - 1, pads[:2]), (M_c2o[1], height - 1, pads[2:])):
        position = (along * np.float32(row[0]))[None, :] + (along * np.float32(row[1]) + np.float32(row[2]))[:, None]
        np.maximum(depth, position * np.float32(-1 / near_pad), out=depth)
        np.maximum(depth, (position - np.float32(far)) * np.float32(1 / far_pad), out=depth)
    small = cv2.resize(crop, (small_size, small_size), interpolation=cv2.INTER_AREA).astype(np.float32)
    kernel = _kernel(size)
    cv2.sepFilter2D(small, -1, kernel, kernel, dst=small, borderType=cv2.BORDER_REFLECT_101)
    samples = np.sort(crop[::MEDIAN_STEP, ::MEDIAN_STEP].reshape(-1, 3), axis=0)
    median = samples[len(samples) // 2].astype(np.float32)

    # FFHQ mixes in the blur by 3 x depth, then the median by depth; the two together are one target and one weight, and
    # both change slowly enough to be worked out on the small crop.
    blur, fade = np.minimum(depth * 3.0, 1.0), np.minimum(depth, 1.0)
    weight = 1.0 - (1.0 - blur) * (1.0 - fade)
    small += (median - small) * (fade / np.maximum(weight, 1e-6))[:, :, None]
    target = cv2.resize(np.rint(small).astype(np.uint8), (size, size), interpolation=cv2.INTER_LINEAR)
    share = cv2.resize(weight, (size, size), interpolation=cv2.INTER_LINEAR)
    crop[:] = cv2.blendLinear(target, crop, share, 1.0 - share)


def _kernel(size: int) -> NDArray[np.float32]:
    """A Gaussian for the shrunken crop, its sum 1."""
    sigma = BLUR * size / BLUR_SHRINK
    radius = max(1, int(3 * sigma + 0.5))
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    return np.asarray(weights / weights.sum(), np.float32)
