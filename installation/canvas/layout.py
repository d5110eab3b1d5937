"""Where the portraits hang: target places for any number of visitors, and the springs that carry each portrait there.

Plain maths, no picture is touched. Lengths are pixels of the canvas, times seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from installation.canvas.look import FACETS, MIRROR, SALON

MARGIN = 0.055  # of the canvas' shorter side, kept free around all portraits
FRAMED_SHARE = 0.66  # of a framed portrait's square that the picture itself takes, without mat and moulding
SALON_GAP = 0.06  # of a frame's side, between two
FACETS_MARGIN = 0.02  # of the canvas' shorter side, around all cells
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
    """What ought to hang: whose it is (of one kind that can be put in an order), the portrait's opacity 0…1, and the square of the
    canvas where the face is in the mirror's picture, None where that is not known."""

    id: Hashable
    opacity: float
    place: Box | None = None


@dataclass(frozen=True, slots=True)
class Placement:
    """What hangs: whose it is, the portrait's square now, the opacity 0…1 to draw it with, and whether it rests."""

    id: Hashable
    box: Box
    opacity: float
    rests: bool


@dataclass(frozen=True, slots=True)
class Cells:
    """How the layout facets is divided. gap: between two cells, in parts of their side."""

    rows: int = 3
    columns: int = 3
    gap: float = GAP


@dataclass(frozen=True, slots=True)
class Arrangement:
    """A layout. squares: places for so many portraits, in the order of their ids, on a canvas of width and height px. framed: the
    portraits hang in mats and mouldings; square: they are seen whole, not as ovals."""

    name: str
    squares: Callable[[int, int, int, Cells], list[Box]]
    framed: bool = False
    square: bool = False


def targets(kind: str, count: int, width: int, height: int, cells: Cells = Cells()) -> list[Box]:  # frozen
    """Squares for ``count`` portraits in the order of their ids. ``kind``: the name of a layout; another means grid."""
    return arrangement(kind).squares(count, width, height, cells) if count > 0 else []


def portrait_side(kind: str, count: int, width: int, height: int, cells: Cells = Cells()) -> int:  # frozen
    """Side in px of the largest of ``count`` portraits, without mat and moulding."""
    largest = max((box.size for box in targets(kind, count, width, height, cells)), default=0.0)
    return math.ceil(largest * (FRAMED_SHARE if arrangement(kind).framed else 1.0))


def _facets(count: int, width: int, height: int, cells: Cells) -> list[Box]:
    """One column after the other, so that two visitors' cells stand side by side."""
    margin = FACETS_MARGIN * min(width, height)
    across, down = (n + cells.gap * (n - 1) for n in (cells.columns, cells.rows))
    size = min((width - 2 * margin) / across, (height - 2 * margin) / down)
    pitch = size * (1 + cells.gap)
    boxes = []
    for k in range(count):
        column, row = divmod(k, cells.rows)
        x, y = column - (cells.columns - 1) / 2, row - (cells.rows - 1) / 2
        boxes.append(Box(width / 2 + x * pitch, height / 2 + y * pitch, size))
    return boxes


@dataclass(frozen=True, slots=True)
class _Area:
    """A part of the canvas, px."""

    x: float
    y: float
    width: float
    height: float

    @classmethod
    def of(cls, width: int, height: int) -> _Area:
        """All of the canvas but its margin."""
        margin = _margin(width, height)
        return cls(margin, margin, width - 2 * margin, height - 2 * margin)

    def split(self, share: float, gap: float) -> tuple[_Area, _Area]:
        """Two parts along the longer side, the first taking ``share`` of it."""
        if self.width >= self.height:
            first = share * (self.width - gap)
            rest = self.width - gap - first
            return _Area(self.x, self.y, first, self.height), _Area(self.x + first + gap, self.y, rest, self.height)
        first = share * (self.height - gap)
        rest = self.height - gap - first
        return _Area(self.x, self.y, self.width, first), _Area(self.x, self.y + first + gap, self.width, rest)

    def side(self, columns: int, rows: int, gap: float) -> float:
        """The largest square that fits so many times."""
        return min(self.width / (columns + gap * (columns - 1)), self.height / (rows + gap * (rows - 1)))


def _margin(width: int, height: int) -> float:
    return MARGIN * min(width, height)


def _grid(count: int, area: _Area, gap: float = GAP) -> list[Box]:
    columns = max(range(1, count + 1), key=lambda columns: (area.side(columns, math.ceil(count / columns), gap), -columns))
    return _fill(count, columns, area, gap)


