"""Whose colours a styled picture has: the painting's or the visitor's (CIE Lab; the lightness is always the painting's)."""

from __future__ import annotations

import cv2
import numpy as np

from installation.messages import Image


def coloured(painted: Image, own: Image, share: float) -> Image:
    """``painted`` [h, w, 3] with ``share`` 0…1 of its own colours and the rest of ``own``'s, of its size."""
    if share >= 1.0:
        return painted
    lab, theirs = cv2.cvtColor(painted, cv2.COLOR_RGB2LAB), cv2.cvtColor(own, cv2.COLOR_RGB2LAB)
    lab[..., 1:] = cv2.addWeighted(lab[..., 1:], share, theirs[..., 1:], 1.0 - share, 0.0)
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), dtype=np.uint8)
