"""The display comes first: its thread needs a third of one core on time, while the networks take whatever there is."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import platform
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")

NETWORKS_NICE = 10  # the weight of a network's thread is about a tenth of the display's
SWITCH_SECONDS = 0.0005  # a picture is made of hundreds of short calls, and after each one the display may wait this long

# Linux shares the cores out in slices (three milliseconds), and who wakes up waits for the end of one unless its own is
# shorter (from 6.12 on; older kernels take no notice). The call has no wrapper in the standard library.
DISPLAY_SLICE_NS = 100_000
SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}  # number of the system call
RESET_ON_FORK = 1  # threads that the display starts have slices like all others


def step_back() -> None:
    """Let the threads of the display and of the hands go first, from the calling thread and all that it starts from now on.
    Nothing where the system does not give single threads a priority."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # a container may forbid it
            tid = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, tid, min(19, os.getpriority(os.PRIO_PROCESS, tid) + NETWORKS_NICE))


def come_first() -> None:
    """Let the calling thread have a core as soon as it wakes up. Nothing where the system knows no such thing."""
    call = SCHED_SETATTR.get(platform.machine())
    if sys.platform == "linux" and call is not None:
        tid = threading.get_native_id()
        # struct sched_attr: its size, policy (the usual one), flags, nice, real-time priority, slice, deadline, period
        attributes = struct.pack(
            "=IIQiIQQQ", 48, os.SCHED_OTHER, RESET_ON_FORK, os.getpriority(os.PRIO_PROCESS, tid), 0, DISPLAY_SLICE_NS, 0, 0
        )
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).syscall(call, tid, ctypes.create_string_buffer(attributes, len(attributes)), 0)


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
    """Once everything is built, while the display's loop runs in this thread: it comes first, Python's threads take turns quickly,
    and the collector leaves alone what stays: it would walk through all the libraries' objects, a tenth of a second in which no
    thread runs."""
    come_first()
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        sys.setswitchinterval(before)
