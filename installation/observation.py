"""What the installation sees and how it fares, for the hands and eyes outside: feedback over OSC, the panel, metrics."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody before the camera. id: never given twice; smile: 0…1, the last one while they are hidden."""

    id: int
    smile: float


@dataclass(frozen=True, slots=True)
class FaultRecord:
    """One thing that went wrong, however often. first, last, ended: wall clock, ISO 8601 with its offset; the same three in seconds
    of the show. kind: of a condition that lasts, otherwise empty. ended: None while it lasts."""

    kind: str
    text: str
    first: str
    last: str
    first_seconds: float
    last_seconds: float
    count: int
    ended: str | None = None
    ended_seconds: float | None = None
    since_seconds: float | None = None  # of one that came back after it had ended: when that was

    @property
    def open(self) -> bool:
        """Whether it lasts still."""
        return self.ended is None

    def lasts(self, now: float) -> float:
        """Seconds since it began, this time, at ``now`` seconds of the show."""
        began = self.first_seconds if self.since_seconds is None else self.since_seconds
        return max(0.0, (now if self.ended_seconds is None else self.ended_seconds) - began)


@dataclass(frozen=True, slots=True)
class ScheduleSeen:
    """How the schedule stands. row: the one that shows, "" for none or while it is closed; override: auto, or open or closed by hand;
    next_change: when something else will show or the override ends, ISO 8601 with its offset, "" for not within a year."""

    open: bool
    row: str
    override: str
    next_change: str


@dataclass(frozen=True, slots=True)
class RehearsalSeen:
    """How a rehearsal of the camera's faults goes. recovered: faults after whose end the canvas showed a new picture; longest_s: the
    longest time, s, from the end of one to that picture; waiting: kind of the fault that is on, or after which no picture has come
    yet, "" for none."""

    injected: int
    recovered: int
    longest_s: float
    by_fault: dict[str, int]
    longest_by_fault: dict[str, float]
    waiting: str


@dataclass(frozen=True, slots=True)
class Observation:
    """One look at the running show. smiles: each visitor's id and smile 0…1. delay_ms: glass to glass, median. slots: who holds
    each of the places that keep their names."""

    seconds: float  # since the start
    faces: int
    smiles: tuple[tuple[int, float], ...]
    presented_fps: float
    portrait_fps: float
    delay_ms: float
    dropped: int
    memory_mb: float
    engine: str
    model: str
    portrait_px: int
    faults: tuple[str, ...]  # of all that are kept, over or not, the newest last
    slots: tuple[Visitor | None, ...] = ()
    fault_log: tuple[FaultRecord, ...] = ()  # the same with their times
    fault_count: int = 0  # different ones since the start
    frame_age: float | None = None  # s since the source gave its last frame; None before the first
    schedule: ScheduleSeen | None = None  # None where nothing is scheduled


@dataclass(frozen=True, slots=True)
class Series:
    """Times of one kind. count, total: how many since the start, and their sum in s; the median, the 95th and the 99th percentile in s, of
    the last ten minutes or so."""

    name: str
    count: int
    total: float
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class Measures:
    """What is asked once in a while, for it costs some milliseconds: counts since the start, times, what the process holds of the
    machine. gap: s, the longest time between two pictures in the last minute; celsius: of the processor, None where nothing measures;
    restarts: of each worker; safe: why the show runs in safe mode, "" where it does not."""

    captured: int = 0
    presented: int = 0
    portraits: int = 0
    visitors: int = 0
    intervals: Series = Series("interval", 0, 0.0, 0.0, 0.0, 0.0)
    gap: float = 0.0
    delay: Series = Series("delay", 0, 0.0, 0.0, 0.0, 0.0)
    stages: tuple[Series, ...] = ()
    threads: int = 0
    files: int = 0
    celsius: float | None = None
    restarts: tuple[tuple[str, int], ...] = ()
    safe: str = ""
