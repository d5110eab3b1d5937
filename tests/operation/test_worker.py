"""A worker keeps its loop alive: what it does after a fault, how often, and what it does not outlive."""

import logging
import threading
from collections.abc import Callable, Mapping

import pytest

from installation.errors import FaultError
from installation.operation import worker as module
from installation.operation.health import Health
from installation.operation.worker import FIRST_PAUSE, RESTART_WINDOW, RESTARTS, SLOW_PACE, Loop, Worker

LONG = 60.0  # s; nothing here takes so long


class Stumbling(Loop):
    """Raises in chosen turns; remembers what was asked of it."""

    def __init__(self, faults: Mapping[int, BaseException] | None = None, enough: int = 10) -> None:
        self.turns = 0
        self.calls: list[str] = []
        self.done = threading.Event()
        self._faults, self._enough = dict(faults or {}), enough

    def set_up(self) -> None:
        self.calls.append("set up")

    def step(self, now: float) -> None:
        self.turns += 1
        if self.turns >= self._enough:
            self.done.set()
            threading.Event().wait(0.001)
        if self.turns in self._faults:
            self.calls.append("fault")
            raise self._faults[self.turns]

    def tear_down(self) -> None:
        self.calls.append("tear down")


@pytest.fixture
def health() -> Health:
    return Health()


@pytest.fixture(autouse=True)
def quiet() -> None:
    logging.getLogger("installation.operation.worker").setLevel(logging.CRITICAL)


def worker_of(loop: Loop, health: Health) -> Worker:
    return Worker("stumbling", loop, lambda: 0.0, health.fault)


def ended(worker: Worker) -> None:
    """Wait until it has given up."""
    worker._thread.join(LONG)
    assert worker.fatal is not None


def test_it_outlives_a_step_that_raises_and_sets_up_again(health: Health) -> None:
    loop = Stumbling({3: ValueError("odd"), 6: RuntimeError("odder")})
    worker = worker_of(loop, health)
    worker.start()
    assert loop.done.wait(LONG) and worker.stop()
    assert (worker.restarts, worker.fatal) == (2, None)
    assert loop.calls == ["set up", *["fault", "tear down", "set up"] * 2, "tear down"]
    assert health.faults == ["stumbling: ValueError: odd", "stumbling: RuntimeError: odder"]


def test_a_set_up_that_fails_is_tried_again(health: Health) -> None:
    class Unready(Stumbling):
        def set_up(self) -> None:
            super().set_up()
            if self.calls.count("set up") < 3:
                raise OSError("not yet")

    loop = Unready()
    worker = worker_of(loop, health)
    worker.start()
    assert loop.done.wait(LONG) and worker.stop()
    assert worker.restarts == 2 and health.faults == ["stumbling: OSError: not yet"]


def test_a_tear_down_that_fails_holds_nothing_up(health: Health) -> None:
    class Sticky(Stumbling):
        def tear_down(self) -> None:
            raise OSError("it sticks")

    loop = Sticky({2: ValueError("odd")})
    worker = worker_of(loop, health)
    worker.start()
    assert loop.done.wait(LONG) and worker.stop()
    assert health.faults == ["stumbling: ValueError: odd", "stumbling: restart: OSError: it sticks"]


@pytest.mark.parametrize("last", [FaultError("no hope"), SystemExit(3)])
def test_what_no_restart_cures_ends_it(last: BaseException, health: Health) -> None:
    loop = Stumbling({2: last})
    worker = worker_of(loop, health)
    worker.start()
    ended(worker)
    assert loop.turns == 2 and loop.calls[-1] == "tear down"
    assert str(worker.fatal) == ("no hope" if isinstance(last, FaultError) else "stumbling: SystemExit: 3")


