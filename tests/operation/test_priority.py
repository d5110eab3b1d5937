"""Who goes first: threads of the networks step back, those of the display do not."""

import gc
import os
import sys
import threading

import pytest

from installation.operation import priority
from installation.operation.worker import Worker

linux = pytest.mark.skipif(sys.platform != "linux", reason="single threads have a priority on Linux only")


def nice() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


@linux
def test_what_is_built_aside_and_the_threads_it_starts_step_back_and_the_caller_does_not() -> None:
    mine, found = nice(), []

    def build() -> str:
        found.append(nice())
        child = threading.Thread(target=lambda: found.append(nice()))
        child.start()
        child.join()
        return "built"

    assert priority.built_aside(build) == "built"
    assert found == [min(19, mine + priority.NETWORKS_NICE)] * 2
    assert nice() == mine


def test_what_fails_aside_fails_here() -> None:
    def build() -> None:
        raise ValueError("no such engine")

    with pytest.raises(ValueError, match="no such engine"):
        priority.built_aside(build)


class Once:
    """A loop that notes its thread's priority."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.done = threading.Event()

    def step(self, now: float) -> None:
        self.seen.append(nice())
        self.done.set()
        self.done.wait(0.01)

    def reset(self) -> None: ...


@linux
@pytest.mark.parametrize(("heavy", "more"), [(True, priority.NETWORKS_NICE), (False, 0)])
def test_only_a_heavy_worker_steps_back(heavy: bool, more: int) -> None:
    loop = Once()
    worker = Worker("test", loop, lambda: 0.0, lambda why: None, heavy)
    worker.start()
    assert loop.done.wait(10)
    worker.stop()
    assert loop.seen[0] == min(19, nice() + more)


def test_in_a_show_threads_take_turns_quickly_and_the_collector_leaves_what_stands_alone() -> None:
    interval, frozen = sys.getswitchinterval(), gc.get_freeze_count()
    with pytest.raises(RuntimeError), priority.keeping_time():
        assert sys.getswitchinterval() == pytest.approx(priority.SWITCH_SECONDS)
        assert gc.get_freeze_count() > frozen
        raise RuntimeError("the show ends badly")
    assert (sys.getswitchinterval(), gc.get_freeze_count()) == (pytest.approx(interval), 0)
