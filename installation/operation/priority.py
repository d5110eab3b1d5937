"""The display comes first: its thread needs a third of one core on time, while the networks take whatever there is."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")

NETWORKS_NICE = 10  # the weight of a network's thread is about a tenth of the display's
SWITCH_SECONDS = 0.0005  # a picture is made of hundreds of short calls, and after each one the display may wait this long


def step_back() -> None:
    """Let the threads of the display and of the hands go first, from the calling thread and all that it starts from now on.
    Nothing where the system does not give single threads a priority."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # a container may forbid it
            tid = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, tid, min(19, os.getpriority(os.PRIO_PROCESS, tid) + NETWORKS_NICE))


def built_aside(build: Callable[[], T]) -> T:
    """``build()`` in a thread that has stepped back: the pools of threads that an engine starts inherit it. Raises what it raises."""
    done: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        step_back()
        try:
            done.append(build())
        except BaseException as err:  # handed to the caller
            failed.append(err)

    thread = threading.Thread(target=run, name="build", daemon=True)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return done[0]


@contextlib.contextmanager
def keeping_time() -> Iterator[None]:
    """Once everything is built, while the show runs: Python's threads take turns quickly, and the collector leaves alone what
    stays. It would walk through all the libraries' objects, a tenth of a second in which no thread runs."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        sys.setswitchinterval(before)
