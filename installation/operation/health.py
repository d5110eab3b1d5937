"""What the installation knows of itself: stage times, delays, counts, faults; the report is made from it."""

import os
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from installation.observation import FaultRecord, RehearsalSeen, ScheduleSeen
from installation.operation.faults import FaultLog

PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20
KEEP = 20_000  # samples a series keeps: ten minutes at 30 fps, and a fixed cost over weeks
WAITED = 0.05  # s between two pictures of the canvas, beyond which a visitor sees it stop
MOST_KNOWN = 1000  # visitors of whom the numbers are remembered; weeks of them are counted
RECENT_SECONDS = 2.0  # what the rates on the HUD look back on


def rss_mb() -> float:
    """Resident memory of this process in MiB; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_MB
    except (OSError, ValueError, IndexError):
        return 0.0


@dataclass(frozen=True)
class Percentiles:
    """Milliseconds."""

    p50: float
    p95: float
    p99: float


def percentiles(seconds: deque[float]) -> Percentiles:
    """Of a series in seconds; zeros for an empty one."""
    if not seconds:
        return Percentiles(0.0, 0.0, 0.0)
    values = np.percentile(np.fromiter(seconds, float), (50, 95, 99)) * 1e3
    return Percentiles(*(round(float(v), 2) for v in values))


class Rate:
    """Events a second over the last two seconds, and their number since the start."""

    def __init__(self) -> None:
        self.count = 0
        self._recent: deque[tuple[float, int]] = deque()

    def add(self, now: float, events: int = 1) -> None:
        """``events`` happened at ``now``."""
        self.count += events
        self._recent.append((now, events))
        while self._recent and now - self._recent[0][0] > RECENT_SECONDS:
            self._recent.popleft()

    def per_second(self, now: float) -> float:
        """Over the last two seconds before ``now``."""
        return sum(n for t, n in list(self._recent) if now - t <= RECENT_SECONDS) / RECENT_SECONDS


@dataclass(slots=True)
class Spent:
    """How often something was done since the start, and for how many seconds in all: what a series forgets."""

    count: int = 0
    seconds: float = 0.0


@dataclass
class Pace:
    """How evenly the canvas is drawn: the longest time between two pictures, s, and how many lay further apart than ``WAITED``."""

    longest: float = 0.0
    late: int = 0
    _last: float | None = None

    def shown(self, now: float) -> None:
        """A picture was shown at ``now``."""
        gap = 0.0 if self._last is None else now - self._last
        self._last = now
        self.longest = max(self.longest, gap)
        self.late += gap > WAITED


@dataclass
class Health:
    """Counters that every loop writes its own part of; one per show."""

    captured: int = 0
    frames_skipped: int = 0  # of the source: damaged, or no pictures
    frames_adapted: int = 0  # of another format than the source's usual one
    size_changes: int = 0  # how often the source's pictures had another size than the one before
    canvas_frame: float | None = None  # s of the show's clock, when the camera's picture on the canvas was taken
    pace: Pace = field(default_factory=Pace)
    faces: int = 0
    faces_max: int = 0
    visitors: int = 0  # that were seen since the start
    ids: dict[int, None] = field(default_factory=dict)  # of the last of them; none comes again
    smiles: tuple[tuple[int, float], ...] = ()  # each visitor's id and smile 0…1, in the newest frame
    portraits_per_face: Counter[int] = field(default_factory=Counter)
    presented: Rate = field(default_factory=Rate)
    portraits: Rate = field(default_factory=Rate)
    glass_to_glass: deque[float] = field(default_factory=lambda: deque(maxlen=KEEP))
    stages: dict[str, deque[float]] = field(default_factory=dict)
    spent: dict[str, Spent] = field(default_factory=dict)  # by stage
    fault_log: FaultLog = field(default_factory=FaultLog)
    portrait_px: int = 0
    first_portrait: float | None = None
    looked: float | None = None  # s of the show's clock, when visitors were looked for last
    last_frame: float | None = None  # s of the show's clock, when the source gave its last frame

    @property
    def faults(self) -> list[str]:
        """What went wrong, in sentences, over or not, the newest last."""
        return [record.text for record in self.fault_log.records()]

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Add the time of the body to a stage's series."""
        start = time.perf_counter()
        yield
        self.took(stage, time.perf_counter() - start)

    def took(self, stage: str, seconds: float) -> None:
        """Add so many seconds to a stage's series."""
        series = self.stages.get(stage)
        if series is None:
            self.spent[stage] = Spent()
            series = self.stages[stage] = deque(maxlen=KEEP)
        series.append(seconds)
        spent = self.spent[stage]
        spent.count += 1
        spent.seconds += seconds

    def fault(self, text: str, kind: str = "") -> None:
        """Note a fault. kind: a condition that lasts until ``over``."""
        self.fault_log.note(text, kind)

    def over(self, kind: str) -> None:
        """A condition that was a fault has ended."""
        self.fault_log.over(kind)

    def took_frame(self, moment: float) -> None:
        """The source gave a frame, taken at ``moment``."""
        self.captured += 1
        self.last_frame = moment

    def frame_age(self, now: float) -> float | None:
        """Seconds since the last frame; None before the first."""
        return None if self.last_frame is None else max(0.0, now - self.last_frame)

    def saw_faces(self, ids: list[int], smiles: tuple[tuple[int, float], ...] = (), now: float | None = None) -> None:
        """Ids found in one frame, and how they smile; looked for at ``now`` of the show's clock."""
        self.smiles = smiles
        self.faces = len(ids)
        self.faces_max = max(self.faces_max, len(ids))
        for id in ids:
            self.visitors += id not in self.ids
            self.ids.pop(id, None)  # whoever was seen last is the last to be forgotten
            self.ids[id] = None
        _keep_newest(self.ids)
        self.looked = now

    def drew(self, ids: list[int], side: int, now: float) -> None:
        """New portraits of these visitors, ``side`` pixels."""
        if not ids:
            return
        self.portraits.add(now, len(ids))
        self.portraits_per_face.update(ids)
        _keep_newest(self.portraits_per_face)
        self.portrait_px = min(self.portrait_px or side, side)
        if self.first_portrait is None:
            self.first_portrait = now

    def stage_percentiles(self) -> dict[str, Percentiles]:
        """By stage."""
        return {stage: percentiles(series) for stage, series in list(self.stages.items())}


