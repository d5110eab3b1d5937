"""A loop in a thread of its own: set up, stepped, torn down, and begun again after a fault."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import ClassVar

from installation.errors import FacetsError, FaultError
from installation.operation.priority import set_nice
from installation.operation.trouble import Trouble, trouble_of

log = logging.getLogger(__name__)

RESTARTS = 5  # within RESTART_WINDOW seconds; after that the pace slows down
RESTART_WINDOW = 60.0
FIRST_PAUSE = 0.1  # s before the first restart, twice as long before each further one
SLOW_PACE = 10.0
MOST_REPLACED = 3  # threads of one loop that hang and were replaced


class Loop:
    """Neighbouring stages that run in one thread. A fault in any of these is met by tearing down and setting up; a FacetsError is for
    good and ends the show."""

    may_hang: ClassVar[bool] = False  # whether the show goes on although this loop hangs for good

    def set_up(self) -> None:
        """Take hold of what the turns need: before the first, and again after a fault."""

    def step(self, now: float) -> None:
        """One turn, at ``now``, s of the show's clock."""
        raise NotImplementedError

    def tear_down(self) -> None:
        """Let go of it, in whatever state a fault has left it, and at the end. Also where there is nothing to let go of."""

    def relieve(self) -> str | None:
        """Do with less memory from now on. What was given up, in a few words; "" where nothing is left to give up, None where the
        loop holds nothing large."""
        return None

    def abandon(self) -> bool:
        """The thread in hand hangs: leave it what it hangs on, so that another may take its place. Any thread. Whether one may."""
        return False

class Worker:
    """Turns a loop until it is stopped. A step that raises is noted, and the loop is begun again after a pause that grows; one that
    the machine has no memory for gives something up. What no restart cures ends the worker for good, see ``fatal``.

    nice: priority of its thread, see ``Priorities``; None: that of the thread that starts it.
    """

    def __init__(self, name: str, loop: Loop, now: Callable[[], float], on_fault: Callable[[str], None], nice: int | None = None) -> None:
        self.name = name
        self.fatal: FacetsError | None = None  # why the loop has stopped trying
        self.restarts = 0
        self.may_hang = loop.may_hang
        self._loop, self._now, self._on_fault, self._nice = loop, now, on_fault, nice
        self._stop = threading.Event()
        self._failures: deque[float] = deque(maxlen=RESTARTS)
        self._beat: float | None = None  # s, monotonic, when the turn in hand began
        self._replaced = 0
        self._thread = self._new_thread()

    def start(self) -> None:
        """Begin turning the loop in a thread of its own."""
        self._beat = time.monotonic()
        self._thread.start()

    def ask(self) -> None:
        """Ask the loop to end after the turn in hand."""
        self._stop.set()

    def stop(self, timeout: float = 5.0) -> bool:
        """Ask the loop to end and wait ``timeout`` s for the turn in hand. Whether it has ended."""
        self.ask()
        if self._thread.is_alive():
            self._thread.join(max(0.0, timeout))
        return not self._thread.is_alive()

    def silent(self, moment: float) -> float:
        """s that the turn in hand takes already, at ``moment`` of the monotonic clock."""
        waits = self._beat is None or self._stop.is_set() or self.fatal is not None
        return 0.0 if waits or self._beat is None else max(0.0, moment - self._beat)

    def replace(self) -> bool:
        """Give up a thread that hangs and turn the loop in another, where the loop allows that. Whether it is turned again. The old
        one ends by itself, should it ever come back."""
        if self._replaced >= MOST_REPLACED or not self._loop.abandon():
            return False
        self._replaced += 1
        self._thread = self._new_thread()
        self.start()
        return True

    def _new_thread(self) -> threading.Thread:
        return threading.Thread(target=self._run, name=self.name, daemon=True)

    def _run(self) -> None:
        if self._nice is not None:
            set_nice(self._nice)
        ready = False
        while self._turns():
            self._beat = time.monotonic()
            try:
                if not ready:
                    self._loop.set_up()
                    ready = True
                self._loop.step(self._now())
            except FacetsError as err:
                if self._is_current():
                    self.fatal = err
            except Exception as err:
                if self._is_current():
                    ready = False
                    self._recover(err)
            except BaseException as err:  # a library's own way of ending a thread: nobody would turn this loop any more
                self.fatal = FaultError(f"{self.name}: {type(err).__name__}: {err}")
        if self._is_current():
            self._tear_down()

    def _turns(self) -> bool:
        return self._is_current() and not self._stop.is_set() and self.fatal is None

    def _is_current(self) -> bool:
        """Whether the calling thread was not replaced meanwhile."""
        return threading.current_thread() is self._thread

    def _recover(self, err: Exception) -> None:
        self.restarts += 1
        log.exception("%s failed and is restarted", self.name)
        trouble = trouble_of(err)
        if trouble is not None and self._in_trouble(trouble, err):
            return
        if trouble is None:
            self._on_fault(f"{self.name}: {type(err).__name__}: {err}")
        self._tear_down()
        self._beat = None  # a pause is no hanging turn
        self._stop.wait(self._pause())

    def _pause(self) -> float:
        """s until the next restart."""
        moment = time.monotonic()
        recent = sum(moment - failure < RESTART_WINDOW for failure in self._failures)
        self._failures.append(moment)
        return SLOW_PACE if recent >= RESTARTS else FIRST_PAUSE * 2**recent

    def _in_trouble(self, trouble: Trouble, err: Exception) -> bool:
        """The machine's own faults: whether this one ends the show, to be started again by whoever watches over it."""
        given_up: str | None = ""
        if trouble is Trouble.MEMORY:
            try:
                given_up = self._loop.relieve()
            except Exception:
                log.debug("%s: nothing could be given up", self.name, exc_info=True)
        first = str(err).splitlines()[0] if str(err) else type(err).__name__
        if given_up == "":
            self.fatal = FaultError(f"{self.name}: {trouble.value} ({first[:200]}); the program ends, to be started again")
            return True
        self._on_fault(f"{self.name}: {trouble.value}" + (f"; {given_up}" if given_up else f" ({first[:200]})"))
        return False

    def _tear_down(self) -> None:
        try:
            self._loop.tear_down()
        except Exception as err:
            self._on_fault(f"{self.name}: restart: {type(err).__name__}: {err}")
