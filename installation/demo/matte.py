"""Cuts a person out of a portrait with a plain background, hair included."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.demo.raster import blur
from installation.engines.silhouette_model import SilhouetteModel
from installation.messages import Image

Plane = NDArray[np.float32]  # [H, W]
Colours = NDArray[np.float32]  # [H, W, 3], 0…255

BAND = 9  # px on either side of the rough outline, in which the soft outline is looked for
LEAST_CONTRAST = 45.0  # grey levels between person and background, under which colour says nothing


def rough_matte(picture: Image) -> Plane:
    """0…1, 1 on the person: MediaPipe's selfie segmentation, good to a few pixels."""
    mask = SilhouetteModel()(picture).astype(np.float32) / 255.0
    return cv2.resize(mask, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)  # type: ignore[return-value]


def spread(colours: Colours, known: Plane, sigma: float) -> Colours:
    """Known colours blurred over their surroundings (normalised convolution)."""
    return blur(colours * known[..., None], sigma) / (blur(known, sigma)[..., None] + 1e-6)


def cut_out(picture: Image) -> tuple[Colours, Plane]:
    """Person's own colours, freed of the background's, and the soft matte 0…1.

    In a band around the rough outline the matte is where a pixel's colour lies between those of the background and of the
    person nearby, which finds single locks of hair where the background is plain.
    """
    rough = rough_matte(picture)
    colours = picture.astype(np.float32)
    solid = (rough > 0.5).astype(np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * BAND + 1, 2 * BAND + 1))
    inside = cv2.erode(solid, disc, borderType=cv2.BORDER_REPLICATE).astype(np.float32)
    outside = 1.0 - cv2.dilate(solid, disc, borderType=cv2.BORDER_REPLICATE).astype(np.float32)
    back = spread(colours, outside, 18.0)
    front = spread(colours, inside, 7.0)
    axis = front - back
    contrast = np.linalg.norm(axis, axis=2)
    share = ((colours - back) * axis).sum(2) / np.maximum(contrast, 1.0) ** 2
    trust = np.clip((contrast - LEAST_CONTRAST) / LEAST_CONTRAST, 0, 1)
    share = trust * share + (1 - trust) * rough
    matte = np.clip((np.clip(share, 0, 1) - 0.12) / 0.7, 0, 1)
    matte = np.where(inside > 0, 1.0, np.where(outside > 0, 0.0, matte)).astype(np.float32)
    matte = blur(_largest_part(matte), 0.6)
    own = (colours - (1 - matte[..., None]) * back) / np.maximum(matte[..., None], 0.25)
    faith = np.clip(matte * 1.6 - 0.3, 0, 1)[..., None]
    return np.clip(own * faith + front * (1 - faith), 0, 255).astype(np.float32), matte


def _largest_part(matte: Plane) -> Plane:
    """Drop flecks that do not touch the person."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((matte > 0.1).astype(np.uint8))
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    return np.where(labels == largest, matte, 0).astype(np.float32)
