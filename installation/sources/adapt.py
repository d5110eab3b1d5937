"""Whatever a driver gives, as the program's kind of picture: a camera may change its format, and a cable may damage what it carries."""

from __future__ import annotations

import cv2
import numpy as np

from installation.messages import Image


def adapted(picture: object, most: int) -> Image | None:
    """uint8 RGB [H, W, 3], no side longer than ``most`` px; the very same array where it is that already. Grey, deep and transparent
    ones are brought into that form; None for what is no picture: nothing in it, numbers of another kind, another shape."""
    if not isinstance(picture, np.ndarray) or picture.size == 0 or picture.ndim not in (2, 3):
        return None
    if picture.dtype == np.uint16:
        picture = (picture >> 8).astype(np.uint8)
    if picture.dtype != np.uint8:
        return None
    if picture.ndim == 2 or picture.shape[2] == 1:
        picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB)
    elif picture.shape[2] == 4:
        picture = np.ascontiguousarray(picture[..., :3])
    elif picture.shape[2] != 3:
        return None
    longest = max(picture.shape[:2])
    if longest > most:
        size = (max(1, round(picture.shape[1] * most / longest)), max(1, round(picture.shape[0] * most / longest)))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return np.asarray(picture, dtype=np.uint8)  # the same array where it is uint8
