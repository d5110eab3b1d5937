"""The newest value wins, and what nobody took is counted."""

import threading
import time

from installation.slot import Slot


def test_newest_value_wins_and_drops_are_counted():
    slot = Slot[int]()
    for value in (1, 2, 3):
        slot.put(value)
    assert slot.take() == 3
    assert slot.dropped == 2
    assert slot.take() is None


def test_take_waits_for_a_value_from_another_thread():
    slot = Slot[str]()
    threading.Timer(0.05, slot.put, ["late"]).start()
    assert slot.take(timeout=5.0) == "late"


def test_close_wakes_a_waiting_taker():
    slot = Slot[int]()
    threading.Timer(0.05, slot.close).start()
    start = time.monotonic()
    assert slot.take(timeout=30.0) is None
    assert time.monotonic() - start < 10.0
