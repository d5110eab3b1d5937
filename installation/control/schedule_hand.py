"""The schedule's hand at the controls: at each of its changes it recalls a preset, darkens the canvas or lights it again.

It moves a control at a change and leaves it alone until the next one: what other hands do in between stays. Times of day are asked
of the wall's clock at every look; the end of an override is the only one that is remembered.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from installation.clock import WallClock
from installation.control.kept_state import KeptSchedule
from installation.control.presets.asks import RecallAnswer
from installation.control.state import Change, ControlState, TableChange
from installation.observation import ScheduleSeen
from installation.operation.schedule import Schedule, Standing

SOURCE = "schedule"  # whose hand it is
OVERRIDE, MINUTES = "schedule/override", "schedule/override-minutes"
AUTO, OPEN, SHUT = "auto", "open", "closed"
BLACKOUT = "transport/blackout"
LOOK_SECONDS = 1.0  # between two looks at the wall's clock


class Recalls(Protocol):
    """What the hand needs of the presets."""

    def begin(self, name: str) -> None:
        """Show one without a fade."""
        ...

    def ask(self, text: str, source: str) -> RecallAnswer:
        """Fade to one in the next picture."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class ScheduledShow:
    """A schedule and the clock that it goes by. fade_seconds: to the dark canvas and back."""

    schedule: Schedule
    wall: WallClock
    fade_seconds: float


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A time within which visitors see no change of the schedule: from ``since`` to before ``until``, None for no end that is known."""

    since: datetime
    until: datetime | None

    def holds(self, moment: datetime) -> bool:
        return self.since <= moment and (self.until is None or moment < self.until)


class ScheduleHand:
    """Stepped once a picture. on_fault: told of a preset that cannot be recalled; the show goes on without it."""

    def __init__(self, show: ScheduledShow, state: ControlState, presets: Recalls, on_fault: Callable[[str], None]) -> None:
        self._show, self._state, self._presets, self._on_fault = show, state, presets, on_fault
        self._lock = threading.Lock()
        self._ends: datetime | None = None  # of the override
        self._asked = False  # whether an override was set since the last look
        self._open = True
        self._row = ""
        self._slow = False  # whether the canvas was darkened or lit by this hand last
        self._standing = Standing(True)
        self._stretch: _Stretch | None = None
        self._looked = float("-inf")
        self._end = state.subscribe(self._hear)

    def begin(self, kept: KeptSchedule | None = None, recall: bool = True) -> None:
        """The first look, before the first picture. kept: where the last show was, if that is known; recall: whether the row that holds
        is shown, over whatever was taken up from there. Raises ConfigError for a preset that is broken."""
        kept = kept or KeptSchedule()
        self._open = kept.open
        moment = self._show.wall()
        if self._state.target(OVERRIDE) != AUTO:
            self._ends = kept.override_ends or moment + self._length()
        standing = self._standing = self._show.schedule.at(moment)
        opened = self._is_open(standing, moment)
        if standing.row is not None and recall:
            self._presets.begin(standing.row.preset)
        self._row = "" if standing.row is None else standing.row.name
        self._turn(opened, asked=False)

    def step(self, now: float) -> None:
        """now: s of the show's clock, by which the looks at the wall's are spread."""
        if not self._asked and 0 <= now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        with self._lock:
            asked, self._asked = self._asked, False
        moment = self._show.wall()
        standing = self._standing = self._show.schedule.at(moment)
        opened = self._is_open(standing, moment)
        again = opened and not self._open
        name = "" if standing.row is None else standing.row.name
        self._turn(opened, asked and self._state.target(OVERRIDE) != AUTO)
        if standing.row is not None and (again or name != self._row):
            answer = self._presets.ask(standing.row.preset, SOURCE)
            if not answer.done:
                self._on_fault(f"schedule: {name}: {answer.text}")
        self._row = name

    @property
    def closed(self) -> bool:
        """Whether it is closed: by the hour, or by hand."""
        return not self._open

    @property
    def fade_seconds(self) -> float | None:
        """How long the canvas takes to darken or to light up; None where another hand did it, for its usual time."""
        return self._show.fade_seconds if self._slow else None

    @property
    def kept(self) -> KeptSchedule:
        """What the next show is to know. Any thread."""
        with self._lock:
            return KeptSchedule(self._open, self._ends)

    def seen(self) -> ScheduleSeen | None:
        """How it stands, for those who look on; None where nothing is scheduled and nobody has a hand in it. Any thread."""
        schedule, override = self._show.schedule, str(self._state.target(OVERRIDE))
        if schedule.empty and override == AUTO:
            return None
        with self._lock:
            ends, opened, standing = self._ends, self._open, self._standing
        change = self._next(self._show.wall())
        if override != AUTO:  # a schedule that is closed, or that nobody sees, changes nothing before the override ends
            change = ends if override == SHUT or not standing.open or change is None or ends is None else min(ends, change)
        row = standing.row.name if opened and standing.row is not None else ""
        text = "" if change is None else change.astimezone(schedule.zone).isoformat(timespec="minutes")
        return ScheduleSeen(opened, row, override, text)

    def stop(self) -> None:
        """Listen no more."""
        self._end()

    def _hear(self, change: Change | TableChange) -> None:
        """In the thread of whoever sets a control."""
        if not isinstance(change, Change):
            return
        if change.name == BLACKOUT:
            self._slow = change.source == SOURCE
        elif change.name in (OVERRIDE, MINUTES) and change.source != SOURCE:
            held = self._state.target(OVERRIDE) != AUTO
            with self._lock:
                self._ends = self._show.wall() + self._length() if held else None
                self._asked = self._asked or change.name == OVERRIDE

    def _length(self) -> timedelta:
        return timedelta(minutes=float(self._state.target(MINUTES)))

    def _next(self, moment: datetime) -> datetime | None:
        """The schedule's next change, looked up again where the last answer does not reach, also after a clock was set back."""
        stretch = self._stretch
        if stretch is None or not stretch.holds(moment):
            stretch = self._stretch = _Stretch(moment, self._show.schedule.next_change(moment))
        return stretch.until

    def _is_open(self, standing: Standing, moment: datetime) -> bool:
        """Whether it is open, after an override whose time is over has gone back."""
        override = self._state.target(OVERRIDE)
        if override == AUTO:
            return standing.open
        with self._lock:
            if self._ends is not None:
                # No override lasts longer than it was set for: where more is left, the clock was set back.
                self._ends = min(self._ends, moment + self._length())
            over = self._ends is not None and moment >= self._ends
            self._ends = None if over else self._ends
        if not over:
            return override == OPEN
        self._state.set(OVERRIDE, AUTO, SOURCE)
        return standing.open

    def _turn(self, opened: bool, asked: bool) -> None:
        """Darken or light the canvas where it opens or closes, or where somebody asked for it."""
        changed = opened != self._open
        with self._lock:
            self._open = opened
        if changed or asked:
            self._state.set(BLACKOUT, not opened, SOURCE)


def figures_of(seen: ScheduleSeen | None) -> list[tuple[str, str]]:
    """Label and value for the operator's HUD."""
    if seen is None:
        return []
    by_hand = ["by hand"] if seen.override != AUTO else []
    words = ["open" if seen.open else "closed", *filter(None, [seen.row]), *by_hand]
    return [("schedule", ", ".join(words)), ("next change", _day_and_time(seen.next_change) or "none")]


def notice_of(seen: ScheduleSeen | None) -> str:
    """What to say at the start of a show that is closed; "" where it is open."""
    if seen is None or seen.open:
        return ""
    until = f" until {_day_and_time(seen.next_change)}" if seen.next_change else ""
    return f"closed{until}, and the canvas is dark; schedule/override opens it, and so does --set controls.{OVERRIDE}={OPEN}"


def _day_and_time(moment: str) -> str:
    return datetime.fromisoformat(moment).strftime("%a %Y-%m-%d %H:%M") if moment else ""