def _fill(count: int, columns: int, area: _Area, gap: float = GAP) -> list[Box]:
    """Rows filled as evenly as they can be, each centred: five hang as 3 and 2, seven in three rows as 3, 2 and 2."""
    rows = math.ceil(count / columns)
    size = max(1.0, math.floor(area.side(columns, rows, gap)))
    pitch = size * (1 + gap)
    boxes = []
    for row in range(rows):
        in_row = count // rows + (row < count % rows)
        y = area.y + area.height / 2 + (row - (rows - 1) / 2) * pitch
        boxes += [Box(area.x + area.width / 2 + (column - (in_row - 1) / 2) * pitch, y, size) for column in range(in_row)]
    return boxes


def _in_a_grid(count: int, width: int, height: int, cells: Cells) -> list[Box]:
    return _grid(count, _Area.of(width, height))


def _in_a_row(count: int, width: int, height: int, cells: Cells) -> list[Box]:
    return _fill(count, count, _Area.of(width, height))


def _in_frames(count: int, width: int, height: int, cells: Cells) -> list[Box]:
    return _grid(count, _Area.of(width, height), SALON_GAP)


def _first_large(count: int, width: int, height: int, cells: Cells) -> list[Box]:
    whole = _Area.of(width, height)
    if count == 1:
        return _grid(1, whole)
    first, rest = whole.split(FOCUS_SHARE, _margin(width, height))
    return _grid(1, first) + _grid(count - 1, rest)


# Every layout, a row each, in the order of the control. In the mirror nothing hangs; what is to hang afterwards is measured as a grid.
ARRANGEMENTS = {
    row.name: row
    for row in (
        Arrangement(MIRROR, _in_a_grid),
        Arrangement(FACETS, _facets, square=True),
        Arrangement(SALON, _in_frames, framed=True, square=True),
        Arrangement("grid", _in_a_grid),
        Arrangement("row", _in_a_row),
        Arrangement("focus", _first_large),
    )
}
LAYOUTS = tuple(ARRANGEMENTS)


def arrangement(kind: str) -> Arrangement:
    """The layout of that name; another name means grid."""
    return ARRANGEMENTS.get(kind, ARRANGEMENTS["grid"])


class Layout:
    """Carries portraits smoothly from place to place as visitors come, go and the layout changes.

    Each number follows its target as a critically damped spring in closed form, so the way does not depend on the frame
    rate. A visitor who is no longer named fades out where they hang.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._hung: dict[Hashable, _Hung] = {}
        self._then: float | None = None

    def step(self, hanging: Sequence[Hanging], kind: str, zoom: float, now: float, cells: Cells = Cells()) -> tuple[Placement, ...]:
        """Placements at time ``now``, those that leave first, then by id. ``zoom`` scales every portrait in its place. In the mirror
        nothing hangs: every square lies, unseen, where its face is, and sets out from there when the layout changes."""
        dt = 0.0 if self._then is None else min(max(now - self._then, 0.0), LONGEST_STEP)
        self._then = now
        wanted = sorted(hanging, key=lambda one: one.id)  # type: ignore[arg-type,return-value]  # of one kind
        for one, goal in zip(wanted, self._goals(wanted, kind, zoom, cells), strict=True):
            if one.id not in self._hung:
                self._hung[one.id] = _Hung(goal, whole=kind == MIRROR)
            self._hung[one.id].aim(goal, 0.0 if kind == MIRROR else one.opacity)
        staying = {one.id for one in wanted}
        for id_, hung in list(self._hung.items()):
            if id_ not in staying:
                hung.goal_opacity = 0.0
            hung.advance(dt)
            if kind == MIRROR and hung.opacity <= 0.0:
                hung.arrive()
            if id_ not in staying and hung.opacity <= 0.0:
                del self._hung[id_]
        order = sorted(self._hung, key=lambda id_: (id_ in staying, id_))
        return tuple(self._hung[id_].placement(id_) for id_ in order)

    def _goals(self, wanted: Sequence[Hanging], kind: str, zoom: float, cells: Cells) -> list[Box]:
        if kind == MIRROR:
            middle = Box(self.width / 2, self.height / 2, 0.3 * min(self.width, self.height))
            return [middle if one.place is None else one.place for one in wanted]
        boxes = targets(kind, len(wanted), self.width, self.height, cells)
        return [Box(box.x, box.y, box.size * zoom) for box in boxes]


class _Hung:
    """One portrait's springs."""

    def __init__(self, goal: Box, whole: bool = False) -> None:
        self.goal = goal
        self.at = [goal.x, goal.y, goal.size * (1.0 if whole else ENTRY_SIZE)]
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

    def arrive(self) -> None:
        """Be at the goal at once."""
        self.at, self.speed, self.rests = [self.goal.x, self.goal.y, self.goal.size], [0.0, 0.0, 0.0], False

    def placement(self, id_: Hashable) -> Placement:
        return Placement(id_, Box(*self.at), self.opacity, self.rests)
