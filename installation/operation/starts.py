"""Whether the last shows lived: a start that dies early, again and again, is a crash loop, and the next one begins more carefully.

One small JSON file beside the live state, replaced whole. Who is killed after the show has run well is no crash loop, and an orderly end,
whatever its reason, is none either.
"""

from __future__ import annotations

import json
import math
import os
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from enum import IntEnum
from pathlib import Path

from installation.errors import ConfigError
from installation.output_file import whole_file
from installation.plain_file import open_plain

FILE = "starts.json"
FINE_SECONDS = 30.0  # of pictures, after which a show counts as one that runs well
WINDOW = 1800.0  # s; a start that died longer ago says nothing of this one
CAREFUL, BARE = 3, 6  # early deaths in a row; the second: by faults of the program
MAX_BYTES = 4096


class Care(IntEnum):
    """How carefully a show begins. GOOD: as configured; CAREFUL: with the configuration that ran well last; BARE: also without what a
    person has added, and without the live state: after crashes of the program's own, which a hand with kill -9 is not."""

    GOOD = 0
    CAREFUL = 1
    BARE = 2


@dataclass(frozen=True, slots=True)
class Start:
    """The last start. early: how many died early in a row before it; own: how many of those by a fault of the program; began: s since
    1970; living: whether nobody has written down an orderly end; fine: whether it ran well; fault: whether it ended by a fault."""

    early: int = 0
    own: int = 0
    began: float = 0.0
    living: bool = False
    fine: bool = False
    fault: bool = False


class StartRecord:
    """Of the shows of one folder, of which only one runs at a time. now: s since 1970; that clock may be set. crashed: whether the last
    one is known to have crashed, and was not merely killed."""

    def __init__(self, folder: Path, now: Callable[[], float] = time.time, crashed: bool = False) -> None:
        self._path, self._now, self._crashed = folder / FILE, now, crashed
        self.last = self._read()
        self._own = Start()
        self._lock = threading.Lock()

    @property
    def died(self) -> bool:
        """Whether the last show came to no orderly end: a crash, kill -9, a power cut."""
        return self.last.living

    @property
    def early(self) -> int:
        """Shows in a row, until now, that died before they ran well."""
        last = self.last
        if not last.living or last.fine or self._now() - last.began > WINDOW:  # a clock that was set back forgives nothing
            return 0
        return last.early + 1

    def begin(self) -> Care:
        """A show begins; how carefully it should. Where nothing can be written nothing is counted."""
        early = self.early
        own = self.last.own + (self.last.fault or self._crashed) if early else 0
        self._put(Start(early, own, self._now(), living=True))
        return Care.BARE if own >= BARE else Care.CAREFUL if early >= CAREFUL else Care.GOOD

    def fine(self) -> None:
        """It runs well."""
        self._put(fine=True)

    def failed(self) -> None:
        """It ends by a fault of the program."""
        self._put(fault=True)

    def ended(self) -> None:
        """It ends as it should, or for a reason that it could say."""
        self._put(living=False)

    def _read(self) -> Start:
        try:
            with open_plain(self._path) as file:
                given = json.loads(file.read(MAX_BYTES))
            start = Start(**given)
            numbers = all(math.isfinite(one) for one in (start.early, start.own, start.began))  # one of hundreds of digits overflows
        except (OSError, ValueError, TypeError, OverflowError, RecursionError):
            return Start()
        return start if numbers and 0 <= start.own <= start.early else Start()

    def _put(self, start: Start | None = None, **changed: bool) -> None:
        """Write what is known of this start. Any thread."""
        with self._lock:
            self._own = replace(start or self._own, **changed)
            self._write()

    def _write(self) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(self._path) as part, part.open("w", encoding="utf-8") as file:
                json.dump(asdict(self._own), file)
                file.flush()
                os.fsync(file.fileno())
        except (OSError, ConfigError):  # the keeper of the state says that nothing can be written there
            return


class FineWatch:
    """Called after each picture; calls ``fine`` once, in a thread of its own, when the show has run for ``seconds``."""

    def __init__(self, fine: Callable[[], None], seconds: float = FINE_SECONDS) -> None:
        self._fine, self._seconds = fine, seconds
        self._first: float | None = None
        self._told = False

    def __call__(self, now: float) -> None:
        """now: s of the show's clock."""
        if self._told:
            return
        if self._first is None:
            self._first = now
        if now - self._first >= self._seconds:
            self._told = True
            threading.Thread(target=self._fine, name="fine", daemon=True).start()
