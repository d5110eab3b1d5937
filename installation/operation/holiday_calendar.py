"""Public holidays of a country, from the package ``holidays`` where it is installed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Protocol

from installation.errors import ConfigError

MISSING = "public holidays need one more package: pip install holidays"


class Calendar(Protocol):
    """What knows the names of holidays, as the package's calendars do."""

    def get(self, day: date, /) -> str | None:
        """The name of the holiday on a day; None where there is none."""
        ...


FindCalendar = Callable[[str, str], Calendar]  # by country and subdivision, "" for the whole country; raises ConfigError


def find_calendar(country: str, subdivision: str) -> Calendar:
    """The calendar of a country (``DE``) and a part of it (``BY``, "" for the whole). Raises ConfigError with the reason: there is no
    such place, or no package."""
    try:
        import holidays
    except ImportError:
        raise ConfigError(MISSING) from None
    try:
        calendar: Calendar = holidays.country_holidays(country, subdiv=subdivision or None)
    except (NotImplementedError, KeyError, ValueError, AttributeError):
        place = f"{country} {subdivision}".strip()
        raise ConfigError(
            f"the package holidays knows no public holidays of {place}; write it as in {{country: DE, subdivision: BY}}"
        ) from None
    return calendar
