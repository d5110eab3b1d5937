"""The report of a show, from what its parts have counted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from installation import __version__
from installation.assembly.networks import device_name
from installation.clock import Clock
from installation.observation import RehearsalSeen, ScheduleSeen
from installation.operation.health import Health, Report, percentiles, rss_mb
from installation.slot import Slot
from installation.stages.encode import Encode
from installation.stages.generate import Generate
from installation.stages.glass import Glass
from installation.stages.style import Style


@dataclass(frozen=True, slots=True)
class ShowTimes:
    """When a show was: wall clock in s, monotonic, and s of the show's own clock, which in lockstep is another."""

    program: float  # wall, when the program began; 0: not known
    began: float  # wall
    ended: float  # wall
    first: float  # the show's clock when it began
    last: float  # the show's clock when it ended

    @property
    def seconds(self) -> float:
        """Real time, in lockstep too."""
        return max(1e-6, self.ended - self.began)

    def since_start(self, moment: float) -> float:
        """Seconds from the program's start to a moment of the show's clock."""
        return moment - self.first + (self.began - self.program if self.program else 0.0)


class Stopwatch:
    """When a show began and ended, by the wall and by its own clock. Until it has begun, it began when this was made; until it has
    ended, it ended when it began."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.begin()

    def begin(self) -> None:
        """Time counts from now on; whatever was counted before does not."""
        self._first, self._began = self._clock.now(), time.monotonic()
        self._last, self._ended = self._first, self._began

    def end(self) -> None:
        """Time counts until now."""
        self._last, self._ended = self._clock.now(), time.monotonic()

    def seconds(self) -> float:
        """Of the show's clock, since it began."""
        return self._clock.now() - self._first

    def times(self, program: float) -> ShowTimes:
        """program: wall clock when the program began; 0: not known."""
        return ShowTimes(program, self._began, self._ended, self._first, self._last)


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """The parts of a show that have counted. slots: in the order of the picture's way."""

    health: Health
    encode: Encode
    generate: Generate
    glass: Glass
    style: Style
    slots: Sequence[Slot[Any]]
    model: str
    canvas: tuple[int, int]  # width, height in px
    rss_mb_start: float
    schedule: ScheduleSeen | None = None
    rehearsal: RehearsalSeen | None = None


def report_of(counted: Counted, span: ShowTimes) -> Report:
    """What the show has been so far."""
    h, encode, generate, glass, style = counted.health, counted.encode, counted.generate, counted.glass, counted.style
    gpu = torch.cuda.max_memory_allocated() / 2**20 if torch.cuda.is_available() else 0.0
    age = h.frame_age(span.last)
    return Report(
        version=__version__,
        device=device_name(),
        engine=generate.backend,
        precision=generate.precision,
        model=counted.model,
        canvas=counted.canvas,
        portrait_px=h.portrait_px or generate.portrait_px,
        seconds=round(span.seconds, 3),
        first_portrait_s=None if h.first_portrait is None else round(span.since_start(h.first_portrait), 3),
        frames_captured=h.captured,
        frames_presented=h.presented.count,
        # Of a camera's frames: a portrait that a newer one replaced is none.
        frames_dropped=sum(slot.dropped for slot in counted.slots[:2]),
        presented_fps=round(h.presented.count / span.seconds, 2),
        portrait_fps=round(h.portraits.count / span.seconds, 2),
        change_px=generate.change_px,
        changes_drawn=glass.drawn,
        changes_spared=glass.spared,
        portraits_per_face={str(id): n for id, n in sorted(h.portraits_per_face.items())},
        glass_to_glass_ms=percentiles(h.glass_to_glass),
        stage_ms=h.stage_percentiles(),
        faces_max=h.faces_max,
        faces_seen=h.visitors,
        encoder_calls=encode.cache.misses,
        cache_hits=encode.cache.hits,
        rss_mb_start=round(counted.rss_mb_start, 1),
        rss_mb_end=round(rss_mb(), 1),
        gpu_mb_peak=round(gpu, 1),
        faults=_faults(counted),
        fault_log=h.fault_log.records(),
        frame_age_s=None if age is None else round(age, 3),
        style_px=style.painter.long_side if style.painted else 0,
        style_fps=round(style.painted / style.seconds, 2) if style.seconds else 0.0,
        schedule=counted.schedule,
        frames_skipped=h.frames_skipped,
        frames_adapted=h.frames_adapted,
        size_changes=h.size_changes,
        longest_gap_ms=round(1e3 * h.pace.longest, 1),
        gaps_over_50_ms=h.pace.late,
        rehearsal=counted.rehearsal,
    )


def _faults(counted: Counted) -> list[str]:
    """What went wrong, the frames that were skipped too."""
    found = [*counted.health.faults, *([counted.generate.fault] if counted.generate.fault else [])]
    skipped = counted.health.frames_skipped
    return [*found, f"{skipped} unreadable frames were skipped"] if skipped else found
