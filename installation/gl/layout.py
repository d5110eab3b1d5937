"""Where the portraits hang: target places for any number of visitors, and the springs that carry each portrait there.

Plain maths, no picture is touched. Lengths are pixels of the canvas, times seconds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

MARGIN = 0.055  # of the canvas' shorter side, kept free around all portraits
GAP = 0.02  # of a portrait's side, between two: the masks are ovals, so squares may hang close
FOCUS_SHARE = 0.66  # of the longer side, for the first portrait of the layout "focus"
STIFFNESS = 6.0  # 1/s, angular rate of the critically damped springs: 95 % of the way in 0.8 s
FADE_SECONDS = 0.35  # the quickest a portrait may appear or vanish, whatever its opacity says
ENTRY_SIZE = 0.9  # of its target, the size at which a portrait begins
SETTLED_PX = 0.3  # closer and slower than this, the spring is put to rest
LONGEST_STEP = 0.25  # s, a longer pause between two pictures moves the springs no further


@dataclass(frozen=True, slots=True)
class Box:
    """A square: its centre and side in px of the canvas."""

    x: float
    y: float
    size: float


@dataclass(frozen=True, slots=True)
class Hanging:
    """What ought to hang: a visitor's id and the portrait's opacity 0…1."""

    id: int
    opacity: float


@dataclass(frozen=True, slots=True)
class Placement:
    """What hangs: a visitor's id, the portrait's square now, the opacity 0…1 to draw it with, and whether it rests."""

    id: int
    box: Box
    opacity: float
    rests: bool


def targets(kind: str, count: int, width: int, height: int) -> list[Box]:
    """Squares for ``count`` portraits in the order of their ids. ``kind``: grid, row or focus; another means grid."""
    margin = MARGIN * min(width, height)
    if count <= 0:
        return []
    whole = _Area(margin, margin, width - 2 * margin, height - 2 * margin)
    if kind == "row":
        return _fill(count, count, whole)
    if kind == "focus" and count > 1:
        first, rest = whole.split(FOCUS_SHARE, margin)
        return _grid(1, first) + _grid(count - 1, rest)
    return _grid(count, whole)


@dataclass(frozen=True, slots=True)
class _Area:
    """A part of the canvas, px."""

    x: float
    y: float
    width: float
    height: float

    def split(self, share: float, gap: float) -> tuple[_Area, _Area]:
        """Two parts along the longer side, the first taking ``share`` of it."""
        if self.width >= self.height:
            first = share * (self.width - gap)
            rest = self.width - gap - first
            return _Area(self.x, self.y, first, self.height), _Area(self.x + first + gap, self.y, rest, self.height)
        first = share * (self.height - gap)
        rest = self.height - gap - first
        return _Area(self.x, self.y, self.width, first), _Area(self.x, self.y + first + gap, self.width, rest)

    def side(self, columns: int, rows: int) -> float:
        """The largest square that fits so many times."""
        return min(self.width / (columns + GAP * (columns - 1)), self.height / (rows + GAP * (rows - 1)))


def _grid(count: int, area: _Area) -> list[Box]:
    return _fill(count, max(range(1, count + 1), key=lambda columns: (area.side(columns, math.ceil(count / columns)), -columns)), area)


def _fill(count: int, columns: int, area: _Area) -> list[Box]:
    """Rows filled as evenly as they can be, each centred: five hang as 3 and 2, seven in three rows as 3, 2 and 2."""
    rows = math.ceil(count / columns)
    size = max(1.0, math.floor(area.side(columns, rows)))
    pitch = size * (1 + GAP)
    boxes = []
    for row in range(rows):
        in_row = count // rows + (row < count % rows)
        y = area.y + area.height / 2 + (row - (rows - 1) / 2) * pitch
        boxes += [Box(area.x + area.width / 2 + (column - (in_row - 1) / 2) * pitch, y, size) for column in range(in_row)]
    return boxes


class Layout:
    """Carries portraits smoothly from place to place as visitors come, go and the layout changes.

    Each number follows its target as a critically damped spring in closed form, so the way does not depend on the frame
    rate. A visitor who is no longer named fades out where they hang.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._hung: dict[int, _Hung] = {}
        self._then: float | None = None

    def step(self, hanging: Sequence[Hanging], kind: str, zoom: float, now: float) -> tuple[Placement, ...]:
        """Placements at time ``now``, those that leave first, then by id. ``zoom`` scales every portrait in its place."""
        dt = 0.0 if self._then is None else min(max(now - self._then, 0.0), LONGEST_STEP)
        self._then = now
        wanted = sorted(hanging, key=lambda one: one.id)
        for one, target in zip(wanted, targets(kind, len(wanted), self.width, self.height), strict=True):
            goal = Box(target.x, target.y, target.size * zoom)
            if one.id not in self._hung:
                self._hung[one.id] = _Hung(goal)
            self._hung[one.id].aim(goal, one.opacity)
        staying = {one.id for one in wanted}
        for id_, hung in list(self._hung.items()):
            if id_ not in staying:
                hung.goal_opacity = 0.0
            hung.advance(dt)
            if id_ not in staying and hung.opacity <= 0.0:
                del self._hung[id_]
        order = sorted(self._hung, key=lambda id_: (id_ in staying, id_))
        return tuple(self._hung[id_].placement(id_) for id_ in order)


class _Hung:
    """One portrait's springs."""

    def __init__(self, goal: Box) -> None:
        self.goal = goal
        self.at = [goal.x, goal.y, goal.size * ENTRY_SIZE]
        self.speed = [0.0, 0.0, 0.0]
        self.opacity = 0.0
        self.goal_opacity = 0.0
        self.rests = False

    def aim(self, goal: Box, opacity: float) -> None:
        self.rests = self.rests and goal == self.goal
        self.goal, self.goal_opacity = goal, min(max(opacity, 0.0), 1.0)

    def advance(self, dt: float) -> None:
        step = dt / FADE_SECONDS
        self.opacity += min(max(self.goal_opacity - self.opacity, -step), step)
        if self.rests or dt == 0.0:
            return
        decay = math.exp(-STIFFNESS * dt)
        moving = 0.0
        for i, goal in enumerate((self.goal.x, self.goal.y, self.goal.size)):
            away = self.at[i] - goal
            pull = self.speed[i] + STIFFNESS * away
            self.at[i] = goal + (away + pull * dt) * decay
            self.speed[i] = (self.speed[i] - STIFFNESS * pull * dt) * decay
            moving = max(moving, abs(self.at[i] - goal), abs(self.speed[i]) / STIFFNESS)
        if moving < SETTLED_PX:
            self.at, self.speed, self.rests = [self.goal.x, self.goal.y, self.goal.size], [0.0, 0.0, 0.0], True

    def placement(self, id_: int) -> Placement:
        return Placement(id_, Box(*self.at), self.opacity, self.rests)
