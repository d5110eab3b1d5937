"""Whether the camera sees whole heads: who is cut by its picture's edge for long is not drawn, and somebody should be told why."""

from __future__ import annotations

from installation.faces.presence import GOOD
from installation.faces.quality import inside_share
from installation.messages import Face, TrackedFrame

CUT_SECONDS = 10.0  # visitors walk in and out; who stands there for so long would like to be seen
CUT = 0.95  # share of the landmarks in the frame below which it is the edge that is in the way


class Framing:
    """Watches for faces that are cut for long."""

    def __init__(self) -> None:
        self._since: dict[int, float] = {}  # by visitor, s

    def is_off(self, tracked: TrackedFrame, now: float) -> bool:
        """Whether somebody has been cut by the edge for ``CUT_SECONDS`` at ``now``, s, and is not drawn for it."""
        height, width = tracked.frame.image.shape[:2]
        cut = [face.id for face in tracked.faces if _is_cut(face, width, height)]
        self._since = {id: self._since.get(id, now) for id in cut}
        return any(now - since >= CUT_SECONDS for since in self._since.values())


def _is_cut(face: Face, width: int, height: int) -> bool:
    return face.seen and face.quality < GOOD and inside_share(face.landmarks, width, height) < CUT
