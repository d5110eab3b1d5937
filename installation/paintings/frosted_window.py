"""A frosted window, and the lights of an evening behind it."""

from __future__ import annotations

import cv2
import numpy as np

from installation.paintings.brush import HEIGHT, WIDTH, Canvas, Plane, X, Y, below, box, lay, noise, ramp, rgb, ridge, soft


def window(rng: np.random.Generator) -> Canvas:
    """A pane with frost around its edges, and the lights of an evening behind it."""
    canvas = ramp([(0, (26, 40, 84)), (0.45, (72, 88, 142)), (0.62, (168, 140, 160)), (0.72, (120, 118, 160)), (1, (60, 72, 118))])
    line = ridge(rng, 720, 60, 500, 4)
    lay(canvas, (40, 52, 92), soft(below(line, 3), 10))
    lay(canvas, (108, 122, 172), soft(below(ridge(rng, 880, 30, 900, 2)), 14))
    lights = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    for _ in range(46):
        x, y, r = rng.uniform(0, WIDTH), rng.normal(690, 95), rng.uniform(18, 58)
        colour = ((255, 196, 110), (255, 160, 90), (255, 224, 170), (240, 120, 100), (150, 190, 255))[int(rng.integers(5))]
        disc = np.clip((r - np.hypot(X - x, Y - y)) / 3, 0, 1)
        rim = np.exp(-(((np.hypot(X - x, Y - y) - r + 4) / 5) ** 2)) * disc
        lights += rgb(colour) * ((disc * 0.42 + rim * 0.16) * rng.uniform(0.5, 1.0))[..., None]
    canvas = (1 - (1 - np.clip(canvas, 0, 1)) * (1 - np.clip(lights, 0, 0.9))).astype(np.float32)
    bars = [(-20, 34), (946, 974), (1886, 1940)], [(-20, 30), (520, 546), (1050, 1100)]
    away = np.full((HEIGHT, WIDTH), 1e4, np.float32)
    for x0, x1 in bars[0]:
        away = np.minimum(away, np.maximum(np.maximum(x0 - X, X - x1), 0))
    for y0, y1 in bars[1]:
        away = np.minimum(away, np.maximum(np.maximum(y0 - Y, Y - y1), 0) * (1.25 if y0 > 1000 else 1.6 if y0 < 0 else 2.4))
    ferns = frost(rng)
    reach = np.exp(-away / (110 + 60 * noise(rng, 260, 3)).clip(40, 260))
    ice = np.clip(reach * 1.15 - 0.12 + 0.25 * noise(rng, 26, 4) * reach, 0, 1)
    veil = soft(np.clip(reach, 0, 1), 6)
    canvas = canvas * (1 - 0.25 * veil[..., None]) + rgb((196, 216, 244)) * (0.30 * veil)[..., None]
    lay(canvas, (226, 238, 254), ice * (0.28 + 0.72 * ferns) * 0.85)
    lay(canvas, (246, 250, 255), np.clip(reach * 1.5 - 0.25, 0, 1) * np.clip(ferns * 1.5 - 0.45, 0, 1))
    wood = np.zeros((HEIGHT, WIDTH), np.float32)
    shadow = np.zeros((HEIGHT, WIDTH), np.float32)
    for x0, x1 in bars[0]:
        wood, shadow = np.maximum(wood, box(x0, -9, x1, HEIGHT + 9)), np.maximum(shadow, box(x0 - 12, -9, x1 + 12, HEIGHT + 9))
    for y0, y1 in bars[1]:
        wood, shadow = np.maximum(wood, box(-9, y0, WIDTH + 9, y1)), np.maximum(shadow, box(-9, y0 - 9, WIDTH + 9, y1 + 16))
    lay(canvas, (24, 30, 52), soft(shadow, 8) * 0.55)
    lay(canvas, (74, 56, 50), wood)
    height = soft(wood, 5)
    lit = cv2.Sobel(height, cv2.CV_32F, 1, 1, ksize=3)
    canvas += rgb((255, 214, 160)) * (np.clip(lit * 3.5, -0.10, 0.22) * wood)[..., None]
    grain = noise(rng, 5, 2, 14)
    canvas *= (1 + 0.06 * grain * wood)[..., None]
    for y0, _ in bars[1][1:]:
        mound = np.clip((Y[:, :] - (y0 - 12 - 14 * np.abs(noise(rng, 200, 3, 1.5)))) / 4, 0, 1) * np.clip((y0 + 4 - Y) / 3, 0, 1)
        lay(canvas, (232, 240, 252), soft(mound.astype(np.float32), 2.5))
    return soft(canvas, 1.0)


def frost(rng: np.random.Generator) -> Plane:
    """[H, W] 0…1 of ferns of ice: branches that branch, from the frame inwards."""
    drawn = np.zeros((HEIGHT, WIDTH), np.uint8)

    def branch(x: float, y: float, angle: float, length: float, depth: int) -> None:
        steps, bend = max(3, int(length / 9)), rng.normal(0, 0.016)
        for step in range(steps):
            nx, ny = x + 9 * np.cos(angle), y + 9 * np.sin(angle)
            t = step / steps
            cv2.line(
                drawn,
                (int(x * 8), int(y * 8)),
                (int(nx * 8), int(ny * 8)),
                int(255 - 90 * t),
                2 if depth == 2 and t < 0.6 else 1,
                cv2.LINE_AA,
                3,
            )
            x, y, angle = nx, ny, angle + bend + rng.normal(0, 0.02)
            if depth > 0 and step > 0:
                for side in (-1, 1):
                    branch(x, y, angle + side * rng.uniform(0.75, 1.0), length * (0.36 if depth == 2 else 0.3) * (1 - 0.75 * t), depth - 1)

    for left, right in ((34, 946), (974, 1886)):
        for top, bottom in ((30, 520), (546, 1050)):
            for _ in range(26):
                side = int(rng.integers(4))
                along = rng.random()
                x, y = (
                    (left + along * (right - left), (top, bottom)[side % 2])
                    if side < 2
                    else ((left, right)[side % 2], top + along * (bottom - top))
                )
                inwards = np.arctan2((top + bottom) / 2 - y, (left + right) / 2 - x)
                branch(float(x), float(y), float(inwards + rng.normal(0, 0.5)), float(rng.uniform(110, 260)), 2)
    lines = drawn.astype(np.float32) / 255
    return np.asarray(np.clip(0.75 * soft(lines, 0.8) + 0.7 * soft(lines, 4), 0, 1), dtype=np.float32)
