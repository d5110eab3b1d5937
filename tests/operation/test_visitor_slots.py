"""Places that keep their names while visitors come and go. Times are arguments."""

from installation.observation import Visitor
from installation.operation.health import Health
from installation.operation.observer import Observer
from installation.operation.visitor_slots import VisitorSlots


def ids(slots):
    return [None if one is None else one.id for one in slots]


def seen(*numbers):
    return [(number, number / 10) for number in numbers]


def test_the_first_free_place_is_taken_and_kept_while_the_visitor_stays():
    slots = VisitorSlots(3, keep=1.0)
    assert slots.update([], 0.0) == (None, None, None)
    assert slots.update(seen(4), 0.1) == (Visitor(4, 0.4), None, None)
    assert ids(slots.update(seen(2, 4), 0.2)) == [4, 2, None]  # not the order of their ids
    assert ids(slots.update(seen(2), 5.0)) == [None, 2, None]
    assert ids(slots.update(seen(2, 7), 5.1)) == [7, 2, None]


def test_a_face_that_is_hidden_for_a_moment_keeps_its_place_and_its_smile():
    slots = VisitorSlots(2, keep=1.0)
    slots.update(seen(1, 2), 0.0)
    assert slots.update(seen(2), 0.5) == (Visitor(1, 0.1), Visitor(2, 0.2))
    assert ids(slots.update(seen(2, 3), 0.9)) == [1, 2]  # nobody takes it meanwhile
    assert ids(slots.update(seen(1, 2, 3), 1.4)) == [1, 2]
    assert ids(slots.update(seen(2, 3), 3.0)) == [3, 2]


def test_who_has_waited_longest_comes_first():
    slots = VisitorSlots(1, keep=0.5)
    slots.update(seen(1), 0.0)
    slots.update(seen(1, 9), 0.1)
    slots.update(seen(1, 3, 9), 0.2)
    assert ids(slots.update(seen(3, 9), 1.0)) == [9]
    assert ids(slots.update(seen(3), 2.0)) == [3]


def test_who_left_while_waiting_is_forgotten():
    slots = VisitorSlots(1, keep=0.5)
    slots.update(seen(1), 0.0)
    slots.update(seen(1, 2), 0.1)
    slots.update(seen(1), 1.0)
    assert ids(slots.update(seen(5), 2.0)) == [5]


def test_a_clock_that_is_set_back_leaves_nobody_behind():
    slots = VisitorSlots(1, keep=0.5)
    slots.update(seen(1), 100.0)
    assert ids(slots.update([], 0.0)) == [None]


def test_the_observer_tells_who_holds_which_place():
    health, now = Health(), [0.0]
    observer = Observer(health, lambda: now[0], VisitorSlots(2, 1.0))
    health.saw_faces([6], ((6, 0.5),))
    assert observer().slots == (Visitor(6, 0.5), None)
    assert Observer(health, lambda: now[0])().slots == ()
