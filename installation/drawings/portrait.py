"""Draws a person, aligned as FFHQ aligns photographs: eyes, mouth and chin are where the networks look for them."""

from __future__ import annotations

import numpy as np

from installation.drawings.hair import INK, Hair
from installation.drawings.pen import Paint, Points, Sheet, curve, mixed
from installation.drawings.person import EYES, Person
from installation.messages import Image

SIDE = 256  # px
EYE_Y, EYE_X, MOUTH_Y, NOSE_Y, CHIN_Y, TOP_Y = 0.475, 0.119, 0.716, 0.612, 0.862, 0.155
GRAIN = 2.5  # grey levels


class Portrait:
    """One drawing in the making, from the back to the front."""

    def __init__(self, person: Person, side: int = SIDE) -> None:
        p = self._p = person
        self._sheet, self._rng = Sheet(side), np.random.default_rng(person.seed)
        self._iris = np.clip(np.add(EYES[p.eyes], np.multiply(p.tint, 0.4)), 0, 255).astype(np.float32)
        self._skin: Paint = np.asarray(p.skin, np.float32)
        self._wide = 0.235 + 0.018 * p.face_width
        self._turn = 0.022 * p.yaw  # of what is in front of the face
        self._head = curve(self._outline())
        self._face = self._sheet.cover(self._head, 0.0015)
        self._hair = Hair(self._sheet, person, self._wide, self._rng)

    def drawn(self) -> Image:
        """[side, side, 3]"""
        self._wall()
        self._hair.back()
        self._body()
        self._skin_of_face()
        for either in (-1, 1):
            self._eye(either)
        self._nose()
        self._mouth()
        self._hair.front(self._face)
        return self._sheet.picture(GRAIN, self._rng)

    def _outline(self) -> list[tuple[float, float]]:
        w, jaw = self._wide, 1 + 0.1 * self._p.jaw
        right = [
            (0.0, TOP_Y), (0.6 * w, TOP_Y + 0.035), (0.95 * w, 0.3), (w, 0.45), (0.96 * w, 0.58), (0.84 * w * jaw, 0.70),
            (0.58 * w * jaw, 0.80), (0.26 * w * jaw, 0.853),
        ]  # fmt: skip
        left = [(-x, y) for x, y in reversed(right[1:])]
        return [(0.5 + x, y) for x, y in [*right, (0.0, CHIN_Y), *left]]

    def _wall(self) -> None:
        s = self._sheet
        s.paint[:] = np.asarray(self._p.wall, np.float32)
        s.shade(1.12, s.disc(0.5 + 0.3 * self._p.light, 0.25, 0.4, 0.4, 0.12))
        s.shade(0.86, s.disc(0.5 - 0.3 * self._p.light, 0.95, 0.5, 0.3, 0.12))

    def _body(self) -> None:
        s, p, w = self._sheet, self._p, self._wide
        for either in (-1, 1):  # ears
            ear = s.disc(0.5 + either * (w - 0.004), 0.51, 0.028, 0.055, 0.0015)
            s.lay(mixed(self._skin, (150, 60, 50), 0.16), ear)
            s.lay(INK, s.line(self._ellipse(0.5 + either * (w - 0.004), 0.51, 0.028, 0.055), 0.003, closed=True), 0.35)
        neck = curve([(0.5 - 0.115, 0.74), (0.5 + 0.115, 0.74), (0.5 + 0.125, 1.1), (0.5 - 0.125, 1.1)])
        s.lay(mixed(self._skin, (70, 30, 30), 0.2), s.cover(neck, 0.002))
        shoulders = curve([(0.5 - 0.10, 0.945), (0.5 + 0.10, 0.945), (0.86, 1.02), (1.0, 1.2), (0.0, 1.2), (0.14, 1.02)])
        s.lay(p.clothes, s.cover(shoulders, 0.002))
        s.lay(INK, s.line(shoulders, 0.004, closed=True), 0.5)

    def _skin_of_face(self) -> None:
        s, p = self._sheet, self._p
        s.lay(self._skin, self._face)
        s.shade(1.07, s.disc(0.5 + 0.1 * p.light, 0.4, 0.14, 0.2, 0.06) * self._face)
        s.shade(0.82, np.clip(self._face - s.disc(0.5 + 0.035 * p.light, 0.50, 0.9 * self._wide, 0.34, 0.035), 0, 1))
        for either in (-1, 1):
            s.lay((214, 96, 88), s.disc(0.5 + either * 0.13, 0.60, 0.045, 0.03, 0.018) * self._face, 0.22)
        s.shade(0.86, s.disc(0.5, 0.925, 0.13, 0.05, 0.02) * (1 - self._face))  # the chin's shadow
        s.lay(INK, s.line(self._head, 0.0035, closed=True), 0.42)

    def _eye(self, either: int) -> None:
        p, s = self._p, self._sheet
        x, size = 0.5 + either * EYE_X + self._turn, 1 + 0.13 * p.eye_size
        half, up, down = 0.052 * size, 0.026 * size, 0.017 * size
        inner, outer = (x - either * half, EYE_Y + 0.006), (x + either * half, EYE_Y - 0.003)
        top = [
            (x - either * 0.5 * half, EYE_Y - 0.8 * up),
            (x + either * 0.1 * half, EYE_Y - up),
            (x + either * 0.62 * half, EYE_Y - 0.7 * up),
        ]
        low = [(x + either * 0.5 * half, EYE_Y + 0.8 * down), (x - either * 0.2 * half, EYE_Y + down)]
        almond = curve([inner, *top, outer, *low])
        inside = s.cover(almond, 0.0008)
        s.shade(0.86, s.disc(x, EYE_Y - 0.012, 1.25 * half, 0.035, 0.012) * self._face)
        s.lay((240, 238, 234), inside)
        ix, iy, r = x + 0.3 * self._turn, EYE_Y - 0.004, 0.0245 * size
        s.lay(mixed(self._iris, INK, 0.55), s.disc(ix, iy, r, r, 0.001) * inside)
        s.lay(self._iris, s.disc(ix, iy, 0.84 * r, 0.84 * r, 0.002) * inside)
        s.lay(mixed(self._iris, (255, 255, 255), 0.3), s.disc(ix, iy + 0.4 * r, 0.55 * r, 0.4 * r, 0.003) * inside, 0.5)
        s.lay((16, 12, 14), s.disc(ix, iy, 0.38 * r, 0.38 * r, 0.0008) * inside)
        s.lay((255, 255, 255), s.disc(ix + 0.3 * r, iy - 0.35 * r, 0.2 * r, 0.2 * r, 0.0008))
        s.lay(INK, s.line(curve([inner, *top, outer], closed=False), 0.0075, 0.0008), 0.9)
        s.lay(INK, s.line(curve([outer, *low, inner], closed=False), 0.003), 0.45)
        s.lay(mixed(self._skin, INK, 0.5), s.line(curve([(a, b - 0.016) for a, b in top], closed=False), 0.003), 0.6)
        self._brow(either, x)

    def _brow(self, either: int, x: float) -> None:
        s, lift = self._sheet, EYE_Y - 0.068 - 0.012 * self._p.brow
        at = [(x - either * 0.052, lift + 0.012), (x + either * 0.012, lift - 0.006), (x + either * 0.07, lift + 0.012)]
        s.lay(mixed(self._hair.colour, INK, 0.55), s.line(curve(at, closed=False), 0.0135, 0.0025), 0.85)

    def _nose(self) -> None:
        p, s, t = self._p, self._sheet, self._turn
        w, shade = 0.037 * (1 + 0.18 * p.nose), mixed(self._skin, (60, 20, 20), 0.42)
        side = -1 if p.light > 0 else 1
        bridge = curve(
            [(0.5 + side * 0.02 + 0.3 * t, 0.44), (0.5 + side * 0.012 + t, 0.54), (0.5 + side * w + 1.4 * t, NOSE_Y - 0.004)], closed=False
        )
        s.lay(shade, s.line(bridge, 0.012, 0.006), 0.55)
        s.shade(1.1, s.disc(0.5 + 1.4 * t, NOSE_Y - 0.025, 0.014, 0.018, 0.008))
        s.lay(shade, s.disc(0.5 + 1.4 * t, NOSE_Y + 0.014, 1.1 * w, 0.008, 0.006), 0.6)
        for either in (-1, 1):
            s.lay(mixed(shade, INK, 0.6), s.disc(0.5 + either * 0.5 * w + 1.4 * t, NOSE_Y + 0.006, 0.009, 0.0048, 0.0015), 0.85)
            wing = [
                (0.5 + either * w + 1.4 * t, NOSE_Y - 0.014),
                (0.5 + either * 1.12 * w + 1.4 * t, NOSE_Y),
                (0.5 + either * 0.85 * w + 1.4 * t, NOSE_Y + 0.01),
            ]
            s.lay(shade, s.line(curve(wing, closed=False), 0.0045, 0.001), 0.9)

    def _mouth(self) -> None:
        p, s, t = self._p, self._sheet, self._turn
        half, curl, full = 0.094 + 0.01 * p.smile, 0.014 * p.smile, 1 + 0.25 * p.mouth
        x, y = 0.5 + t, MOUTH_Y
        lips = mixed(self._skin, (172, 52, 62), 0.55)
        left, right = (x - half, y - curl), (x + half, y - curl)
        middle = [(x - 0.5 * half, y + 0.3 * curl), (x, y + 0.004 + 0.4 * curl), (x + 0.5 * half, y + 0.3 * curl)]
        upper = [(x + 0.45 * half, y - 0.017 * full), (x + 0.12 * half, y - 0.021 * full), (x, y - 0.016 * full),
                 (x - 0.12 * half, y - 0.021 * full), (x - 0.45 * half, y - 0.017 * full)]  # fmt: skip
        lower = [(x + 0.5 * half, y + 0.022 * full + curl), (x, y + 0.031 * full + curl), (x - 0.5 * half, y + 0.022 * full + curl)]
        s.lay(mixed(lips, INK, 0.12), s.cover(curve([left, *middle, right, *upper]), 0.002))
        s.lay(lips, s.cover(curve([left, *middle, right, *lower]), 0.002))
        s.shade(1.14, s.disc(x, y + 0.017 * full + curl, 0.4 * half, 0.005, 0.004))
        s.lay(INK, s.line(curve([left, *middle, right], closed=False), 0.0045, 0.0008), 0.75)
        s.lay(mixed(self._skin, INK, 0.35), s.disc(x, y + 0.048 * full, 0.03, 0.004, 0.005), 0.6)

    @staticmethod
    def _ellipse(x: float, y: float, rx: float, ry: float) -> Points:
        angles = np.linspace(0, 2 * np.pi, 32, endpoint=False)
        return np.stack([x + rx * np.cos(angles), y + ry * np.sin(angles)], axis=1)


def portrait(person: Person, side: int = SIDE) -> Image:
    """The drawing of a person [side, side, 3]; the same person is the same drawing."""
    return Portrait(person, side).drawn()
