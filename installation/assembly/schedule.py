"""From the configuration to the schedule of a show: what is wrong with it is said with the line that it stands in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import partial

from installation.config import Config, HolidayConfig, RowConfig
from installation.config_times import Dates, Hours, read_weekdays
from installation.errors import ConfigError
from installation.operation.holiday_calendar import Calendar, FindCalendar, find_calendar
from installation.operation.schedule import OnDay, Row, Schedule
from installation.operation.seasons import SEASONS
from installation.time_zone import zone_of

MOST_PAIRS = 6  # of overlapping rows that are named


class NoHoursError(ValueError):
    """Why opening hours are none. key: where they stand."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(reason)
        self.key = key


def schedule_of(config: Config, presets: Sequence[str], find: FindCalendar = find_calendar) -> Schedule:
    """The schedule that the configuration describes. presets: names that can be recalled; find: the calendar of a place. Raises
    ConfigError, one line a problem: a row that can never hold, two of one name, a preset or a place that there is not, a show that never
    opens, holidays without their package."""
    c = config.schedule
    faults = dict(_faults(c.rows, presets))
    opening: Mapping[int, tuple[Hours, ...]] | None = None
    try:
        opening = _opening(c.hours)
    except NoHoursError as err:
        faults[err.key] = str(err)
    closed: list[OnDay] = [dates.holds for dates in c.closed]
    rows = []
    for place, row in enumerate(c.rows):
        try:
            rows.append(_row(row, find))
        except ConfigError as err:
            faults[f"schedule.rows.{place}.holiday"] = str(err)
    try:
        closed += _holidays(c.closed_holidays, find)
    except ConfigError as err:
        faults["schedule.closed_holidays"] = str(err)
    if faults:
        raise config.error(faults)
    return Schedule(zone_of(c.zone), opening, tuple(closed), tuple(rows))


def overlap_notice(schedule: Schedule, today: date) -> str:
    """Which rows win over which, in one sentence; "" where none hold at once within a year."""
    pairs = [f"'{winner}' over '{loser}'" for winner, loser in schedule.overlaps(today)]
    if not pairs:
        return ""
    more = f" and {len(pairs) - MOST_PAIRS} more" if len(pairs) > MOST_PAIRS else ""
    return f"schedule: where rows overlap the later one wins: {', '.join(pairs[:MOST_PAIRS])}{more}"


def _opening(hours: Mapping[str, tuple[Hours, ...]]) -> Mapping[int, tuple[Hours, ...]] | None:
    """By weekday, the later word over the earlier; None: always open. Raises NoHoursError."""
    if not hours:
        return None
    words = {day: text for text in hours for day in read_weekdays(text)}
    for text in hours:
        if text not in words.values():
            raise NoHoursError(f"schedule.hours.{text}", "counts on no day, for later words speak of them all; write it after them")
    if not any(hours[text] for text in words.values()):
        raise NoHoursError("schedule.hours", "has no day that is not closed, and the show would never open")
    return {day: hours[text] for day, text in words.items()}


def _faults(rows: Sequence[RowConfig], presets: Sequence[str]) -> Mapping[str, str]:
    faults: dict[str, str] = {}
    names: dict[str, int] = {}
    for place, row in enumerate(rows):
        key = f"schedule.rows.{place}"
        if names.setdefault(row.name, place) != place:
            faults[f"{key}.name"] = f"row {names[row.name] + 1} has this name; give each its own"
        if row.preset not in presets:
            faults[f"{key}.preset"] = f"there is no such preset; there is {', '.join(presets) or 'none'}"
        if row.dates and not any(_has_day(dates, row.weekdays) for dates in row.dates):
            faults[f"{key}.weekdays"] = "never comes within its dates"
    return faults


def _has_day(dates: Dates, weekdays: frozenset[int]) -> bool:
    """Whether any of the weekdays lies within the dates; those of every year have each weekday some year."""
    if dates.yearly:
        return True
    first, last = date(*dates.first), date(*dates.last)
    return any((first + timedelta(n)).weekday() in weekdays for n in range(min(7, (last - first).days + 1)))


def _row(row: RowConfig, find: FindCalendar) -> Row:
    season = () if row.season is None else (SEASONS[row.season],)
    return Row(row.name, row.preset, row.hours, row.weekdays, row.dates, (*season, *_holidays(row.holiday, find)))


def _holidays(config: HolidayConfig | None, find: FindCalendar) -> tuple[OnDay, ...]:
    if config is None:
        return ()
    return (partial(_is_holiday, find(config.country, config.subdivision), config.name.casefold()),)


def _is_holiday(calendar: Calendar, name: str, day: date) -> bool:
    found = calendar.get(day)
    return found is not None and name in found.casefold()
