"""A gilded picture frame around the canvas: a moulding with gadroons, a row of beads, rosettes in the corners."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from installation.canvas.ornament_brush import Brush

# The moulding from the rim inwards, in units: outer lip, gadrooned bow, groove, beads, inner lip, and its shadow on the picture.
LIP, BOW, GROOVE, BEADS, INNER, SHADOW = 6.0, 26.0, 29.0, 37.0, 41.0, 58.0
ROSETTE = 30.0  # radius
GADROON, BEAD = 17.0, 9.0  # lengths of one
GOLD_AT = (0.0, 0.25, 0.5, 0.75, 1.0)
GOLD = ((28, 17, 6), (94, 60, 20), (168, 118, 46), (222, 176, 88), (255, 240, 190))
Field = NDArray[np.float32]


def draw(brush: Brush, rng: np.random.Generator) -> None:
    """Paint the frame over the whole rim."""
    height, width = brush.picture.shape[:2]
    all_x = (np.arange(width, dtype=np.float32) + 0.5) / brush.unit
    all_y = (np.arange(height, dtype=np.float32) + 0.5) / brush.unit
    near_x, near_y = np.minimum(all_x, brush.width - all_x), np.minimum(all_y, brush.height - all_y)
    corner = ROSETTE * 1.86
    rows, columns = np.nonzero(
        np.minimum(near_x[None, :], near_y[:, None]) < np.where(np.maximum(near_x[None, :], near_y[:, None]) < corner, corner, SHADOW)
    )
    x, y, dx, dy = all_x[columns], all_y[rows], near_x[columns], near_y[rows]
    depth, upright = np.minimum(dx, dy), dx < dy  # upright: the left and right sides
    # Which way the moulding's slope faces the light, which comes from above and the left.
    faces = np.where(upright, np.where(x < brush.width / 2, 0.55, -0.65), np.where(y < brush.height / 2, 0.9, -0.8)).astype(np.float32)
    light = _moulding(depth, np.where(upright, y - brush.height / 2, x - brush.width / 2), faces)
    from_x, from_y = _from_corner(x, brush.width), _from_corner(y, brush.height)
    radius = np.hypot(from_x, from_y)
    inside = radius < ROSETTE
    light[inside] = _rosette(from_x[inside], from_y[inside], radius[inside])
    light += 0.03 * rng.standard_normal(len(light), dtype=np.float32)
    steps = np.linspace(0.0, 1.0, 256)
    gold = np.stack([np.interp(steps, GOLD_AT, [colour[i] for colour in GOLD]) for i in range(3)], axis=1)
    edge = np.where(inside, 1.0, np.clip(INNER - depth + 0.5, 0.0, 1.0)).astype(np.float32)
    dark = np.clip((SHADOW - depth) / (SHADOW - INNER), 0.0, 1.0) ** 2 * 0.6
    brush.picture[rows, columns, :3] = np.round(gold[np.clip(light * 255, 0, 255).astype(np.uint8)] * edge[:, None])
    brush.picture[rows, columns, 3] = np.round(255 * np.maximum(edge, dark))


def _moulding(depth: Field, run: Field, faces: Field) -> Field:
    """Light 0…1 on the moulding, ``depth`` from the rim and ``run`` along it."""
    light = np.full(depth.shape, 0.5, np.float32)
    lip = depth < LIP
    light[lip] = (0.45 - 0.35 * faces * np.cos(np.pi * depth / LIP))[lip]
    bow = (depth >= LIP) & (depth < BOW)
    across = (depth - LIP) / (BOW - LIP)
    lean = np.abs(run) / GADROON + 0.55 * across
    wave = np.abs(np.sin(np.pi * lean))
    rise = 0.5 + 0.42 * faces * np.cos(np.pi * across)
    carved = rise * (0.45 + 0.6 * wave) + 0.28 * np.clip(wave - 0.86, 0, 1) / 0.14 * np.clip(1 - np.abs(across - 0.4) * 3, 0, 1)
    light[bow] = carved[bow]
    groove = (depth >= BOW) & (depth < GROOVE)
    light[groove] = 0.06
    beads = (depth >= GROOVE) & (depth < BEADS)
    u = ((np.abs(run) / BEAD) % 1.0) * 2 - 1
    v = (depth - GROOVE) / (BEADS - GROOVE) * 2 - 1
    ball = np.sqrt(np.clip(1.0 - u * u - v * v, 0.0, 1.0))
    light[beads] = np.where(ball > 0, 0.12 + 0.55 * ball - 0.35 * faces * v, 0.06)[beads]
    inner = depth >= BEADS
    light[inner] = (0.55 + 0.4 * faces * np.cos(np.pi * (depth - BEADS) / (INNER - BEADS)))[inner]
    return light


def _from_corner(along: Field, length: float) -> Field:
    """Distance from the nearest corner's rosette along one axis, with its sign."""
    middle = ROSETTE * 0.86
    return np.asarray(np.where(along < length / 2, along - middle, along - (length - middle)), dtype=np.float32)


def _rosette(x: Field, y: Field, radius: Field) -> Field:
    """Light 0…1 on a flower of eight petals within a ring."""
    angle = np.arctan2(y, x)
    share = radius / ROSETTE
    toward = -(x * 0.6 + y * 0.8) / np.maximum(radius, 1e-3)  # to the light
    petal = np.abs(np.cos(4 * angle))
    flower = 0.3 + 0.5 * petal * np.sin(np.pi * np.clip((share - 0.2) / 0.62, 0, 1)) + 0.16 * toward
    heart = 0.42 + 0.5 * np.sqrt(np.clip(1 - (share / 0.24) ** 2, 0, 1)) + 0.25 * toward * share / 0.24
    ring = 0.5 + 0.45 * toward * np.cos(np.pi * (share - 0.84) / 0.16)
    light = np.where(share < 0.24, heart, np.where(share < 0.84, flower, ring))
    return np.asarray(np.where((share > 0.8) & (share < 0.85) | (share > 0.97), 0.08, light), dtype=np.float32)
