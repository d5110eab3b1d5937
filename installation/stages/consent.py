"""Consent: who has agreed to be seen, by a raised hand or a held smile. Everybody else is neither encoded nor drawn, and is veiled in the
frame itself, so that no step behind this one has their face.

Consent is a visitor's for as long as they are there, and ends when they are forgotten.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.faces.bounds import Bounds, bounds_of, whole_picture
from installation.messages import Face, Image, TrackedFrame
from installation.zones import Zone

HAND, SMILE = "hand", "smile"
BROAD, FALLEN = 0.5, 0.35  # how broad a smile must be, and under which one is over
HELD_SECONDS = 0.8  # for which a smile is held
UNVEIL_SECONDS = 0.8  # in which the veil goes
VEIL = (1.5, 1.7)  # width and height of the veil, in those of the face's box; hair and chin are under it
HIGHER = 0.12  # of the box's height by which it lies higher than the face's middle
COARSE = 6  # pixels of a veiled face's side: skin and hair, and nobody's features
OVAL_PX = 96
OUTSIDE = 24  # pixels of the longer side of what lies outside the room: light and colours, and nobody


@dataclass(slots=True)
class _Standing:
    """How it stands with one visitor. smiles: s, since when; agreed: s, when; seen: s, when they were seen last."""

    smiles: float = math.inf
    agreed: float = math.inf
    seen: float = -math.inf

    def bare(self, now: float) -> float:
        """How much 0…1 of the veil has gone."""
        return min(max((now - self.agreed) / UNVEIL_SECONDS, 0.0), 1.0) if self.agreed < math.inf else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Admitted:
    """tracked: with those alone who have agreed; waiting: how many others are seen."""

    tracked: TrackedFrame
    waiting: int


@dataclass(eq=False)
class Consent:
    """TrackedFrame -> Admitted. gesture: hand or smile; forget_seconds: after which who is not seen any more has to agree anew; room: the
    part of the picture in which visitors are looked for, None for all of it. Nobody outside of it can be asked: all of that is veiled."""

    gesture: str
    forget_seconds: float = 10.0
    room: Callable[[], Zone | None] = whole_picture
    _standing: dict[int, _Standing] = field(default_factory=dict)

    def admit(self, tracked: TrackedFrame, now: float) -> Admitted:
        """now: s, of the frame, or later where none comes."""
        self._forget({face.id for face in tracked.faces}, now)
        for face in tracked.faces:
            self._ask(face, self._standing.setdefault(face.id, _Standing()), now)
        agreed = tuple(face for face in tracked.faces if self._standing[face.id].agreed < math.inf)
        waiting = sum(face.seen for face in tracked.faces if face not in agreed)
        veils = [(face, 1.0 - bare) for face in tracked.faces if (bare := self._standing[face.id].bare(now)) < 1.0]
        frame, room = tracked.frame, self.room()
        if veils:
            frame = replace(frame, image=veiled(frame.image, veils))
        if room is not None:
            frame = replace(frame, image=veiled_outside(frame.image, bounds_of(room, frame.image.shape[1], frame.image.shape[0])))
        return Admitted(TrackedFrame(frame, agreed), waiting)

    def _ask(self, face: Face, standing: _Standing, now: float) -> None:
        """See whether this visitor agrees in this frame."""
        if not face.seen:
            standing.smiles = math.inf
            return
        standing.seen = now
        if standing.agreed < math.inf:
            return
        if self.gesture == HAND:
            agrees = face.hand_raised
        else:
            smile = face.expression.smile
            going_on = standing.smiles < math.inf and smile >= FALLEN
            standing.smiles = min(standing.smiles, now) if smile >= BROAD or going_on else math.inf
            agrees = now - standing.smiles >= HELD_SECONDS
        if agrees:
            standing.agreed = now

    def _forget(self, there: Collection[int], now: float) -> None:
        gone = [id for id, one in self._standing.items() if id not in there or now - one.seen > self.forget_seconds]
        for id in gone:
            del self._standing[id]


def veiled(image: Image, veils: Collection[tuple[Face, float]]) -> Image:
    """A copy of a frame [H, W, 3] in which faces lie behind a veil, each of a strength 0…1."""
    picture = image.copy()
    for face, strength in veils:
        _veil(picture, face.box, strength)
    return picture


def veiled_outside(image: Image, inside: Bounds) -> Image:
    """A copy of a frame [H, W, 3] in which everything outside a part of it lies behind a veil."""
    height, width = image.shape[:2]
    scale = OUTSIDE / max(height, width)
    coarse = cv2.resize(image, (max(2, round(width * scale)), max(2, round(height * scale))), interpolation=cv2.INTER_AREA)
    picture = np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)
    rows, columns = slice(inside.top, inside.top + inside.height), slice(inside.left, inside.left + inside.width)
    picture[rows, columns] = image[rows, columns]
    return picture


def _veil(picture: Image, box: tuple[float, float, float, float], strength: float) -> None:
    height, width = picture.shape[:2]
    (x, y), (wide, tall) = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2), (box[2] - box[0], box[3] - box[1])
    half_w, half_h, y = wide * VEIL[0] / 2, tall * VEIL[1] / 2, y - HIGHER * tall
    x0, x1, y0, y1 = round(x - half_w), round(x + half_w) + 1, round(y - half_h), round(y + half_h) + 1
    left, right, top, bottom = max(x0, 0), min(x1, width), max(y0, 0), min(y1, height)
    if left >= right or top >= bottom:
        return
    part = picture[top:bottom, left:right]
    oval = cv2.resize(_oval(), (x1 - x0, y1 - y0), interpolation=cv2.INTER_LINEAR)[top - y0 : bottom - y0, left - x0 : right - x0]
    coarse = cv2.resize(part, (COARSE, COARSE), interpolation=cv2.INTER_AREA)
    soft = cv2.resize(coarse, (part.shape[1], part.shape[0]), interpolation=cv2.INTER_CUBIC)
    share = oval * np.float32(strength)
    part[:] = cv2.blendLinear(soft, np.ascontiguousarray(part), share, 1.0 - share)


@cache
def _oval() -> NDArray[np.float32]:
    """[96, 96] 0…1: an oval that fills the square, its rim soft."""
    v, u = (np.mgrid[0:OVAL_PX, 0:OVAL_PX].astype(np.float32) + 0.5) / (OVAL_PX / 2) - 1.0
    return np.asarray(np.clip((1.0 - np.hypot(u, v)) / 0.3, 0.0, 1.0), np.float32)
