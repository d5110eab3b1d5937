"""Thread priorities: the display's thread gets a core when it needs one, and the networks use what is left.

On Linux every thread has a nice value, from -20 (runs first) to 19 (runs last). Three kinds of threads matter here:

- the display's and those of the hands (OSC, MIDI, the panel), which work little and must be on time,
- those that build the networks while nothing is shown yet, which should be done soon,
- those that run the networks, which work all the time and can wait a few milliseconds.

``Priorities`` says which nice value each kind has. Other systems give single threads no priority: there nothing happens.

On a desktop Linux shares the cores among sessions (a terminal is one) before it looks at nice values, unless the kernel's
``sched_autogroup_enabled`` is 0: a show that is to come before other programs raises its session as well.
"""

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
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from installation.operation.leftovers import when_python_ends

T = TypeVar("T")

LINUX = sys.platform == "linux"
STEP = 10  # of the nice value between display and networks: the display's share of a core is then about ten times larger
FIRST, LAST = -20, 19  # nice values that Linux knows
ENDING_SECONDS = 2.0  # s that the end of a start waits for a build
ASIDE = 5  # of the nice value between the networks and what others may do beside them
MEANWHILE_SECONDS = 0.25  # s between two looks at a build
# A picture is made of hundreds of short calls, and after each one the display may wait this long until another thread lets it go on.
SWITCH_SECONDS = 0.0005

# Linux lets threads run in turns of about three milliseconds, called slices. A thread that wakes up waits for the end of the
# slice in hand, unless its own slice is shorter (from Linux 6.12 on). The system call has no wrapper in Python.
DISPLAY_SLICE_NS = 100_000
SESSION = Path("/proc/self/autogroup")  # "/autogroup-17 nice 0"; a number that is written is the session's nice value
SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}  # number of the system call
RESET_ON_FORK = 1  # threads that the display starts get the usual slice


@dataclass(frozen=True, slots=True)
class Priorities:
    """The nice values of a show's threads, from -20 (first) to 19 (last)."""

    display: int  # of the display and the hands
    build: int  # of what builds the networks before anything is shown
    networks: int  # of what runs them

    @property
    def aside(self) -> int:
        """Of what people may do beside the show, such as editing a photograph."""
        return min(LAST, self.networks + ASIDE)

    @staticmethod
    def behind(nice: int) -> Priorities:
        """The display stays where the program was started, and the networks come after other programs."""
        return Priorities(nice, nice, min(LAST, nice + STEP))

    @staticmethod
    def in_front(nice: int) -> Priorities:
        """The display comes before other programs, and the networks stay where the program was started."""
        return Priorities(max(FIRST, nice - STEP), nice, nice)


@contextlib.contextmanager
def ahead() -> Iterator[Priorities]:
    """Inside the block the calling thread, and every thread that it starts, has a higher priority than other programs, where the
    system allows that. Yields the priorities of the show's other threads, for whatever builds or runs networks."""
    nice = _nice_of(threading.get_native_id())
    wanted = Priorities.in_front(nice)
    if not set_nice(wanted.display):
        yield Priorities.behind(nice)
        return
    session = _set_session(wanted.display)
    try:
        yield wanted
    finally:
        set_nice(nice)
        if session is not None:
            _set_session(session)


def set_nice(nice: int, thread: int | None = None) -> bool:
    """Set the nice value of a thread (the system's number of it; None: the calling one). Returns whether it has it now: few
    users may lower one, and a thread may have ended."""
    if not LINUX:
        return False
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id() if thread is None else thread, nice)
    except OSError:
        return False
    return True


def _set_session(nice: int) -> int | None:
    """Set the nice value of the session that this program runs in, and return the one that it had; None where sessions have none, or
    the system does not allow it."""
    try:
        before = int(SESSION.read_text().rpartition("nice")[2])
        SESSION.write_text(f"{nice}")
    except (OSError, ValueError):
        return None
    return before


def _nice_of(thread: int) -> int:
    return os.getpriority(os.PRIO_PROCESS, thread) if LINUX else 0


def built_aside(build: Callable[[], T], priorities: Priorities, meanwhile: Callable[[], None] = lambda: None) -> T:
    """Run ``build`` in a thread of its own, at the priority for building, and return its result. Meanwhile the calling thread runs
    ``meanwhile`` four times a second.

    Building leaves threads behind, such as an engine's pool of workers. They run the networks later, so once ``build`` is done they
    get the priority for that. Raises what either raises; where ``meanwhile`` did, a build may still be at work.
    """
    done: list[T] = []
    failed: list[BaseException] = []
    others = _threads()

    def run() -> None:
        set_nice(priorities.build)  # threads that are started from here inherit it
        try:
            done.append(build())
        except BaseException as err:  # handed to the caller
            failed.append(err)
        if priorities.networks != priorities.build:
            _move(others, priorities.networks)

    thread = threading.Thread(target=run, name="build", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(MEANWHILE_SECONDS)
        try:
            meanwhile()
        except BaseException as err:  # what is being built may be as good as done; otherwise it ends with the process
            failed.append(err)
            thread.join(ENDING_SECONDS)
            when_python_ends(thread.join)
            break
    if failed:
        raise failed[0]
    return done[0]


def _move(others: set[int], nice: int) -> None:
    """Set the nice value of every thread of this program except ``others``. Repeats until it finds no new one, because threads start
    other threads. A thread that some other part of the program has started meanwhile is included: nothing tells it apart."""
    while fresh := _threads() - others:
        others.update(fresh)
        for thread in fresh:
            set_nice(nice, thread)


def _threads() -> set[int]:
    """The system's numbers of this program's threads; none where threads have no priority of their own."""
    try:
        return {int(name) for name in os.listdir("/proc/self/task")} if LINUX else set()
    except OSError:  # a container without /proc
        return set()


@contextlib.contextmanager
def coming_first() -> Iterator[None]:
    """Inside the block the calling thread is given a core as soon as it wakes up, where the system can do that: it asks for a time
    slice so short that it need not wait for the end of anybody else's."""
    _set_slice(DISPLAY_SLICE_NS, RESET_ON_FORK)
    try:
        yield
    finally:
        _set_slice(0, 0)  # 0: the usual one


def _set_slice(nanoseconds: int, flags: int) -> None:
    call = SCHED_SETATTR.get(platform.machine())
    if LINUX and call is not None:
        thread = threading.get_native_id()
        # struct sched_attr: size of the struct, policy, flags, nice value, real-time priority, slice, deadline, period
        attributes = struct.pack("=IIQiIQQQ", 48, os.SCHED_OTHER, flags, _nice_of(thread), 0, nanoseconds, 0, 0)
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).syscall(call, thread, ctypes.create_string_buffer(attributes, len(attributes)), 0)


@contextlib.contextmanager
def keeping_time() -> Iterator[None]:
    """For the display's loop, once everything is built. Python switches between threads more often, and its garbage collector
    no longer visits the objects that exist now: going through those of all libraries stops every thread for a tenth of a second. What
    comes into being from here on it does visit, all of it, and soon."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    # The collector goes through its oldest objects only once a quarter as many have joined them as there were when it last did: without
    # this, a quarter of what has just been set aside, which is never reached, and what is in a ring and grew old stays for good.
    gc.collect()
    try:
        yield
    finally:
        gc.unfreeze()
        sys.setswitchinterval(before)
