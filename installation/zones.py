"""Zones of the camera's picture in which faces do not count: a painting, a poster, a till with somebody behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

MOST = 32  # zones, of a configuration and of those drawn
SMALLEST = 0.01  # of the picture's side
A_ZONE = "must be four numbers, left, top, right and bottom, as fractions of the picture, as in [0.7, 0.1, 0.95, 0.5]"


@dataclass(frozen=True, slots=True)
class Zone:
    """A rectangle: fractions 0…1 of the width and the height of the picture as tracking sees it, turned and not mirrored."""

    left: float
    top: float
    right: float
    bottom: float

    def holds(self, x: float, y: float) -> bool:
        """Whether a place lies in it; x, y: fractions of the picture."""
        return self.left <= x <= self.right and self.top <= y <= self.bottom

    def numbers(self) -> list[float]:
        """As ``read_zone`` reads it."""
        return [self.left, self.top, self.right, self.bottom]


def read_zone(value: object) -> Zone:
    """A zone as a configuration, a file or the panel writes it; what reaches out of the picture is cut. Raises ValueError."""
    if not isinstance(value, list | tuple) or len(value) != 4:
        raise ValueError(A_ZONE)
    if not all(isinstance(one, int | float) and not isinstance(one, bool) and abs(one) < inf for one in value):
        raise ValueError(A_ZONE)
    left, top, right, bottom = (float(min(max(one, 0.0), 1.0)) for one in value)  # cut first: it may be longer than a float can be
    if right - left < SMALLEST or bottom - top < SMALLEST:
        raise ValueError(f"is no zone of the picture: it is less than {SMALLEST:g} wide or high; {A_ZONE[5:]}")
    return Zone(left, top, right, bottom)


def read_zones(value: object) -> tuple[Zone, ...]:
    """A list of them. Raises ValueError."""
    if not isinstance(value, list | tuple):
        raise ValueError(f"must be a list of zones; each {A_ZONE}")
    if len(value) > MOST:
        raise ValueError(f"must be at most {MOST} zones")
    return tuple(read_zone(one) for one in value)


def any_holds(zones: Sequence[Zone], x: float, y: float) -> bool:
    """Whether a place lies in one of them."""
    return any(zone.holds(x, y) for zone in zones)
