"""Hair: what falls behind the face, and what lies over it."""

from __future__ import annotations

import numpy as np

from installation.drawings.pen import Cover, Points, Sheet, curve, mixed
from installation.drawings.person import HAIR, Person

INK = (38, 28, 30)


class Hair:
    """A person's, drawn in two parts with the face between them. wide: half the face's width, fraction of the side."""

    def __init__(self, sheet: Sheet, person: Person, wide: float, rng: np.random.Generator) -> None:
        self._sheet, self._p, self._wide, self._rng = sheet, person, wide, rng
        self.colour = np.clip(np.add(HAIR[person.hair], person.tint), 0, 255).astype(np.float32)

    def back(self) -> None:
        """What falls behind face and shoulders; cropped hair ends above the ears."""
        p, s, w = self._p, self._sheet, self._wide
        end = 0.40 + 0.72 * p.length
        out = w + 0.048 + 0.05 * p.length
        steps = max(2, int(5 * p.length) + 2)
        heights = np.linspace(0.34, end, steps)
        sway = 0.018 * p.wave * np.sin(np.arange(steps) * 2.1 + p.seed)
        side = [(out + float(d), float(y)) for d, y in zip(sway, heights, strict=True)]
        side[-1] = (side[-1][0] - 0.03 * (1 - p.wave), side[-1][1])
        right = [(0.0, 0.055), (0.62 * out, 0.085), (0.93 * out, 0.19), *side]
        inner = [(0.75 * w, min(end, 1.1) - 0.01), (0.4 * w, min(0.55, end))]
        points = [*right, *inner]
        shape = curve([(0.5 + x, y) for x, y in [*points, *((-x, y) for x, y in reversed(points[1:]))]])
        cover = s.cover(shape, 0.002)
        s.lay(mixed(self.colour, INK, 0.22), cover)
        self._strands(cover, 26, 0.06, 0.16, max(end, 0.4))
        s.lay(mixed(self.colour, INK, 0.75), s.line(shape, 0.004, closed=True), 0.5)

    def front(self, face: Cover) -> None:
        """Crown, temples and fringe, over the forehead."""
        p, s, w = self._p, self._sheet, self._wide
        out, low = w + 0.045 + 0.05 * p.length, max(0.37, 0.36 + 0.7 * p.length)  # locks end where the hair behind them does
        crown = [(-out, low), (-1.0 * out, 0.25), (-0.78 * out, 0.115), (-0.35 * out, 0.055), (0.0, 0.045),
                 (0.35 * out, 0.055), (0.78 * out, 0.115), (1.0 * out, 0.25), (out, low)]  # fmt: skip
        edge = {
            0: [
                (0.94 * w, low),
                (0.86 * w, 0.36),
                (0.55 * w, 0.285),
                (0.0, 0.255),
                (-0.55 * w, 0.285),
                (-0.86 * w, 0.36),
                (-0.94 * w, low),
            ],
            1: [
                (0.96 * w, low),
                (0.9 * w, 0.37),
                (0.5 * w, 0.26),
                (-0.25 * w, 0.245),
                (-0.7 * w, 0.31),
                (-0.92 * w, 0.40),
                (-0.96 * w, low),
            ],
            2: [(0.96 * w, low), (0.9 * w, 0.39), (0.45 * w, 0.365), (0.0, 0.355), (-0.45 * w, 0.365), (-0.9 * w, 0.39), (-0.96 * w, low)],
            3: [(0.95 * w, low), (0.88 * w, 0.39), (0.42 * w, 0.28), (0.0, 0.205), (-0.42 * w, 0.28), (-0.88 * w, 0.39), (-0.95 * w, low)],
        }[p.fringe]
        shape = curve([(0.5 + x, y) for x, y in [*crown, *edge]])
        cover = s.cover(shape, 0.002)
        s.shade(0.84, np.clip(s.cover(shape + np.array([0.0, 0.016]), 0.006) - cover, 0, 1) * face)
        s.lay(self.colour, cover)
        s.lay(mixed(self.colour, (255, 250, 240), 0.45), s.line(self._gleam(out), 0.03, 0.014) * cover, 0.4)
        self._strands(cover, 34, 0.09, 0.12, low + 0.02)
        s.lay(mixed(self.colour, INK, 0.75), s.line(shape, 0.0045, closed=True), 0.6)

    def _strands(self, where: Cover, count: int, share: float, top: float, end: float) -> None:
        """Darker and lighter lines along the hair."""
        rng, w = self._rng, self._wide
        lines: list[Points] = []
        for k in range(count):
            x = float(rng.uniform(-1.25, 1.25)) * w
            bend = x * 1.12 + float(rng.normal(0, 0.012)) + 0.02 * self._p.wave * np.sin(k)
            lines.append(curve([(0.5 + 0.45 * x, top - 0.07), (0.5 + x, (top + end) / 2), (0.5 + bend, end)], closed=False))
        for tint, some in (((255, 250, 240), lines[::2]), (INK, lines[1::2])):
            self._sheet.lay(mixed(self.colour, tint, 0.6), self._sheet.lines(some, 0.004, 0.0015) * where, 2 * share)

    def _gleam(self, out: float) -> Points:
        side = 0.12 * self._p.light
        return curve([(0.5 - 0.6 * out + side, 0.19), (0.5 + side, 0.135), (0.5 + 0.6 * out + side, 0.19)], closed=False)
