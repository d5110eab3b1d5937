"""Time zones: which there are, and the one moment that a time on the wall stands for, on the days when clocks change too."""

from __future__ import annotations

import difflib
import zoneinfo
from datetime import UTC, datetime, timedelta, tzinfo

MACHINE = ""  # the name of the machine's own zone


class MachineZone(tzinfo):
    """The machine's own zone, as its C library knows it."""

    def utcoffset(self, moment: datetime | None) -> timedelta | None:
        return None if moment is None else moment.replace(tzinfo=None).astimezone().utcoffset()

    def dst(self, moment: datetime | None) -> timedelta | None:
        return None  # nobody here asks how much of the offset is summer's

    def tzname(self, moment: datetime | None) -> str | None:
        return None if moment is None else moment.replace(tzinfo=None).astimezone().tzname()

    def fromutc(self, moment: datetime) -> datetime:
        """moment: in UTC, with this as its zone."""
        utc = moment.replace(tzinfo=UTC)
        wall = utc.astimezone().replace(tzinfo=None, fold=0)
        second = wall.astimezone(UTC) != utc  # the hour that comes twice, for the second time
        return wall.replace(tzinfo=self, fold=int(second))


def zone_of(name: str) -> tzinfo:
    """The zone of an IANA name such as ``Europe/Berlin``; ``MACHINE`` is this machine's own. Raises ValueError: there is none."""
    if name == MACHINE:
        return MachineZone()
    try:
        return zoneinfo.ZoneInfo(name)
    except (OSError, ValueError, zoneinfo.ZoneInfoNotFoundError):
        pass
    known = zoneinfo.available_timezones()
    if not known:
        raise ValueError("this machine has no table of time zones; install one: pip install tzdata")
    near = difflib.get_close_matches(name, known, n=1)
    raise ValueError(f"there is no such time zone; {f'did you mean {near[0]!r}?' if near else 'write it as in Europe/Berlin'}")


def check_zone(name: str) -> str:
    """The name, where there is such a zone. Raises ValueError."""
    zone_of(name)
    return name


def title_of(zone: tzinfo) -> str:
    """What a person calls it."""
    return zone.key if isinstance(zone, zoneinfo.ZoneInfo) else "the machine's own"


def instant_of(wall: datetime, zone: tzinfo) -> datetime:
    """The moment, in UTC, at which clocks in ``zone`` show ``wall``, which has no zone. A time that comes twice means the first one; a
    time that never comes means the moment at which the clocks jump over it. So a later time is never an earlier moment."""
    later = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if later.astimezone(zone).replace(tzinfo=None) == wall:
        return later
    earlier = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    before = _offset(earlier, zone)
    while later - earlier > timedelta(seconds=1):
        middle = earlier + (later - earlier) // timedelta(seconds=2) * timedelta(seconds=1)
        earlier, later = (middle, later) if _offset(middle, zone) == before else (earlier, middle)
    return later


def _offset(moment: datetime, zone: tzinfo) -> timedelta | None:
    return moment.astimezone(zone).utcoffset()
