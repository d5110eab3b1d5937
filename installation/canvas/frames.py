"""Picture frames for the salon: a mat, a bevel and a moulding around a square portrait, painted once for each kind and size."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.canvas.layout import FRAMED_SHARE
from installation.messages import Image

Colour = tuple[int, int, int]
Plane = NDArray[np.float32]
STEP_PX = 16  # frames on their way are painted in steps of this size and scaled by the renderer
BEVEL = 0.006  # of the frame's side: the cut edge of the mat
SHADE = 0.022  # of the frame's side: how far the moulding's shadow falls onto the mat
LIGHT = (-0.5, -0.86)  # where it comes from: a lamp above, a little to the left
MOST_KEPT = 12  # painted frames without their portraits
GRAIN_SEED = 7


@dataclass(frozen=True, slots=True)
class Moulding:
    """width: of the frame's side. profile: (place 0 outside … 1 inside, height) of the cross-section, in its widths. grain 0…1: how
    much its wood shows. fillet: the thin inner lip."""

    colour: Colour
    fillet: Colour
    mat: Colour
    width: float
    profile: tuple[tuple[float, float], ...]
    gloss: float
    grain: float


OGEE = ((0.0, 0.0), (0.12, 0.5), (0.3, 0.9), (0.5, 0.62), (0.72, 0.66), (0.86, 0.3), (1.0, 0.12))
ROUND = ((0.0, 0.1), (0.1, 0.55), (0.5, 0.8), (0.85, 0.5), (1.0, 0.35))
FLAT = ((0.0, 0.5), (0.06, 0.62), (0.94, 0.62), (1.0, 0.5))
GILT = Moulding((150, 113, 52), (206, 170, 98), (233, 227, 214), 0.085, OGEE, gloss=0.85, grain=0.12)
WALNUT = Moulding((74, 47, 31), (196, 158, 88), (238, 234, 225), 0.07, ROUND, gloss=0.35, grain=0.6)
EBONY = Moulding((27, 26, 28), (66, 62, 60), (243, 241, 236), 0.038, FLAT, gloss=0.3, grain=0.15)
MOULDINGS = (GILT, WALNUT, EBONY)


class Frames:
    """Puts portraits into frames. Whoever hangs keeps their frame."""

    def __init__(self) -> None:
        self._empty: dict[tuple[int, int], Image] = {}
        self._framed: dict[Hashable, tuple[Image, int, Image]] = {}
        self._kinds: dict[Hashable, int] = {}

    def framed(self, portrait: Image, key: Hashable, side: float, rests: bool) -> Image:
        """[n, n, 3] the portrait [S, S, 3] in its frame, for a square of ``side`` px of the canvas; the same array as long as nothing
        about it changed."""
        size = max(STEP_PX, round(side) if rests else round(side / STEP_PX) * STEP_PX)
        old = self._framed.get(key)
        if old is not None and old[0] is portrait and old[1] == size:
            return old[2]
        kind = self._kinds.setdefault(key, len(self._kinds) % len(MOULDINGS))
        picture = self._frame(kind, size).copy()
        inner = round(FRAMED_SHARE * size)
        start = (size - inner) // 2
        into = picture[start : start + inner, start : start + inner]
        grows = portrait.shape[0] < inner
        cv2.resize(portrait, (inner, inner), dst=into, interpolation=cv2.INTER_CUBIC if grows else cv2.INTER_AREA)
        self._framed[key] = (portrait, size, picture)
        return picture

    def keep(self, keys: set[Hashable]) -> None:
        """Forget the frames of everybody else."""
        self._framed = {key: value for key, value in self._framed.items() if key in keys}
        self._kinds = {key: value for key, value in self._kinds.items() if key in keys}

    def _frame(self, kind: int, size: int) -> Image:
        key = (kind, size)
        if key not in self._empty:
            if len(self._empty) >= MOST_KEPT:
                self._empty.pop(next(iter(self._empty)))
            self._empty[key] = paint(MOULDINGS[kind], size)
        return self._empty[key]


def paint(moulding: Moulding, size: int) -> Image:
    """[size, size, 3] a frame with its mat, without a portrait."""
    axis = np.arange(size, dtype=np.float32) + 0.5
    near = np.minimum(axis, size - axis)
    deep = np.minimum(near[:, None], near[None, :])  # px from the outer edge
    upright = near[None, :] <= near[:, None]  # the sides, not the top and bottom pieces: mitred at the corners
    width = moulding.width * size
    t = np.clip(deep / width, 0.0, 1.0)
    light = _light(moulding, t, upright, axis, size)
    picture = np.empty((size, size, 3), np.float32)
    picture[:] = np.array(moulding.mat, np.float32)
    picture *= _mat_light(deep, upright, width, axis, size)[..., None]
    lip = (deep > 0.9 * width) & (deep <= width)
    colour = np.where(lip[..., None], np.array(moulding.fillet, np.float32), np.array(moulding.colour, np.float32))
    wood = (colour * light[..., None]) + (255.0 * moulding.gloss * np.clip(light - 1.05, 0.0, 1.0) ** 2)[..., None]
    edge = np.clip(deep - width + 0.5, 0.0, 1.0)[..., None]  # smoothed over a pixel
    picture = wood * (1.0 - edge) + picture * edge
    return np.asarray(np.clip(np.rint(picture), 0, 255), dtype=np.uint8)


def _light(moulding: Moulding, t: Plane, upright: NDArray[np.bool_], axis: Plane, size: int) -> Plane:
    """How brightly the moulding is lit, around 1: by its slope, which the light meets on one side and leaves on the other."""
    places, heights = (np.array(part, np.float32) for part in zip(*moulding.profile, strict=True))
    slope = np.gradient(np.interp(np.linspace(0, 1, 256), places, heights).astype(np.float32), 1 / 256)
    slope = cv2.GaussianBlur(slope[None].astype(np.float32), (0, 0), 6)[0]
    tilt = np.interp(t, np.linspace(0, 1, 256), slope).astype(np.float32)
    half = axis < size / 2
    sign_x, sign_y = np.where(half, -1.0, 1.0)[None, :], np.where(half, -1.0, 1.0)[:, None]
    outward = np.where(upright, sign_x * LIGHT[0], sign_y * LIGHT[1])
    lit = 1.0 + 0.28 * np.tanh(0.7 * tilt) * outward + 0.12 * np.where(upright, 0.0, -sign_y)
    grain = np.where(upright, _streaks(size, 0.8, 14.0), _streaks(size, 14.0, 0.8))
    return np.asarray(lit * (1.0 + 0.12 * moulding.grain * grain), np.float32)


def _streaks(size: int, across: float, down: float) -> Plane:
    """Noise drawn out to so many px either way, of standard deviation 1."""
    noise = np.random.default_rng(GRAIN_SEED).standard_normal((size, size)).astype(np.float32)
    streaks = cv2.GaussianBlur(noise, (0, 0), sigmaX=across, sigmaY=down)
    return np.asarray(streaks / max(float(streaks.std()), 1e-6), np.float32)


def _mat_light(deep: Plane, upright: NDArray[np.bool_], width: float, axis: Plane, size: int) -> Plane:
    """The mat's own light: in the shadow of each piece of the moulding, most under the upper one; its bevel bright where it catches
    the lamp, dark where it turns away."""
    light = np.ones_like(deep)
    for away, depth in ((axis[:, None], 0.36), ((size - axis)[:, None], 0.10), (axis[None, :], 0.2), ((size - axis)[None, :], 0.2)):
        light = light * (1.0 - depth * np.exp(-np.maximum(away - width, 0.0) / (SHADE * size)))
    inner = (1.0 - FRAMED_SHARE) / 2 * size
    bevel = (deep > inner - BEVEL * size) & (deep <= inner)
    catches = np.where(upright, 0.9, np.where((axis < size / 2)[:, None], 0.7, 1.07))
    return np.asarray(np.where(bevel, catches, light), np.float32)
