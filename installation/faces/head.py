"""The head of a face that is known by its landmarks: a soft outline with hair and neck, in the coordinates of its crop."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.faces import landmarks as index
from installation.faces.ffhq import transform
from installation.messages import Mask, Matrix, Points

HEAD_PX = 128  # side of a mask


@dataclass(frozen=True, slots=True)
class Growth:
    """How far the oval of a face is widened from its middle: upwards, to the sides, downwards."""

    up: float
    aside: float
    down: float


HEAD = Growth(1.62, 1.34, 1.16)  # to hair, ears and neck
FACE = Growth(1.10, 1.02, 1.08)
RIM = 0.035  # of the side: standard deviation of the soft rim
HAIR = 0.35  # of an edit is seen on hair and neck: where it takes hair away there is nothing that the generator could know
LIPS_GROWTH, LIPS_RIM = 1.15, 0.012  # of the lips' outline, and of the side: how far what is the mouth reaches, and how softly it ends
EYE_RIM = 0.006  # of the side: standard deviation of the rim of what is between the lids
BORDER = 0.04  # of the side, along which the mask ends before the crop does
SUBPIXEL_BITS = 4  # in which outlines are given to OpenCV
FAR = 4.0 * HEAD_PX  # px, farther away nothing is drawn
OVERLAP_RIM = 0.015  # of the side: rim of what a nearer face covers


def face_outline(landmarks: Points, M_o2c: Matrix) -> NDArray[np.float32]:
    """[36, 2] px: the oval of the face in its crop, whose matrix carries frame to crop."""
    return np.asarray(transform(M_o2c, landmarks[list(index.FACE_OVAL)]), np.float32)


def grown(outline: NDArray[np.float32], by: Growth) -> NDArray[np.float32]:
    """An outline [36, 2] of a face, widened."""
    middle = (outline.min(axis=0) + outline.max(axis=0)) / 2
    away = outline - middle
    factors = np.stack([np.full(len(away), by.aside), np.where(away[:, 1] < 0, by.up, by.down)], axis=1)
    return np.asarray(middle + away * factors, np.float32)


def head_mask(outline: NDArray[np.float32], silhouette: Mask | None = None, hair: float = HAIR) -> Mask:
    """[128, 128] uint8: all of an edit on the face, ``hair`` 0…1 of it on hair and neck, nothing beyond.

    outline: [36, 2], the oval of the face in px of a crop of this size. silhouette: [128, 128], where the visitor is.
    """
    head, face = _filled(grown(outline, HEAD)), _filled(grown(outline, FACE))
    mask = np.asarray(cv2.addWeighted(head, hair, face, 1.0 - hair, 0.0), dtype=np.uint8)
    cv2.GaussianBlur(mask, (0, 0), RIM * HEAD_PX, dst=mask, borderType=cv2.BORDER_CONSTANT)
    cv2.multiply(mask, _border(), dst=mask, scale=1 / 255)
    if silhouette is not None:
        cv2.multiply(mask, silhouette, dst=mask, scale=1 / 255)
    return mask


def without(mask: Mask, outline: NDArray[np.float32]) -> None:
    """Take a nearer face, whose outline [36, 2] is given in px of this mask's crop, out of the mask."""
    nearer = _filled(outline)
    cv2.GaussianBlur(nearer, (0, 0), OVERLAP_RIM * HEAD_PX, dst=nearer)
    cv2.multiply(mask, cv2.bitwise_not(nearer), dst=mask, scale=1 / 255)


def uncovered(mask: Mask, covered: Mask) -> None:
    """Take what is before the face, ``covered`` [r, r] 0…255 in the same crop, out of the mask."""
    if covered.any():
        free = cv2.resize(cv2.bitwise_not(covered), mask.shape[::-1], interpolation=cv2.INTER_LINEAR)
        cv2.multiply(mask, free, dst=mask, scale=1 / 255)


def eyes(landmarks: Points, M_o2c: Matrix) -> Mask:
    """[128, 128] uint8: what is between the lids, with a soft rim."""
    mask = np.zeros((HEAD_PX, HEAD_PX), np.uint8)
    for lids in (index.RIGHT_EYE_REFINED[:16], index.LEFT_EYE_REFINED[:16]):
        cv2.bitwise_or(mask, _filled(np.asarray(transform(M_o2c, landmarks[list(lids)]), np.float32)), dst=mask)
    cv2.GaussianBlur(mask, (0, 0), EYE_RIM * HEAD_PX, dst=mask)
    return mask


def lips(landmarks: Points, M_o2c: Matrix) -> Mask:
    """[128, 128] uint8: the mouth with its lips, with a soft rim."""
    outline = np.asarray(transform(M_o2c, landmarks[list(index.LIPS_REFINED[:20])]), np.float32)
    middle = outline.mean(axis=0)
    mask = _filled(middle + (outline - middle) * np.float32(LIPS_GROWTH))
    cv2.GaussianBlur(mask, (0, 0), LIPS_RIM * HEAD_PX, dst=mask)
    return mask


def cheeks(landmarks: NDArray[np.floating], side: int) -> NDArray[np.bool_]:
    """[side, side] where a sitter's cheeks are. landmarks: [468, 2 or 3] px of that square."""
    found = np.zeros((side, side), np.uint8)
    for cheek in index.CHEEKS:
        within = np.clip(landmarks[list(cheek), :2], -4.0 * side, 4.0 * side)
        cv2.fillConvexPoly(found, cv2.convexHull(np.rint(within).astype(np.int32)), 1)
    return np.asarray(found > 0)


def _filled(outline: NDArray[np.float32]) -> Mask:
    """[128, 128], 255 inside the hull of an outline, which may lie anywhere."""
    mask = np.zeros((HEAD_PX, HEAD_PX), np.uint8)
    within = np.clip(outline, -FAR, FAR)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.round(within * (1 << SUBPIXEL_BITS)).astype(np.int32)), 255, cv2.LINE_AA, SUBPIXEL_BITS)
    return mask


@cache
def _border() -> Mask:
    """255 inside, 0 at the crop's own edge: an edit must not end where the crop does. Not to be written into."""
    axis = np.arange(HEAD_PX, dtype=np.float32)
    near = np.clip(np.minimum(axis, HEAD_PX - 1 - axis) / (BORDER * HEAD_PX), 0, 1)
    ramp = near * near * (3 - 2 * near)
    return np.asarray(np.round(255 * np.minimum(ramp[:, None], ramp[None, :])), dtype=np.uint8)
