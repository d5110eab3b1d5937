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

GOOD = 0.5  # quality from which a face can be seen well
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
SIZE_WEIGHT = 2.0  # face sizes of distance that a face e times larger or smaller is worth
HIDDEN_COST = 0.8  # face sizes that a visitor who was hidden stands back behind the one who hid them: that one is seen first
HIDDEN_SECONDS = 0.6  # over which the velocity of a face that can hardly be seen is forgotten
OTHER_SIZE = 1.1  # a face that comes out from behind another is not larger or smaller by more, at first: then it is the other's ...
DOUBT_SECONDS = 0.5  # ... and for this long it is not believed
EDGE_HOLD = 0.2  # of the time for which a hidden visitor keeps their presence, for one who walked out of the frame


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """A face found in a frame."""

    x: float  # px, its centre
    y: float
    size: float  # px
    looks: Looks  # [D], length 1: what tells visitors apart
    quality: float = 1.0  # 0…1, how well it can be seen
    edge: bool = False  # cut by the frame's edge


@dataclass(slots=True, eq=False)
class TrackedVisitor:
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
    quality: float = 1.0  # 0…1, how well the face could be seen when last looked for, and how surely it is theirs
    clear: float = -math.inf  # s, when it could last be seen well
    emerged: float = math.inf  # s, since when a face that was hidden can be seen well again and is not believed yet
    edge: bool = False  # walked out of the frame, or is about to

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
    """The visitors. Their number never exceeds ``settings.max_faces``.

    Who cannot be seen well, hidden or half out of the frame, is treated as not seen for as long as it lasts: their presence
    does not rise, holds for ``settings.occlusion_seconds`` and falls.
    """

    settings: PresenceSettings
    visitors: list[TrackedVisitor] = field(default_factory=list)  # sorted by id
    _next_id: int = 0
    _time: float = -math.inf

    def update(self, observations: Sequence[Sighting], now: float, unchecked: Collection[int] = ()) -> list[int | None]:
        """The id of each observation of the frame taken at ``now``; None for faces there is no place for.

        ``unchecked``: ids of visitors nobody looked for in this frame; they count as seen if they were when last checked.
        """
        step = self._step(now)
        ids: list[int | None] = [None] * len(observations)
        for visitor in self.visitors:
            visitor.seen = visitor.seen and visitor.id in unchecked
            if visitor.seen and visitor.quality >= GOOD:
                visitor.clear = now
        for row, column in assign(self._costs(observations, now, unchecked)):
            self._see(self.visitors[row], observations[column], now, observations)
            ids[column] = self.visitors[row].id
        self._fade(step, now)

        newcomers = sorted((i for i, id in enumerate(ids) if id is None), key=lambda i: -observations[i].size)
        room = self.settings.max_faces - len(self.visitors)
        for i in newcomers[: max(room, 0)]:
            ids[i] = self._admit(observations[i], now)
        self._make_room([observations[i] for i in newcomers[max(room, 0) :]])
        return ids

    def wait(self, now: float) -> None:
        """No frame came until ``now``: nobody is seen, and who is not seen for long enough fades and leaves."""
        step = self._step(now)
        if not step:
            return
        for visitor in self.visitors:
            visitor.seen = False
        self._fade(step, now)

    def _step(self, now: float) -> float:
        """Seconds since the last look; time does not run backwards."""
        step = max(now - self._time, 0.0) if math.isfinite(self._time) else 0.0
        self._time = max(now, self._time)
        return step

    def _costs(self, observations: Sequence[Sighting], now: float, unchecked: Collection[int]) -> NDArray[np.float64]:
        """[visitors, observations] in face sizes; inf where they cannot be the same."""
        costs = np.full((len(self.visitors), len(observations)), math.inf)
        for i, visitor in enumerate(self.visitors):
            if visitor.id in unchecked:
                continue
            x, y = visitor.predicted(now)
            reach = min(REACH + REACH_PER_SECOND * (now - visitor.time), REACH_LIMIT)
            for j, seen in enumerate(observations):
                distance = math.hypot(seen.x - x, seen.y - y) / max(visitor.size, seen.size, 1e-6)
                difference = float(1.0 - visitor.looks @ seen.looks)
                ratio = max(seen.size, 1e-6) / max(visitor.size, 1e-6)
                if distance > reach or not 1 / SIZE_RATIO < ratio < SIZE_RATIO or (distance > REACH / 2 and difference > STRANGER):
                    continue
                costs[i, j] = (
                    distance + LOOKS_WEIGHT * difference + SIZE_WEIGHT * abs(math.log(ratio)) + HIDDEN_COST * (1.0 - visitor.quality)
                )
        return costs

    def _see(self, visitor: TrackedVisitor, seen: Sighting, now: float, everyone: Sequence[Sighting]) -> None:
        visitor.quality = seen.quality if self._is_theirs(visitor, seen, now) else 0.0
        visitor.edge, visitor.seen = seen.edge, not visitor.leaving
        if visitor.quality >= GOOD:
            self._learn(visitor, seen, now, everyone)
        else:  # on they go, as far as anybody can tell, ever less surely
            kept = math.exp(-max(now - visitor.time, 0.0) / HIDDEN_SECONDS)
            visitor.velocity = (kept * visitor.velocity[0], kept * visitor.velocity[1])
        visitor.x, visitor.y, visitor.time = seen.x, seen.y, now

    def _learn(self, visitor: TrackedVisitor, seen: Sighting, now: float, everyone: Sequence[Sighting]) -> None:
        """How a visitor moves, how large they are and what they look like, from a face that can be seen well: of one that is half
        hidden the landmark model makes up the rest, and slips over to the face before it."""
        step = now - visitor.time
        visitor.clear, visitor.size = now, seen.size
        if step <= 0:
            return
        share = 1.0 - math.exp(-step / VELOCITY_SECONDS)
        vx, vy = visitor.velocity
        visitor.velocity = (vx + share * ((seen.x - visitor.x) / step - vx), vy + share * ((seen.y - visitor.y) / step - vy))
        if all(other is seen or math.hypot(other.x - seen.x, other.y - seen.y) > APART * seen.size for other in everyone):
            looks = visitor.looks + np.float32(1.0 - math.exp(-step / LOOKS_SECONDS)) * (seen.looks - visitor.looks)
            visitor.looks = np.asarray(looks / max(float(np.linalg.norm(looks)), 1e-9), np.float32)

    def _is_theirs(self, visitor: TrackedVisitor, seen: Sighting, now: float) -> bool:
        """Whether this can be the visitor's own face: the landmarks of one who is hidden slip over to the face before it."""
        if seen.quality < GOOD:
            visitor.emerged = math.inf
        elif visitor.emerged < math.inf or visitor.quality < GOOD:
            visitor.emerged = min(visitor.emerged, now)
            ratio = seen.size / max(visitor.size, 1e-6)
            if not 1 / OTHER_SIZE < ratio < OTHER_SIZE and now - visitor.emerged < DOUBT_SECONDS:
                return False
            visitor.emerged = math.inf
        return True

    def _fade(self, step: float, now: float) -> None:
        kept = []
        for visitor in self.visitors:
            hold = self.settings.occlusion_seconds * (EDGE_HOLD if visitor.edge else 1.0)
            gone = visitor.leaving or now - visitor.clear > hold
            if visitor.seen and visitor.quality >= GOOD:
                visitor.presence = min(visitor.presence + step / max(self.settings.fade_in_seconds, 1e-6), 1.0)
            elif gone:
                away = step if visitor.leaving else min(step, now - visitor.clear - hold)
                visitor.presence = max(visitor.presence - away / max(self.settings.fade_out_seconds, 1e-6), 0.0)
            if visitor.seen or visitor.presence > 0 or not gone:
                kept.append(visitor)
        self.visitors = kept

    def _admit(self, seen: Sighting, now: float) -> int:
        clear = now if seen.quality >= GOOD else -math.inf
        visitor = TrackedVisitor(
            self._next_id, seen.x, seen.y, seen.size, seen.looks.copy(), now, quality=seen.quality, clear=clear, edge=seen.edge
        )
        self._next_id += 1
        self.visitors.append(visitor)
        return visitor.id

    def _make_room(self, waiting: Sequence[Sighting]) -> None:
        """Let the smallest visitors go where clearly larger faces wait; they fade out first."""
        places = sum(visitor.leaving for visitor in self.visitors)
        staying = sorted((v for v in self.visitors if not v.leaving), key=lambda v: (v.seen, v.size))
        for newcomer, visitor in zip(waiting[places:], staying, strict=False):
            if not visitor.seen or newcomer.size > LARGER * visitor.size:
                visitor.leaving, visitor.seen = True, False
