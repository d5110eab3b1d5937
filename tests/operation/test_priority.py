"""Who goes first: threads of the networks step back, those of the display do not."""

import gc
import os
import sys
import threading
import weakref

import pytest

from installation.operation import priority
from installation.operation.worker import Loop, Worker

linux = pytest.mark.skipif(sys.platform != "linux", reason="single threads have a priority on Linux only")


def nice() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def of(thread: threading.Thread) -> int:
    assert thread.native_id is not None
    return os.getpriority(os.PRIO_PROCESS, thread.native_id)


def in_a_thread(work):
    """What ``work()`` gives in a thread of its own, whose priority nobody else has."""
    given, failed = [], []

    def run() -> None:
        try:
            given.append(work())
        except BaseException as err:
            failed.append(err)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return given[0]


@linux
@pytest.mark.parametrize("lower", [0, 3, 10])  # as under `nice -n`
@pytest.mark.parametrize("allowed", [True, False])
def test_a_build_runs_where_the_program_was_started_and_its_threads_never_before_the_display(lower, allowed, monkeypatch) -> None:
    if allowed and not may_go_first():
        pytest.skip("this user may not let threads go before those of others")
    give = os.setpriority

    def refuse(which: int, thread: int, nice: int) -> None:
        if nice < os.getpriority(which, thread):
            raise PermissionError
        give(which, thread, nice)

    if not allowed:
        monkeypatch.setattr(os, "setpriority", refuse)
    over = threading.Event()

    def build() -> threading.Thread:
        found.append(nice())
        pool = threading.Thread(target=over.wait, daemon=True)
        pool.start()
        return pool

    def show() -> None:
        give(os.PRIO_PROCESS, threading.get_native_id(), min(19, nice() + lower))
        begun = nice()
        with priority.ahead() as priorities:
            assert nice() == priorities.display
            pool = priority.built_aside(build, priorities)
            assert nice() == priorities.display
            assert found == [begun] == [priorities.build]  # nothing is shown yet: as quick as any program, and no quicker
            assert of(pool) == priorities.networks
            expected = (max(-20, begun - priority.STEP), begun) if allowed else (begun, min(19, begun + priority.STEP))
            assert (priorities.display, priorities.networks) == expected
        assert nice() == begun

    found: list[int] = []
    in_a_thread(show)
    over.set()


def may_go_first() -> bool:
    """Whether the system lets this program's threads go before those of others."""
    tried = []

    def attempt() -> None:
        try:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), max(-20, nice() - priority.STEP))
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
    with pytest.raises(RuntimeError), priority.ahead() as priorities:
        display = nice()
        assert display == priorities.display == (max(-20, mine - priority.STEP) if allowed else mine)
        worker = Worker("test", loop, lambda: 0.0, lambda why: None, priorities.networks)
        worker.start()
        assert loop.done.wait(60)
        worker.stop()
        assert loop.seen[0] == (mine if allowed else min(19, mine + priority.STEP))
        raise RuntimeError("the show ends badly")
    assert nice() == mine


def test_who_asks_for_the_end_of_a_start_does_not_wait_for_a_long_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(priority, "ENDING_SECONDS", 0.05)
    over, begun = threading.Event(), threading.Event()

    def build() -> None:
        begun.set()
        over.wait(60)

    def asked() -> None:
        if begun.is_set():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        priority.built_aside(build, priority.Priorities.behind(0), asked)
    assert not over.is_set()
    over.set()


def test_what_fails_aside_fails_here() -> None:
    def build() -> None:
        raise ValueError("no such engine")

    with pytest.raises(ValueError, match="no such engine"):
        priority.built_aside(build, priority.Priorities.behind(0))


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


class Once(Loop):
    """A loop that notes its thread's priority."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.done = threading.Event()

    def step(self, now: float) -> None:
        self.seen.append(nice())
        self.done.set()
        self.done.wait(0.01)


@linux
@pytest.mark.parametrize("more", [priority.STEP, None])
def test_only_a_worker_with_a_priority_of_its_own_steps_back(more: int | None) -> None:
    loop = Once()
    worker = Worker("test", loop, lambda: 0.0, lambda why: None, None if more is None else min(19, nice() + more))
    worker.start()
    assert loop.done.wait(60)
    worker.stop()
    assert loop.seen[0] == min(19, nice() + (more or 0))


def test_in_a_show_threads_take_turns_quickly_and_the_collector_leaves_what_stands_alone() -> None:
    interval, frozen = sys.getswitchinterval(), gc.get_freeze_count()
    with pytest.raises(RuntimeError), priority.keeping_time():
        assert sys.getswitchinterval() == pytest.approx(priority.SWITCH_SECONDS)
        assert gc.get_freeze_count() > frozen
        raise RuntimeError("the show ends badly")
    assert (sys.getswitchinterval(), gc.get_freeze_count()) == (pytest.approx(interval), 0)


class Ring:
    """Keeps itself, so that Python's collector alone can take it away."""

    def __init__(self) -> None:
        self.itself = self


def test_in_a_show_the_collector_comes_by_what_grew_old_in_it() -> None:
    with priority.keeping_time():
        ring = Ring()
        old = weakref.ref(ring)
        gc.collect(1)  # now it is among the oldest
        del ring
        for _ in range(200_000):  # as a show does in an hour, and nothing of it stays
            Ring()
        assert old() is None


@linux
def test_a_show_raises_its_session_and_lets_it_down_again(tmp_path, monkeypatch) -> None:
    if not may_go_first():
        pytest.skip("this user may not let threads go before those of others")
    session = tmp_path / "autogroup"
    session.write_text("/autogroup-17 nice 3\n")
    monkeypatch.setattr(priority, "SESSION", session)

    def show() -> str:
        with priority.ahead():
            return session.read_text()

    assert in_a_thread(show) == f"{nice() - priority.STEP}"
    assert session.read_text() == "3"


@linux
def test_a_system_without_sessions_changes_nothing(tmp_path, monkeypatch) -> None:
    for session, text in ((tmp_path / "none", None), (tmp_path / "other", "of another kind\n")):
        if text is not None:
            session.write_text(text)
        monkeypatch.setattr(priority, "SESSION", session)

        def show() -> None:
            with priority.ahead():
                pass

        in_a_thread(show)
        assert not session.exists() if text is None else session.read_text() == text


@linux
def test_the_real_session_is_as_before_after_a_show() -> None:
    if not priority.SESSION.exists():
        pytest.skip("this kernel shares the cores among threads alone")
    before = priority.SESSION.read_text()

    def show() -> None:
        with priority.ahead():
            pass

    in_a_thread(show)
    assert priority.SESSION.read_text() == before
