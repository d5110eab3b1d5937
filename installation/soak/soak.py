"""The soak itself: a show that runs for hours with trouble every few seconds, and one that is killed again and again."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from installation.errors import FaultError
from installation.soak.program import Program
from installation.soak.samples import Sample, sample_of
from installation.soak.troubles import PRESETS, Trouble, World
from installation.soak.verdict import Revival, Seen, warm_up

MOVED = "look/grain"  # the control that tells whether a show is as the one before was
START_SECONDS = 15.0  # of a start, within which it may be killed
TELL_SECONDS = 60.0  # between two lines on how it goes


@dataclass(frozen=True, slots=True)
class Plan:
    """seconds: how long it runs; every: s between two troubles, 0: none; look: s between two samples; kills: kill -9 that come after it;
    patience: s that a start may take; seed: of everything that is chosen."""

    seconds: float
    every: float
    look: float
    kills: int
    patience: float
    seed: int


class Soak:
    """config: the file that the show is started with; say: told how it goes."""

    def __init__(self, show: Program, config: Path, plan: Plan, say: Callable[[str], None]) -> None:
        self._show, self._plan, self._say = show, plan, say
        self._world = World(show, config, plan.seed)
        self._report = show.folder / "report.json"
        self._samples: list[Sample] = []
        self._troubles: list[Trouble] = []
        self._revivals: list[Revival] = []
        self._began = 0.0

    def run(self) -> Seen:
        """All of it. Raises FaultError where the show does not even begin."""
        show, plan = self._show, self._plan
        self._report.unlink(missing_ok=True)
        show.start("--report", str(self._report))
        ready = show.until(self._pictures, "the first picture", plan.patience)
        self._say(f"the show is there after {ready:.0f} s, process {show.pid}")
        self._began = time.monotonic()
        ended = self._watch()
        code = self._end() if ended is None else ended
        report = json.loads(self._report.read_text(encoding="utf-8")) if self._report.is_file() else {}
        self._kill()
        return Seen(self._samples, self._troubles, self._revivals, ended, code, report, plan.seconds)

    def _watch(self) -> int | None:
        """Until the time is over; the exit code of a show that ended by itself. Every preset is shown while it warms up: what one needs is
        made when it is first seen, and kept, so that an hour after that a show may not grow any more."""
        plan, next_trouble, next_line = self._plan, self._plan.every, TELL_SECONDS
        tour = warm_up(plan.seconds) / len(PRESETS) if plan.every else 0.0
        shown = 0
        while (now := self._passed()) < plan.seconds:
            if not self._show.pid:
                return self._show.wait(1.0)
            sample = sample_of(self._show, now)
            if sample is not None:
                self._samples.append(sample)
            if tour and shown < len(PRESETS) and now >= shown * tour:
                shown += 1
                self._world.recall()
            if plan.every and now >= next_trouble:
                next_trouble = now + plan.every
                self._troubles.append(self._world.make(now))
            if now >= next_line and sample is not None:
                next_line = now + TELL_SECONDS
                self._say(f"{now / 60:.0f} min: {sample.fps:.1f} fps, gap {1000 * sample.gap:.0f} ms, {sample.memory_mb:.0f} MB, "
                          f"{sample.threads} threads, {sample.files} files, {len(self._troubles)} troubles")  # fmt: skip
            time.sleep(max(0.0, plan.look - (self._passed() - now)))
        return None

    def _end(self) -> int | None:
        try:
            return self._show.end(self._plan.patience)
        except FaultError as err:
            self._say(str(err))
            self._show.kill()
            return None

    def _kill(self) -> None:
        """As power cuts would: at moments that nobody chose, the start among them."""
        pick = random.Random(self._plan.seed)
        wanted: float | None = None
        for number in range(self._plan.kills):
            at = time.monotonic() - self._began
            self._show.start()
            if number % 2:  # in its start
                time.sleep(pick.uniform(0.0, START_SECONDS))
                self._show.kill()
                self._revivals.append(Revival(at, None, False, whole(self._show.folder), in_start=True))
                continue
            if number:
                revival, wanted = self._revived(at, wanted, pick)
                self._revivals.append(revival)
                self._say(f"kill {number}: back {revival.back is not None}, as it was {revival.same}, files whole {revival.whole}")
            else:
                wanted = self._moved(pick)
            time.sleep(pick.uniform(0.0, 3.0))
            self._show.kill()
        if self._plan.kills:
            self._show.start()
            revival, _ = self._revived(time.monotonic() - self._began, wanted, pick)
            self._revivals.append(revival)
            self._end()

    def _revived(self, at: float, wanted: float | None, pick: random.Random) -> tuple[Revival, float | None]:
        """How it came back; then a control is moved, and what it was moved to once that is on the disk."""
        show = self._show
        try:
            back = show.until(self._pictures, "pictures", self._plan.patience)
        except FaultError as err:
            self._say(str(err))
            return Revival(at, None, False, whole(show.folder)), wanted
        value = show.control(MOVED)
        same = wanted is not None and isinstance(value, int | float) and abs(value - wanted) < 1e-4
        return Revival(at, back, same, whole(show.folder)), self._moved(pick) or wanted

    def _moved(self, pick: random.Random) -> float | None:
        """Move a control; what it was moved to, once that is on the disk. None where it does not come there."""
        show, new = self._show, round(pick.uniform(0.05, 0.95), 3)
        try:
            show.until(self._pictures, "pictures", self._plan.patience)
            show.set(MOVED, new)
            show.until(lambda: kept_value(show.state, MOVED) == new, "the state on the disk", self._plan.patience)
        except FaultError as err:
            self._say(str(err))
            return None
        return new

    def _pictures(self) -> bool:
        return (self._show.figure("facets_presented_total") or 0) > 0

    def _passed(self) -> float:
        return time.monotonic() - self._began


def kept_value(state: Path, name: str) -> object:
    """What the disk says of a control; numbers rounded as they were set. None where it says nothing."""
    try:
        value = json.loads(state.read_text(encoding="utf-8"))["controls"][name][0]
    except (OSError, ValueError, KeyError, IndexError):
        return None
    return round(value, 3) if isinstance(value, float) else value


def whole(folder: Path) -> bool:
    """Whether every JSON file of a show can be read, and none was found broken."""
    try:
        for path in folder.glob("*.json"):
            json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return not list(folder.glob("*.broken"))
