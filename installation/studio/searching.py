"""Longer looks at faces, one at a time for the whole studio, each in a process of its own behind everything else."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from installation.control.web.studio_desk import Json, StudioError
from installation.operation.priority import LAST, set_nice
from installation.places import PACKAGE
from installation.studio.search_talk import ENOUGH, Messages, Request, Words

log = logging.getLogger(__name__)

State = Literal["waiting", "starting", "looking", "found", "nothing", "cancelled", "failed"]
UNDER_WAY: Final = ("waiting", "starting", "looking")
MOST_WAITING: Final = 8
UNWATCHED: Final = 20.0  # s without a question of its page, after which nobody waits for it
LONGEST: Final = 180.0  # s beside the time that was asked for: a busy machine takes long to read the models
WATCH: Final = 0.25  # s between two looks at whether it is still wanted
LEAST_GAIN: Final = 0.005  # of the loss, below which nothing was found
FULL = "So many longer looks wait here that there is no room for another; try again in a minute."
ONE_EACH = "A longer look at this picture is under way already."
ENDED_ALONE = "The longer look ended without an answer; there may be too little memory on this machine."
TOO_LONG = "This machine is too busy for a longer look just now; try again."
MISHAP = "The longer look failed; the log of the program says why."
PROCESS: Final = (sys.executable, "-m", "installation.studio.search_process")


@dataclass(eq=False)
class Search:
    """One longer look at one face of a visit. wanted: whether its visit is still kept; keep: takes the code that was found, [styles, w_dim]
    float32 as bytes, and gives its number. share: 0…1 done; picture: JPEG of the face by now; gain: share of the loss that is gone."""

    visit: str
    face: int
    request: Request
    wanted: Callable[[], bool]
    keep: Callable[[bytes], int]
    state: State = "waiting"
    share: float = 0.0
    picture: bytes = b""
    pictures: int = 0
    gain: float = 0.0
    settled: bool = False
    code: int | None = None
    why: str = ""
    enough: bool = False  # whether what it has found so far will do
    seen: float = field(default_factory=time.monotonic)

    def told(self, before: int) -> Json:
        """For the page. before: how many come before it."""
        return {
            "state": self.state, "face": self.face, "seconds": self.request.seconds, "before": before, "share": self.share,
            "pictures": self.pictures, "gain": self.gain, "settled": self.settled, "code": self.code, "why": self.why,
        }  # fmt: skip


class Searcher:
    """Any thread may ask. Its own begins with the first search, ends with the last, and has the lowest priority, as has the process that it
    starts. process: the words that start it."""

    def __init__(self, process: tuple[str, ...] = PROCESS, unwatched: float = UNWATCHED) -> None:
        self._words, self._unwatched = process, unwatched
        self._lock = threading.Lock()
        self._all: dict[str, Search] = {}  # the newest of each visit
        self._queue: list[Search] = []  # the first is the one in hand
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    # ---- asked from outside ----

    def put(self, search: Search) -> Json:
        """Begin it when its turn comes. Raises StudioError where too many wait, or its visit has one under way."""
        with self._lock:
            old = self._all.get(search.visit)
            if old is not None and old.state in UNDER_WAY:
                raise StudioError(409, ONE_EACH)
            self._prune()
            if self._closed or len(self._queue) > MOST_WAITING:
                raise StudioError(503, FULL)
            self._all[search.visit] = search
            self._queue.append(search)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="search", daemon=True)
                self._thread.start()
            return search.told(self._before(search))

    def look(self, visit: str) -> Json:
        """How it stands; whoever asks waits for it. Raises StudioError where this visit has none."""
        with self._lock:
            search = self._mine(visit)
            search.seen = time.monotonic()
            self._prune()
            return search.told(self._before(search))

    def picture(self, visit: str) -> bytes:
        """JPEG of the face by now. Raises StudioError where there is none yet."""
        with self._lock:
            found = self._mine(visit).picture
        if not found:
            raise StudioError(404, "There is no picture yet.")
        return found

    def enough(self, visit: str) -> None:
        """What was found so far will do. One that has not begun is cancelled."""
        with self._lock:
            search = self._all.get(visit)
            if search is not None and search.state == "waiting":
                self._drop(search)
            elif search is not None:
                search.enough = True

    def cancel(self, visit: str) -> None:
        """It is not wanted any more; none is no fault."""
        with self._lock:
            search = self._all.get(visit)
            if search is not None and search.state in UNDER_WAY:
                self._drop(search)

    def forget(self, visit: str) -> None:
        """The same, and nothing is told of it any more."""
        self.cancel(visit)
        with self._lock:
            self._all.pop(visit, None)

    def tidy(self) -> None:
        """Keep nothing that nobody waits for any more."""
        with self._lock:
            self._prune()

    def close(self) -> None:
        """End whatever is under way, and begin nothing more."""
        with self._lock:
            self._closed = True
            for search in [*self._queue]:
                self._drop(search)
            self._all.clear()
            thread = self._thread
        if thread is not None:
            thread.join()

    # ---- under the lock ----

    def _mine(self, visit: str) -> Search:
        if visit not in self._all:
            raise StudioError(404, "No longer look was asked for here.")
        return self._all[visit]

    def _before(self, search: Search) -> int:
        return self._queue.index(search) if search in self._queue else 0

    def _drop(self, search: Search) -> None:
        search.state = "cancelled"
        if self._queue[:1] == [search] and self._thread is not None:  # in hand: its thread takes it out
            if self._process is not None:
                self._process.kill()
        elif search in self._queue:
            self._queue.remove(search)

    def _prune(self) -> None:
        """Those that nobody waits for any more."""
        for search in [*self._queue]:
            if search.state in UNDER_WAY and not self._watched(search):
                self._drop(search)
        self._all = {visit: one for visit, one in self._all.items() if one in self._queue or self._watched(one)}

    def _watched(self, search: Search) -> bool:
        return time.monotonic() - search.seen < self._unwatched and search.wanted()

    # ---- in its own thread ----

    def _run(self) -> None:
        set_nice(LAST)  # the process that is started from here has it from its first moment
        while True:
            with self._lock:
                self._prune()
                if not self._queue:
                    self._thread = None
                    return
                search = self._queue[0]
            if search.state == "waiting":
                self._do(search)
            with self._lock:
                self._queue.pop(0)

    def _do(self, search: Search) -> None:
        try:
            why = self._asked(search)
        except OSError as err:
            log.warning("a longer look could not be begun: %s", err.strerror or err)
            why = MISHAP
        with self._lock:
            if search.state in UNDER_WAY:
                search.state, search.why = "failed", why or ENDED_ALONE

    def _asked(self, search: Search) -> str:
        """Why nothing came of it, where that is so. Raises OSError."""
        places = os.pathsep.join(filter(None, [str(PACKAGE.parent), *sys.path]))
        environment = os.environ | {"PYTHONPATH": places, "OMP_NUM_THREADS": "1"}
        environment.pop("NOTIFY_SOCKET", None)  # it is no part of the show for whoever watches over that
        with self._lock:
            if search.state != "waiting":
                return ""
            search.state = "starting"
            # In the show's own session: in another one the system would give it a share of its own, whatever its priority is.
            self._process = process = subprocess.Popen(
                self._words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
            )
        assert process.stdin is not None and process.stdout is not None
        try:
            try:
                process.stdin.write(search.request.packed())
                process.stdin.flush()
            except BrokenPipeError:  # it was cancelled, or has ended
                return ""
            return self._followed(search, process)
        finally:
            process.kill()
            with self._lock:
                self._process = None
            for stream in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    stream.close()
            process.wait()

    def _followed(self, search: Search, process: subprocess.Popen[bytes]) -> str:
        assert process.stdin is not None and process.stdout is not None
        asked = False
        stream, messages, end = process.stdout.fileno(), Messages(), time.monotonic() + search.request.seconds + LONGEST
        while True:
            ready, _, _ = select.select([stream], [], [], WATCH)
            with self._lock:
                if search.state in UNDER_WAY and not self._watched(search):
                    search.state = "cancelled"
                if search.state not in UNDER_WAY:
                    return ""
            if search.enough and not asked:
                asked = True
                with contextlib.suppress(OSError):  # it has just ended by itself
                    process.stdin.write(ENOUGH)
                    process.stdin.flush()
            if time.monotonic() > end:
                return TOO_LONG
            if not ready:
                continue
            part = os.read(stream, 1 << 16)
            if not part:
                return ENDED_ALONE
            for words, data in messages.take(part):
                if "fault" in words:
                    return str(words["fault"])
                if "mishap" in words:
                    log.warning("a longer look failed: %s", words["mishap"])
                    return MISHAP
                self._heard(search, words, data)
                if "found" in words:
                    return ""

    def _heard(self, search: Search, words: Words, data: bytes) -> None:
        if "found" not in words:
            with self._lock:
                search.state, search.share, search.picture = "looking", float(words["share"]), data
                search.pictures += 1
            return
        found = words["found"]
        gain = 1.0 - found["after"] / found["before"] if found["before"] > 0 else 0.0
        code = search.keep(data) if gain >= LEAST_GAIN else None
        with self._lock:
            if search.state in UNDER_WAY:
                search.gain, search.settled, search.share, search.code = gain, bool(found["settled"]), 1.0, code
                search.state = "nothing" if code is None else "found"
