"""A room with a fire, a garland and a tree."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from installation.paintings.brush import HEIGHT, WIDTH, Canvas, X, Y, box, glow, lay, noise, ramp, rgb, soft


def fireside(rng: np.random.Generator) -> Canvas:
    """A room with a fire, a garland and a tree, by their own light."""
    canvas = np.zeros((HEIGHT, WIDTH, 3), np.float32) + rgb((62, 40, 34))
    panels = 0.5 + 0.5 * np.cos(X / 160 * 2 * np.pi)
    canvas *= (0.88 + 0.12 * np.clip(panels * 8 - 0.4, 0, 1))[..., None]
    canvas *= (1 + 0.05 * noise(rng, 40, 4))[..., None]
    floor = 905
    boards = (
        0.85
        + 0.15 * np.clip(np.abs(np.sin((X - 960) / np.maximum(0.25 + (Y - 700) / 900, 0.05) / 62)) * 9, 0, 1)
        + 0.08 * noise(rng, 6, 2, 20)
    )
    lay(canvas, (rgb((74, 44, 28)) * boards[..., None]).astype(np.float32), np.clip((Y - floor) / 3, 0, 1))
    lay(canvas, (42, 26, 22), box(-9, floor - 44, WIDTH + 9, floor, 2))
    _bricks(canvas, rng, 560, 200, 1360, floor)
    lay(
        canvas,
        (16, 9, 8),
        np.maximum(box(740, 560, 1180, floor - 8, 4), np.clip((220 - np.hypot(X - 960, (Y - 560) * 1.9)) / 4, 0, 1) * (Y < 570)),
    )
    _fire(canvas, rng, 960, floor - 40)
    lay(canvas, (82, 50, 32), box(500, 366, 1420, 420, 3))
    lay(canvas, (124, 80, 48), box(500, 366, 1420, 378, 3))
    lay(canvas, (20, 12, 12), np.clip(1 - np.abs(Y - 432) / 26, 0, 1) * box(520, 420, 1400, 470, 6) * 0.6)
    _candles(canvas, rng, ((560, 70), (606, 104), (652, 60), (1280, 66), (1324, 110), (1368, 74)), 366)
    _garland(canvas, rng)
    _tree(canvas, rng, 1650, floor + 60, 800)
    _frosted_night(canvas, rng)
    light = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    glow(light, 960, 800, 430, (255, 130, 50), 0.36)
    light += rgb((255, 140, 60)) * (0.42 * np.exp(-(((X - 960) / 420) ** 2) - ((Y - 990) / 74) ** 2) * (floor < Y))[..., None]
    canvas += light * (0.35 + canvas)
    dark = np.hypot((X - 960) / 1250, (Y - 620) / 900)
    canvas *= np.clip(1.12 - 0.62 * dark**1.6, 0.25, 1.1)[..., None]
    return soft(canvas, 1.8)


def _bricks(canvas: Canvas, rng: np.random.Generator, x0: int, y0: int, x1: int, y1: int) -> None:
    lay(canvas, (78, 62, 54), box(x0, y0 - 300, x1, y1, 3))
    for row, y in enumerate(range(-40, y1, 36)):
        for x in range(x0 - (row % 2) * 44, x1, 88):
            tone = rng.uniform(0.8, 1.15)
            left, right = max(x, x0) + 3, min(x + 88, x1) - 3
            if right - left > 8:
                red, green, blue = 122 * tone, 70 * tone, 52 * tone
                part = canvas[max(y + 3, 0) : max(min(y + 33, y1), 0), left:right]
                part[:] = (
                    np.array([red, green, blue], np.float32) / 255 * np.linspace(1.06, 0.9, part.shape[0], dtype=np.float32)[:, None, None]
                    if len(part)
                    else 0
                )
    inside = box(x0, 0, x1, y1)
    canvas *= (1 + 0.10 * noise(rng, 12, 3) * inside)[..., None]


def _fire(canvas: Canvas, rng: np.random.Generator, x: float, foot: float) -> None:
    back = np.exp(-(((X - x) / 190) ** 2) - ((Y - foot + 60) / 170) ** 2) * box(742, 480, 1178, foot + 30, 6)
    canvas += rgb((255, 110, 30)) * (0.55 * back)[..., None]
    flames = np.zeros((HEIGHT, WIDTH), np.float32)
    for _ in range(46):
        fx, tall, wide = x + rng.normal(0, 74), rng.uniform(70, 240), rng.uniform(14, 40)
        tall *= np.exp(-(((fx - x) / 130) ** 2))
        t = np.clip((foot - Y) / max(tall, 20), 0, 1)
        sway = 16 * np.sin(t * 4 + rng.uniform(0, 6)) * t
        body = np.exp(-(((X - fx - sway) / (wide * (1 - t) ** 0.7 + 1e-3)) ** 2)) * (foot > Y) * (t < 1)
        flames += (body * (1 - t) ** 0.5 * rng.uniform(0.3, 0.6)).astype(np.float32)
    flames = soft(flames, 3)
    heat = np.clip(flames, 0, 2.4)
    colour = np.stack([np.clip(heat * 1.5, 0, 1), np.clip(heat * 0.72, 0, 0.92), np.clip(heat * 0.32 - 0.12, 0, 0.62)], axis=2)
    canvas += colour * np.clip(heat * 1.2, 0, 1)[..., None]
    for lx, ly, turn in ((x - 60, foot - 2, 8), (x + 66, foot + 2, -9), (x, foot - 34, 3)):
        log = np.zeros((HEIGHT, WIDTH), np.uint8)
        cv2.ellipse(log, (int(lx), int(ly)), (135, 22), turn, 0, 360, 255, -1, cv2.LINE_AA)
        cover = soft(log.astype(np.float32) / 255, 1.5)
        lay(canvas, (44, 24, 16), cover)
        canvas += (
            rgb((255, 120, 40)) * (cover * np.clip(0.55 + 0.6 * noise(rng, 16, 3), 0, 1) * np.exp(-(((Y - ly + 14) / 12) ** 2)))[..., None]
        )


def _candles(canvas: Canvas, rng: np.random.Generator, places: Sequence[tuple[int, int]], shelf: int) -> None:
    for x, tall in places:
        lay(canvas, (232, 214, 180), box(x - 13, shelf - tall, x + 13, shelf, 3))
        lay(canvas, (255, 190, 110), box(x - 13, shelf - tall, x + 13, shelf - tall + 26, 10) * 0.8)
        flame = np.exp(-(((X - x) / 5.5) ** 2) - ((Y - shelf + tall + 17) / 13) ** 2)
        glow(canvas, x, shelf - tall - 14, 62, (255, 176, 84), 0.34)
        lay(canvas, (255, 240, 190), flame)


def _garland(canvas: Canvas, rng: np.random.Generator) -> None:
    """Fir twigs and lamps along the mantel."""
    twigs = np.zeros((HEIGHT, WIDTH), np.uint8)
    light = np.zeros((HEIGHT, WIDTH), np.uint8)
    for t in np.linspace(0, 1, 520):
        x = 500 + 920 * t
        y = 398 + 46 * abs(np.sin(t * 3 * np.pi))
        for _ in range(7):
            angle, long = rng.uniform(0, 2 * np.pi), rng.uniform(14, 36)
            end = (int(x + long * np.cos(angle)), int(y + long * np.sin(angle) * 0.8))
            cv2.line(twigs if rng.random() < 0.65 else light, (int(x), int(y)), end, 255, 2, cv2.LINE_AA)
    lay(canvas, (18, 38, 28), soft(np.maximum(twigs, light).astype(np.float32) / 255, 2.0) * 1.3)
    lay(canvas, (54, 86, 54), soft(light.astype(np.float32) / 255, 1.2) * 0.8)
    for t in np.linspace(0.02, 0.98, 34):
        x, y = 500 + 920 * t + rng.uniform(-6, 6), 398 + 46 * abs(np.sin(t * 3 * np.pi)) + rng.uniform(-14, 14)
        glow(canvas, x, y, 13, (255, 186, 96), 0.30)
        lay(canvas, (255, 236, 186), np.clip((5 - np.hypot(X - x, Y - y)) / 2, 0, 1))


def _tree(canvas: Canvas, rng: np.random.Generator, x: float, foot: float, tall: float) -> None:
    boughs, bright = np.zeros((HEIGHT, WIDTH), np.uint8), np.zeros((HEIGHT, WIDTH), np.uint8)
    for _ in range(5200):
        t = rng.random() ** 0.6
        half = 0.36 * tall * t * (0.80 + 0.20 * np.sin(t * 42))
        px, py = x + rng.uniform(-1, 1) * half, foot - tall * (1 - t)
        slope = 0.55 * np.sign(px - x + 1e-6)
        long = rng.uniform(12, 34)
        end = (int(px + long * np.sign(px - x + 1e-6)), int(py + long * abs(slope)))
        cv2.line(boughs if rng.random() < 0.72 else bright, (int(px), int(py)), end, 255, 3, cv2.LINE_AA)
    lay(canvas, (14, 32, 26), soft(np.maximum(boughs, bright).astype(np.float32) / 255, 3) * 1.3)
    lay(canvas, (40, 72, 48), soft(bright.astype(np.float32) / 255, 1.5) * 0.7)
    for _ in range(95):
        t = rng.random() ** 0.6 * 0.94 + 0.04
        px, py = x + rng.uniform(-0.33, 0.33) * tall * t, foot - tall * (1 - t)
        if rng.random() < 0.3:
            colour = ((188, 40, 44), (214, 160, 72), (190, 196, 214))[int(rng.integers(3))]
            lay(canvas, colour, np.clip((15 - np.hypot(X - px, Y - py)) / 2, 0, 1))
            lay(canvas, (255, 236, 214), np.exp(-((np.hypot(X - px + 5, Y - py + 5) / 4) ** 2)) * 0.8)
        else:
            glow(canvas, px, py, 15, (255, 186, 92), 0.30)
            lay(canvas, (255, 238, 190), np.clip((4.5 - np.hypot(X - px, Y - py)) / 2, 0, 1))
    glow(canvas, x, foot - tall - 10, 48, (255, 210, 120), 0.7)
    lay(canvas, (255, 240, 196), np.clip((15 - np.hypot(X - x, Y - foot + tall + 10)) / 3, 0, 1))


def _frosted_night(canvas: Canvas, rng: np.random.Generator) -> None:
    """A window on the left, with the night and snow outside, and its curtains."""
    x0, y0, x1, y1 = 120, 170, 430, 700
    lay(canvas, (36, 24, 22), box(x0 - 22, y0 - 22, x1 + 22, y1 + 22, 3))
    night = ramp([(0, (16, 26, 62)), (0.4, (40, 58, 108)), (0.66, (96, 112, 160)), (1, (96, 112, 160))])
    lay(canvas, night, box(x0, y0, x1, y1))
    dots = np.zeros((HEIGHT, WIDTH), np.float32)
    for _ in range(110):
        cv2.circle(
            dots,
            (int(rng.uniform(x0, x1)), int(rng.uniform(y0, y1))),
            int(rng.uniform(1, 4)),
            float(rng.uniform(0.3, 0.9)),
            -1,
            cv2.LINE_AA,
        )
    lay(canvas, (226, 234, 250), soft(dots, 1.5) * box(x0, y0, x1, y1))
    for bar in (box(270, y0, 280, y1), box(x0, 344, x1, 353), box(x0, 520, x1, 529)):
        lay(canvas, (58, 40, 32), bar)
    lay(canvas, (226, 234, 248), soft(np.clip((Y - y1 + 20 - 12 * np.sin(X / 60)) / 4, 0, 1) * box(x0, y1 - 60, x1, y1), 3))
    for left, right in ((30, 150), (400, 520)):
        folds = 0.62 + 0.38 * np.sin((X - left) / 15 + 0.9 * np.sin(Y / 260))
        lay(canvas, (rgb((120, 28, 34)) * folds[..., None]).astype(np.float32), box(left, 110, right, 880, 5))
    lay(canvas, (84, 54, 34), box(10, 96, 540, 118, 4))
