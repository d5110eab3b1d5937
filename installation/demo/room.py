"""A plain room: a plastered wall in the light of a window, two empty frames out of focus, and the visitors' shadows on it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from installation.demo.raster import blur, place, resize

Canvas = NDArray[np.float32]  # [H, W, 3] 0…255

WALL = np.array([199.0, 190.0, 176.0])
SHADOW = np.array([0.60, 0.62, 0.68])  # what is left of the light in a shadow's core: the cooler light of the room
SHADOW_OFFSET = (46, 30)  # px to the right and down: the window is on the upper left
SHADOW_BLUR = 34.0  # px


def paint_room(width: int, height: int, seed: int = 7) -> Canvas:
    """The empty room, the same for the same size and seed."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    u, v = x / width, y / height
    light = 0.70 + 0.42 * np.exp(-(((u - 0.34) / 0.55) ** 2) - ((v - 0.22) / 0.75) ** 2)
    plaster = sum(blur(rng.standard_normal((height, width)).astype(np.float32), s) * s * 0.012 for s in (3.0, 12.0, 45.0))
    light = light * (1 + plaster) + 0.10 * _window(u, v)
    room = WALL * light[..., None]
    room[..., 2] += 10 * (1 - light)
    _frame(room, (0.075, 0.10, 0.20, 0.47), (96, 74, 52), (176, 142, 118), rng)
    _frame(room, (0.815, 0.07, 0.135, 0.40), (44, 44, 50), (108, 128, 136), rng)
    room = blur(room.astype(np.float32), 2.6)
    corner = 1 - 0.22 * np.clip(np.hypot((u - 0.5) / 0.75, (v - 0.45) / 0.8) - 0.35, 0, 1) ** 1.5
    return np.asarray(room * corner[..., None] + rng.normal(0, 1.1, (height, width, 1)), dtype=np.float32)


def _window(u: NDArray[np.float32], v: NDArray[np.float32]) -> NDArray[np.float32]:
    """The light of a cross-barred window, slanting over the wall."""
    across, along = u - 0.42 + 0.16 * v, v - 0.12
    pane = (np.abs(across) < 0.17) & (along > 0.0) & (along < 0.62)
    bars = (np.abs(across) < 0.008) | (np.abs(along - 0.30) < 0.012)
    return blur((pane & ~bars).astype(np.float32), 9.0)


def _frame(
    room: NDArray[np.float64],
    box: tuple[float, float, float, float],
    wood: tuple[int, int, int],
    tone: tuple[int, int, int],
    rng: np.random.Generator,
) -> None:
    """A picture frame with a soft field of colour; box: left, top, width, height in parts of the room."""
    height, width = room.shape[:2]
    left, top, right, bottom = (round(v) for v in (box[0] * width, box[1] * height, (box[0] + box[2]) * width, (box[1] + box[3]) * height))
    shade = np.zeros((height, width), np.float32)
    shade[top + 10 : bottom + 16, left + 8 : right + 16] = 1
    room *= 1 - 0.30 * blur(shade, 10)[..., None]
    room[top:bottom, left:right] = wood
    room[top + 9 : bottom - 9, left + 9 : right - 9] = (222, 216, 205)
    inner = room[top + 40 : bottom - 40, left + 36 : right - 36]
    field = resize(rng.uniform(0, 1, (3, 2, 3)).astype(np.float32), inner.shape[1], inner.shape[0])
    inner[:] = tone + (field.mean(2, keepdims=True) - 0.5) * 60 + (field - 0.5) * np.array([26, 18, 30])


def cast_shadow(room: Canvas, silhouettes: NDArray[np.float32]) -> Canvas:
    """The room with the visitors' soft shadows; silhouettes: 0…1, a quarter of the room's size."""
    offset = np.array([[1, 0, SHADOW_OFFSET[0] / 4], [0, 1, SHADOW_OFFSET[1] / 4]])
    soft = blur(place(silhouettes, offset, silhouettes.shape[1], silhouettes.shape[0]), SHADOW_BLUR / 4)
    depth = resize(soft, room.shape[1], room.shape[0], smooth=False)[..., None]
    return np.asarray(room * (1 - 0.8 * depth * (1 - SHADOW)), dtype=np.float32)
