"""What every scene is painted with: planes of noise, gradients, shapes with soft edges, light, falling snow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 1920, 1080
Canvas = NDArray[np.float32]  # [H, W, 3] 0…1
Plane = NDArray[np.float32]  # [H, W]
Colour = tuple[int, int, int]

Y, X = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)


def rgb(colour: Colour) -> NDArray[np.float32]:
    return np.array(colour, np.float32) / np.float32(255.0)


def soft(plane: NDArray[Any], sigma: float) -> NDArray[np.float32]:
    """Blurred; a wide blur on a small copy."""
    plane = np.asarray(plane, dtype=np.float32)
    if sigma < 12:
        return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma), dtype=np.float32)
    small = cv2.resize(plane, (WIDTH // 8, HEIGHT // 8), interpolation=cv2.INTER_AREA)
    return np.asarray(
        cv2.resize(cv2.GaussianBlur(small, (0, 0), sigma / 8), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), dtype=np.float32
    )


def noise(rng: np.random.Generator, size: float, octaves: int = 4, stretch: float = 1.0) -> Plane:
    """[H, W] around 0, about ±1: clouds whose largest are ``size`` px high and ``stretch`` times as wide."""
    total = np.zeros((HEIGHT, WIDTH), np.float32)
    for octave in range(octaves):
        cell = max(2.0, size / 2**octave)
        grid = rng.standard_normal((int(HEIGHT / cell) + 3, int(WIDTH / cell / stretch) + 3)).astype(np.float32)
        total += cv2.resize(grid, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC) * np.float32(0.55**octave)
    return total * np.float32(0.7)


def ramp(stops: Sequence[tuple[float, Colour]]) -> Canvas:
    """The colours of the heights 0…1 from above, all the way across."""
    at = [height for height, _ in stops]
    rows = np.stack([np.interp(np.arange(HEIGHT) / HEIGHT, at, [c[i] for _, c in stops]) for i in range(3)], axis=1) / 255.0
    return np.repeat(rows[:, None, :].astype(np.float32), WIDTH, axis=1)


def lay(canvas: Canvas, colour: Colour | Canvas, cover: Plane) -> None:
    """Paint over the canvas where ``cover`` 0…1 says so."""
    rows, columns = np.flatnonzero(cover.any(axis=1)), np.flatnonzero(cover.any(axis=0))
    if not rows.size:
        return
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    paint = colour[part] if isinstance(colour, np.ndarray) else rgb(colour)
    canvas[part] += (paint - canvas[part]) * np.clip(cover[part], 0.0, 1.0)[..., None]


def glow(canvas: Canvas, x: float, y: float, radius: float, colour: Colour, strength: float) -> None:
    """A light that fades around a place, added."""
    reach = 4 * radius
    part = np.s_[max(0, int(y - reach)) : max(0, int(y + reach)), max(0, int(x - reach)) : max(0, int(x + reach))]
    canvas[part] += rgb(colour) * (strength * np.exp(-((X[part] - x) ** 2 + (Y[part] - y) ** 2) / (2 * radius * radius)))[..., None]


def box(x0: float, y0: float, x1: float, y1: float, edge: float = 1.5) -> Plane:
    """1 inside a rectangle, with a soft edge, px."""
    across = np.clip((X[0] - x0) / edge + 0.5, 0, 1) * np.clip((x1 - X[0]) / edge + 0.5, 0, 1)
    down = np.clip((Y[:, 0] - y0) / edge + 0.5, 0, 1) * np.clip((y1 - Y[:, 0]) / edge + 0.5, 0, 1)
    return np.asarray(down[:, None] * across[None, :], dtype=np.float32)


def polygon(points: Sequence[tuple[float, float]], edge: float = 1.2) -> Plane:
    """1 inside a polygon, px, with a soft edge."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.fillPoly(mask, [np.round(np.array(points) * 8).astype(np.int32)], 255, cv2.LINE_AA, shift=3)
    return soft(mask.astype(np.float32) / np.float32(255.0), edge)


def ridge(rng: np.random.Generator, height: float, swing: float, size: float, octaves: int = 5) -> NDArray[np.float32]:
    """[W] y px of a line of hills: ``height`` on average, ``swing`` px up and down over ``size`` px."""
    x, total = np.arange(WIDTH, dtype=np.float64), np.zeros(WIDTH)
    for octave in range(octaves):
        cell = size / 2**octave
        knots = rng.standard_normal(int(WIDTH / cell) + 4)
        at = x / cell
        i, t = at.astype(int), at - at.astype(int)
        s = t * t * (3 - 2 * t)
        total += (knots[i] * (1 - s) + knots[i + 1] * s) * 0.42**octave
    return (height + swing * total).astype(np.float32)


def below(line: NDArray[np.float32], edge: float = 2.0) -> Plane:
    return np.asarray(np.clip((Y - line[None, :]) / edge + 0.5, 0, 1), dtype=np.float32)


def flakes(canvas: Canvas, rng: np.random.Generator, count: int, sizes: tuple[float, float], light: float) -> None:
    """Snow in the air: small discs out of focus."""
    layer = np.zeros((HEIGHT, WIDTH), np.float32)
    for _ in range(count):
        x, y, r = rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT), rng.uniform(*sizes)
        cv2.circle(layer, (int(x * 8), int(y * 8)), int(r * 8), float(rng.uniform(0.25, 1.0)), -1, cv2.LINE_AA, 3)
    lay(canvas, (240, 244, 252), soft(layer, sizes[1] * 0.35) * light)
