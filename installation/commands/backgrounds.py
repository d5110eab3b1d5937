"""Draws the winter scenes that a visitor can stand before: ``python -m installation backgrounds [--out FOLDER]``.

Hills at dusk, a village street at night, a frosted window, a room with a fire. Each is painted by rule from a seed, soft and
without anything sharp, for people stand before it; the same code gives the same pictures.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from installation.errors import ConfigError
from installation.messages import Image
from installation.places import kept

WIDTH, HEIGHT = 1920, 1080
FOLDER = kept("backgrounds")
MOST_BYTES = 240_000
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


def fir(canvas: Canvas, rng: np.random.Generator, x: float, foot: float, height: float, tree: Colour, light: Colour) -> None:
    """Paint a fir: tiers of drooping boughs, each laden with snow on its upper side."""
    tiers = max(5, int(height / 26))
    mask, white = np.zeros((HEIGHT, WIDTH), np.uint8), np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.rectangle(mask, (int(x - height * 0.018), int(foot - height * 0.1)), (int(x + height * 0.018), int(foot)), 255, -1)
    for tier in range(tiers):
        t = tier / (tiers - 1)
        top = foot - height + t * height * 0.82
        half, drop = height * (0.035 + 0.225 * t**0.9), height * (0.10 + 0.10 * t)
        for side in (-1, 1):
            reach = half * rng.uniform(0.78, 1.12)
            lean = rng.uniform(-0.05, 0.05) * height * 0.1
            tip = (x + side * reach, top + drop + lean)
            under = [
                (x + side * reach * f, top + drop * (1.02 - 0.28 * (1 - f)) + rng.uniform(0, drop * 0.22)) for f in (0.8, 0.6, 0.4, 0.2)
            ]
            points = np.array([(x, top - height * 0.02), (x + side * reach * 0.45, top + drop * 0.34), tip, *under, (x, top + drop * 0.95)])
            cv2.fillPoly(mask, [np.round(points * 8).astype(np.int32)], 255, cv2.LINE_AA, shift=3)
            thick = max(2, int(height * 0.012))
            begin, end = rng.uniform(0.05, 0.35), rng.uniform(0.75, 1.0)
            for f in np.linspace(begin, end, max(4, int(reach / 5))):
                at = (
                    x + side * reach * f,
                    top + drop * (0.30 * f / 0.45 if f < 0.45 else 0.30 + 0.70 * (f - 0.45) / 0.55) + 0.012 * height,
                )
                cv2.circle(
                    white, (int(at[0] * 8), int(at[1] * 8)), int(thick * rng.uniform(4, 11)), int(rng.uniform(120, 255)), -1, cv2.LINE_AA, 3
                )
    reach_x = 0.4 * height
    part = np.s_[
        max(0, int(foot - 1.1 * height)) : min(HEIGHT, int(foot + 12)), max(0, int(x - reach_x)) : max(0, min(WIDTH, int(x + reach_x)))
    ]
    if mask[part].size:
        blur, below_it = 0.5 + height / 320, canvas[part]
        for plane, colour, share in ((mask, tree, 1.0), (white, light, 0.8)):
            laid = share * cv2.GaussianBlur(plane[part].astype(np.float32) / 255, (0, 0), blur)
            below_it += (rgb(colour) - below_it) * laid[..., None]


def flakes(canvas: Canvas, rng: np.random.Generator, count: int, sizes: tuple[float, float], light: float) -> None:
    """Snow in the air: small discs out of focus."""
    layer = np.zeros((HEIGHT, WIDTH), np.float32)
    for _ in range(count):
        x, y, r = rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT), rng.uniform(*sizes)
        cv2.circle(layer, (int(x * 8), int(y * 8)), int(r * 8), float(rng.uniform(0.25, 1.0)), -1, cv2.LINE_AA, 3)
    lay(canvas, (240, 244, 252), soft(layer, sizes[1] * 0.35) * light)


def hills(rng: np.random.Generator) -> Canvas:
    """Snowy hills with firs after the sun has gone."""
    canvas = ramp(
        [
            (0, (34, 46, 92)),
            (0.2, (72, 80, 138)),
            (0.38, (158, 124, 164)),
            (0.5, (238, 168, 150)),
            (0.56, (255, 206, 158)),
            (1, (255, 206, 158)),
        ]
    )
    glow(canvas, 1240, 590, 330, (255, 190, 120), 0.38)
    clouds = np.clip(noise(rng, 110, 5, 5.0) - 0.1, 0, 1) * np.clip((560 - Y) / 300, 0, 1) * np.clip(Y / 120, 0.2, 1)
    lay(canvas, (248, 186, 176), soft(clouds, 3) * 0.42)
    for _ in range(130):
        glow_at = (int(rng.uniform(0, WIDTH)), int(rng.uniform(0, 330) ** 1.0))
        cv2.circle(canvas, glow_at, 1, tuple(float(c) for c in (0.85, 0.88, 1.0)), -1, cv2.LINE_AA)
    far = ridge(rng, 560, 46, 420, 6)
    lay(canvas, (150, 138, 184), below(far, 3))
    shade = soft(np.clip(noise(rng, 60, 4, 1.3), 0, 1), 2)
    lay(canvas, (226, 186, 196), below(far, 3) * shade * np.clip(1 - (Y - far[None, :]) / 90, 0, 1))
    lay(canvas, (186, 166, 196), np.clip((Y - 540) / 130, 0, 1) * below(far, 3) * 0.75)
    layers = (
        (640, 26, 700, (132, 138, 186), (196, 178, 210), 52, 60, (70, 84, 124), 70),
        (735, 34, 900, (140, 152, 202), (214, 204, 230), 105, 150, (42, 58, 92), 34),
        (870, 34, 1200, (160, 176, 220), (232, 230, 246), 260, 380, (22, 36, 62), 11),
    )
    for height, swing, size, shadow, light, low, high, tree, count in layers:
        line = ridge(rng, height, swing, size, 3)
        drifts = np.clip(0.55 + 0.5 * noise(rng, 130, 4, 4.0) - (Y - line[None, :]) / 520, 0, 1)
        ground = rgb(shadow) + (rgb(light) - rgb(shadow)) * soft(drifts, 4)[..., None]
        lay(canvas, ground.astype(np.float32), below(line, 3))
        lay(canvas, (255, 222, 204), below(line, 3) * np.exp(-(((Y - line[None, :]) / 9) ** 2)) * np.exp(-(((X - 1240) / 560) ** 2)) * 0.7)
        trees = []
        for _ in range(count):
            x = rng.uniform(0, WIDTH) if count > 20 else rng.choice([rng.uniform(-40, 470), rng.uniform(1450, 1960)])
            foot = line[int(np.clip(x, 0, WIDTH - 1))] + rng.uniform(2, 30 if count > 20 else 90)
            trees.append((float(foot), float(x), float(rng.uniform(low, high))))
        for foot, x, tall in sorted(trees):
            fir(canvas, rng, x, foot, tall, tree, light)
        if count > 20:
            lay(canvas, (206, 186, 214), np.exp(-(((Y - height - 30) / 50) ** 2)) * 0.28)
    flakes(canvas, rng, 260, (1.2, 4.0), 0.55)
    return soft(canvas, 1.3)


def house(
    canvas: Canvas,
    rng: np.random.Generator,
    x: float,
    base: float,
    width: float,
    wall: float,
    roof: float,
    tone: Colour,
    lit: list[tuple[float, float, float]],
) -> None:
    """A gabled house; ``lit`` gathers the middles and sizes of its lit windows."""
    top = base - wall
    body = np.maximum(box(x, top, x + width, base), polygon([(x, top + 2), (x + width, top + 2), (x + width / 2, top - roof)]))
    lay(canvas, tone, body)
    lay(canvas, (14, 18, 36), body * np.clip((X - x) / width, 0, 1) * 0.45)
    thick = 0.075 * width
    for side in (0, 1):
        end = x - 0.07 * width if side == 0 else x + 1.07 * width
        slab = [
            (end, top + 0.06 * roof),
            (x + width / 2, top - roof - thick * 0.5),
            (x + width / 2, top - roof + thick),
            (end, top + 0.06 * roof + thick),
        ]
        lay(canvas, (168, 182, 222) if side == 0 else (126, 142, 192), polygon(slab, 2.0))
    columns, rows = max(2, round(width / 92)), max(1, round(wall / 130))
    w, h = width / columns * 0.44, wall / rows * 0.44
    for row in range(rows):
        for column in range(columns):
            cx, cy = x + (column + 0.5) * width / columns, top + (row + 0.52) * wall / rows
            on = rng.random() < 0.74
            lay(canvas, (30, 26, 34), box(cx - w / 2 - 5, cy - h / 2 - 5, cx + w / 2 + 5, cy + h / 2 + 5))
            pane = box(cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2)
            warm = rng.uniform(0.75, 1.0)
            light = (int(255 * warm), int(196 * warm), int(104 * warm)) if on else (38, 48, 78)
            lay(canvas, light, pane)
            if on:
                lay(canvas, (255, 236, 176), pane * np.exp(-(((X - cx) / (0.4 * w)) ** 2) - ((Y - cy - 0.1 * h) / (0.4 * h)) ** 2) * 0.8)
                lit.append((cx, cy, w))
            lay(
                canvas,
                (44, 34, 36),
                np.maximum(box(cx - 2.2, cy - h / 2, cx + 2.2, cy + h / 2), box(cx - w / 2, cy - 2.2, cx + w / 2, cy + 2.2)),
            )
            lay(canvas, (196, 208, 238), box(cx - w / 2 - 9, cy + h / 2 + 3, cx + w / 2 + 9, cy + h / 2 + 11, 3))


def village(rng: np.random.Generator) -> Canvas:
    """A street at night, with lit windows and lamps in the snow."""
    canvas = ramp([(0, (10, 16, 42)), (0.35, (24, 36, 80)), (0.62, (52, 66, 118)), (1, (52, 66, 118))])
    for _ in range(220):
        light = float(rng.uniform(0.3, 0.9))
        cv2.circle(canvas, (int(rng.uniform(0, WIDTH)), int(rng.uniform(0, 520))), 1, (light, light, light), -1, cv2.LINE_AA)
    glow(canvas, 1180, 170, 190, (150, 170, 230), 0.30)
    lay(canvas, (238, 240, 248), np.clip((46 - np.hypot(X - 1180, Y - 170)) / 2, 0, 1))
    far = ridge(rng, 520, 40, 500, 5)
    lay(canvas, (40, 54, 102), below(far))
    lit: list[tuple[float, float, float]] = []
    back = ((700, 705, 118, 105, 82), (850, 700, 108, 90, 76), (980, 702, 124, 112, 84), (1120, 706, 112, 96, 80))
    tones: tuple[Colour, ...] = ((66, 52, 70), (58, 56, 82), (78, 58, 62), (54, 62, 86), (84, 66, 66), (62, 50, 62))
    for i, (x, base, width, wall, roof) in enumerate(back):
        house(canvas, rng, x, base, width, wall, roof, tones[i % 6], lit)
    lay(canvas, (52, 66, 118), np.clip((Y - 480) / 240, 0, 1) * (Y < 706) * 0.25)
    tower = box(925, 420, 975, 700)
    lay(canvas, (56, 56, 84), tower)
    lay(canvas, (148, 164, 210), polygon([(915, 424), (950, 300), (985, 424)], 2))
    lay(canvas, (255, 206, 120), box(942, 470, 958, 500, 4))
    road = (
        rgb((96, 112, 168))
        + (rgb((188, 200, 234)) - rgb((96, 112, 168))) * np.clip(soft(0.5 + 0.45 * noise(rng, 60, 4, 5), 3), 0, 1)[..., None]
    )
    lay(canvas, road.astype(np.float32), np.clip((Y - 698) / 6, 0, 1))
    sides = (
        (470, 760, 190, 190, 130),
        (1290, 762, 186, 200, 126),
        (150, 845, 320, 330, 200),
        (1500, 850, 330, 340, 210),
        (-330, 980, 460, 560, 300),
        (1800, 985, 460, 560, 300),
    )
    for i, (x, base, width, wall, roof) in enumerate(sides):
        house(canvas, rng, x, base, width, wall, roof, tones[(i + 2) % 6], lit)
        lay(
            canvas,
            (178, 192, 232),
            polygon(
                [
                    (x - 70, base + 26),
                    (x + 20, base - 18),
                    (x + width * 0.6, base - 26),
                    (x + width + 60, base + 22),
                    (x + width / 2, base + 46),
                ],
                9,
            ),
        )
    shine = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    for cx, cy, w in lit:
        glow(shine, cx, cy, 0.9 * w + 8, (255, 170, 80), 0.16)
        reach = np.exp(-(((X - cx) / (1.3 * w)) ** 2) - ((Y - cy - 3.1 * w - 60) / (1.0 * w + 14)) ** 2) * np.clip((Y - 700) / 40, 0, 1)
        shine += rgb((255, 178, 96)) * (0.10 * reach)[..., None]
    canvas += shine
    for x, foot, tall in ((620, 800, 190), (1262, 802, 190), (430, 940, 330), (1478, 944, 330)):
        lay(canvas, (20, 20, 30), box(x - 0.014 * tall, foot - tall, x + 0.014 * tall, foot))
        lay(
            canvas,
            (255, 226, 160),
            polygon(
                [
                    (x - 0.05 * tall, foot - tall),
                    (x + 0.05 * tall, foot - tall),
                    (x + 0.036 * tall, foot - 1.13 * tall),
                    (x - 0.036 * tall, foot - 1.13 * tall),
                ],
                2,
            ),
        )
        lay(canvas, (206, 216, 240), box(x - 0.06 * tall, foot - 1.17 * tall, x + 0.06 * tall, foot - 1.13 * tall, 4))
        glow(canvas, x, foot - 1.06 * tall, 0.28 * tall, (255, 186, 100), 0.55)
        canvas += (
            rgb((255, 190, 110))
            * (0.20 * np.exp(-(((X - x) / (0.75 * tall)) ** 2) - ((Y - foot - 8) / (0.16 * tall)) ** 2) * (Y > 690))[..., None]
        )
    for x0, y0, x1, span in ((290, 420, 1640, -10), (560, 560, 1380, -5)):
        for t in np.linspace(0, 1, 27):
            px, py = x0 + (x1 - x0) * t, y0 + span * t + 110 * 4 * t * (1 - t) * (0.6 if y0 > 500 else 1.0)
            colour = ((255, 206, 130), (255, 120, 96), (150, 220, 150), (140, 180, 255))[int(rng.integers(4))]
            glow(canvas, px, py, 15, colour, 0.42)
            lay(canvas, colour, np.clip((6 - np.hypot(X - px, Y - py)) / 2, 0, 1))
    flakes(canvas, rng, 420, (1.2, 4.5), 0.5)
    return soft(canvas, 1.5)


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


SCENES: Mapping[str, tuple[int, Callable[[np.random.Generator], Canvas]]] = MappingProxyType(
    {"fireside": (4, fireside), "frosted-window": (3, window), "snowy-hills": (1, hills), "village-night": (2, village)}
)


def painted(name: str) -> Image:
    """[1080, 1920, 3] of one scene."""
    seed, paint = SCENES[name]
    canvas = paint(np.random.default_rng(seed))
    dither = np.random.default_rng(seed).normal(0, 0.8, (HEIGHT, WIDTH, 1))
    return np.asarray(np.clip(canvas * 255.0 + 0.5 + dither, 0, 255), dtype=np.uint8)


def packed(picture: Image) -> bytes:
    """As the finest WebP that is small enough."""
    for quality in range(90, 30, -5):
        memory = io.BytesIO()
        Pillow.fromarray(picture).save(memory, "WEBP", quality=quality, method=6)
        if memory.tell() <= MOST_BYTES:
            break
    return memory.getvalue()


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m installation backgrounds", description="Draw the winter scenes to stand before.")
    parser.add_argument(
        "--out", type=Path, default=FOLDER, metavar="FOLDER", help="where to write them (default: backgrounds/ of the show)"
    )
    out: Path = parser.parse_args(argv).out
    for name in SCENES:
        path, content = out / f"{name}.webp", packed(painted(name))
        try:
            out.mkdir(parents=True, exist_ok=True)
            fresh = path.with_name(f".{path.name}.tmp")
            fresh.write_bytes(content)
            fresh.replace(path)
        except OSError as err:
            raise ConfigError(f"{path}: cannot be written ({err.strerror or err}); name another folder with --out") from err
        print(f"{path}: {len(content) / 1000:.0f} KB")
    return 0
