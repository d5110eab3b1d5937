"""A real show whose stages fail or hang: the canvas goes on, what was lost comes back, and the end is not held up."""

import threading
import time
from collections.abc import Callable

import pytest

from benchmarks.show_aside import show_aside
from installation.app import Installation
from installation.assembly.options import RunOptions
from installation.config import load_config
from tests.test_waiting_show import PLAIN

pytestmark = pytest.mark.slow
CONFIG = [*PLAIN, "canvas.mode=headless", "control.resume=false"]
LONG = 300.0  # s; nothing here takes so long


def until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + LONG
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def grows(show: Installation, count: Callable[[], int], by: int, what: str) -> None:
    """Wait until a count of the show has grown."""
    before = count()
    until(lambda: count() >= before + by, what)


def test_a_stage_that_raises_is_begun_again_and_its_last_portraits_stay() -> None:
    with show_aside(load_config(None, CONFIG), RunOptions()) as show:
        drawn, shown = (lambda: show.health.portraits.count), (lambda: show.health.presented.count)
        until(lambda: drawn() > 0, "a first portrait")
        sound, failures = show.generate.draw, []

        def fail(edited: object) -> None:
            failures.append(edited)
            raise RuntimeError("a network that does not like this face")

        show.generate.draw = fail  # type: ignore[method-assign, assignment]
        until(lambda: len(failures) >= 3, "a third failure")
        grows(show, shown, 10, "pictures meanwhile")
        assert show.loops.display._newest is not None and show.loops.display._worn is not None
        show.generate.draw = sound  # type: ignore[method-assign]
        grows(show, drawn, 3, "new portraits")
        assert "synthesis: RuntimeError: a network that does not like this face" in show.health.faults


def test_no_memory_makes_the_portraits_smaller_and_not_the_show_end() -> None:
    with show_aside(load_config(None, [*CONFIG, "engine.portrait_px=256"]), RunOptions()) as show:
        until(lambda: show.health.portraits.count > 0, "a first portrait")
        show.generate.wait()
        sound, given_up = show.generate.draw, []

        def fail(edited: object) -> None:
            show.generate.draw = sound  # type: ignore[method-assign]
            given_up.append(edited)
            raise MemoryError("no room")

        show.generate.draw = fail  # type: ignore[method-assign, assignment]
        until(lambda: bool(given_up), "the failure")
        grows(show, lambda: show.health.portraits.count, 3, "new portraits")
        assert [fault for fault in show.health.faults if fault.startswith("synthesis: out of memory; ")]


def test_a_show_ends_in_time_although_a_network_hangs() -> None:
    let, hangs = threading.Event(), threading.Event()

    def hang(now: float) -> None:
        hangs.set()
        let.wait(LONG)

    with show_aside(load_config(None, CONFIG), RunOptions()) as show:
        until(lambda: show.health.presented.count > 0, "a first picture")
        show.loops.synthesis.step = hang  # type: ignore[method-assign]
        assert hangs.wait(LONG)
    assert not let.is_set()  # nobody let it go on, and the show has ended all the same
    let.set()
    assert "at the end: synthesis was still in a turn" in show.health.faults
