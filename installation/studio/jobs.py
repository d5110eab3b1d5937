"""One job after the other, in threads of their own: long ones behind the show's, short ones before it as far as they may."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any, TypeVar

from installation.control.web.studio_desk import StudioError
from installation.errors import FacetsError
from installation.operation.priority import Priorities, set_nice
from installation.studio.right_of_way import RightOfWay

log = logging.getLogger(__name__)

T = TypeVar("T")
Job = tuple[Future[Any], Callable[[], object]]
MOST_WAITING = 24
MOST_IN_A_ROW = 8  # short jobs, after which a long one that waits has its turn
REST_SECONDS = 20.0  # without a job, after which what rests is looked after
ENDED = "The mirror ends."
BUSY = "The studio has too much to do just now; try again in a moment."
SLOW = "The mirror had no time for this just now; try again."
MISHAP = "Something went wrong here; the log of the program says what."


class JobQueue:
    """rest: called now and then while there is no long job. Never are two jobs done at once, whichever thread does them."""

    def __init__(self, rest: Callable[[], None]) -> None:
        self._rest = rest
        self._turn = _Turn()
        self._lock = threading.Lock()
        self._long: queue.Queue[Job | None] = queue.Queue()
        self._short: queue.Queue[Job | None] = queue.Queue()
        self._threads: list[threading.Thread] = []
        self._priorities: Priorities | None = None
        self._way = RightOfWay()
        self._closed = False

    def beside(self, priorities: Priorities | None) -> None:
        """A show runs from here on, with these priorities; None: none that anybody could disturb."""
        if priorities is not None:
            self._priorities, self._way = priorities, RightOfWay.beside_a_show()

    def put(self, job: Callable[[], T], short: bool = False) -> Future[T]:
        """What comes of a job, later; whatever goes wrong becomes a StudioError. short: somebody's hand waits for it, and it takes
        hundredths of a second. Raises StudioError where too many wait, and after the end. Any thread."""
        future: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise StudioError(503, ENDED)
            if self._long.qsize() + self._short.qsize() >= MOST_WAITING:
                raise StudioError(503, BUSY)
            if not self._threads:
                self._begin()
            (self._short if short else self._long).put((future, job))
        return future

    def close(self, longest: float | None = None) -> None:
        """End after the job in hand, which is waited for: a library whose thread is cut off would end the whole program. longest: s;
        None: until it is done."""
        with self._lock:
            self._closed = True
        self._way.end()
        end = None if longest is None else time.monotonic() + longest
        for jobs in (self._long, self._short):
            jobs.put(None)
        for thread in self._threads:
            thread.join(None if end is None else max(0.0, end - time.monotonic()))

    # ---- in threads of its own ----

    def _begin(self) -> None:
        loops = (("studio", self._do_long), ("studio-short", self._do_short))
        self._threads = [threading.Thread(target=loop, name=name, daemon=True) for name, loop in loops]
        for thread in self._threads:
            thread.start()

    def _do_long(self) -> None:
        known = None
        while not self._closed:
            try:
                job = self._long.get(timeout=REST_SECONDS)
            except queue.Empty:
                with self._turn.taken():
                    self._rest()
                continue
            if known is not self._priorities:  # there is a show now, which the first job may have come before
                known = self._priorities
                if known is not None:
                    set_nice(known.aside)
            if job is not None:
                with self._turn.taken():
                    self._do(job)
        _tell_all(self._long)

    def _do_short(self) -> None:
        known = None
        while not self._closed:
            job = self._short.get()
            if known is not self._priorities:
                known = self._priorities
                if known is not None:
                    set_nice(known.display)
            self._way.wait()
            if job is not None:
                with self._turn.taken(first=True):
                    began = time.thread_time()
                    self._do(job)
                    self._way.spend(time.thread_time() - began)
        _tell_all(self._short)

    def _do(self, job: Job) -> None:
        if self._closed:
            _tell(job)
        else:
            _finish(*job)


class _Turn:
    """One works at a time. A lock would give the turn to whoever asks again at once, and the other would wait for long."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._working, self._firsts, self._others = False, 0, 0
        self._row = 0  # firsts that had the turn one after the other while others waited

    @contextlib.contextmanager
    def taken(self, first: bool = False) -> Iterator[None]:
        """Wait for one's turn, and have it. first: to go before those who are not, but for one now and then."""
        with self._changed:
            self._firsts, self._others = self._firsts + first, self._others + (not first)
            while self._working or self._gives_way(first):
                self._changed.wait()
            self._firsts, self._others = self._firsts - first, self._others - (not first)
            self._row = self._row + 1 if first and self._others else 0
            self._working = True
        try:
            yield
        finally:
            with self._changed:
                self._working = False
                self._changed.notify_all()

    def _gives_way(self, first: bool) -> bool:
        """Whether whoever waits lets somebody of the other kind go before."""
        theirs = self._row >= MOST_IN_A_ROW  # it is the others' turn, where any wait
        return theirs and self._others > 0 if first else not theirs and self._firsts > 0


def _tell_all(jobs: queue.Queue[Job | None]) -> None:
    """Whoever waits still is told that nothing comes any more."""
    while not jobs.empty():
        left = jobs.get()
        if left is not None:
            _tell(left)


def _tell(job: Job) -> None:
    if job[0].set_running_or_notify_cancel():
        job[0].set_exception(StudioError(503, ENDED))


def _finish(future: Future[Any], job: Callable[[], object]) -> None:
    if not future.set_running_or_notify_cancel():  # nobody waits for it any more
        return
    try:
        future.set_result(job())
    except StudioError as err:
        future.set_exception(err)
    except FacetsError as err:
        future.set_exception(StudioError(422, f"{err}."))
    except TimeoutError:
        future.set_exception(StudioError(503, SLOW))
    except MemoryError:
        future.set_exception(StudioError(422, "This picture is too large for the memory of this machine."))
    except Exception as err:
        log.exception("a job of the studio failed")
        failed = StudioError(500, MISHAP)
        failed.__cause__ = err
        future.set_exception(failed)
