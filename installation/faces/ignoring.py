"""Faces that do not count: no visitor begins in an ignored zone, and who stays in one is let go.

Who is known and only passes before a painting keeps their portrait: a zone is where somebody stays, not a wall.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from installation.zones import Zone, any_holds

PASSING_SECONDS = 2.0  # for which a known visitor may be in a zone


@dataclass(slots=True)
class Ignoring:
    """Follows who is in a zone. zones: those that hold now."""

    zones: Callable[[], Sequence[Zone]] = tuple
    _since: dict[int, float] = field(default_factory=dict)  # s, when a visitor came into a zone, by their id

    def begins(self, x: float, y: float, size: tuple[int, int]) -> bool:
        """Whether a face whose middle is at x, y px may be a new visitor's. size: width and height of the frame, px."""
        return not any_holds(self.zones(), x / size[0], y / size[1])

    def stays(self, id: int, x: float, y: float, size: tuple[int, int], now: float) -> bool:
        """Whether this visitor has been in a zone for longer than it takes to pass."""
        if self.begins(x, y, size):
            self._since.pop(id, None)
            return False
        return now - self._since.setdefault(id, now) > PASSING_SECONDS

    def keep(self, ids: Collection[int]) -> None:
        """Forget everybody else."""
        self._since = {id: since for id, since in self._since.items() if id in ids}
