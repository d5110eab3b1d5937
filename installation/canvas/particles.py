"""What drifts through the room: snow, confetti, petals, embers, motes of dust, lights out of focus.

Where each one is follows from the time and the seed alone, in closed form, so that the same moment gives the same picture at
any frame rate. Places, sizes and angles are taken in small steps: the plain path keeps a picture of each, and both renderers
draw the same numbers.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from installation.canvas.look import Grade
from installation.canvas.pace import DelayedGrade

REFERENCE_PX = 720  # of the canvas' shorter side, at which the sizes below are meant
SIZES, ANGLES, TILTS, STRENGTHS = 4, 16, 6, 32  # steps of a layer's sizes, half a turn, a tilt, opacity
MOST_PLACES = 4  # steps of a pixel
GOLDEN = 0.6180339887498949  # of the width, between two ways of the same one: they never repeat soon
GUSTS = ((0.21, 26.0), (0.083, 60.0))  # Hz times 2 pi, px at the speed of 100 px/s: the air that moves all of them
Span = tuple[float, float]
Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Layer:
    """Those of one depth. Lengths in px of a canvas of 720 px, times in s."""

    count: int  # at full amount
    radius: Span
    fall: Span  # px/s, negative ones rise
    sway: Span  # px to either side
    opacity: float
    soft: float  # 0…1 of the radius that fades
    front: bool = True  # before the portraits, otherwise behind them


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort. power: of the superellipse it is shaped as; aspect: its width; tumbles: turns about all axes; dense 0…1: how
    much it hides what is behind it, light hides nothing; twinkle 0…1 and its Hz; burns: goes out on its way."""

    layers: tuple[Layer, ...]
    colours: tuple[Colour, ...]
    power: float = 2.0
    aspect: float = 1.0
    tumbles: bool = False
    dense: float = 1.0
    twinkle: float = 0.0
    flicker: Span = (0.2, 0.6)
    burns: bool = False
    places: int = MOST_PLACES


KINDS: Mapping[str, Kind] = MappingProxyType({
    "snow": Kind(
        (Layer(150, (2.0, 3.4), (26, 46), (6, 16), 0.62, 0.9, front=False), Layer(100, (3.4, 7.0), (52, 88), (10, 26), 0.85, 0.85),
         Layer(16, (14, 30), (110, 170), (20, 50), 0.30, 0.95)),
        ((255, 255, 255), (236, 243, 252)),
    ),
    "confetti": Kind(
        (Layer(60, (4.0, 5.6), (70, 110), (8, 24), 0.8, 0.3, front=False), Layer(100, (6.5, 11.0), (110, 190), (14, 40), 1.0, 0.2),
         Layer(8, (18, 28), (230, 310), (20, 40), 0.7, 0.5)),
        ((233, 185, 73), (214, 69, 80), (58, 134, 200), (246, 236, 214), (64, 168, 131), (226, 120, 160)),
        power=5.0, aspect=0.62, tumbles=True, places=1,
    ),
    "petals": Kind(
        (Layer(40, (5.0, 7.0), (24, 44), (30, 70), 0.7, 0.5, front=False), Layer(46, (8.5, 14.0), (40, 72), (40, 110), 0.92, 0.35),
         Layer(6, (20, 30), (80, 120), (50, 120), 0.5, 0.8)),
        ((250, 205, 214), (244, 172, 190), (255, 232, 232), (232, 140, 166)),
        power=2.0, aspect=0.6, tumbles=True, places=1,
    ),
    "embers": Kind(
        (Layer(60, (1.8, 3.2), (-60, -30), (10, 30), 0.9, 0.8, front=False), Layer(70, (2.6, 5.4), (-120, -55), (14, 46), 1.0, 0.75),
         Layer(22, (14, 30), (-110, -60), (14, 46), 0.5, 1.0)),
        ((255, 146, 42), (255, 96, 24), (255, 196, 92)),
        dense=0.0, twinkle=0.6, flicker=(0.5, 1.4), burns=True,
    ),
    "motes": Kind(
        (Layer(60, (1.6, 3.0), (-9, -2), (8, 24), 0.7, 0.9, front=False), Layer(46, (2.6, 5.0), (-16, -4), (10, 32), 0.8, 0.85),
         Layer(16, (16, 38), (-14, -4), (14, 44), 0.16, 0.5)),
        ((255, 222, 160), (255, 204, 124), (255, 240, 208)),
        dense=0.0, twinkle=0.8, flicker=(0.08, 0.25),
    ),
    "bokeh": Kind(
        (Layer(26, (9, 22), (-14, -5), (10, 30), 0.36, 0.25, front=False),
         Layer(16, (24, 56), (-22, -8), (14, 44), 0.17, 0.18, front=False)),
        ((255, 196, 110), (255, 140, 120), (120, 170, 255), (236, 130, 220), (140, 230, 210)),
        dense=0.0, twinkle=0.85, flicker=(0.06, 0.2),
    ),
})  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Swarm:
    """Those of one layer now, n of them. shapes: [n, 5] half axes (px), cosine and sine of the angle, softness; places: [n, 2]
    px; colours: [n, 3] 0…255 already times their opacity; hides: [n] 0…1 of what is behind. codes: [n], the same for the same
    shape at the same place within its pixel."""

    codes: NDArray[np.int64]
    shapes: NDArray[np.float32]
    places: NDArray[np.float64]
    colours: NDArray[np.float32]
    hides: NDArray[np.float32]
    power: float
    front: bool


