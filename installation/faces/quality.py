"""How well a face can be seen in a frame, judged before anything is encoded: what lies outside the frame or behind a nearer
face must not become part of a portrait.

Plain geometry over the landmarks: which share of them lies in the frame, which share behind the head of someone nearer, and
how sure the landmark model is. A head is taken as an ellipse in the square that FFHQ cuts around it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from installation.faces.ffhq import Quad, quad_from_landmarks
from installation.messages import Points

INSIDE = (0.86, 1.0)  # share of the landmarks in the frame that gives 0 and 1
COVERED = (0.22, 0.02)  # share of them behind another head, likewise
LOGIT = (0.0, 8.0)  # of the landmark model, likewise
HEAD = (0.62, 0.86)  # half axes of the head, of half a side of the FFHQ square; hair and ears belong to it
DROP = (0.4, 0.7)  # share of what is usual for this face that it has fallen to: something stands before it; likewise
NEARER = 0.94  # a head at least so large beside another may be in front of it
SURER = 3.0  # by how much the landmark model must be surer of the one in front, where both are of like size


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """One face of a frame. points: [468, 2] px; logit: the landmark model's, infinite where it was not asked."""

    points: Points
    logit: float
    quad: Quad
    size: float  # px, side of the box around the landmarks
    usual: float  # the logit that this face has most of the time

    @staticmethod
    def of(points: Points, logit: float, usual: float) -> Head:
        """Raises ValueError where the landmarks span no face."""
        (x0, y0), (x1, y1) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
        return Head(points, logit, quad_from_landmarks(points), max(x1 - x0, y1 - y0), usual)


@dataclass(frozen=True, slots=True)
class Quality:
    """What stands against a portrait, each 0…1: inside the frame, clear of nearer heads, sure to be a face."""

    inside: float
    clear: float
    sure: float

    @property
    def overall(self) -> float:
        """0…1, the worst of them."""
        return min(self.inside, self.clear, self.sure)


def judge(heads: Sequence[Head], width: int, height: int) -> list[Quality]:
    """The quality of each face of a frame [height, width]."""
    return [
        Quality(
            inside=_ramp(inside_share(head.points, width, height), INSIDE),
            clear=_ramp(max((behind(head, other) for other in heads if other is not head), default=0.0), COVERED),
            sure=min(_ramp(head.logit, LOGIT), _fallen(head)),
        )
        for head in heads
    ]


def _fallen(head: Head) -> float:
    return _ramp(head.logit / head.usual, DROP) if 0.0 < head.usual < math.inf and head.logit < head.usual else 1.0


def inside_share(points: Points, width: int, height: int) -> float:
    """Share 0…1 of points [N, 2] px that lie in the frame."""
    x, y = points[:, 0], points[:, 1]
    return float(((x > -0.5) & (x < width - 0.5) & (y > -0.5) & (y < height - 0.5)).mean())


def behind(head: Head, other: Head) -> float:
    """Share 0…1 of a face that the other's head hides, if that is in front."""
    if not in_front(other, head):
        return 0.0
    return float((depth_in_head(head.points, other.quad) < 1.0).mean())


def in_front(one: Head, other: Head) -> bool:
    """Whether ``one`` may stand before ``other``: clearly nearer, or as near and not the one that is hidden."""
    if one.size < NEARER * other.size:
        return False
    return one.size * NEARER > other.size or one.logit > other.logit - SURER


def depth_in_head(points: NDArray[np.floating], quad: Quad) -> NDArray[np.float64]:
    """For points [..., 2] px: below 1 inside the ellipse of the head, 0 in its middle."""
    away = np.asarray(points, np.float64) - quad.centre
    length = float(quad.x @ quad.x)
    across, down = away @ quad.x / length, away @ quad.y / length
    return np.hypot(across / HEAD[0], down / HEAD[1])


def _ramp(value: float, limits: tuple[float, float]) -> float:
    return min(max((value - limits[0]) / (limits[1] - limits[0]), 0.0), 1.0)
