"""Whether the display should be a process of its own: gaps between two pictures of the canvas, with the display in the show's process
and in another one that is handed the pictures through shared memory.

    scripts/run -m benchmarks.display_process [--seconds 20] [--cases alone loops building]

Both draw the mirror at 1280 x 720, headless, with the same compositor, pace and priority. The other process is a prototype: it gets the
camera's picture with the faces in it and nothing else, which is the least that a real one would have to be given. Cases: the show alone;
with endless loops, one a core, beside it; with painters' styles begun, whose networks are built while the show runs; with Python's
garbage collector made to visit everything ten times a second.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.shared_memory import SharedMemory
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from installation.canvas.compose import Compose
from installation.canvas.plain.renderer import PlainRenderer
from installation.canvas.present import Pacer
from installation.control.parameters import parameter_table
from installation.control.state import ControlState
from installation.messages import Frame, Image, Portraits
from installation.operation.priority import ahead, coming_first, keeping_time

if TYPE_CHECKING:  # the other process goes without the rest of the program
    from installation.app import Installation
    from installation.config import Config

WIDTH, HEIGHT, FPS = 1280, 720, 30.0
SLOTS = 3  # pictures: one that is read, one that is written, the newest
PICTURE = WIDTH * HEIGHT * 3  # bytes
SETTLING = 3.0  # s after the start that do not count
WAITED = 0.05  # s, a gap that is seen
CASES = ("alone", "loops", "building", "collector")


class Mailbox:
    """The newest picture, in memory that two processes share: its number and shape stand before the pictures. One writes, one reads."""

    def __init__(self, name: str | None = None) -> None:
        size = 64 + SLOTS * PICTURE
        self._memory = SharedMemory(name=name, create=name is None, size=size)
        self._head = np.ndarray((4,), np.int64, self._memory.buf)  # number of the newest, its height, its width
        self.name = self._memory.name

    def put(self, picture: Image) -> None:
        """Copy a picture in; it may not be larger than the canvas."""
        number = int(self._head[0]) + 1
        self._view(number, picture.shape)[:] = picture
        self._head[1:3] = picture.shape[:2]
        self._head[0] = number

    def newest(self) -> tuple[int, Image] | None:
        """Its number and its pixels, which stay until two more have come."""
        number = int(self._head[0])
        return (number, self._view(number, (int(self._head[1]), int(self._head[2]), 3))) if number else None

    def _view(self, number: int, shape: tuple[int, ...]) -> Image:
        return np.ndarray(shape, np.uint8, self._memory.buf, offset=64 + number % SLOTS * PICTURE)

    def close(self, last: bool = False) -> None:
        """Let go of the memory. last: nobody needs it any more."""
        del self._head
        self._memory.close()
        if last:
            self._memory.unlink()


@dataclass(frozen=True)
class Pace:
    """Of one run. late: gaps over 50 ms a minute; longest, p99: ms between two pictures; fresh: new pictures of the camera a second."""

    late: float
    longest: float
    p99: float
    fresh: float

    @classmethod
    def of(cls, shown: list[float], fresh: int) -> Pace:
        """shown: s, when each picture was shown."""
        gaps, seconds = np.diff(shown), shown[-1] - shown[0]
        return cls(60 * int((gaps > WAITED).sum()) / seconds, 1e3 * gaps.max(), 1e3 * float(np.percentile(gaps, 99)), fresh / seconds)


def displayed(name: str, begin: Event, over: Event, report: Connection) -> None:
    """The other process: composes whatever is newest at an even pace, and reports how evenly it was."""
    mailbox, pacer = Mailbox(name), Pacer(FPS)
    compose = Compose(PlainRenderer(WIDTH, HEIGHT), live=True)
    controls = ControlState(parameter_table((), ()), {"look/layout": "mirror"})
    shown: list[float] = []
    seen, last = set(), None
    with ahead(), keeping_time(), coming_first():
        while not over.is_set():
            time.sleep(pacer.delay(time.monotonic()))
            now, found = time.monotonic(), mailbox.newest()
            if found is not None and (last is None or found[0] != last[0]):
                last = (found[0], Portraits(Frame(found[0], now, found[1]), picture=found[1]))
            compose(None if last is None else last[1], controls.snapshot(now), now)
            if begin.is_set():
                shown.append(time.monotonic())
                seen.add(0 if last is None else last[0])
    report.send((shown, len(seen)))


class Forwarder:
    """Stands in the place of the display's loop: hands the newest picture on."""

    def __init__(self, portraits: object, mailbox: Mailbox) -> None:
        self._portraits, self._mailbox = portraits, mailbox

    def step(self, now: float) -> None:
        fresh = self._portraits.take()  # type: ignore[attr-defined]
        if fresh is not None:
            self._mailbox.put(fresh.frame.image if fresh.picture is None else fresh.picture)


