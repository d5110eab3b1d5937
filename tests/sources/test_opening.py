"""A source that is not there yet is asked for ever less often, and for no longer than was said."""

import pytest

from installation.errors import SourceError
from installation.sources import SourceLost, opening
from installation.sources.opening import open_in_time


class Clock:
    """Stands in for ``time``: who sleeps is there at once."""

    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(opening, "time", clock)
    return clock


def knocking(clock, comes_after=float("inf")):
    """Opens a source ``comes_after`` s from now; and the moments at which it was asked for."""
    began, tries = clock.now, []

    def open_source():
        tries.append(clock.now - began)
        if tries[-1] < comes_after:
            raise SourceLost("not there yet")
        return "the source"

    return open_source, tries


def test_the_waits_double_up_to_half_a_minute_and_the_last_try_is_at_the_end(clock):
    open_source, tries = knocking(clock)
    with pytest.raises(SourceLost, match="not there yet"):
        open_in_time(open_source, 100.0)
    assert tries == [0, 1, 3, 7, 15, 31, 61, 91, 100]


def test_a_source_that_comes_in_time_is_taken(clock):
    open_source, tries = knocking(clock, comes_after=5.0)
    assert open_in_time(open_source, 100.0) == "the source"
    assert tries[-1] == 7


def test_without_patience_it_is_tried_once(clock):
    open_source, tries = knocking(clock)
    with pytest.raises(SourceLost):
        open_in_time(open_source, 0.0)
    assert tries == [0]


def test_what_waiting_does_not_mend_is_said_at_once(clock):
    def open_source():
        raise SourceError("no such file")

    with pytest.raises(SourceError, match="no such file"):
        open_in_time(open_source, 100.0)
    assert clock.now == 1000.0
