"""Who is there: stable ids for the faces found in each frame, and how present each visitor is.

Faces are paired with visitors by place, predicted at constant velocity, and by looks, so that ids survive occlusions and
crossings. A visitor's presence rises while they are seen, holds through an occlusion and falls once they left.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from installation.faces.assignment import assign

Looks = NDArray[np.float32]

LOOKS_WEIGHT = 2.0  # face sizes of distance that wholly different looks are worth
REACH = 0.8  # face sizes from the predicted place within which a face may be the same visitor
REACH_PER_SECOND = 1.5  # by which that grows while a visitor is not seen
REACH_LIMIT = 3.0
SIZE_RATIO = 2.0  # a face does not grow or shrink by more than this unseen
STRANGER = 0.45  # looks farther apart than this are another visitor, unless the place hardly changed
LARGER = 1.3  # a newcomer must be this much larger than the smallest visitor to take their place
VELOCITY_SECONDS = 0.15  # over which velocity is averaged
COAST_SECONDS = 1.0  # after which an unseen face is thought to have slowed to a third
LOOKS_SECONDS = 1.0  # over which looks are averaged
APART = 1.2  # face sizes between two faces from which their looks do not mix


@dataclass(frozen=True, slots=True, eq=False)
class Observation:
    """A face found in a frame."""

    x: float  # px, its centre
    y: float
    size: float  # px
    looks: Looks  # [D], length 1: what tells visitors apart


@dataclass(slots=True, eq=False)
class Visitor:
    """One visitor as last known."""

    id: int
    x: float  # px
    y: float
    size: float  # px
    looks: Looks  # [D], length 1
    time: float  # s, when last seen
    velocity: tuple[float, float] = (0.0, 0.0)  # px/s
    presence: float = 0.0  # 0…1
    seen: bool = True  # when last looked for
    leaving: bool = False  # makes room for a larger face

    def predicted(self, now: float) -> tuple[float, float]:
        """Where the face should be at ``now``, px."""
        elapsed = max(now - self.time, 0.0)
        coast = COAST_SECONDS * (1.0 - math.exp(-elapsed / COAST_SECONDS))
        return self.x + self.velocity[0] * coast, self.y + self.velocity[1] * coast


@dataclass(frozen=True, slots=True)
class PresenceSettings:
    """How many visitors, and how they come and go."""

    max_faces: int = 4
    occlusion_seconds: float = 1.0  # an unseen visitor keeps their presence this long
    fade_in_seconds: float = 0.6
    fade_out_seconds: float = 0.8


@dataclass(slots=True)
class Presence:
    """The visitors. Their number never exceeds ``settings.max_faces``."""

    settings: PresenceSettings
    visitors: list[Visitor] = field(default_factory=list)  # sorted by id
    _next_id: int = 0
    _time: float = -math.inf

    def update(self, observations: Sequence[Observation], now: float, unchecked: Collection[int] = ()) -> list[int | None]:
        """The id of each observation of the frame taken at ``now``; None for faces there is no place for.

        ``unchecked``: ids of visitors nobody looked for in this frame; they count as seen if they were when last checked.
        """
        step = max(now - self._time, 0.0) if math.isfinite(self._time) else 0.0
        self._time = now
        ids: list[int | None] = [None] * len(observations)
        for visitor in self.visitors:
            visitor.seen = visitor.seen and visitor.id in unchecked
        for row, column in assign(self._costs(observations, now)):
            self._see(self.visitors[row], observations[column], now, observations)
            ids[column] = self.visitors[row].id
        self._fade(step, now)

        newcomers = sorted((i for i, id in enumerate(ids) if id is None), key=lambda i: -observations[i].size)
        room = self.settings.max_faces - len(self.visitors)
        for i in newcomers[: max(room, 0)]:
            ids[i] = self._admit(observations[i], now)
        self._make_room([observations[i] for i in newcomers[max(room, 0) :]])
        return ids

    def _costs(self, observations: Sequence[Observation], now: float) -> NDArray[np.float64]:
        """[visitors, observations] in face sizes; inf where they cannot be the same."""
        costs = np.full((len(self.visitors), len(observations)), math.inf)
        for i, visitor in enumerate(self.visitors):
            x, y = visitor.predicted(now)
            reach = min(REACH + REACH_PER_SECOND * (now - visitor.time), REACH_LIMIT)
            for j, seen in enumerate(observations):
                distance = math.hypot(seen.x - x, seen.y - y) / max(visitor.size, seen.size, 1e-6)
                difference = float(1.0 - visitor.looks @ seen.looks)
                ratio = max(seen.size, 1e-6) / max(visitor.size, 1e-6)
                if distance > reach or not 1 / SIZE_RATIO < ratio < SIZE_RATIO or (distance > REACH / 2 and difference > STRANGER):
                    continue
                costs[i, j] = distance + LOOKS_WEIGHT * difference
        return costs

    def _see(self, visitor: Visitor, seen: Observation, now: float, everyone: Sequence[Observation]) -> None:
        step = now - visitor.time
        if step > 0:
            share = 1.0 - math.exp(-step / VELOCITY_SECONDS)
            vx, vy = visitor.velocity
            vx += share * ((seen.x - visitor.x) / step - vx)
            vy += share * ((seen.y - visitor.y) / step - vy)
            visitor.velocity = (vx, vy)
        alone = all(other is seen or math.hypot(other.x - seen.x, other.y - seen.y) > APART * seen.size for other in everyone)
        if alone and step > 0:
            looks = visitor.looks + np.float32(1.0 - math.exp(-step / LOOKS_SECONDS)) * (seen.looks - visitor.looks)
            visitor.looks = np.asarray(looks / max(float(np.linalg.norm(looks)), 1e-9), np.float32)
        visitor.x, visitor.y, visitor.size, visitor.time = seen.x, seen.y, seen.size, now
        visitor.seen = not visitor.leaving

    def _fade(self, step: float, now: float) -> None:
        occlusion = self.settings.occlusion_seconds
        kept = []
        for visitor in self.visitors:
            gone = visitor.leaving or now - visitor.time > occlusion
            if visitor.seen:
                visitor.presence = min(visitor.presence + step / max(self.settings.fade_in_seconds, 1e-6), 1.0)
            elif gone:
                away = step if visitor.leaving else min(step, now - visitor.time - occlusion)
                visitor.presence = max(visitor.presence - away / max(self.settings.fade_out_seconds, 1e-6), 0.0)
            if visitor.seen or visitor.presence > 0 or not gone:
                kept.append(visitor)
        self.visitors = kept

    def _admit(self, seen: Observation, now: float) -> int:
        visitor = Visitor(self._next_id, seen.x, seen.y, seen.size, seen.looks.copy(), now)
        self._next_id += 1
        self.visitors.append(visitor)
        return visitor.id

    def _make_room(self, waiting: Sequence[Observation]) -> None:
        """Let the smallest visitors go where clearly larger faces wait; they fade out first."""
        places = sum(visitor.leaving for visitor in self.visitors)
        staying = sorted((v for v in self.visitors if not v.leaving), key=lambda v: (v.seen, v.size))
        for newcomer, visitor in zip(waiting[places:], staying, strict=False):
            if not visitor.seen or newcomer.size > LARGER * visitor.size:
                visitor.leaving, visitor.seen = True, False