def test_pauses_grow_and_after_five_in_a_minute_the_pace_is_slow(monkeypatch: pytest.MonkeyPatch, health: Health) -> None:
    moment, waits = [1000.0], []
    monkeypatch.setattr(module.time, "monotonic", lambda: moment[0])
    worker = worker_of(Stumbling(), health)
    monkeypatch.setattr(worker._stop, "wait", waits.append)

    def fail(times: int, apart: float) -> list[float]:
        for _ in range(times):
            worker._recover(ValueError("odd"))
            moment[0] += apart
        taken, waits[:] = list(waits), []
        return taken

    growing = [FIRST_PAUSE * 2**k for k in range(RESTARTS)]
    assert fail(RESTARTS + 2, 1.0) == pytest.approx([*growing, SLOW_PACE, SLOW_PACE])
    assert fail(2, SLOW_PACE) == [SLOW_PACE] * 2
    moment[0] += RESTART_WINDOW
    assert fail(1, 1.0) == [FIRST_PAUSE]
    moment[0] += RESTART_WINDOW
    assert fail(3, RESTART_WINDOW) == [FIRST_PAUSE] * 3  # seldom is not often


class Hungry(Stumbling):
    """Has some memory to give up, a piece at a time."""

    def __init__(self, faults: Mapping[int, BaseException], pieces: list[str | None]) -> None:
        super().__init__(faults)
        self.pieces = pieces

    def relieve(self) -> str | None:
        return self.pieces.pop(0)


OOM = RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")


def test_without_memory_it_gives_something_up_and_goes_on(health: Health) -> None:
    loop = Hungry({2: OOM, 4: MemoryError()}, ["faces are drawn one by one", "smaller"])
    worker = worker_of(loop, health)
    worker.start()
    assert loop.done.wait(LONG) and worker.stop()
    assert health.faults == ["stumbling: out of memory; faces are drawn one by one", "stumbling: out of memory; smaller"]


def test_with_nothing_left_to_give_up_it_ends_for_whoever_starts_it_again(health: Health) -> None:
    worker = worker_of(Hungry({2: OOM}, [""]), health)
    worker.start()
    ended(worker)
    assert isinstance(worker.fatal, FaultError) and worker.fatal.exit_code == 4
    assert "out of memory (CUDA out of memory. Tried" in str(worker.fatal) and "started again" in str(worker.fatal)


def test_a_loop_that_cannot_even_give_up_ends_too(health: Health) -> None:
    worker = worker_of(Hungry({2: OOM}, []), health)
    worker.start()
    ended(worker)
    assert "out of memory" in str(worker.fatal)


def test_a_loop_that_holds_nothing_large_is_tried_again(health: Health) -> None:
    loop = Hungry({2: MemoryError("no room")}, [None])
    worker = worker_of(loop, health)
    worker.start()
    assert loop.done.wait(LONG) and worker.stop()
    assert health.faults == ["stumbling: out of memory (no room)"]


def test_a_gpu_that_failed_is_not_asked_again(health: Health) -> None:
    worker = worker_of(Hungry({2: RuntimeError("CUDA error: an illegal memory access was encountered")}, ["never asked"]), health)
    worker.start()
    ended(worker)
    assert "the GPU failed (CUDA error: an illegal memory access" in str(worker.fatal)


class Hanging(Loop):
    """Its first turn never ends; the others do."""

    may_hang = True

    def __init__(self, left: bool) -> None:
        self.may_return, self.turning = threading.Event(), threading.Event()
        self.threads: list[str] = []
        self._left = left

    def step(self, now: float) -> None:
        first = not self.threads
        self.threads.append(str(threading.get_ident()))
        if first:
            self.may_return.wait(LONG)
        self.turning.set()
        threading.Event().wait(0.001)

    def abandon(self) -> bool:
        return self._left


def wait_for(condition: Callable[[], bool]) -> bool:
    for _ in range(6000):
        if condition():
            return True
        threading.Event().wait(0.01)
    return False


def test_a_thread_that_hangs_is_replaced_and_does_nothing_when_it_comes_back(health: Health) -> None:
    loop = Hanging(left=True)
    worker = worker_of(loop, health)
    worker.start()
    assert wait_for(lambda: bool(loop.threads))
    old = worker._thread
    assert worker.replace() and loop.turning.wait(LONG)
    loop.may_return.set()
    old.join(LONG)
    assert not old.is_alive()
    assert worker.stop() and loop.threads.count(loop.threads[0]) == 1


def test_a_thread_whose_loop_does_not_allow_it_is_not_replaced(health: Health) -> None:
    loop = Hanging(left=False)
    worker = worker_of(loop, health)
    worker.start()
    assert not worker.replace()
    assert not worker.stop(0.01)  # and says that it is still in a turn
    loop.may_return.set()
    assert worker.stop(LONG)
