"""How a configuration writes times of day, weekdays and dates: ``10:00-18:00``, ``tue-fri``, ``12-01 to 01-06``.

Every reader takes what YAML gave it and raises ValueError with the reason, for the error that names the line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

DAY = 24 * 60  # min
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAILY = "daily"
EVERY_DAY = frozenset(range(7))
CLOSED = "closed"
_HOURS = re.compile(r"(\d{1,2}):(\d\d)\s*(?:-|–|to)\s*(\d{1,2}):(\d\d)")
_DATE = re.compile(r"(?:(\d{4})-)?(\d{1,2})-(\d{1,2})")
_LEAP_YEAR = 2000  # of a date without a year: it may be 29 February
AN_HOUR = "must be a time to a time, as in 10:00-18:00, or a list of them"
A_DATE = "must be a date or two, as in 12-24, '12-01 to 01-06' or '2027-02-01 to 2027-02-14', or a list of them"


@dataclass(frozen=True, slots=True)
class Hours:
    """From one time of day to another, in minutes after the midnight at which the day began. start: 0 to 1439; end: after it, by a
    day at most: above 1440 it lies in the next day."""

    start: int
    end: int


WHOLE_DAY = Hours(0, DAY)


@dataclass(frozen=True, slots=True)
class Dates:
    """From one date to another, both counted. first, last: (year, month, day), or (month, day) of every year; without years the last
    may come before the first, and then the turn of the year lies between."""

    first: tuple[int, ...]
    last: tuple[int, ...]

    @property
    def yearly(self) -> bool:
        """Whether they come again every year."""
        return len(self.first) == 2

    def holds(self, day: date) -> bool:
        """Whether a day lies between them."""
        this = (day.month, day.day) if self.yearly else (day.year, day.month, day.day)
        if self.first <= self.last:
            return self.first <= this <= self.last
        return this >= self.first or this <= self.last


def read_hours(value: object) -> tuple[Hours, ...]:
    """One ``10:00-18:00`` or a list of them; ``22:00-02:00`` goes over midnight. Raises ValueError."""
    given = value if isinstance(value, list) else [value]
    if not given:
        raise ValueError(f"holds no hours; {AN_HOUR}")
    return tuple(_hours(one) for one in given)


def read_opening(value: object) -> tuple[Hours, ...]:
    """The same, and ``closed`` or an empty list for none. Raises ValueError."""
    if value in (CLOSED, []):
        return ()
    try:
        return read_hours(value)
    except ValueError as err:
        raise ValueError(f"{err}, or closed") from None


def read_weekdays(value: object) -> frozenset[int]:
    """Weekdays, 0 for Monday: ``sat``, ``mon-fri``, ``sat-mon``, ``mon, wed``, ``daily``, or a list of such. Raises ValueError."""
    given = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str) for one in given):
        raise ValueError("must be weekdays, as in sat, mon-fri, or [mon, wed]")
    words = [word for one in given for word in str(one).split(",")]
    found = frozenset(day for word in words if word.strip() for day in _weekdays(word))
    if not found:
        raise ValueError("names no weekday; write some, as in mon-fri, or leave it out for every day")
    return found


def read_dates(value: object) -> tuple[Dates, ...]:
    """One ``12-24``, ``12-01 to 01-06`` or ``2027-02-01 to 2027-02-14``, or a list of them. Raises ValueError."""
    given = value if isinstance(value, list) else [value]
    return tuple(_dates(one) for one in given)


def check_weekdays(text: str) -> str:
    """The text, where ``read_weekdays`` can read it. Raises ValueError."""
    read_weekdays(text)
    return text


def _hours(value: object) -> Hours:
    found = _HOURS.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError(AN_HOUR)
    start, end = (int(found[at]) * 60 + int(found[at + 1]) for at in (1, 3))
    if int(found[2]) > 59 or int(found[4]) > 59 or start >= DAY or end > DAY:
        raise ValueError("there is no such time; hours go from 00:00 to 24:00")
    if start == end:
        raise ValueError("is empty; a whole day is 00:00-24:00")
    return Hours(start, end if end > start else end + DAY)


def _weekdays(word: str) -> list[int]:
    text = word.strip().lower()
    if text == DAILY:
        return list(EVERY_DAY)
    first, dash, last = text.partition("-")
    start, end = _weekday(first), _weekday(last if dash else first)
    return [(start + step) % 7 for step in range((end - start) % 7 + 1)]


def _weekday(word: str) -> int:
    text = word.strip()
    for number, name in enumerate(WEEKDAYS):
        if text in (name, name[:3]):
            return number
    raise ValueError(f"{text!r} is no weekday; there is {', '.join(name[:3] for name in WEEKDAYS)} and {DAILY}")


def _dates(value: object) -> Dates:
    if not isinstance(value, str):
        raise ValueError(A_DATE)
    texts = value.split(" to ")
    if len(texts) > 2:
        raise ValueError(A_DATE)
    first, last = _date(texts[0]), _date(texts[-1])
    if len(first) != len(last):
        raise ValueError("has a year on one side; give it on both, or on neither")
    if len(first) == 3 and last < first:
        raise ValueError("ends before it begins")
    return Dates(first, last)


def _date(text: str) -> tuple[int, ...]:
    found = _DATE.fullmatch(text.strip())
    if found is None:
        raise ValueError(A_DATE)
    year, month, day = (int(part) if part else 0 for part in found.groups())
    try:
        date(year or _LEAP_YEAR, month, day)
    except ValueError:
        raise ValueError(f"{text.strip()} is no day of the calendar") from None
    return (year, month, day) if year else (month, day)