@contextmanager
def load(case: str, show: Installation) -> Iterator[None]:
    """What is beside the show, or in it."""
    with ExitStack() as stack:
        if case == "building":
            show.controls.set("style/walk/amount", 1.0)
        if case == "loops":
            for _ in range(os.cpu_count() or 1):
                loop = subprocess.Popen([sys.executable, "-c", "while True: pass"])
                stack.callback(loop.wait)
                stack.callback(loop.kill)
        if case == "collector":
            over = threading.Event()

            def collect() -> None:
                while not over.wait(0.1):
                    gc.unfreeze()
                    gc.collect()

            threading.Thread(target=collect, daemon=True).start()
            stack.callback(over.set)
        yield


def measure(case: str, seconds: float, apart: bool) -> Pace:
    """One run of the show."""
    from installation.config import load_config

    off = [f"control.{hand}.enabled=false" for hand in ("osc", "web", "midi")]
    size = [f"canvas.width={WIDTH}", f"canvas.height={HEIGHT}", "canvas.mode=headless", "canvas.renderer=plain"]
    config = load_config(None, [*off, *size, "controls={look/layout: mirror}"])
    return _apart(config, case, seconds) if apart else _together(config, case, seconds)


def _together(config: Config, case: str, seconds: float) -> Pace:
    from benchmarks.show_aside import show_aside
    from installation.assembly.options import RunOptions

    shown: list[float] = []
    frames: set[float] = set()
    with show_aside(config, RunOptions()) as show:
        time.sleep(SETTLING)
        add = show.health.presented.add

        def note(moment: float, events: int = 1) -> None:
            shown.append(moment)
            frames.add(show.health.canvas_frame or 0.0)
            add(moment, events)

        with load(case, show):
            show.health.presented.add = note  # type: ignore[method-assign]
            time.sleep(seconds)
            show.health.presented.add = add  # type: ignore[method-assign]
    return Pace.of(shown, len(frames))


def _apart(config: Config, case: str, seconds: float) -> Pace:
    from benchmarks.show_aside import show_aside
    from installation.assembly.options import RunOptions

    mailbox, context = Mailbox(), multiprocessing.get_context("spawn")
    begin, over = context.Event(), context.Event()
    here, there = context.Pipe()
    display = context.Process(target=displayed, args=(mailbox.name, begin, over, there))
    try:
        display.start()
        with show_aside(config, RunOptions()) as show:
            show.loops.display.step = Forwarder(show.loops.display.portraits, mailbox).step
            time.sleep(SETTLING)
            with load(case, show):
                begin.set()
                time.sleep(seconds)
                over.set()
                shown, fresh = here.recv()
        return Pace.of(shown, fresh)
    finally:
        over.set()
        display.join()
        mailbox.close(last=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the display in its own process.")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--rounds", type=int, default=1, help="how often, by turns: neighbours come and go")
    a = parser.parse_args()
    print(f"{Path('/proc/loadavg').read_text().split()[0]} programs wanted a core in the last minute, of {os.cpu_count()}")
    print("case       display    gaps over 50 ms a minute  longest ms  p99 ms  new pictures/s", flush=True)
    for _ in range(a.rounds):
        for case in a.cases:
            for apart in (False, True):
                pace = measure(case, a.seconds, apart)
                where = "apart" if apart else "together"
                print(f"{case:<10} {where:<9} {pace.late:25.1f}  {pace.longest:10.0f}  {pace.p99:6.0f}  {pace.fresh:14.1f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
