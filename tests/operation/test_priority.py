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


def of(thread: threading.Thread) -> int:
    assert thread.native_id is not None
    return os.getpriority(os.PRIO_PROCESS, thread.native_id)


@linux
def test_threads_that_a_build_leaves_behind_step_back_and_the_caller_does_not() -> None:
    mine, found, over = nice(), [], threading.Event()
    if mine < 0:
        pytest.skip("these tests go before other programs themselves")

    def build() -> threading.Thread:
        found.append(nice())
        pool = threading.Thread(target=over.wait, daemon=True)
        pool.start()
        found.append(of(pool))
        return pool

    pool = priority.built_aside(build)
    assert found == [mine] * 2  # nothing is shown yet: as quick as any program
    assert of(pool) == min(19, mine + priority.NETWORKS_NICE)
    assert nice() == mine
    over.set()


def may_go_first() -> bool:
    """Whether the system lets this program's threads go before those of others."""
    tried = []

    def attempt() -> None:
        try:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), max(-20, nice() - priority.NETWORKS_NICE))
            tried.append(True)
        except OSError:
            tried.append(False)

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    return tried[0]


@linux
def test_a_show_goes_ahead_and_its_networks_are_equal_to_other_programs() -> None:
    mine, allowed, loop = nice(), may_go_first(), Once()
    with pytest.raises(RuntimeError), priority.ahead():
        display = nice()
        assert display == (max(-20, mine - priority.NETWORKS_NICE) if allowed else mine)
        worker = Worker("test", loop, lambda: 0.0, lambda why: None, heavy=True)
        worker.start()
        assert loop.done.wait(60)
        worker.stop()
        assert loop.seen[0] == min(19, display + priority.NETWORKS_NICE)
        raise RuntimeError("the show ends badly")
    assert nice() == mine


def test_what_fails_aside_fails_here() -> None:
    def build() -> None:
        raise ValueError("no such engine")

    with pytest.raises(ValueError, match="no such engine"):
        priority.built_aside(build)


@linux
def test_a_build_ahead_of_other_programs_is_where_those_are() -> None:
    mine, found = nice(), []
    with priority.ahead():
        display = nice()
        priority.built_aside(lambda: found.append(nice()))
    assert found == [mine] and nice() == mine
    assert display <= mine


@linux
def test_who_came_first_starts_threads_as_before_when_that_is_over() -> None:
    found = []

    def show() -> None:
        with priority.ahead():
            with priority.coming_first():
                pass
            later = threading.Thread(target=lambda: found.append(nice() - display))
            display = nice()
            later.start()
            later.join()

    thread = threading.Thread(target=show)
    thread.start()
    thread.join()
    assert found == [0]


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
    assert loop.done.wait(60)
    worker.stop()
    assert loop.seen[0] == min(19, nice() + more)


def test_in_a_show_threads_take_turns_quickly_and_the_collector_leaves_what_stands_alone() -> None:
    interval, frozen = sys.getswitchinterval(), gc.get_freeze_count()
    with pytest.raises(RuntimeError), priority.keeping_time():
        assert sys.getswitchinterval() == pytest.approx(priority.SWITCH_SECONDS)
        assert gc.get_freeze_count() > frozen
        raise RuntimeError("the show ends badly")
    assert (sys.getswitchinterval(), gc.get_freeze_count()) == (pytest.approx(interval), 0)
