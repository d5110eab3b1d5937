"""A clip's timeline: it goes on through every kind of bad time stamp, at the pace its good ones tell."""

from itertools import pairwise

import pytest

from installation.sources.pacing import ClipClock

PERIOD = 0.04
EVEN = [i * PERIOD for i in range(12)]


def times(shown: list[float | None], decoded: list[float | None] | None = None, timeline: ClipClock | None = None) -> list[float]:
    timeline = timeline or ClipClock(PERIOD)
    return [timeline.place(a, b, PERIOD) for a, b in zip(shown, decoded or shown, strict=True)]


@pytest.mark.parametrize(
    "shown",
    [
        EVEN,
        [t + 1000.0 for t in EVEN],
        [None] * 12,
        [None, *EVEN[1:5], None, None, *EVEN[7:]],
        [*EVEN[:6], *(t - 0.08 for t in EVEN[6:])],  # a step back
        [*EVEN[:6], *(t + 3600.0 for t in EVEN[6:])],  # an hour ahead
        [*EVEN[:6], *(t - 95443.7 for t in EVEN[6:])],  # the counter of a transport stream has run over
        [0.0] * 12,
    ],
)
def test_the_pace_is_kept_through_any_stamps(shown: list[float | None]) -> None:
    assert times(shown) == pytest.approx(EVEN)


def test_stamps_in_the_order_of_decoding_are_seen_through() -> None:
    shown = [0, 3, 2, 4, 1, 7, 6, 8, 5, 11, 10, 12]
    placed = times([n * PERIOD for n in shown], EVEN)
    assert placed[-1] - placed[2] == pytest.approx(EVEN[-1] - EVEN[2])
    assert max(b - a for a, b in pairwise(placed)) <= 3 * PERIOD + 1e-9


def test_a_pause_is_believed_and_uneven_steps_are_kept() -> None:
    uneven = [0.0, 0.04, 0.1, 0.12, 3.5, 3.54]
    assert times(uneven) == pytest.approx(uneven)


def test_where_stamps_are_known_to_jump_a_pause_is_not() -> None:
    assert times([0.0, 0.04, 3.04, 3.08], timeline=ClipClock(PERIOD, pieced=True)) == pytest.approx([0.0, 0.04, 0.08, 0.12])


def test_a_slow_clip_keeps_its_last_picture_as_long_as_the_others() -> None:
    timeline = ClipClock(8.0)
    assert [timeline.place(t, t, 8.0) for t in (0.0, 8.0, 16.0)] == [0.0, 8.0, 16.0]
    assert timeline.end == 24.0


def test_a_long_picture_needs_its_containers_word() -> None:
    timeline = ClipClock(PERIOD)
    assert [timeline.place(0.0, 0.0, 20.0), timeline.place(20.0, 20.0, 7200.0)] == [0.0, 20.0]
    assert timeline.end == pytest.approx(20.0 + PERIOD)  # two hours are not believed


def test_made_up_stamps_count_for_nothing() -> None:
    timeline = ClipClock(PERIOD, trusted=False)
    assert times([0.0, 0.5, 1.0, 9.0], timeline=timeline) == pytest.approx(EVEN[:4])
