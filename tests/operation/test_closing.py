"""The end of a show closes every part, in order, whatever becomes of one of them."""

import time

from installation.operation.closing import Closing


def test_every_part_is_closed_in_its_order_and_what_failed_is_told() -> None:
    closed: list[str] = []
    faults: list[str] = []

    def breaks() -> None:
        closed.append("broken")
        raise RuntimeError("it is stuck")

    Closing(3.0, faults.append).close((lambda: closed.append("first"), breaks, lambda: closed.append("last")))
    assert closed == ["first", "broken", "last"]
    assert faults == ["at the end: RuntimeError: it is stuck"]


def test_each_part_is_made_only_when_those_before_it_are_closed() -> None:
    """What a part may still take is asked when its turn comes."""
    told: list[str] = []

    def ends():
        told.append("made first")
        yield lambda: told.append("closed first")
        told.append("made last")
        yield lambda: told.append("closed last")

    Closing(3.0, told.append).close(ends())
    assert told == ["made first", "closed first", "made last", "closed last"]


def test_the_time_left_runs_down_to_nothing_and_no_further() -> None:
    closing = Closing(0.05, print)
    assert 0 < closing.left() <= 0.05
    time.sleep(0.06)
    assert closing.left() == 0.0
