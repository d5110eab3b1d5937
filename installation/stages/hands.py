"""Hands: which of the visitors hold an open hand up beside their head.

Two small networks look beside one visitor at a time, a few times a second: a gesture is held for longer than that. A hand counts once
two looks have seen it, and until two looks in a row have not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from installation.engines.hand_models import HandFinder
from installation.faces.detection import SearchSquare
from installation.faces.hands import is_raised
from installation.messages import Face, TrackedFrame

LOOK_SECONDS = 0.2  # between two looks
HELD_SECONDS = 0.4  # for which a hand is held up before it counts
MISSES = 2  # looks in a row without it until it does not count any more
VIEW = 6.0  # face sizes, side of what is looked at: a head with both hands beside it
ABOVE = 0.5  # face sizes by which its middle lies above the face's


@dataclass(slots=True)
class _Watched:
    """What is known of one visitor's hand. since: s, when it was first seen in this gesture; looked: s, when it was last looked for."""

    looked: float = -math.inf
    since: float = math.inf
    misses: int = 0
    raised: bool = False

    @property
    def doubtful(self) -> bool:
        """Whether the next look decides something."""
        return (self.since < math.inf and not self.raised) or (self.raised and self.misses > 0)

    def tell(self, seen: bool, now: float) -> None:
        self.looked = now
        if not seen:
            self.misses += 1
            if self.misses >= MISSES:
                self.since, self.raised = math.inf, False
            return
        self.misses = 0
        self.since = min(self.since, now)
        self.raised = self.raised or now - self.since >= HELD_SECONDS


class Hands:
    """TrackedFrame -> TrackedFrame, whose faces know whether a hand is raised."""

    def __init__(self, threads: int = 1) -> None:
        """Raises WeightsError where the networks are missing."""
        self._find = HandFinder(threads)
        self._watched: dict[int, _Watched] = {}
        self._looked = -math.inf

    def find(self, tracked: TrackedFrame) -> TrackedFrame:
        """The same faces; those whose hand has been held up for a moment say so."""
        now = tracked.frame.time
        self._watched = {face.id: self._watched.get(face.id, _Watched()) for face in tracked.faces}
        if now < self._looked:  # another source, or a clip that begins anew
            self._looked = -math.inf
        there = [face for face in tracked.faces if face.seen]
        if there and now - self._looked >= LOOK_SECONDS:
            self._looked = now
            face = min(there, key=lambda one: (not self._watched[one.id].doubtful, self._watched[one.id].looked))
            self._watched[face.id].tell(self._raises(tracked, face), now)
        return replace(tracked, faces=tuple(replace(face, hand_raised=self._held(face)) for face in tracked.faces))

    def _held(self, face: Face) -> bool:
        return face.seen and self._watched[face.id].raised

    def _raises(self, tracked: TrackedFrame, face: Face) -> bool:
        """Whether one of the hands beside a face is raised, and is nearer to it than to any other face."""
        x0, y0, x1, y1 = face.box
        size = max(x1 - x0, y1 - y0)
        side = VIEW * size
        view = SearchSquare((x0 + x1) / 2 - side / 2, (y0 + y1) / 2 - side / 2 - ABOVE * size, side)
        for hand in self._find(tracked.frame.image, view):
            where = hand.landmarks.mean(axis=0).tolist()
            nearest = min((one for one in tracked.faces if one.seen), key=lambda one: _distance(one, where))
            if nearest is face and is_raised(hand, face.box):
                return True
        return False


def _distance(face: Face, point: list[float]) -> float:
    """From a face's middle, in its own sizes: who is nearer to the camera reaches farther in the picture."""
    x0, y0, x1, y1 = face.box
    return math.hypot((x0 + x1) / 2 - point[0], (y0 + y1) / 2 - point[1]) / max(x1 - x0, y1 - y0, 1e-6)
