"""The sitter's own eyes, kept as they are while the face around them changes.

They are what people look at first, and no drawing of 128 px has them as sharp as the camera: what an edit draws in them is a blot. A lid
that comes down, or an eye that grows, is moved and not drawn.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.faces.head import HEAD_PX, eyes
from installation.messages import Matrix, Points

KEPT = 0.85  # of what is drawn between the lids is left out


def own_eyes(landmarks: Points, M_o2c: Matrix, side: int, share: float) -> NDArray[np.float32] | None:
    """[side, side] 0…1: how far the camera's own stays in a crop; None where it does nowhere. landmarks: [468, 2] px; M_o2c: from those
    to a crop of ``head.HEAD_PX``; share 0…1: how much of the edit is drawn over eyes that should stay."""
    if share <= 0.0:
        return None
    mask = eyes(landmarks, M_o2c)
    if side != HEAD_PX:
        mask = np.asarray(cv2.resize(mask, (side, side), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
    return np.asarray(mask * np.float32(KEPT * share / 255))
