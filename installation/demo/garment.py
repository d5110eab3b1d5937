"""Paints a turtleneck: the portraits end at the neck, and a visitor needs shoulders."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.demo.raster import blur, place

Layer = NDArray[np.float32]  # [H, W, 4], colours 0…255 times alpha, alpha 0…1
Plane = NDArray[np.float32]

ZOOM = 2  # pixels of a layer per pixel of the portrait
WIDTH, TOP, HEIGHT = 560, -40, 520  # portrait px: the layer's width, and its rows from the neckline
LIGHT = np.array([-0.48, -0.55, 0.68])  # from the upper left, towards the camera


@dataclass(frozen=True, slots=True)
class Garment:
    """A turtleneck as two layers: the torso behind the head, the collar before it. Their middle is the neck's middle."""

    torso: Layer
    collar: Layer


def paint_garment(neck: float, shoulders: float, colour: tuple[int, int, int], seed: int) -> Garment:
    """neck, shoulders: half widths, portrait px. The wool's folds follow ``seed``."""
    y, x = np.mgrid[TOP : TOP + HEIGHT : 1 / ZOOM, -WIDTH / 2 : WIDTH / 2 : 1 / ZOOM].astype(np.float32)
    rng = np.random.default_rng(seed)
    wool = _wool(x, rng)
    mask, relief = _torso(x, y, neck, shoulders)
    light = _lambert(relief) * wool * _creases(x, y, shoulders, rng)
    light *= 1 - 0.45 * np.exp(-(((y - 26) / 16.0) ** 2) - (x / (neck + 14)) ** 4)  # the collar's shadow
    torso = _layer(light, mask, colour)
    return Garment(torso, _collar(x, y, neck, colour, wool))


def _torso(x: Plane, y: Plane, neck: float, shoulders: float) -> tuple[Plane, Plane]:
    """Silhouette 0…1 and relief, px towards the camera."""
    arm = [(0.62, 44), (0.84, 60), (0.97, 88), (1.01, 130), (1.04, 190), (1.09, 320), (1.08, 520)]
    half = [(neck - 6, 4), (neck + 6, 16), (neck + 24, 27), *[(part * shoulders, row) for part, row in arm]]
    outline = [*half, *[(-dx, dy) for dx, dy in reversed(half)]]
    points = np.array([((dx + WIDTH / 2) * ZOOM, (dy - TOP) * ZOOM) for dx, dy in outline])
    solid = np.zeros(x.shape, np.uint8)
    cv2.fillPoly(solid, [np.round(points * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    round_off = blur(solid.astype(np.float32) / np.float32(255), 20)
    mask = np.clip((round_off - 0.5) * 30 + 0.5, 0, 1).astype(np.float32)
    framed = cv2.copyMakeBorder((mask > 0.5).astype(np.uint8), 0, 300, 0, 0, cv2.BORDER_REPLICATE)
    depth = cv2.distanceTransform(framed, cv2.DIST_L2, 5)[: mask.shape[0]] / ZOOM
    bulge = 1 - np.clip(depth / 80.0, 0, 1)
    relief = blur((80.0 * np.sqrt(1 - bulge**2)).astype(np.float32), 14)
    chest = 26 * np.exp(-((x / (0.62 * shoulders)) ** 4) - ((y - 230) / 240) ** 2)
    return mask, (relief + chest).astype(np.float32)


def _lambert(relief: Plane) -> Plane:
    """Light on a relief, about 1 where it faces the light."""
    slope_x = cv2.Sobel(relief, cv2.CV_32F, 1, 0, ksize=3) / 8 * ZOOM
    slope_y = cv2.Sobel(relief, cv2.CV_32F, 0, 1, ksize=3) / 8 * ZOOM
    facing = (-slope_x * LIGHT[0] - slope_y * LIGHT[1] + LIGHT[2]) / np.sqrt(1 + slope_x**2 + slope_y**2)
    return blur((0.42 + 0.72 * np.clip(facing, 0, 1)).astype(np.float32), 4)


def _wool(x: Plane, rng: np.random.Generator) -> Plane:
    """Fine ribs and fibres around 1."""
    fibres = blur(rng.standard_normal(x.shape).astype(np.float32), 1.1, 2.2)
    wander = blur(rng.standard_normal(x.shape).astype(np.float32), 40) * 60
    ribs = np.sin(2 * np.pi * (x + wander) / 4.2)
    texture: Plane = 1 + 0.022 * ribs + 0.05 * fibres
    return texture


def _creases(x: Plane, y: Plane, shoulders: float, rng: np.random.Generator) -> Plane:
    """Soft folds, and the lines where the arms meet the body."""
    noise = rng.standard_normal(x.shape).astype(np.float32)
    folds = blur(place(noise, np.array([[1, 0.35, 0], [0, 1, 0]]), x.shape[1], x.shape[0]), 12, 34)
    shade = 1 + 0.035 * np.clip(folds / folds.std(), -2, 2)
    for side in (-1, 1):
        line = side * (0.70 * shoulders + 0.00016 * (y - 330) ** 2)
        shade *= 1 - 0.38 * np.exp(-(((x - line) / 7.0) ** 2)) * np.clip((y - 120) / 120, 0, 1)
    return np.asarray(shade, dtype=np.float32)


def _collar(x: Plane, y: Plane, neck: float, colour: tuple[int, int, int], wool: Plane) -> Layer:
    """The rolled collar round the neck, and the shadow it throws on the skin above it."""
    width = neck + 5.0
    across = np.clip(x / width, -1, 1)
    sag = np.sqrt(1 - across**2)
    top, bottom = -4 + 9 * sag, 22 + 12 * sag
    height = np.clip((y - top) / (bottom - top), 0, 1)
    beyond = np.abs(x) - width - 3.0 * np.sin(np.pi * height)
    mask = np.clip((y - top) * ZOOM + 0.5, 0, 1) * np.clip((bottom - y) * ZOOM * 0.5 + 0.5, 0, 1) * np.clip(-beyond * ZOOM + 0.5, 0, 1)
    mask = blur(mask.astype(np.float32), 1.1)
    round_light = 0.62 + 0.42 * np.cos((across + 0.35) * 1.25)
    roll = 0.80 + 0.28 * np.sin(np.pi * np.clip(height * 1.05, 0, 1)) - 0.12 * height
    ribs = 1 + 0.05 * np.sin(2 * np.pi * np.arcsin(across) * width / 4.5)
    shine = (round_light * roll * ribs * wool).astype(np.float32)
    wooled = _layer(shine, mask, colour)
    shadow = 0.42 * np.exp(-np.clip(top - y, 0, None) / 3.5) * np.clip(-(np.abs(x) - neck + 1) / 3, 0, 1) * (y < top + 2)
    shadow = blur(shadow.astype(np.float32), 1.5)[..., None]
    wooled[..., 3:] += (1 - wooled[..., 3:]) * shadow
    return wooled


def _layer(light: Plane, mask: Plane, colour: tuple[int, int, int]) -> Layer:
    tint = np.array(colour, np.float32)
    shine = np.clip(light, 0, None)[..., None]
    colours = tint * shine + 10 * np.clip(shine - 0.9, 0, None)
    return np.concatenate([np.clip(colours, 0, 255) * mask[..., None], mask[..., None]], axis=2).astype(np.float32)
