"""Who watches over the workers: begins them, hears whether they turn, and ends them in time, the last one first."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from installation.errors import FaultError
from installation.operation.leftovers import when_python_ends
from installation.operation.worker import Worker

HANGS = 10.0  # s that one turn takes, after which it is spoken of and, where that can be, left alone
GIVEN_UP = 120.0  # s that a turn takes, after which only a new process helps
STOP_SECONDS = 3.0  # in which a show has ended


class FaultBook(Protocol):
    """Where faults are noted, see ``Health``."""

    def fault(self, text: str, kind: str = "") -> None: ...

    def over(self, kind: str) -> None: ...


class Supervisor:
    """``check`` is called by the display's loop after each picture: a look at the clock, no more. now: s, monotonic."""

    def __init__(self, workers: Sequence[Worker], book: FaultBook, now: Callable[[], float] = time.monotonic) -> None:
        self.workers = tuple(workers)
        self._book, self._now = book, now
        self._hanging: set[str] = set()

    def start(self) -> None:
        """Begin them in the order of the picture's way."""
        for worker in self.workers:
            worker.start()

    def restarts(self) -> dict[str, int]:
        """How often each worker was begun again."""
        return {worker.name: worker.restarts for worker in self.workers}

    def check(self) -> None:
        """Raises FacetsError: what ended a worker for good, or that one hangs and nothing helps."""
        moment = self._now()
        for worker in self.workers:
            if worker.fatal is not None:
                raise worker.fatal
            silent = worker.silent(moment)
            if silent >= HANGS or worker.name in self._hanging:
                self._attend(worker, silent)

    def ask(self) -> None:
        """Ask all of them to end after the turn in hand."""
        for worker in reversed(self.workers):
            worker.ask()

    def stop(self, seconds: float = STOP_SECONDS) -> tuple[str, ...]:
        """End them, the last one first, within ``seconds`` together. Names of those whose turn in hand takes longer: they are left
        behind, and end with the process."""
        ends = self._now() + seconds
        self.ask()
        left = [worker for worker in reversed(self.workers) if not worker.stop(ends - self._now())]
        for worker in left:
            when_python_ends(worker.stop)
        return tuple(worker.name for worker in left)

    def _attend(self, worker: Worker, silent: float) -> None:
        kind = f"{worker.name} hangs"
        if silent < HANGS:
            self._hanging.discard(worker.name)
            self._book.over(kind)
        elif worker.name not in self._hanging:
            self._hanging.add(worker.name)
            self._book.fault(f"{worker.name}: one turn takes more than {HANGS:g} s", kind)
            worker.replace()
        elif silent >= GIVEN_UP and not worker.may_hang:
            raise FaultError(f"{worker.name}: one turn takes more than {GIVEN_UP:g} s; the program ends, to be started again")
