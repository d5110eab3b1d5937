"""The square of a face in a picture: cut out of it to be painted, and laid back over it."""

from __future__ import annotations

import cv2
import numpy as np

from installation.messages import Image, Mask, Matrix


def at_size(square: Matrix, side: int) -> Matrix:
    """The matrix of a crop of ``side`` px to the frame, from that of the same crop as one pixel."""
    edges = square[:, :2] / side
    origin = square[:, 2] - square[:, :2].sum(axis=1) * 0.5 + edges.sum(axis=1) * 0.5
    return np.concatenate([edges, origin[:, None]], axis=1)


def cut(picture: Image, square: Matrix, side: int) -> Image:
    """[side, side, 3] of a crop of ``picture``; beyond its edge the edge goes on."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    crop = cv2.warpAffine(picture, at_size(square, side), (side, side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(crop, dtype=np.uint8)


def laid(picture: Image, square: Matrix, painted: Image, mask: Mask) -> None:
    """Lay a painted crop [s, s, 3] over ``picture`` where its square is now, softly. mask: [s, s], 255 where it is seen whole."""
    side = painted.shape[0]
    matrix = at_size(square, side)
    corners = np.array([[0, 0], [0, side], [side, side], [side, 0]]) @ matrix[:, :2].T + matrix[:, 2]
    (x0, y0), (x1, y1) = np.floor(corners.min(axis=0)).astype(int), np.ceil(corners.max(axis=0)).astype(int)
    x0, y0, x1, y1 = max(int(x0), 0), max(int(y0), 0), min(int(x1), picture.shape[1]), min(int(y1), picture.shape[0])
    if x1 - x0 < 2 or y1 - y0 < 2:
        return
    matrix[:, 2] -= (x0, y0)
    size, under = (x1 - x0, y1 - y0), picture[y0:y1, x0:x1]
    over = cv2.warpAffine(painted, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    seen = cv2.cvtColor(cv2.warpAffine(mask, matrix, size, flags=cv2.INTER_LINEAR), cv2.COLOR_GRAY2RGB)
    kept = cv2.multiply(under, cv2.bitwise_not(seen), scale=1 / 255)
    cv2.add(cv2.multiply(over, seen, scale=1 / 255), kept, dst=under)
