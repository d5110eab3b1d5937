"""A supervised loop in a thread: set up, step, tear down, restart."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from installation.errors import FacetsError
from installation.operation.priority import set_nice

log = logging.getLogger(__name__)

RESTARTS = 5  # within RESTART_WINDOW seconds; after that the pace slows down
RESTART_WINDOW = 60.0
SLOW_PACE = 10.0


class Loop(Protocol):
    """Neighbouring stages that run in one thread."""

    def step(self, now: float) -> None:
        """One turn."""
        ...

    def reset(self) -> None:
        """Bring the stages back to a state to go on from, after a step has raised."""
        ...


class Worker:
    """Turns a loop until it is stopped. A step that raises is noted and the loop goes on; a FacetsError ends it for good.
    nice: priority of its thread, see ``Priorities``; None: that of the thread that starts it."""

    def __init__(self, name: str, loop: Loop, now: Callable[[], float], on_fault: Callable[[str], None], nice: int | None = None) -> None:
        self.name = name
        self.fatal: FacetsError | None = None  # why the loop has stopped trying
        self.restarts = 0
        self._loop, self._now, self._on_fault, self._nice = loop, now, on_fault, nice
        self._stop = threading.Event()
        self._failures: deque[float] = deque(maxlen=RESTARTS)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin turning the loop in a thread of its own."""
        self._thread.start()

    def ask(self) -> None:
        """Ask the loop to end after the turn in hand."""
        self._stop.set()

    def stop(self, timeout: float = 5.0) -> None:
        """Ask the loop to end and wait for the turn in hand."""
        self.ask()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        if self._nice is not None:
            set_nice(self._nice)
        while not self._stop.is_set():
            try:
                self._loop.step(self._now())
            except FacetsError as err:
                self.fatal = err
                return
            except Exception as err:
                self._recover(err)

    def _recover(self, err: Exception) -> None:
        self.restarts += 1
        log.exception("%s failed and is restarted", self.name)
        self._on_fault(f"{self.name}: {type(err).__name__}: {err}")
        moment = time.monotonic()
        often = len(self._failures) == RESTARTS and moment - self._failures[0] < RESTART_WINDOW
        self._failures.append(moment)
        self._stop.wait(SLOW_PACE if often else 0.1)
        try:
            self._loop.reset()
        except Exception as second:
            self._on_fault(f"{self.name}: restart: {type(second).__name__}: {second}")
