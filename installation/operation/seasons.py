"""Seasons that a schedule can name because their dates move from year to year, or because everybody knows them by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from types import MappingProxyType


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the anonymous algorithm; Meeus, Astronomical Algorithms, 1991, chapter 8)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


def advent_sunday(year: int) -> date:
    """The fourth Sunday before Christmas Day."""
    christmas = date(year, 12, 25)
    return christmas - timedelta(days=christmas.weekday() + 1 + 21)


def _advent(day: date) -> bool:
    return advent_sunday(day.year) <= day <= date(day.year, 12, 24)


def _christmas(day: date) -> bool:
    return (day.month, day.day) >= (12, 24) or (day.month, day.day) <= (1, 6)


def _carnival(day: date) -> bool:
    return timedelta(-52) <= day - easter(day.year) <= timedelta(-47)


def _easter(day: date) -> bool:
    return timedelta(-2) <= day - easter(day.year) <= timedelta(1)


# advent: its first Sunday to Christmas Eve; christmas: Christmas Eve to Epiphany; carnival: the Thursday before Ash Wednesday to Shrove
# Tuesday; easter: Good Friday to Easter Monday.
SEASONS: Mapping[str, Callable[[date], bool]] = MappingProxyType(
    {"advent": _advent, "christmas": _christmas, "carnival": _carnival, "easter": _easter}
)
