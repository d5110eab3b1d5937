"""What a crop shows beyond the edge of the frame where that edge cuts the face itself.

FFHQ reflects the picture there, which suits a shoulder or some hair; of a cut face it makes eyebrows on a forehead and a
second eye. Here the colours at the edge run on instead, ever softer: nothing in them can be recognised.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.messages import Image, Matrix

SHRINK = 4  # the colours run on in a crop this many times smaller
STEPS = ((0.015, 0.2), (0.04, 0.1), (0.1, 0.05), (0.25, 0.0))  # sigma, share of the side; share of the frame under it from which it is used
EDGE = 1.5  # px of the small crop over which the frame gives way to what runs on


def run_on(crop: Image, M_c2o: Matrix, width: int, height: int) -> None:
    """Replace, in place, what ``crop`` [S, S, 3] shows outside the frame [height, width] by the colours of its edge."""
    size = crop.shape[0]
    small_size = size // SHRINK
    inside = _depth(M_c2o, size, small_size, width, height)
    known = (inside > 0).astype(np.float32)
    if known.all() or not known.any():
        return
    small = cv2.resize(crop, (small_size, small_size), interpolation=cv2.INTER_AREA).astype(np.float32)
    filled = _filled(small * known[..., None], known)
    share = np.clip(inside / EDGE, 0.0, 1.0).astype(np.float32)
    target = cv2.resize(filled, (size, size), interpolation=cv2.INTER_LINEAR)
    weight = cv2.resize(share, (size, size), interpolation=cv2.INTER_LINEAR)[..., None]
    crop[:] = np.clip(target + (crop - target) * weight + 0.5, 0, 255).astype(np.uint8)


def _depth(M_c2o: Matrix, size: int, cells: int, width: int, height: int) -> NDArray[np.float32]:
    """[cells, cells]: how far inside the frame each cell of the crop lies, in cells; below 0 outside."""
    step = size / cells
    along = (np.arange(cells) + 0.5) * step - 0.5
    x = along[None, :] * M_c2o[0, 0] + along[:, None] * M_c2o[0, 1] + M_c2o[0, 2] + 0.5
    y = along[None, :] * M_c2o[1, 0] + along[:, None] * M_c2o[1, 1] + M_c2o[1, 2] + 0.5
    cell = step * float(np.hypot(M_c2o[0, 0], M_c2o[1, 0]))
    depth = np.minimum(np.minimum(x, width - x), np.minimum(y, height - y)) / cell
    return np.asarray(depth, np.float32)


def _filled(colours: NDArray[np.float32], known: NDArray[np.float32]) -> NDArray[np.float32]:
    """Averages of what is known, the wider the farther from it. ``colours`` [s, s, 3], 0 where ``known`` [s, s] is 0."""
    result: NDArray[np.float32] | None = None
    for sigma, least in reversed(STEPS):
        blur = max(sigma * known.shape[0], 0.5)
        there = cv2.GaussianBlur(known, (0, 0), blur, borderType=cv2.BORDER_REPLICATE)
        mean = cv2.GaussianBlur(colours, (0, 0), blur, borderType=cv2.BORDER_REPLICATE) / np.maximum(there, 1e-4)[..., None]
        if result is None:
            result = np.asarray(mean, np.float32)
            continue
        share = np.clip((there - least) / (0.5 - least), 0.0, 1.0)[..., None]
        result = np.asarray(result + (mean - result) * share, np.float32)
    assert result is not None
    return result