def _keep_newest(known: dict[int, Any]) -> None:
    """Forget the first that came where there are too many: one is added at a time, or a few."""
    while len(known) > MOST_KNOWN:
        del known[next(iter(known))]


@dataclass(frozen=True)
class Report:
    """The contract of ``--report``: one JSON object with these keys."""

    version: str
    device: str
    engine: str
    precision: str
    model: str
    canvas: tuple[int, int]
    portrait_px: int
    seconds: float
    first_portrait_s: float | None
    frames_captured: int
    frames_presented: int
    frames_dropped: int
    presented_fps: float
    portrait_fps: float  # new portraits of all faces together, the camera's pixels under the newest change
    change_px: int  # side of the two drawings whose difference a change is
    changes_drawn: int  # faces and cells that the generator drew
    changes_spared: int  # those that it did not draw, because nothing was edited
    portraits_per_face: dict[str, int]  # of the last thousand faces
    glass_to_glass_ms: Percentiles
    stage_ms: dict[str, Percentiles]
    faces_max: int
    faces_seen: int
    encoder_calls: int
    cache_hits: int
    rss_mb_start: float
    rss_mb_end: float
    gpu_mb_peak: float
    faults: list[str]
    fault_log: tuple[FaultRecord, ...] = ()  # the same with their times
    frame_age_s: float | None = None  # since the source's last frame, when the show ended
    style_px: int = 0  # longer side of a whole picture that is painted, as it was last; 0 where nothing was painted
    style_fps: float = 0.0  # pictures and faces painted a second, while there was something to paint
    schedule: ScheduleSeen | None = None  # as it stood when the show ended; None where nothing is scheduled
    frames_skipped: int = 0  # damaged ones of the source
    frames_adapted: int = 0  # those of another format than ours
    size_changes: int = 0  # of the source's pictures
    longest_gap_ms: float = 0.0  # between two pictures of the canvas
    gaps_over_50_ms: int = 0
    rehearsal: RehearsalSeen | None = None  # of --chaos

    def as_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        return asdict(self)
