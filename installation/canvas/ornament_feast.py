"""Ornaments for feasts: a fir garland with holly, hanging stars, lanterns, pennants, and pumpkins under webs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from installation.canvas.ornament_brush import Brush, Points, along, blend, swags
from installation.canvas.particles import Colour


@dataclass(frozen=True, slots=True)
class Glow:
    """A light that breathes. x, y, radius in units; pace in Hz."""

    x: float
    y: float
    radius: float
    colour: Colour
    pace: float = 0.15


FIR: tuple[Colour, ...] = ((10, 26, 18), (18, 44, 28), (30, 66, 38), (52, 96, 54))
LEAF: tuple[Colour, ...] = ((16, 62, 34), (34, 98, 52), (22, 78, 42))
BERRY: tuple[Colour, ...] = ((92, 8, 14), (176, 22, 28), (226, 60, 54), (255, 190, 176))
BAUBLE: tuple[Colour, ...] = ((92, 56, 14), (190, 134, 44), (240, 200, 112), (255, 250, 226))
STAR: tuple[Colour, ...] = ((150, 104, 36), (248, 218, 140))
PAPER: tuple[tuple[Colour, ...], ...] = (
    ((110, 20, 14), (206, 56, 32), (255, 150, 70)),
    ((128, 74, 12), (232, 158, 48), (255, 224, 140)),
    ((92, 32, 60), (188, 78, 110), (255, 176, 170)),
)  # fmt: skip
PENNANTS: tuple[Colour, ...] = ((206, 62, 58), (238, 186, 74), (46, 128, 138), (240, 230, 208), (112, 76, 140))
PUMPKIN: tuple[Colour, ...] = ((74, 24, 4), (176, 74, 10), (236, 128, 26), (255, 178, 74))


def holly(brush: Brush, rng: np.random.Generator) -> list[Glow]:
    """A garland of fir along the top that falls down both sides, with holly, baubles and warm lights."""
    width, glows = brush.width, []
    spans = max(2, round(width / 420))
    top = swags((-20, 6), (width + 20, 6), spans, 34)
    sides = [np.stack([x + 5 * np.sin(np.linspace(0, 9, 60)), np.linspace(0, 0.56 * brush.height, 60)], axis=1) for x in (6, width - 6)]
    for path, fullness in ((sides[0], 0.8), (sides[1], 0.8), (top, 1.0)):
        _fir(brush, rng, path, fullness)
    for path in (top, *sides):
        places, _ = along(path, 46.0, 22.0)
        for x, y in places:
            lower = y + float(rng.uniform(-9, 12))
            glows.append(Glow(x, lower, 20.0, (255, 196, 104), float(rng.uniform(0.08, 0.3))))
            brush.ball(x, lower, 3.0, 3.4, ((190, 120, 40), (255, 226, 160), (255, 250, 232)))
    knots = [(width * i / spans, 14.0) for i in range(1, spans)] + [(26.0, 24.0), (width - 26.0, 24.0)]
    for x, y in knots:
        for angle in (0.25, np.pi - 0.25, np.pi / 2):
            _leaf(brush, x, y, angle + float(rng.uniform(-0.15, 0.15)), 60.0 if angle != np.pi / 2 else 44.0)
        for off in ((-9, 2), (9, 1), (0, 15)):
            brush.ball(x + off[0], y + off[1], 10.0, 10.0, BERRY)
    for i in range(spans):
        x = width * (i + 0.5) / spans
        brush.line([(x, 50), (x, 74)], (150, 116, 60), 1.2)
        brush.ball(x, 88, 14.0, 14.0, BAUBLE if i % 2 == 0 else BERRY)
        brush.fill([(x - 4, 75), (x + 4, 75), (x + 4, 70), (x - 4, 70)], (206, 164, 86))
    return glows


def _fir(brush: Brush, rng: np.random.Generator, path: Points, fullness: float) -> None:
    for shade, colour in enumerate(FIR):
        places, angles = along(path, 2.8 if shade < 2 else 3.6)
        for (x, y), angle in zip(places, angles, strict=True):
            lean = float(rng.choice((-1, 1)) * rng.uniform(0.35, 1.5))
            long = fullness * float(rng.uniform(16, 34)) * (1.0 - 0.14 * shade)
            turned = angle + lean
            start = rng.uniform(-6, 6, 2) * fullness
            x0, y0 = x + start[0], y + start[1]
            brush.line([(x0, y0), (x0 + long * np.cos(turned), y0 + long * np.sin(turned))], colour, 2.0)


def _leaf(brush: Brush, x: float, y: float, angle: float, long: float) -> None:
    """A holly leaf: five spines to either side, one half lighter."""
    t = np.linspace(0.0, 1.0, 31)
    spines = np.abs(np.cos(np.pi * 4.0 * t)) ** 1.6
    half = 0.30 * long * np.sin(np.pi * t) ** 0.7 * (0.62 + 0.5 * spines)
    cosine, sine = np.cos(angle), np.sin(angle)

    def put(u: Points, v: Points) -> Points:
        return np.stack([x + u * cosine - v * sine, y + u * sine + v * cosine], axis=1)

    for side, colour in ((1.0, LEAF[0]), (-1.0, LEAF[1])):
        rim = put(t * long, side * half)
        brush.fill(np.concatenate([rim, put(t[::-1] * long, 0 * t)]), colour)
    brush.line(put(t * long, 0 * t), (128, 168, 118), 1.2)


def stars(brush: Brush, rng: np.random.Generator) -> list[Glow]:
    """Golden stars on threads of many lengths."""
    glows, count = [], max(7, round(brush.width / 62))
    for i in range(count):
        x = brush.width * (i + 0.5 + 0.25 * float(rng.uniform(-1, 1))) / count
        away = abs(2 * x / brush.width - 1)
        y = float(rng.uniform(28, 80)) + 170 * away**2.2 * float(rng.uniform(0.5, 1.0))
        size = float(rng.choice((10, 14, 20, 26), p=(0.35, 0.3, 0.22, 0.13)))
        brush.line([(x, -2), (x, y - size)], (126, 104, 62), 1.0)
        if y > 90 and rng.random() < 0.7:
            brush.ball(x, 0.55 * y, 4.2, 4.2, BAUBLE)
        _star(brush, x, y, size, float(rng.uniform(-0.2, 0.2)))
        glows.append(Glow(x, y, 2.6 * size, (255, 206, 120), float(rng.uniform(0.08, 0.25))))
    return glows


def _star(brush: Brush, x: float, y: float, size: float, turn: float) -> None:
    """A star of five folded points, lit from the left."""
    angles = turn - np.pi / 2 + np.arange(10) * np.pi / 5
    radii = np.where(np.arange(10) % 2 == 0, size, 0.42 * size)
    rim = np.stack([x + radii * np.cos(angles), y + radii * np.sin(angles)], axis=1)
    for i in range(10):
        middle = (angles[i] + angles[(i + 1) % 10] + (2 * np.pi if i == 9 else 0)) / 2
        light = 0.5 + 0.5 * np.cos(middle - np.pi * 1.2 + (0.9 if i % 2 else -0.9))
        brush.fill(np.stack([rim[i], rim[(i + 1) % 10], np.array([x, y])]), blend(STAR, float(light)))


def lanterns(brush: Brush, rng: np.random.Generator) -> list[Glow]:
    """Paper lanterns on two hanging strings."""
    glows = []
    for string, (high, sag, size) in enumerate(((-6.0, 62.0, 27.0), (10.0, 26.0, 19.0))[::-1]):
        spans = 2 if string else 3
        path = swags((-10, high), (brush.width + 10, high), spans, sag)
        brush.line(path, (44, 34, 28), 1.6)
        places, _ = along(path, 118.0 if string else 96.0, 52.0 if string else 30.0)
        for i, (x, y) in enumerate(places):
            paper, long = PAPER[(i + string) % len(PAPER)], size * float(rng.uniform(0.9, 1.12))
            middle = y + 8 + long
            brush.line([(x, y), (x, middle - long)], (44, 34, 28), 1.4)
            for share in np.linspace(0, 1, 18):
                brush.ellipse(
                    x, middle + 0.16 * long * share, long * (1.06 - 0.85 * share), long * (0.94 - 0.78 * share), blend(paper, share)
                )
            for rib in (-0.72, -0.4, 0.0, 0.4, 0.72):
                t = np.linspace(-1, 1, 15)
                brush.line(
                    np.stack([x + rib * long * np.sqrt(1 - 0.96 * t * t), middle + 0.92 * long * t], axis=1), blend(paper, 0.28), 1.0
                )
            for edge in (-0.95, 0.95):
                brush.ellipse(x, middle + edge * long, 0.36 * long, 0.10 * long, (52, 34, 22))
            brush.line([(x, middle + long), (x, middle + 1.5 * long)], paper[1], 2.2)
            glows.append(Glow(x, middle + 3, 2.8 * long, paper[2], float(rng.uniform(0.06, 0.16))))
    return glows


def bunting(brush: Brush, rng: np.random.Generator) -> list[Glow]:
    """Two strings of pennants and a string of bulbs."""
    glows = []
    for string, (high, sag, spans) in enumerate(((2.0, 34.0, 3), (-4.0, 74.0, 2))):
        path = swags((-12, high), (brush.width + 12, high), spans, sag)
        places, angles = along(path, 36.0, 10.0 + 18 * string)
        for i, ((x, y), angle) in enumerate(zip(places, angles, strict=True)):
            flat, swing = PENNANTS[(2 * i + string) % len(PENNANTS)], angle + float(rng.uniform(-0.08, 0.08))
            cosine, sine = np.cos(swing), np.sin(swing)
            corners = [(x - 14 * cosine, y - 14 * sine), (x + 14 * cosine, y + 14 * sine), (x - 36 * sine, y + 36 * cosine)]
            brush.fill(corners, flat)
            brush.fill([(x, y), corners[1], corners[2]], blend((flat, (20, 16, 20)), 0.24))
        brush.line(path, (70, 58, 48), 2.0)
    path = swags((-12, -2), (brush.width + 12, -2), 4, 112)
    brush.line(path, (40, 32, 28), 1.4)
    for x, y in along(path, 44.0, 20.0)[0]:
        brush.ball(x, y + 7, 5.0, 6.4, ((190, 120, 44), (255, 220, 140), (255, 250, 226)))
        glows.append(Glow(x, y + 7, 26.0, (255, 190, 96), float(rng.uniform(0.08, 0.3))))
    return glows


def pumpkins(brush: Brush, rng: np.random.Generator) -> list[Glow]:
    """Webs in the upper corners, bare twigs, and lit pumpkins in the lower ones."""
    for left in (True, False):
        _twigs(brush, rng, 0.0 if left else brush.width, 0.30 * brush.height, 0.15 if left else np.pi - 0.15, 84.0, 6.0)
        _web(brush, rng, left)
    glows = []
    for x, size, face in ((66.0, 62.0, 0), (164.0, 36.0, 1), (brush.width - 72.0, 68.0, 1), (brush.width - 178.0, 40.0, 0)):
        y = brush.height - 0.62 * size
        for part in (-0.66, 0.66, -0.36, 0.36, 0.0):
            brush.ball(x + part * size, y, size * (0.46 - 0.12 * abs(part)), 0.80 * size * (1 - 0.12 * abs(part)), PUMPKIN, light=0.3)
        brush.fill([(x - 6, y - 0.74 * size), (x + 7, y - 0.74 * size), (x + 15, y - 1.08 * size), (x + 5, y - 1.12 * size)], (58, 66, 26))
        for side in (-1, 1):
            lift = 0.12 if face else 0.0
            eye = [(0.16, -0.10 - lift), (0.50, -0.10 + lift), (0.34, -0.40)]
            _lit(brush, [(x + side * u * size, y + v * size) for u, v in eye])
        grin = [(-0.56, 0.14), (-0.3, 0.28), (-0.16, 0.2), (-0.06, 0.32), (0.08, 0.32), (0.18, 0.2), (0.3, 0.28), (0.56, 0.14), (0.34, 0.5),
                (0.12, 0.46), (0.0, 0.56), (-0.14, 0.47), (-0.34, 0.5)]  # fmt: skip
        _lit(brush, [(x + u * size, y + v * size) for u, v in grin])
        glows.append(Glow(x, y + 0.1 * size, 1.7 * size, (255, 150, 40), float(rng.uniform(0.25, 0.6))))
    return glows


def _lit(brush: Brush, corners: list[tuple[float, float]]) -> None:
    brush.fill(corners, (255, 206, 92))
    brush.line([*corners, corners[0]], (110, 42, 6), 2.0)


def _web(brush: Brush, rng: np.random.Generator, left: bool) -> None:
    size, spokes = 210.0, 7
    angles = np.linspace(-0.04, np.pi / 2 + 0.04, spokes)
    lengths = size * rng.uniform(0.8, 1.12, spokes)

    def put(radius: float, angle: float) -> tuple[float, float]:
        x = radius * np.cos(angle)
        return (x if left else brush.width - x), radius * np.sin(angle)

    for angle, long in zip(angles, lengths, strict=True):
        brush.line([(0.0 if left else brush.width, 0.0), put(long, angle)], (122, 124, 130), 1.2)
    for ring in np.linspace(0.14, 0.92, 8):
        for i in range(spokes - 1):
            t = np.linspace(0, 1, 9)
            radius = ring * ((1 - t) * lengths[i] + t * lengths[i + 1]) * (1 - 0.30 * t * (1 - t))
            brush.line([put(float(r), float(a)) for r, a in zip(radius, angles[i] + (angles[i + 1] - angles[i]) * t, strict=True)],
                       (108, 110, 116), 1.0)  # fmt: skip


def _twigs(brush: Brush, rng: np.random.Generator, x: float, y: float, angle: float, long: float, thick: float) -> None:
    """A bare branch that forks until its twigs are thin."""
    end_x, end_y = x + long * np.cos(angle), y + long * np.sin(angle)
    brush.line([(x, y), (end_x, end_y)], (14, 12, 13), thick)
    if thick > 1.2:
        for turn in (-0.5, 0.42):
            _twigs(
                brush, rng, end_x, end_y, angle + turn * float(rng.uniform(0.6, 1.4)), long * float(rng.uniform(0.5, 0.75)), thick * 0.64
            )
