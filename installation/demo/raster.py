"""OpenCV's picture operations on float32 arrays, typed."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Raster = NDArray[np.float32]  # [H, W] or [H, W, C]


def blur(raster: Raster, sigma: float, sigma_y: float = 0.0, border: int = cv2.BORDER_REFLECT_101) -> Raster:
    """Gaussian blur; sigma in px, along x and y unless ``sigma_y`` says otherwise."""
    return _float(cv2.GaussianBlur(raster, (0, 0), sigma, sigmaY=sigma_y, borderType=border))


def resize(raster: Raster, width: int, height: int, smooth: bool = True) -> Raster:
    """Resized by cubic (``smooth``) or linear interpolation."""
    return _float(cv2.resize(raster, (width, height), interpolation=cv2.INTER_CUBIC if smooth else cv2.INTER_LINEAR))


def sample(raster: Raster, at: Raster, border: int = cv2.BORDER_CONSTANT) -> Raster:
    """What lies at ``at`` [H, W, 2], x and y in px; zero or the nearest pixel outside."""
    untyped: Any = cv2  # the stubs do not know that the second map may be left out
    return _float(untyped.remap(raster, at, None, cv2.INTER_LINEAR, borderMode=border))


def place(raster: Raster, matrix: NDArray[np.float64], width: int, height: int) -> Raster:
    """The raster seen through an affine matrix raster -> result, zero around it."""
    return _float(cv2.warpAffine(raster, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT))


def pad(raster: Raster, sides: int, border: int) -> Raster:
    """The raster with ``sides`` px more on every side."""
    return _float(cv2.copyMakeBorder(raster, sides, sides, sides, sides, border))


def _float(values: Any) -> Raster:
    return np.asarray(values, dtype=np.float32)
