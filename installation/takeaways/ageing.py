"""How old a file is, whatever somebody does to the clock.

Within one boot of the machine the time since then counts, which nobody sets, and which goes on while the machine sleeps. Across a
boot only the wall clock is left; where that says that a file comes from the future, its age is not known."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment on two clocks. wall: s since 1970; boot: what the system calls the time since it was started, empty where it does
    not say; uptime: s since then."""

    wall: float
    boot: str
    uptime: float


def moment() -> Moment:
    """Now."""
    return Moment(time.time(), _boot(), _uptime())


def age(made: Moment, now: Moment) -> float | None:
    """Seconds from one moment to another; None where that cannot be known."""
    if made.boot != UNKNOWN and made.boot == now.boot:
        return max(0.0, now.uptime - made.uptime)
    return now.wall - made.wall if now.wall >= made.wall else None


def _boot() -> str:
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return UNKNOWN


def _uptime() -> float:
    clock = getattr(time, "CLOCK_BOOTTIME", None)  # Linux's, which counts sleep
    return time.monotonic() if clock is None else time.clock_gettime(clock)
