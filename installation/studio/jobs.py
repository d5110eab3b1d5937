"""One job after the other, in a thread behind the show's."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from installation.control.web.studio_desk import StudioError
from installation.errors import FacetsError
from installation.operation.priority import set_nice

log = logging.getLogger(__name__)

T = TypeVar("T")
MOST_WAITING = 24
REST_SECONDS = 20.0  # without a job, after which what rests is looked after
ENDED = "The mirror ends."
BUSY = "The studio has too much to do just now; try again in a moment."
SLOW = "The mirror had no time for this just now; try again."
MISHAP = "Something went wrong here; the log of the program says what."


class JobQueue:
    """nice: priority of the thread, None for that of whoever brings the first job. rest: called now and then while there is no job."""

    def __init__(self, rest: Callable[[], None], nice: int | None = None) -> None:
        self.nice, self._rest = nice, rest
        self._jobs: queue.Queue[tuple[Future[Any], Callable[[], object]] | None] = queue.Queue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False

    def put(self, job: Callable[[], T]) -> Future[T]:
        """What comes of a job, later; whatever goes wrong becomes a StudioError. Raises StudioError where too many wait, and after
        the end. Any thread."""
        future: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise StudioError(503, ENDED)
            if self._jobs.qsize() >= MOST_WAITING:
                raise StudioError(503, BUSY)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="studio", daemon=True)
                self._thread.start()
            self._jobs.put((future, job))
        return future

    def close(self, longest: float | None = None) -> None:
        """End after the job in hand, which is waited for: a library whose thread is cut off would end the whole program. longest: s;
        None: until it is done."""
        with self._lock:
            self._closed = True
        self._jobs.put(None)
        if self._thread is not None:
            self._thread.join(longest)

    def _run(self) -> None:
        nice = None
        while not self._closed:
            if nice != self.nice:  # known once the show is there, which the first job may come before
                nice = self.nice
                if nice is not None:
                    set_nice(nice)
            try:
                job = self._jobs.get(timeout=REST_SECONDS)
            except queue.Empty:
                self._rest()
                continue
            if job is None:
                break
            _finish(*job)
        while not self._jobs.empty():  # whoever waits still is told
            left = self._jobs.get()
            if left is not None and left[0].set_running_or_notify_cancel():
                left[0].set_exception(StudioError(503, ENDED))


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
