"""Who watches over the workers: in what order they begin and end, and what is said of one that hangs."""

import threading
import time

import pytest

from installation.errors import FaultError
from installation.operation.health import Health
from installation.operation.supervisor import GIVEN_UP, HANGS, Supervisor
from installation.operation.worker import Loop, Worker

LONG = 60.0  # s; nothing here takes so long


class Turning(Loop):
    """Notes its end."""

    def __init__(self, name: str, ends: list[str]) -> None:
        self.name, self.ends = name, ends
        self.turned = threading.Event()

    def step(self, now: float) -> None:
        self.turned.set()
        threading.Event().wait(0.001)

    def tear_down(self) -> None:
        self.ends.append(self.name)


class Stuck(Loop):
    """A turn that ends when it is let."""

    def __init__(self, may_hang: bool = False) -> None:
        self.let, self.in_turn, self.abandoned = threading.Event(), threading.Event(), 0
        self.may_hang = may_hang  # type: ignore[misc]

    def step(self, now: float) -> None:
        self.in_turn.set()
        self.let.wait(LONG)
        threading.Event().wait(0.001)

    def abandon(self) -> bool:
        self.abandoned += 1
        return self.may_hang


class Watched:
    """A supervisor over loops, on a clock that the test moves on from now."""

    def __init__(self, **loops: Loop) -> None:
        self.health, self.later = Health(), 0.0
        workers = [Worker(name, loop, lambda: 0.0, self.health.fault) for name, loop in loops.items()]
        self.supervisor = Supervisor(workers, self.health, lambda: time.monotonic() + self.later)
        self.supervisor.start()

    @property
    def open_faults(self) -> list[str]:
        return [record.text for record in self.health.fault_log.records() if record.open]


def test_all_of_them_turn_and_end() -> None:
    ends: list[str] = []
    loops = {name: Turning(name, ends) for name in ("first", "second", "third")}
    show = Watched(**loops)
    assert all(loop.turned.wait(LONG) for loop in loops.values())
    show.supervisor.check()
    assert show.supervisor.stop(LONG) == ()
    assert sorted(ends) == ["first", "second", "third"]


def test_one_in_a_long_turn_does_not_hold_up_the_end() -> None:
    ends: list[str] = []
    stuck = Stuck()
    show = Watched(first=Turning("first", ends), stuck=stuck)
    assert stuck.in_turn.wait(LONG)
    assert show.supervisor.stop(0.5) == ("stuck",)
    assert ends == ["first"]
    stuck.let.set()


def test_what_ended_a_worker_is_raised() -> None:
    class Hopeless(Loop):
        def step(self, now: float) -> None:
            raise FaultError("no hope")

    show = Watched(hopeless=Hopeless())
    show.supervisor.workers[0]._thread.join(LONG)
    with pytest.raises(FaultError, match="no hope"):
        show.supervisor.check()


def test_a_turn_that_hangs_is_spoken_of_until_it_ends_and_in_the_end_gives_up_the_process() -> None:
    stuck = Stuck()
    show = Watched(stuck=stuck)
    assert stuck.in_turn.wait(LONG)
    show.supervisor.check()
    assert show.health.faults == []
    show.later = HANGS + 1
    for _ in range(3):
        show.supervisor.check()
    assert show.open_faults == ["stuck: one turn takes more than 10 s"] and stuck.abandoned == 1
    show.later = GIVEN_UP + 1
    with pytest.raises(FaultError, match="stuck: one turn takes more than 120 s"):
        show.supervisor.check()
    show.later = 0.0
    show.supervisor.check()
    assert show.open_faults == []
    stuck.let.set()
    assert show.supervisor.stop(LONG) == ()


def test_a_camera_that_hangs_is_given_another_thread_and_never_ends_the_show() -> None:
    stuck = Stuck(may_hang=True)
    show = Watched(capture=stuck)
    assert stuck.in_turn.wait(LONG)
    old = show.supervisor.workers[0]._thread
    show.later = HANGS + 1
    show.supervisor.check()
    assert show.supervisor.workers[0]._thread is not old
    show.later = GIVEN_UP + 1
    show.supervisor.check()
    show.supervisor.check()
    stuck.let.set()
    assert show.supervisor.stop(LONG) == ()
    old.join(LONG)
    assert not old.is_alive()
