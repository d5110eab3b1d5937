"""The part of a frame in which faces are looked for, in pixels."""

from __future__ import annotations

from dataclasses import dataclass

from installation.faces.detection import SearchSquare
from installation.zones import Zone


@dataclass(frozen=True, slots=True)
class Bounds:
    """A rectangle of a frame, px."""

    left: int
    top: int
    width: int
    height: int

    def hold(self, x: float, y: float) -> bool:
        """Whether a place of the frame lies in it; x, y: px of the frame."""
        return self.left <= x < self.left + self.width and self.top <= y < self.top + self.height

    def view(self, square: SearchSquare) -> SearchSquare:
        """A view of the rectangle, as one of the frame."""
        return SearchSquare(square.x + self.left, square.y + self.top, square.side)


def whole_picture() -> Zone | None:
    """The crop of a room that is not cropped."""
    return None


def bounds_of(room: Zone | None, width: int, height: int) -> Bounds:
    """What ``room`` is of a frame of width and height px; None: all of it. Never empty."""
    if room is None:
        return Bounds(0, 0, width, height)
    left, top = min(round(room.left * width), width - 1), min(round(room.top * height), height - 1)
    right, bottom = max(round(room.right * width), left + 1), max(round(room.bottom * height), top + 1)
    return Bounds(left, top, right - left, bottom - top)
