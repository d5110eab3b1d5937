"""Colours by the names that people have for hair and eyes, from CIE Lab.

Lab as CIE 1976 under D65: L 0…100, a and b about -100…100; hue is the angle of a and b in degrees, chroma their length.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.messages import Image

HAIR_NAMES = ("black", "brown", "blond", "red", "grey", "white", "blue", "green", "pink", "purple")
EYE_NAMES = ("brown", "blue", "green", "grey")
DARK_EYE = 34.0  # L
GREY_EYE = 11.0  # chroma below which an iris is grey


@dataclass(frozen=True, slots=True)
class Lab:
    """One colour."""

    L: float
    a: float
    b: float

    @property
    def chroma(self) -> float:
        return math.hypot(self.a, self.b)

    @property
    def hue(self) -> float:
        """0…360: red 30, yellow 90, green 140, blue 280."""
        return math.degrees(math.atan2(self.b, self.a)) % 360


def lab_of(picture: Image) -> NDArray[np.float32]:
    """[H, W, 3] sRGB -> [H, W, 3] Lab."""
    return np.asarray(cv2.cvtColor(picture.astype(np.float32) / np.float32(255.0), cv2.COLOR_RGB2LAB), np.float32)


def middle(colours: NDArray[np.float32]) -> Lab:
    """The median of colours [N, 3]."""
    found = np.median(colours, axis=0)
    return Lab(float(found[0]), float(found[1]), float(found[2]))


def hair_name(colour: Lab) -> tuple[str, float]:
    """The name in ``HAIR_NAMES`` and how far it is from being another, 0 on the edge to 1."""
    L, c, h = colour.L, colour.chroma, colour.hue
    if L < 13:
        return "black", _sure(16 - L, 3)
    if c < 10 or (c < 12 and L > 24) or (c < 16 and L > 85):
        return _by_edges(L, ((24.0, "black"), (78.0, "grey"), (101.0, "white")), 6.0)
    if 20 <= h < 105:  # as hair grows
        if h < 58 and c > 33 and L > 26:
            return "red", min(_sure(58 - h, 6), _sure(c - 33, 5))
        if L > 56:
            return "blond", min(_sure(L - 56, 6), _sure(c - 12, 3))
        return "brown", min(_sure(56 - L, 6), _sure(L - 11, 4), max(_sure(h - 58, 6), _sure(33 - c, 5)))
    return _by_edges(h if h >= 20 else h + 360, ((205.0, "green"), (296.0, "blue"), (332.0, "purple"), (381.0, "pink")), 8.0)


def eye_name(colour: Lab) -> tuple[str, float]:
    """The name in ``EYE_NAMES``, likewise."""
    L, c, h = colour.L, colour.chroma, colour.hue
    if L < DARK_EYE and (c < GREY_EYE or h < 98 or h >= 335):
        return "brown", _sure(DARK_EYE + 8 - L, 8)  # as dark as that an iris is brown, whatever the shadow makes of it
    if c < GREY_EYE:
        return "grey", _sure(GREY_EYE - c, 3)
    if h < 98 or h >= 335:
        return "brown", min(_sure(min(abs(98 - h), abs(335 - h)), 10), _sure(c - GREY_EYE, 4))
    return ("green", min(_sure(h - 98, 10), _sure(198 - h, 10))) if h < 198 else ("blue", min(_sure(h - 198, 10), _sure(c - GREY_EYE, 3)))


def _by_edges(value: float, edges: tuple[tuple[float, str], ...], width: float) -> tuple[str, float]:
    """The name whose upper edge is the first above ``value``, and its distance to the nearest edge."""
    name = next((name for edge, name in edges if value < edge), edges[-1][1])
    inner = [edge for edge, _ in edges[:-1]]
    return name, _sure(min(abs(value - edge) for edge in inner), width)


def _sure(distance: float, width: float) -> float:
    return float(min(max(distance / width, 0.0), 1.0))
