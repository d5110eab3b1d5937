"""What an unattended show does by the clock: whether it is open, and which row of its schedule holds, at any moment that is asked for.

Nothing here remembers a moment: a clock that is set, forward or back, gives the answer of the new time. Hours belong to the day on
which they begin, also where they end in the next one, and so do the weekday, the dates and the holiday of a row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from installation.config_times import DAY, EVERY_DAY, WHOLE_DAY, Dates, Hours
from installation.time_zone import instant_of

YEAR_DAYS = 366
HORIZON_DAYS = 400  # that the next change is looked for
_DAY = timedelta(days=1)

OnDay = Callable[[date], bool]


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A look, and when it holds: within the hours of days that fulfil everything else. weekdays: 0 for Monday; dates: any of them, none
    for the whole year; also: what else a day must be, such as a holiday."""

    name: str
    preset: str
    hours: tuple[Hours, ...] = (WHOLE_DAY,)
    weekdays: frozenset[int] = EVERY_DAY
    dates: tuple[Dates, ...] = ()
    also: tuple[OnDay, ...] = ()

    def on(self, day: date) -> bool:
        """Whether its hours count on a day."""
        if day.weekday() not in self.weekdays or (self.dates and not any(dates.holds(day) for dates in self.dates)):
            return False
        return all(holds(day) for holds in self.also)


@dataclass(frozen=True, slots=True)
class Standing:
    """One moment of the schedule. row: the one that holds, in closed hours too; None: none does."""

    open: bool
    row: Row | None = None

    @property
    def shown(self) -> tuple[bool, str]:
        """What visitors can tell apart: whether it is open, and the name of the row that shows."""
        return self.open, self.row.name if self.open and self.row is not None else ""


@dataclass(frozen=True, slots=True)
class Change:
    """What is shown from a moment on, in UTC. until: its end, None where that is not within the time that was looked at."""

    moment: datetime
    until: datetime | None
    standing: Standing


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """zone: whose clocks count. opening: hours by weekday, 0 for Monday, a day that is not there is closed; None: open always. closed:
    what days are closed whatever their weekday. rows: of several that hold, the last counts."""

    zone: tzinfo
    opening: Mapping[int, tuple[Hours, ...]] | None = None
    closed: tuple[OnDay, ...] = ()
    rows: tuple[Row, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether it says nothing: always open, no rows."""
        return self.opening is None and not self.closed and not self.rows

    def at(self, moment: datetime) -> Standing:
        """How things stand at a moment, which has a zone. Raises ValueError for one that has none."""
        if moment.tzinfo is None:
            raise ValueError("a moment without a time zone")
        instant = moment.astimezone(UTC)
        today = instant.astimezone(self.zone).date()
        days = (today, today - _DAY)
        opened = any(self._within(instant, day, self._hours_of(day)) for day in days)
        holding = (row for row in reversed(self.rows) if any(self._holds(row, instant, day) for day in days))
        return Standing(opened, next(holding, None))

    def next_change(self, moment: datetime) -> datetime | None:
        """When something else is shown than at ``moment``, in UTC; None: not within a year. Raises as ``at``."""
        before = self.at(moment).shown
        return next((edge for edge in self._edges(moment, HORIZON_DAYS) if self.at(edge).shown != before), None)

    def changes(self, moment: datetime, days: int) -> Iterator[Change]:
        """What is shown, piece by piece, from ``moment`` to that time ``days`` later. Raises as ``at``."""
        begin, standing = moment.astimezone(UTC), self.at(moment)
        end = begin + days * _DAY
        for edge in self._edges(moment, days + 1):
            if edge >= end:
                break
            new = self.at(edge)
            if new.shown != standing.shown:
                yield Change(begin, edge, standing)
                begin, standing = edge, new
        yield Change(begin, None, standing)

    def overlaps(self, first: date) -> tuple[tuple[str, str], ...]:
        """Pairs of rows that hold at once within a year from ``first``: the one that counts, and the one that does not."""
        pairs: set[tuple[int, int]] = set()
        spans = sorted(
            (n * DAY + hours.start, n * DAY + hours.end, place)
            for n in range(YEAR_DAYS)
            for place, row in enumerate(self.rows)
            if row.on(first + n * _DAY)
            for hours in row.hours
        )
        holding: list[tuple[int, int]] = []
        for start, end, place in spans:
            holding = [(until, other) for until, other in holding if until > start]
            pairs |= {(max(place, other), min(place, other)) for _, other in holding if other != place}
            holding.append((end, place))
        return tuple((self.rows[winner].name, self.rows[loser].name) for winner, loser in sorted(pairs))

    def unseen(self, moment: datetime) -> tuple[str, ...]:
        """Names of rows that are not shown within a year from ``moment``: their dates are over, they lie in closed hours, or others
        go over them."""
        seen = {change.standing.shown[1] for change in self.changes(moment, YEAR_DAYS)}
        return tuple(row.name for row in self.rows if row.name not in seen)

    def _hours_of(self, day: date) -> Sequence[Hours]:
        if any(closed(day) for closed in self.closed):
            return ()
        return (WHOLE_DAY,) if self.opening is None else self.opening.get(day.weekday(), ())

    def _holds(self, row: Row, instant: datetime, day: date) -> bool:
        return row.on(day) and self._within(instant, day, row.hours)

    def _within(self, instant: datetime, day: date, hours: Sequence[Hours]) -> bool:
        return any(self._instant(day, one.start) <= instant < self._instant(day, one.end) for one in hours)

    def _instant(self, day: date, minutes: int) -> datetime:
        return instant_of(datetime(day.year, day.month, day.day) + timedelta(minutes=minutes), self.zone)

    def _edges(self, moment: datetime, days: int) -> Iterator[datetime]:
        """Moments after ``moment`` at which anything may change, in their order."""
        last = moment.astimezone(UTC)
        today = moment.astimezone(self.zone).date()
        for n in range(days + 1):
            day = today + n * _DAY
            midnight = self._instant(day, DAY)
            hours = [(one, each) for one in (day - _DAY, day) for each in self._all_hours(one)]
            edges = {self._instant(one, minutes) for one, each in hours for minutes in (each.start, each.end)}
            for edge in sorted(edges):
                if last < edge < midnight:
                    last = edge
                    yield edge

    def _all_hours(self, day: date) -> Iterator[Hours]:
        yield from self._hours_of(day)
        for row in self.rows:
            if row.on(day):
                yield from row.hours
