"""What lies behind the lips of a mouth that was closed: teeth of the upper jaw, the tongue, and the dark.

Painted by rule and not by a network: at the size of a mouth on a canvas nobody tells it from a photograph, it never flickers, and it is
the same for everybody but for the light, which is taken from the lips around it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float64]  # [h, w]

CAVITY, DEEP = np.array([92.0, 30.0, 32.0]), np.array([26.0, 8.0, 10.0])
TONGUE, TOOTH = np.array([144.0, 72.0, 72.0]), np.array([226.0, 214.0, 196.0])
BETWEEN_TEETH = np.array([0.0, 0.33, 0.58, 0.80])  # half widths from the middle: incisors, canines, what is seen of those behind
TOOTH_HEIGHT = 0.17  # mouths
MOST_TOOTH = 0.62  # of the gap
TEETH_FROM, TEETH_ALL = 0.04, 0.22  # gap in mouths, from which teeth are seen and are seen whole
TONGUE_FROM, TONGUE_ALL = 0.12, 0.32  # the same of the tongue
HAS_OWN = 0.10  # mouths: whose mouth is open so far shows teeth of their own, or hides them
WHITE_LEVEL = 150.0  # grey level of lips and skin in full light
SKIN = np.array([1.25, 0.95, 0.80])  # colour that white light gives to lips and skin, over its mean


@dataclass(frozen=True, slots=True, eq=False)
class Inside:
    """Places in a gap. u: along the mouth, -1 and 1 at its corners; depth: px under the upper edge; gap: px from the upper edge to the
    lower one there; width: px of the mouth; middle: u of the face's midline, not 0 where a head is turned."""

    u: Field
    depth: Field
    gap: Field
    width: float
    middle: float = 0.0

    @property
    def across(self) -> Field:
        """-1…1 from the midline to either corner, as the teeth lie."""
        away = self.u - self.middle
        return np.asarray(np.where(away < 0, away / (1.0 + self.middle), away / (1.0 - self.middle)))

    @property
    def height(self) -> Field:
        """0…1 from the upper edge to the lower one."""
        return np.clip(self.depth / self.gap, 0.0, 1.0)


def smooth(t: Field) -> Field:
    """0 up to 0, 1 from 1 on, and smooth between them."""
    t = np.clip(t, 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t))


def ramp(value: float, start: float, end: float) -> float:
    """``smooth`` between two values."""
    return float(smooth(np.array((value - start) / (end - start))))


def light(around: NDArray[np.uint8]) -> NDArray[np.float64]:
    """[3] how bright and of which colour the light on a mouth is, 1 for full and white; around: pixels [n, 3] of lips and skin."""
    colour = around.mean(axis=0) if len(around) else np.full(3, 128.0)
    level = float(colour @ (0.299, 0.587, 0.114)) / WHITE_LEVEL
    tint = colour / max(1.0, float(colour.mean()))
    return np.asarray(np.clip(level, 0.15, 1.25) * np.clip(tint / SKIN, 0.75, 1.3))


def interior(place: Inside, widest: float, own: float) -> NDArray[np.float64]:
    """[h, w, 3] grey levels under white light. widest: the gap in mouths where it is widest; own: mouths that it was open before."""
    height, across = place.height, place.across
    colour = DEEP + (CAVITY - DEEP) * (height**1.5)[..., None]  # warmer where light falls in from below
    _lay(colour, _tongue(across), _tongue_share(across, height) * ramp(widest, TONGUE_FROM, TONGUE_ALL))
    hidden = ramp(own, 0.0, HAS_OWN)
    _lay(colour, _teeth(across), _teeth_share(place, across) * ramp(widest, TEETH_FROM, TEETH_ALL) * (1.0 - hidden))
    # The corners lie in the shade, and so does what is near the upper lip.
    shade = (1.0 - 0.7 * np.abs(place.u) ** 3) * (0.55 + 0.45 * smooth(place.depth / (0.07 * place.width)))
    return np.asarray(colour * shade[..., None])


def _lay(under: NDArray[np.float64], over: NDArray[np.float64], share: Field) -> None:
    under += (over - under) * share[..., None]


def _tongue(across: Field) -> NDArray[np.float64]:
    """[h, w, 3] its colour, darker along its groove."""
    return np.asarray(TONGUE * (1.0 - 0.18 * np.exp(-((across / 0.07) ** 2)))[..., None])


def _tongue_share(across: Field, height: Field) -> Field:
    """0…1: where it lies, on the floor of the mouth."""
    rise = 0.42 + 0.08 * np.cos(2.2 * across)
    ellipse = (across / 0.72) ** 2 + ((1.0 - height) / np.maximum(rise, 1e-3)) ** 2
    return np.asarray(0.85 * smooth((1.15 - ellipse) / 0.5))


def _from_gap_between_teeth(across: Field) -> Field:
    """Half widths to the nearest line between two teeth."""
    return np.asarray(np.abs(np.abs(across)[..., None] - BETWEEN_TEETH).min(axis=-1))


def _teeth(across: Field) -> NDArray[np.float64]:
    """[h, w, 3] their colour: the row bends away to the sides, with a fine shade between two."""
    between = 1.0 - 0.28 * np.exp(-((_from_gap_between_teeth(across) / 0.022) ** 2))
    bow = 0.45 + 0.55 * np.cos(1.1 * np.clip(across, -1.2, 1.2))
    return np.asarray(TOOTH * (between * bow)[..., None])


def _teeth_share(place: Inside, across: Field) -> Field:
    """0…1: where they are; they grow shorter to the sides, and their corners are round."""
    rounded = 1.0 - 0.14 * np.exp(-((_from_gap_between_teeth(across) / 0.05) ** 2))
    length = TOOTH_HEIGHT * place.width * (1.0 - 0.35 * across**2) * rounded
    length = np.minimum(length, MOST_TOOTH * place.gap)
    edge = 0.02 * place.width
    return np.asarray(smooth((length - place.depth) / edge + 0.5) * smooth((0.92 - np.abs(across)) / 0.15))
