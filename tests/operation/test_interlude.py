"""A loop lends its engines: while it is idle, and now and then where it never is."""

import threading
import time

import pytest

from installation.operation.interlude import BUSY_SHARE, Interlude
from installation.pipeline import WAIT, taken
from installation.slot import Slot


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def borrowed(interlude, call):
    """``run`` in a thread of its own; what comes of it."""
    came = []

    def run():
        try:
            came.append(interlude.run(call, 10))
        except BaseException as err:
            came.append(err)

    thread = threading.Thread(target=run)
    thread.start()
    while not interlude.waiting and thread.is_alive():
        time.sleep(0.001)
    return thread, came


def test_the_loops_own_thread_makes_the_call():
    interlude = Interlude()
    thread, came = borrowed(interlude, threading.get_ident)
    assert interlude.step(idle=True) and not interlude.step(idle=True)
    thread.join(10)
    assert came == [threading.get_ident()]


def test_what_a_call_raises_is_the_borrowers():
    interlude = Interlude()
    thread, came = borrowed(interlude, lambda: 1 // 0)
    assert interlude.step(idle=True)
    thread.join(10)
    assert isinstance(came[0], ZeroDivisionError)


def test_a_busy_loop_lends_a_small_share_of_its_time():
    clock = Clock()
    interlude = Interlude(clock=clock)

    def call():
        clock.now += 0.02

    made = 0.0
    for _ in range(1000):  # a turn of 30 ms each
        if not interlude.waiting:
            thread, _ = borrowed(interlude, call)
        before = clock.now
        if interlude.step(idle=False):
            thread.join(10)
            made += clock.now - before
        clock.now += 0.03
    interlude.close()
    thread.join(10)
    assert 0.5 * BUSY_SHARE < made / clock.now < 1.3 * BUSY_SHARE


def test_nobody_waits_for_a_loop_that_has_ended():
    interlude = Interlude()
    thread, came = borrowed(interlude, lambda: 1)
    interlude.close()
    thread.join(10)
    assert isinstance(came[0], TimeoutError)
    with pytest.raises(TimeoutError):
        interlude.run(lambda: 1)


def test_patience_ends_and_the_call_is_not_made_afterwards():
    interlude, made = Interlude(), []
    with pytest.raises(TimeoutError):
        interlude.run(lambda: made.append(1), patience=0.01)
    assert not interlude.step(idle=True) and made == []


def test_a_call_does_not_wait_for_the_next_frame():
    """It wakes the loop that waits for one; the loop then waits on."""
    slot: Slot[int] = Slot()
    interlude = Interlude(slot.wake)
    turns = []

    def loop():
        while not turns or turns[-1] != 7:
            turns.append(taken(slot, interlude))

    thread = threading.Thread(target=loop)
    thread.start()
    assert [interlude.run(lambda k=k: k, 10) for k in range(3)] == [0, 1, 2]
    slot.put(7)
    thread.join(10)
    assert turns[-1] == 7


def test_without_calls_a_frame_is_taken_as_ever():
    slot: Slot[int] = Slot()
    slot.put(3)
    assert taken(slot, Interlude()) == 3 and taken(slot, None) is None
    began = time.monotonic()
    assert taken(slot, Interlude(slot.wake)) is None and time.monotonic() - began >= WAIT
