"""Prints what the schedule does in the days to come, a line a change.

python -m installation schedule [--config FILE] [--set KEY=VALUE] [--days 7] [--from 2026-12-20]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from installation.assembly.schedule import overlap_notice, schedule_of
from installation.clock import wall_clock
from installation.config import load_config
from installation.control.installed import PRESETS, SHIPPED_PRESETS
from installation.control.presets.player import preset_names
from installation.operation.schedule import Change, Schedule
from installation.time_zone import instant_of, title_of

MOST_DAYS = 366
HEAD = ("from", "until", "screen", "row", "preset")


def main(argv: Sequence[str] | None = None) -> int:
    """The command ``schedule``. Raises ConfigError for a schedule that cannot be."""
    parser = argparse.ArgumentParser(prog="python -m installation schedule", description="Prints what the schedule does, a line a change.")
    parser.add_argument("--config", type=Path, metavar="FILE", help="configuration, over the shipped config.yaml")
    parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE", help="override one configuration key")
    parser.add_argument("--days", type=_days, default=7, metavar="N", help=f"how many days, 1 to {MOST_DAYS} (default 7)")
    parser.add_argument("--from", dest="first", type=_date, metavar="DATE", help="the first day, as in 2026-12-20 (default now)")
    a = parser.parse_args(argv)
    schedule = schedule_of(load_config(a.config, a.overrides), preset_names(PRESETS, SHIPPED_PRESETS))
    begin = wall_clock() if a.first is None else instant_of(a.first, schedule.zone)
    print("\n".join(page(schedule, begin, a.days)))
    return 0


def page(schedule: Schedule, begin: datetime, days: int) -> Iterator[str]:
    """The lines of ``days`` days from ``begin`` on."""
    yield f"time zone: {title_of(schedule.zone)}"
    *changes, last = schedule.changes(begin, days)
    changes.append(replace(last, until=schedule.next_change(last.moment)))  # also where that is beyond these days
    rows = [HEAD, *(_line(change, schedule.zone) for change in changes)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(HEAD))]
    for row in rows:
        yield "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
    notice = overlap_notice(schedule, begin.astimezone(schedule.zone).date())
    if notice:
        yield notice
    unseen = schedule.unseen(begin)
    if unseen:
        names = ", ".join(f"'{name}'" for name in unseen)
        yield f"schedule: not to be seen within a year: {names} (their dates are over, it is closed, or other rows win)"


def _line(change: Change, zone: tzinfo) -> tuple[str, ...]:
    row = change.standing.row if change.standing.open else None
    until = "" if change.until is None else _clock(change.until, zone)
    screen = "open" if change.standing.open else "dark"
    return _clock(change.moment, zone), until, screen, "" if row is None else row.name, "" if row is None else row.preset


def _clock(moment: datetime, zone: tzinfo) -> str:
    """``Thu 2026-11-26 18:00``; of an hour that comes twice, with what tells them apart."""
    there = moment.astimezone(zone)
    twice = there.replace(fold=0).astimezone(UTC) != there.replace(fold=1).astimezone(UTC)
    return f"{there:%a %Y-%m-%d %H:%M}{f' {there.tzname()}' if twice else ''}"


def _days(text: str) -> int:
    days = int(text)
    if not 1 <= days <= MOST_DAYS:
        raise argparse.ArgumentTypeError(f"{text}: must be 1 to {MOST_DAYS}")
    return days


def _date(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d")
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text}: must be a date, as in 2026-12-20") from None
