"""A village street at night."""

from __future__ import annotations

import cv2
import numpy as np

from installation.paintings.brush import (
    HEIGHT,
    WIDTH,
    Canvas,
    Colour,
    X,
    Y,
    below,
    box,
    flakes,
    glow,
    lay,
    noise,
    polygon,
    ramp,
    rgb,
    ridge,
    soft,
)

# Walls of the houses, in turn.
TONES: tuple[Colour, ...] = ((66, 52, 70), (58, 56, 82), (78, 58, 62), (54, 62, 86), (84, 66, 66), (62, 50, 62))
Lit = tuple[float, float, float]  # middle and width of a lit window, px


def village(rng: np.random.Generator) -> Canvas:
    """A street at night, with lit windows and lamps in the snow."""
    canvas = _night_sky(rng)
    lit: list[Lit] = []
    _far_houses(canvas, rng, lit)
    _road(canvas, rng)
    _near_houses(canvas, rng, lit)
    canvas += _light_of(lit)
    _lamps(canvas)
    _strings_of_lights(canvas, rng)
    flakes(canvas, rng, 420, (1.2, 4.5), 0.5)
    return soft(canvas, 1.5)


def _night_sky(rng: np.random.Generator) -> Canvas:
    """Stars, the moon, and hills far away."""
    canvas = ramp([(0, (10, 16, 42)), (0.35, (24, 36, 80)), (0.62, (52, 66, 118)), (1, (52, 66, 118))])
    for _ in range(220):
        light = float(rng.uniform(0.3, 0.9))
        cv2.circle(canvas, (int(rng.uniform(0, WIDTH)), int(rng.uniform(0, 520))), 1, (light, light, light), -1, cv2.LINE_AA)
    glow(canvas, 1180, 170, 190, (150, 170, 230), 0.30)
    lay(canvas, (238, 240, 248), np.clip((46 - np.hypot(X - 1180, Y - 170)) / 2, 0, 1))
    far = ridge(rng, 520, 40, 500, 5)
    lay(canvas, (40, 54, 102), below(far))
    return canvas


def _far_houses(canvas: Canvas, rng: np.random.Generator, lit: list[Lit]) -> None:
    """A row at the end of the street, in haze, and the tower of a church."""
    back = ((700, 705, 118, 105, 82), (850, 700, 108, 90, 76), (980, 702, 124, 112, 84), (1120, 706, 112, 96, 80))
    for i, (x, base, width, wall, roof) in enumerate(back):
        house(canvas, rng, x, base, width, wall, roof, TONES[i % 6], lit)
    lay(canvas, (52, 66, 118), np.clip((Y - 480) / 240, 0, 1) * (Y < 706) * 0.25)
    tower = box(925, 420, 975, 700)
    lay(canvas, (56, 56, 84), tower)
    lay(canvas, (148, 164, 210), polygon([(915, 424), (950, 300), (985, 424)], 2))
    lay(canvas, (255, 206, 120), box(942, 470, 958, 500, 4))


def _road(canvas: Canvas, rng: np.random.Generator) -> None:
    """Trodden snow."""
    road = (
        rgb((96, 112, 168))
        + (rgb((188, 200, 234)) - rgb((96, 112, 168))) * np.clip(soft(0.5 + 0.45 * noise(rng, 60, 4, 5), 3), 0, 1)[..., None]
    )
    lay(canvas, road.astype(np.float32), np.clip((Y - 698) / 6, 0, 1))


def _near_houses(canvas: Canvas, rng: np.random.Generator, lit: list[Lit]) -> None:
    """Along both sides of the street, with drifts before their doors."""
    sides = (
        (470, 760, 190, 190, 130),
        (1290, 762, 186, 200, 126),
        (150, 845, 320, 330, 200),
        (1500, 850, 330, 340, 210),
        (-330, 980, 460, 560, 300),
        (1800, 985, 460, 560, 300),
    )
    for i, (x, base, width, wall, roof) in enumerate(sides):
        house(canvas, rng, x, base, width, wall, roof, TONES[(i + 2) % 6], lit)
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


def _light_of(lit: list[Lit]) -> Canvas:
    """What lit windows throw around themselves and onto the snow."""
    shine = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    for cx, cy, w in lit:
        glow(shine, cx, cy, 0.9 * w + 8, (255, 170, 80), 0.16)
        reach = np.exp(-(((X - cx) / (1.3 * w)) ** 2) - ((Y - cy - 3.1 * w - 60) / (1.0 * w + 14)) ** 2) * np.clip((Y - 700) / 40, 0, 1)
        shine += rgb((255, 178, 96)) * (0.10 * reach)[..., None]
    return shine


def _lamps(canvas: Canvas) -> None:
    """Street lamps, each in its own light."""
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


def _strings_of_lights(canvas: Canvas, rng: np.random.Generator) -> None:
    """Coloured lamps on two wires across the street."""
    for x0, y0, x1, span in ((290, 420, 1640, -10), (560, 560, 1380, -5)):
        for t in np.linspace(0, 1, 27):
            px, py = x0 + (x1 - x0) * t, y0 + span * t + 110 * 4 * t * (1 - t) * (0.6 if y0 > 500 else 1.0)
            colour = ((255, 206, 130), (255, 120, 96), (150, 220, 150), (140, 180, 255))[int(rng.integers(4))]
            glow(canvas, px, py, 15, colour, 0.42)
            lay(canvas, colour, np.clip((6 - np.hypot(X - px, Y - py)) / 2, 0, 1))


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
