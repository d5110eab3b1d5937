"""Who is who where places alone would say otherwise, and how far a lost visitor is looked for."""

import numpy as np
import pytest

from installation.faces.presence import REACH, REACH_LIMIT, REACH_PER_SECOND, Presence, PresenceSettings, Sighting

ANN, BEN = (np.eye(4, dtype=np.float32)[i] for i in range(2))


def seen(x, looks, y=200.0, size=100.0):
    return Sighting(x, y, size, (looks / np.linalg.norm(looks)).astype(np.float32))


def two_at(first, second):
    who = Presence(PresenceSettings())
    assert who.update([seen(first, ANN), seen(second, BEN)], 0.0) == [0, 1]
    return who


def test_looks_tell_two_visitors_apart_who_stand_close():
    """Both moved by more than half of the way to where the other was: by place alone they would have changed."""
    who = two_at(300, 330)
    assert who.update([seen(320, ANN), seen(310, BEN)], 1 / 30) == [0, 1]
    who = two_at(300, 330)
    assert who.update([seen(310, BEN), seen(320, ANN)], 1 / 30) == [1, 0]


def test_place_still_counts_where_looks_say_little():
    who = Presence(PresenceSettings())
    alike = ANN + 0.05 * BEN
    assert who.update([seen(300, ANN), seen(360, alike)], 0.0) == [0, 1]
    assert who.update([seen(302, alike), seen(358, ANN)], 1 / 30) == [0, 1]


@pytest.mark.parametrize(("away", "distance", "same"), [
    (1 / 30, 0.9 * REACH, True),
    (1 / 30, 1.2 * (REACH + REACH_PER_SECOND / 30), False),
    (1.0, 0.9 * (REACH + REACH_PER_SECOND), True),
    (1.0, 1.1 * (REACH + REACH_PER_SECOND), False),
    (3.0, 0.95 * REACH_LIMIT, True),
    (3.0, 1.1 * REACH_LIMIT, False),
])  # fmt: skip
def test_a_visitor_is_known_again_as_far_away_as_they_may_have_gone(away, distance, same):
    who = Presence(PresenceSettings(occlusion_seconds=5.0))
    who.update([seen(300, ANN)], 0.0)
    who.update([], away / 2)
    assert who.update([seen(300 + 100 * distance, ANN)], away) == [0 if same else 1]


@pytest.mark.parametrize(("ratio", "same"), [(1.9, True), (2.1, False), (0.55, True), (0.45, False)])
def test_a_face_does_not_double_unseen(ratio, same):
    who = Presence(PresenceSettings())
    who.update([seen(300, ANN)], 0.0)
    assert who.update([seen(300, ANN, size=100 * ratio)], 0.1) == [0 if same else 1]