class Particles:
    """All kinds on one canvas."""

    def __init__(self, width: int, height: int, seed: int = 0) -> None:
        self._size = (width, height)
        self._seed = seed & 0x7FFFFFFF
        self._flocks: dict[str, tuple[_Flock, ...]] = {}
        self._grades: dict[str, DelayedGrade] = {}

    def swarms(self, kind: str, amount: float, grade: Grade, now: float) -> tuple[Swarm, ...]:
        """The particles at ``now`` (s); ``amount`` 0…1 of those of a kind, grown one by one. None for an unknown kind."""
        if kind not in KINDS or amount <= 0.0:
            return ()
        if kind not in self._flocks:
            salt = zlib.crc32(kind.encode())
            self._flocks[kind] = tuple(
                _Flock(KINDS[kind], layer, i, self._size, np.random.default_rng((self._seed, salt, i)))
                for i, layer in enumerate(KINDS[kind].layers)
            )
        grade = self._grades.setdefault(kind, DelayedGrade()).step(grade)
        return tuple(flock.at(amount, grade, now) for flock in self._flocks[kind])


class _Flock:
    """One layer: what each of its particles was given for life."""

    def __init__(self, kind: Kind, layer: Layer, number: int, size: tuple[int, int], rng: np.random.Generator) -> None:
        self._kind, self._layer = kind, layer
        self._width, self._height = size
        unit, n = min(size) / REFERENCE_PX, layer.count

        def spread(span: Span) -> NDArray[np.float64]:
            return span[0] + (span[1] - span[0]) * rng.random(n)

        self._code = (zlib.crc32(repr(kind).encode()) * 8 + number) * (SIZES * ANGLES * (TILTS + 1) * MOST_PLACES**2)
        self._step = rng.integers(0, SIZES, n)
        radii = np.linspace(*layer.radius, SIZES) * unit + 0.5  # half a pixel more, which the soft rim takes away
        self._radius = radii[self._step]
        self._fall, self._sway = spread(layer.fall) * unit, spread(layer.sway) * unit
        self._x, self._y, self._turn, self._tilt = rng.random((4, n))
        self._swing = spread((0.25, 0.8))  # rad/s
        self._spin = spread((0.2, 0.9)) * rng.choice((-1, 1), n)  # half turns a second
        self._tumble = spread((0.25, 0.7))  # Hz
        self._flicker = spread(kind.flicker)
        self._colour = np.array(kind.colours, np.float32)[rng.integers(0, len(kind.colours), n)]
        self._margin = radii[-1] + layer.sway[1] * unit
        self._grade: Grade | None = None
        self._shades = np.zeros((0, 3))  # [n, 3] the colours, graded

    def at(self, amount: float, grade: Grade, now: float) -> Swarm:
        kind, layer = self._kind, self._layer
        shown = min(int(np.ceil(amount * layer.count)), layer.count)
        part = slice(0, shown)
        strength = np.clip(amount * layer.count - np.arange(shown), 0.0, 1.0) * layer.opacity

        # Where they are: down or up and round again, swaying, in the same air.
        way = self._height + 2 * self._margin
        gone = self._y[part] + self._fall[part] * now / way
        lap = np.floor(gone)
        across = (self._x[part] + lap * GOLDEN) % 1.0
        gust = sum(reach * np.sin(pace * now) for pace, reach in GUSTS) * self._fall[part] / 100.0
        x = across * (self._width + 2 * self._margin) - self._margin + gust
        x = x + self._sway[part] * np.sin(self._swing[part] * now + 40.0 * self._turn[part])
        y = (gone - lap) * way - self._margin
        places = np.floor(np.stack([x, y], axis=1) * kind.places) / kind.places

        # How they are turned.
        half, tilt = np.zeros(shown, np.int64), np.full(shown, TILTS)
        light = np.ones(shown)
        if kind.tumbles:
            half = np.floor((self._turn[part] + self._spin[part] * now) * ANGLES).astype(np.int64) % ANGLES
            facing = np.cos(2 * np.pi * (self._tilt[part] + self._tumble[part] * now))
            tilt = np.maximum(1, np.ceil(np.abs(facing) * TILTS)).astype(np.int64)
            light = 0.62 + 0.38 * tilt / TILTS - 0.14 * (facing < 0)
        angle = half * np.pi / ANGLES
        radius = self._radius[part]
        narrow = radius * kind.aspect * tilt / TILTS + (0.5 if kind.tumbles else 0.0)
        soft = np.clip(np.maximum(layer.soft, 1.2 / np.minimum(radius, narrow)), 0.0, 1.0)

        # How bright they are.
        if kind.twinkle > 0.0:
            strength = strength * (1.0 - kind.twinkle * (0.5 + 0.5 * np.sin(2 * np.pi * (self._flicker[part] * now + self._tilt[part]))))
        if kind.burns:
            strength = strength * np.clip(1.25 - (lap + 1 - gone), 0.0, 1.0) ** 1.5
        strength = np.round(strength * STRENGTHS) / STRENGTHS
        colours = self._graded(grade, shown) * (strength * light)[:, None]
        within = np.floor((places - np.floor(places)) * kind.places).astype(np.int64)
        code = ((self._step[part] * ANGLES + half) * (TILTS + 1) + tilt) * MOST_PLACES**2 + within[:, 0] * MOST_PLACES + within[:, 1]
        return Swarm(
            codes=self._code + code,
            shapes=np.stack([radius, narrow, np.cos(angle), np.sin(angle), soft], axis=1).astype(np.float32),
            places=places,
            colours=colours.astype(np.float32),
            hides=(strength * kind.dense).astype(np.float32),
            power=kind.power,
            front=layer.front,
        )

    def _graded(self, grade: Grade, shown: int) -> NDArray[np.float64]:
        """Colours as the canvas' grade has them: a black canvas has black snow."""
        if grade != self._grade:
            self._grade = grade
            self._shades = np.interp(np.clip(self._colour @ grade.tint().T, 0.0, 255.0), np.arange(256), grade.curve())
        return self._shades[:shown]


def mask(shape: NDArray[np.float32], offset: tuple[float, float], power: float) -> NDArray[np.float32]:
    """[2r + 2, 2r + 2] 0…1: one particle of ``shape`` (a row of ``Swarm.shapes``) whose middle lies ``offset`` px beyond the
    corner of pixel [r, r], r = reach(shape)."""
    a, b, cosine, sine, soft = (float(v) for v in shape)
    r = reach(a, b)
    axis = np.arange(-r, r + 2, dtype=np.float32) + np.float32(0.5)
    x, y = axis[None, :] - offset[0], axis[:, None] - offset[1]
    u, v = np.abs(x * cosine + y * sine) / a, np.abs(y * cosine - x * sine) / b
    away = np.hypot(u, v) if power == 2.0 else (u**power + v**power) ** (1.0 / power)
    t = np.clip((1.0 - away) / soft, 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), dtype=np.float32)


def reach(a: float, b: float) -> int:
    """How many px a particle of these half axes spreads around its middle's pixel."""
    return int(np.ceil(max(a, b) + 0.01))
