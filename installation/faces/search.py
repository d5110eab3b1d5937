"""Where the detector looks next: the whole frame, tiles of it for small faces, and the places where faces were lost.

A detector sees faces from a certain share of its view, so small faces need small views. All views of a frame would cost
too much for every frame; they take turns.
"""

from dataclasses import dataclass, field

from installation.faces.detection import SearchSquare, tiles, whole

FACE_SHARE = 0.09  # of a view's side, from which faces are found with certainty
THOROUGH_STEPS = 2  # how often the tiles of a thorough search are halved beyond what the smallest face asks for
SMALLEST_TILE = 96.0  # px; below that there is no face to be drawn

IDLE_SECONDS = 0.07  # between views while nobody is there
BUSY_SECONDS = 0.12  # while there is room for more visitors
FULL_SECONDS = 0.5  # while there is none


@dataclass(slots=True)
class Search:
    """The turns of the views. ``min_size``: the smallest face, as a share of the frame's width."""

    min_size: float
    _turn: int = 0
    _time: float = float("-inf")
    _size: tuple[int, int] = (0, 0)
    _tiles: tuple[SearchSquare, ...] = field(default=())

    def thorough(self, width: int, height: int) -> list[SearchSquare]:
        """Every view of a still or of the first frame, the smallest tiles half of what ``min_size`` asks for."""
        views = [whole(width, height)]
        side = self._side(width)
        for _ in range(THOROUGH_STEPS):
            if side < max(width, height) and side >= SMALLEST_TILE:
                views += tiles(width, height, side)
            side /= 2
        return views

    def next(self, width: int, height: int, now: float, visitors: int, room: bool) -> SearchSquare | None:
        """The view whose turn it is at ``now``; None where none is due."""
        pause = IDLE_SECONDS if not visitors else BUSY_SECONDS if room else FULL_SECONDS
        if now - self._time < pause:
            return None
        self._time = now
        if self._size != (width, height):
            self._size = (width, height)
            side = max(self._side(width), SMALLEST_TILE)
            self._tiles = tiles(width, height, side) if side < max(width, height) else ()
        self._turn += 1
        if self._turn % 2 or not self._tiles:
            return whole(width, height)
        return self._tiles[(self._turn // 2) % len(self._tiles)]

    def _side(self, width: int) -> float:
        return self.min_size * width / FACE_SHARE
