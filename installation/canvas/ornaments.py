"""Ornaments around the canvas: drawn once for its size, by rule and seed, while the show goes on; their lights breathe."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.canvas import ornament_feast as feast
from installation.canvas import ornament_gold
from installation.canvas.look import Grade
from installation.canvas.ornament_brush import Brush
from installation.canvas.pace import DelayedGrade
from installation.canvas.particles import GOLDEN, STRENGTHS, Swarm
from installation.canvas.scene import Overlay
from installation.messages import Image

BLOCK = 80  # px: what an ornament covers is laid on the canvas in blocks, the rest is left alone
LEVELS = 32  # steps of its opacity
GLOW_STRENGTH, GLOW_SWING = 0.30, 0.5
DRAWN_AHEAD_PX = 1920 * 1200  # up to this canvas, all of them take some 60 MB
DRAWING_SECONDS = 0.8  # a new one is shown this long after it was first asked for, when it is surely drawn


def _gold(brush: Brush, rng: np.random.Generator) -> list[feast.Glow]:
    ornament_gold.draw(brush, rng)
    return []


DRAWN: Mapping[str, Callable[[Brush, np.random.Generator], list[feast.Glow]]] = MappingProxyType({
    "gold": _gold, "holly": feast.holly, "stars": feast.stars, "lanterns": feast.lanterns, "bunting": feast.bunting,
    "pumpkins": feast.pumpkins,
})  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Ornament:
    """picture: [H, W, 4] premultiplied. blocks: x, y, width, height in px of all that it covers. The glows' places [n, 2] and
    radii in px, their colours [n, 3] 0…255 and paces (Hz)."""

    picture: Image
    blocks: tuple[tuple[int, int, int, int], ...]
    places: NDArray[np.float64]
    radii: NDArray[np.float64]
    colours: NDArray[np.float64]
    paces: NDArray[np.float64]


def draw(kind: str, width: int, height: int, seed: int = 0) -> Ornament:
    """Draw an ornament for a canvas. Raises KeyError for an unknown kind."""
    brush = Brush(width, height)
    glows = DRAWN[kind](brush, np.random.default_rng((seed & 0x7FFFFFFF, zlib.crc32(kind.encode()))))
    return Ornament(
        brush.picture,
        tuple(_blocks(brush.picture[:, :, 3])),
        np.round(np.array([(glow.x, glow.y) for glow in glows], np.float64).reshape(-1, 2) * brush.unit),
        np.maximum(2.0, np.round(np.array([glow.radius for glow in glows], np.float64) * brush.unit)),
        np.array([glow.colour for glow in glows], np.float64).reshape(-1, 3),
        np.array([glow.pace for glow in glows], np.float64),
    )


def _blocks(opacity: Image) -> list[tuple[int, int, int, int]]:
    """Neighbouring blocks of a row that hold anything, as one."""
    height, width = opacity.shape
    found = []
    for y in range(0, height, BLOCK):
        row = opacity[y : y + BLOCK]
        begin = None
        for x in range(0, width + BLOCK, BLOCK):
            some = x < width and bool(row[:, x : x + BLOCK].any())
            if some and begin is None:
                begin = x
            if not some and begin is not None:
                found.append((begin, y, min(x, width) - begin, row.shape[0]))
                begin = None
    return found


class Ornaments:
    """All ornaments on one canvas, each drawn by a thread of its own when it is first asked for.

    live: the picture never waits for that thread, which begins at once with all of them where the canvas is not huge; otherwise
    the same moments give the same pictures.
    """

    def __init__(self, width: int, height: int, seed: int = 0, live: bool = False) -> None:
        self._size, self._seed, self._live = (width, height), seed, live
        self._drawn: dict[str, Future[_HungOrnament]] = {}
        self._asked: dict[str, float] = {}
        self._painter: ThreadPoolExecutor | None = None
        if live and width * height <= DRAWN_AHEAD_PX:  # while everything else starts: later each would take turns with the display
            for kind in DRAWN:
                self._begin(kind, -np.inf)

    def ready(self, kind: str, now: float, at_once: bool = False) -> bool:
        """Whether it may be shown at ``now`` (s): a while after it was first asked for, or ``at_once``, whatever the wait. Only
        a live show asks whether the thread is done."""
        if kind not in DRAWN:
            return False
        if kind not in self._drawn:
            self._begin(kind, -np.inf if at_once else now)
        if self._live and not at_once and not self._drawn[kind].done():
            return False
        return now - self._asked[kind] >= DRAWING_SECONDS

    def _begin(self, kind: str, asked: float) -> None:
        self._painter = self._painter or ThreadPoolExecutor(1, thread_name_prefix="ornament")
        self._drawn[kind] = self._painter.submit(_hang, kind, *self._size, self._seed)
        self._asked[kind] = asked

    def overlays(self, kind: str, amount: float, grade: Grade) -> tuple[Overlay, ...]:
        """What to lay on the canvas: the same objects while nothing changes. Waits where it is not drawn yet."""
        level = round(amount * LEVELS)
        if kind not in self._drawn or level <= 0:
            return ()
        return self._drawn[kind].result().overlays(level, grade)

    def glows(self, kind: str, amount: float, grade: Grade, now: float) -> tuple[Swarm, ...]:
        """Its lights at ``now``, s."""
        if kind not in self._drawn or amount <= 0.0:
            return ()
        ornament = self._drawn[kind].result().ornament
        count = len(ornament.places)
        if count == 0:
            return ()
        breath = 0.5 + 0.5 * np.sin(2 * np.pi * (ornament.paces * now + GOLDEN * np.arange(count)))
        strength = np.round(amount * GLOW_STRENGTH * (1.0 - GLOW_SWING * breath) * STRENGTHS) / STRENGTHS
        tinted = np.clip(ornament.colours @ grade.tint().T, 0.0, 255.0)
        colours = np.interp(tinted, np.arange(256), grade.curve()) * strength[:, None]
        radii, one = np.concatenate([ornament.radii, np.ceil(ornament.radii / 2)]), np.ones(2 * count)  # a halo and a core
        return (
            Swarm(
                codes=-1 - radii.astype(np.int64),
                shapes=np.stack([radii, radii, one, 0 * one, one], axis=1).astype(np.float32),
                places=np.concatenate([ornament.places, ornament.places]),
                colours=np.concatenate([colours, colours]).astype(np.float32),
                hides=np.zeros(2 * count, np.float32),
                power=2.0,
                front=True,
            ),
        )


class _Block:
    """A part of an ornament: as drawn, graded, and as it is laid on the canvas; each kept in memory of its own."""

    def __init__(self, ornament: Ornament, block: tuple[int, int, int, int]) -> None:
        self._x, self._y, width, height = block
        part = ornament.picture[self._y : self._y + height, self._x : self._x + width]
        self._plain = np.ascontiguousarray(part[:, :, :3])
        self._hides = np.asarray(cv2.cvtColor(cv2.extractChannel(part, 3), cv2.COLOR_GRAY2RGB), np.uint8)
        self._graded, self._colour, self._clear = (np.empty_like(self._plain) for _ in range(3))

    def grade(self, grade: Grade) -> None:
        colour = self._plain
        if not grade.colours_stay:
            colour = np.asarray(cv2.transform(colour, grade.tint(), dst=self._graded), np.uint8)
        np.copyto(self._graded, colour) if grade.neutral else cv2.LUT(colour, grade.curve(), dst=self._graded)

    def overlay(self, share: float) -> Overlay:
        cv2.convertScaleAbs(self._graded, dst=self._colour, alpha=share)
        cv2.convertScaleAbs(self._hides, dst=self._clear, alpha=-share, beta=255)
        return Overlay(self._x, self._y, self._colour, self._clear)


class _HungOrnament:
    """An ornament on the canvas. In a fade its amount is new with every picture and so is the grade, which costs more: that one
    follows in steps too small to be seen, and is exact a few pictures after the last move."""

    def __init__(self, ornament: Ornament) -> None:
        self.ornament = ornament
        self._blocks = [_Block(ornament, block) for block in ornament.blocks]
        self._slow = DelayedGrade()
        self._grade: Grade | None = None
        self._level = 0
        self._overlays: tuple[Overlay, ...] = ()

    def overlays(self, level: int, grade: Grade) -> tuple[Overlay, ...]:
        grade = self._slow.step(grade)
        if grade != self._grade:
            self._grade, self._level = grade, 0
            for block in self._blocks:
                block.grade(grade)
        if level != self._level:
            self._level = level
            self._overlays = tuple(block.overlay(level / LEVELS) for block in self._blocks)
        return self._overlays


def _hang(kind: str, width: int, height: int, seed: int) -> _HungOrnament:
    return _HungOrnament(draw(kind, width, height, seed))
