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
        tid = threading.get_native_id()
        _be(tid, os.getpriority(os.PRIO_PROCESS, tid) + NETWORKS_NICE)


@contextlib.contextmanager
def ahead() -> Iterator[None]:
    """The calling thread and those that it starts go before other programs, so that networks, which step back from there, share the
    cores with those as equals. Nothing where the system does not allow it: then networks come after other programs."""
    if sys.platform != "linux":
        yield
        return
    tid = threading.get_native_id()
    before = os.getpriority(os.PRIO_PROCESS, tid)
    _be(tid, before - NETWORKS_NICE)
    try:
        yield
    finally:
        _be(tid, before)


def _be(tid: int, nice: int) -> None:
    """Give a thread its priority, if the system lets it have that; a thread that has ended needs none."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, tid, max(-20, min(19, nice)))


@contextlib.contextmanager
def coming_first() -> Iterator[None]:
    """Let the calling thread have a core as soon as it wakes up. Nothing where the system knows no such thing."""
    _slice(DISPLAY_SLICE_NS, RESET_ON_FORK)
    try:
        yield
    finally:
        _slice(0, 0)  # as long as everybody's


def _slice(nanoseconds: int, flags: int) -> None:
    call = SCHED_SETATTR.get(platform.machine())
    if sys.platform == "linux" and call is not None:
        tid = threading.get_native_id()
        # struct sched_attr: its size, policy (the usual one), flags, nice, real-time priority, slice, deadline, period
        attributes = struct.pack("=IIQiIQQQ", 48, os.SCHED_OTHER, flags, os.getpriority(os.PRIO_PROCESS, tid), 0, nanoseconds, 0, 0)
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).syscall(call, tid, ctypes.create_string_buffer(attributes, len(attributes)), 0)


def built_aside(build: Callable[[], T]) -> T:
    """``build()`` in another thread; the threads that it leaves behind, an engine's pool among them, have stepped back. Until then
    they work at the usual priority: nothing is shown yet, and beside other programs a build would take minutes.

    Raises what ``build`` raises.
    """
    done: list[T] = []
    failed: list[BaseException] = []
    mine, others = os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) if sys.platform == "linux" else 0, _threads()

    def run() -> None:
        if mine < 0:  # ahead of others: a step back is where those are, and whatever is started inherits it
            step_back()
        try:
            done.append(build())
        except BaseException as err:  # handed to the caller
            failed.append(err)
        if mine >= 0:
            # Some may start others meanwhile. What another part of the program starts at that time steps back as well.
            while fresh := _threads() - others:
                others.update(fresh)
                for tid in fresh:
                    _be(tid, mine + NETWORKS_NICE)

    thread = threading.Thread(target=run, name="build", daemon=True)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return done[0]


def _threads() -> set[int]:
    """System's numbers of this program's threads; none where it gives single threads no priority."""
    try:
        return {int(name) for name in os.listdir("/proc/self/task")} if sys.platform == "linux" else set()
    except OSError:  # a container without /proc
        return set()


@contextlib.contextmanager
def keeping_time() -> Iterator[None]:
    """Once everything is built, while the display's loop runs in this thread: Python's threads take turns quickly, and the collector
    leaves alone what stays: it would walk through all the libraries' objects, a tenth of a second in which no thread runs."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        sys.setswitchinterval(before)
