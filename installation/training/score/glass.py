"""Numbers of an edit that lies over the camera's pixels: sharpness, leak, seam, and the cheeks' lightness and colour.

Each compares a portrait uint8 RGB [S, S, 3] with the camera's own crop of the same size; NaN where there is nothing to compare.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.faces.head import cheeks
from installation.messages import Image, Mask

Array = NDArray[np.float64]
Where = NDArray[np.bool_]  # [S, S]

RIM_STEEPNESS = 0.25  # of the mask's steepest place: what is steeper is its rim
SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class GlassNumbers:
    """One portrait. sharpness, sharpness_head: variance of the Laplacian over the crop's, of the whole and inside the mask. leak:
    mean absolute change outside the mask, grey levels. seam: steps across the mask's rim over the crop's own there. lightness: mean
    change of the cheeks' L of CIE Lab, of 100; colour: distance of their mean colours in CIE Lab (Delta E of 1976)."""

    sharpness: float
    sharpness_head: float
    leak: float
    seam: float
    lightness: float
    colour: float


def glass_numbers(portrait: Image, crop: Image, mask: Mask, landmarks: NDArray[np.floating]) -> GlassNumbers:
    """mask: [p, p], where the edit may be seen. landmarks: [468, 2 or 3] px of the crop."""
    whole = np.asarray(cv2.resize(mask, crop.shape[1::-1], interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
    skin = colour_change(portrait, crop, cheeks(landmarks, crop.shape[0]))
    return GlassNumbers(
        sharpness(portrait, crop),
        sharpness(portrait, crop, whole > 0),
        leak(portrait, crop, whole),
        seam(portrait, crop, whole),
        float(skin[0]),
        float(np.linalg.norm(skin)),
    )


def sharpness(portrait: Image, crop: Image, where: Where | None = None) -> float:
    """Variance of the Laplacian over that of the crop: 1 where not one hair was lost, less where the portrait is softer."""
    own, cameras = (_laplacian(p)[... if where is None else where] for p in (portrait, crop))
    if not own.size:
        return float("nan")
    variance = float(cameras.var())
    return float(own.var()) / variance if variance > SLACK else float("nan")


def leak(portrait: Image, crop: Image, mask: Mask) -> float:
    """Mean absolute change where the mask [S, S] is 0, grey levels."""
    outside = mask == 0
    return float(cv2.absdiff(portrait, crop)[outside].mean()) if outside.any() else float("nan")


def seam(portrait: Image, crop: Image, mask: Mask) -> float:
    """Steps across the rim of a mask [S, S], over those that the camera has in the same places: 1 where no seam can be found."""
    slope = _slopes(mask.astype(np.float32))
    steep = np.hypot(*slope)
    rim = steep > RIM_STEEPNESS * float(steep.max())
    if not rim.any() or not steep.max():
        return float("nan")
    across = [part[rim] / steep[rim] for part in slope]
    own, cameras = (_steps(_grey(p), rim, across) for p in (portrait, crop))
    return own / cameras if cameras > SLACK else float("nan")


def colour_change(portrait: Image, crop: Image, where: Where) -> Array:
    """Change of the mean L, a and b of CIE Lab there [3]."""
    if not where.any():
        return np.full(3, np.nan)
    own, cameras = (cv2.cvtColor(p.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB)[where] for p in (portrait, crop))
    return np.asarray(own.mean(axis=0, dtype=np.float64) - cameras.mean(axis=0, dtype=np.float64))


def _grey(picture: Image) -> NDArray[np.float32]:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.float32)


def _laplacian(picture: Image) -> Array:
    return np.asarray(cv2.Laplacian(_grey(picture), cv2.CV_32F), np.float64)


def _slopes(levels: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Change a pixel to the right, and downwards."""
    right, down = (cv2.Sobel(levels, cv2.CV_32F, dx, 1 - dx, scale=1 / 8) for dx in (1, 0))
    return np.asarray(right, np.float32), np.asarray(down, np.float32)


def _steps(levels: NDArray[np.float32], rim: Where, across: Sequence[NDArray[np.floating]]) -> float:
    """Mean size of the steps across a rim, whose unit normals are given."""
    right, down = (slope[rim] for slope in _slopes(levels))
    return float(np.abs(right * across[0] + down * across[1]).mean(dtype=np.float64))
