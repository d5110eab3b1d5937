"""Snowy hills with firs at dusk."""

from __future__ import annotations

import cv2
import numpy as np

from installation.paintings.brush import HEIGHT, WIDTH, Canvas, Colour, X, Y, below, flakes, glow, lay, noise, ramp, rgb, ridge, soft


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
