"""When a show was, by the wall and by its own clock."""

from installation.assembly.report import Stopwatch
from installation.clock import LockstepClock


def test_it_counts_from_the_beginning_to_the_end_by_both_clocks() -> None:
    clock = LockstepClock()
    clock.advance(10.0)
    watch = Stopwatch(clock)
    clock.advance(10.0)
    watch.begin()
    for _ in range(30):
        clock.advance(10.0)
    assert abs(watch.seconds() - 3.0) < 1e-9
    before = watch.times(0.0)
    assert before.first == before.last and before.began == before.ended  # it has not ended
    watch.end()
    clock.advance(10.0)
    times = watch.times(5.0)
    assert abs(times.last - times.first - 3.0) < 1e-9 and abs(times.first - 0.2) < 1e-9
    assert times.program == 5.0 and times.ended >= times.began == before.began
