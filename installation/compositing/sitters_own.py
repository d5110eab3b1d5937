"""What stays the sitter's own while their face changes: the eyes as they are, the hue of their skin, and what lies under a stroke.

Eyes are what people look at first, and no drawing of 128 px has them as sharp as the camera: what an edit draws in them is a blot. A lid
that comes down, or an eye that grows, is moved and not drawn. And a wrinkle is a shadow: it makes skin darker or lighter in its own
colour, where two drawings of a generator differ in grey and leave ash and blue around lids and lips. Nor is a fold as dark as ink: what
differs by more than skin does is a blot, or make-up made to glow, and is held back.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.faces.head import HEAD_PX, eyes, lips
from installation.messages import Image, Mask, Matrix, Points

Plane = NDArray[np.float32]

EYES_KEPT = 0.85  # of what is drawn between the lids is left out
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
LIFT = np.float32(8.0)  # grey levels: darker than that there is no hue to go by
MOST = 45.0  # grey levels of light that no change reaches: one of 20 stays 18, one of 60 becomes 36


@dataclass(frozen=True, slots=True, eq=False)
class SittersOwn:
    """eyes, hue [p, p] 0…1: how far the camera's own stays; how far a change is a change of brightness alone. most: grey levels of
    light that no change reaches."""

    eyes: Plane
    hue: Plane
    most: float = MOST

    def keep(self, change: NDArray[np.float32], plain: Image) -> None:
        """Take out of a change [p, p, 3] of grey levels over ``plain`` [p, p, 3], in place, what would not be the sitter's any more."""
        base = plain + LIFT
        light = cv2.transform(change, LUMA[None])
        held = np.sqrt(np.square(light * np.float32(1 / self.most)) + np.float32(1))
        share = (np.float32(1) - self.eyes) / held
        own = share * self.hue
        # Planes are made three channels wide before they multiply: NumPy is slow where the last axis is short and spread over.
        change *= _thrice(share - own)
        base *= _thrice(own * light / cv2.transform(base, LUMA[None]))
        change += base


def sitters_own(landmarks: Points, M_o2c: Matrix, side: int, share: float) -> SittersOwn | None:
    """What is kept in a crop of [side, side]; None where nothing is. landmarks: [468, 2] px; M_o2c: from those to a crop of
    ``head.HEAD_PX``; share 0…1: how much of the edit is drawn over a face whose own should be kept."""
    if share <= 0.0:
        return None
    kept = np.float32(EYES_KEPT * share / 255) * _sized(eyes(landmarks, M_o2c), side)
    # Around the mouth teeth, lips and skin take each other's place.
    hue = np.float32(share) * (np.float32(1) - np.float32(1 / 255) * _sized(lips(landmarks, M_o2c), side))
    return SittersOwn(kept, hue, MOST / share)


def _thrice(plane: Plane) -> NDArray[np.float32]:
    """[p, p] -> [p, p, 3], each channel the same."""
    return np.asarray(cv2.merge((plane, plane, plane)), np.float32)


def _sized(mask: Mask, side: int) -> Plane:
    """[side, side] 0…255."""
    found = mask if side == HEAD_PX else cv2.resize(mask, (side, side), interpolation=cv2.INTER_LINEAR)
    return np.asarray(found, np.float32)
