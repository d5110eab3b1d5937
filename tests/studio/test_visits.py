"""What is kept of people's pictures: not for long, not much, and never on the disk."""

import numpy as np
import pytest

from installation.control.web.studio_desk import KEPT_SECONDS, MOST_KEPT, StudioError
from installation.studio.photograph import Photograph
from installation.studio.visits import SETTLED, Visit, Visits


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def visit(size=1000):
    small = np.zeros((1, 1, 3), np.uint8)
    return Visit(Photograph("a", bytes(size), "d", 1, 1, small, small), ())


@pytest.fixture
def clock():
    return Clock()


def test_a_picture_that_nobody_touches_is_forgotten(clock):
    visits, one = Visits(clock), visit()
    visits.add(one)
    clock.now = KEPT_SECONDS - 1
    assert visits.left(one.id) == pytest.approx(1) and visits.get(one.id) is one
    clock.now += KEPT_SECONDS - 1  # it was touched just now
    assert visits.get(one.id) is one
    clock.now += KEPT_SECONDS
    with pytest.raises(StudioError, match="edits are still here") as told:
        visits.get(one.id)
    assert told.value.status == 410 and len(visits) == 0


def test_looking_whether_it_is_kept_does_not_keep_it(clock):
    visits, one = Visits(clock), visit()
    visits.add(one)
    clock.now = KEPT_SECONDS / 2
    visits.left(one.id)
    clock.now = KEPT_SECONDS
    with pytest.raises(StudioError):
        visits.left(one.id)


def test_whoever_leaves_is_forgotten_at_once(clock):
    visits, one = Visits(clock), visit()
    visits.add(one)
    visits.forget(one.id)
    visits.forget(one.id)
    with pytest.raises(StudioError):
        visits.get(one.id)


def test_the_one_that_rested_longest_gives_way(clock):
    visits, all_ = Visits(clock), [visit() for _ in range(MOST_KEPT)]
    for one in all_:
        visits.add(one)
    with pytest.raises(StudioError) as told:
        visits.add(visit())
    assert told.value.status == 503 and len(visits) == MOST_KEPT
    clock.now = SETTLED
    visits.get(all_[0].id)
    visits.add(visit())
    visits.get(all_[0].id)
    with pytest.raises(StudioError):
        visits.get(all_[1].id)
    assert len(visits) == MOST_KEPT


def test_all_together_hold_no_more_than_their_share(clock):
    visits = Visits(clock, most_bytes=20 << 20)
    first = visit(8 << 20)
    visits.add(first)
    with pytest.raises(StudioError):
        visits.add(visit(12 << 20))
    visits.get(first.id)
    clock.now = SETTLED
    visits.add(visit(12 << 20))
    assert len(visits) == 1


def test_ids_cannot_be_guessed():
    ids = {visit().id for _ in range(100)}
    assert len(ids) == 100 and all(len(one) >= 24 for one in ids)


@pytest.mark.parametrize("notices", [Visits.prune, len, lambda visits: visits.kept("x"), lambda visits: visits.add(visit())])
def test_a_lent_picture_that_was_taken_back_is_told_so_whoever_noticed_it_first(clock, notices):
    visits, one, there = Visits(clock), visit(), True
    one.lent = lambda: there
    visits.add(one)
    there = False
    notices(visits)
    for _ in range(2):
        with pytest.raises(StudioError, match="took it back"):
            visits.get(one.id)
