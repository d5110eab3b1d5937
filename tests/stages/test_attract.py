import math
from dataclasses import replace

import numpy as np
import torch

from installation.control.parameters import parameter_table
from installation.control.state import Controls, ControlState
from installation.messages import EncodedFace, EncodedFrame, Expression, Face, Frame
from installation.models.guests import Guest
from installation.models.walk import NAMES, NOBODY, SECONDS, STAY, Walk
from installation.stages.attract import Attract, Attraction

GUESTS = {name: Guest(torch.full((14, 8), float(k)), torch.full((3, 4, 4), float(k))) for k, name in enumerate(NAMES)}
SOMEBODY = Face(3, np.zeros((468, 2), np.float32), (0, 0, 1, 1), Expression(), 1.0, True, 1.0)
NOTHING, COME = Attraction(), Attraction(True, "come")


def controls(attract: str = "auto") -> Controls:
    state = ControlState(parameter_table([], []))
    state.set("transport/attract", attract)
    return state.snapshot(0.0)


def encoded(now: float, faces: int = 0, waiting: int = 0, unclear: int = 0) -> EncodedFrame:
    frame = Frame(round(now * 10), now, np.zeros((4, 4, 3), np.uint8))
    sitters = tuple(EncodedFace(replace(SOMEBODY, id=id), torch.zeros(14, 8), None) for id in range(faces))
    return EncodedFrame(frame, sitters, waiting=waiting, unclear=unclear)


def attract(**how: object) -> Attract:
    return Attract(Walk(GUESTS.get), **how)  # type: ignore[arg-type]


def test_it_begins_when_nobody_has_been_there_for_a_while_and_ends_at_once() -> None:
    one = attract(after_seconds=5.0)
    assert one.step(encoded(0.0), controls(), 0.0) == NOTHING
    assert one.step(encoded(4.9), controls(), 4.9) == NOTHING
    assert one.step(encoded(5.0), controls(), 5.0) == COME
    assert one.step(encoded(5.1, faces=1), controls(), 5.1) == NOTHING
    assert one.step(encoded(9.0), controls(), 9.0) == NOTHING  # counted anew
    assert one.step(encoded(13.9), controls(), 13.9) == NOTHING
    assert one.step(encoded(14.0), controls(), 14.0) == COME
    assert one.step(encoded(15.0, unclear=1), controls(), 15.0) == NOTHING  # somebody is there, and looks aside


def test_a_camera_that_is_gone_is_not_waited_for_and_a_slow_one_is() -> None:
    one = attract(after_seconds=60.0)
    for k in range(10):
        assert one.step(encoded(k / 10), controls(), k / 10) == NOTHING
    lost = encoded(0.9)
    assert one.step(lost, controls(), 1.8) == NOTHING and one.step(lost, controls(), 2.0) == COME
    slow = attract(after_seconds=60.0)
    for k in range(10):
        assert slow.step(encoded(2.0 * k), controls(), 2.0 * k) == NOTHING
        assert slow.step(encoded(2.0 * k), controls(), 2.0 * k + (1.9 if k else 0.0)) == NOTHING
    assert attract().step(encoded(0.0), controls(), 99.0) == NOTHING  # never


def test_a_hand_turns_it_on_and_off() -> None:
    one = attract(after_seconds=5.0)
    assert one.step(encoded(0.0, faces=2), controls("on"), 0.0) == COME
    assert one.step(encoded(0.1), controls("off"), 0.1) == NOTHING
    assert one.step(encoded(60.0), controls("off"), 60.0) == NOTHING


def test_where_visitors_are_asked_the_mirror_shows_nobody_before_one_agrees() -> None:
    one = attract(after_seconds=5.0, consent="hand")
    assert one.step(encoded(0.0), controls(), 0.0) == Attraction(True, "")
    assert one.step(encoded(5.0), controls(), 5.0) == COME
    assert one.step(encoded(6.0, waiting=1), controls(), 6.0) == Attraction(True, "hand")
    assert one.step(encoded(6.1, waiting=1), controls("off"), 6.1) == Attraction(True, "hand")
    assert one.step(encoded(7.0, faces=1, waiting=1), controls(), 7.0) == Attraction(False, "hand")
    assert one.step(encoded(8.0, faces=1), controls(), 8.0) == NOTHING


def test_the_walk_stays_and_goes_on_without_a_jump() -> None:
    walk = Walk(GUESTS.get)
    places = [walk.at(now) for now in np.arange(0.0, 4.5 * SECONDS, 0.1).tolist()]
    values = [float(one.ws[0, 0]) for one in places if one is not None]
    assert len(values) == len(places)
    assert values[: int(STAY * SECONDS / 0.1)] == [0.0] * int(STAY * SECONDS / 0.1)
    assert {0.0, 1.0, 2.0, 3.0} <= set(values) and max(np.abs(np.diff(values))) < 0.15
    assert all(one is not None and one.face.id == NOBODY for one in places)
    assert all(one is not None and one.detail is not None for one in places)


def test_a_face_that_is_not_there_yet_is_waited_for() -> None:
    only = Walk({"guest-2": GUESTS["guest-2"]}.get)
    assert only.at(1.0) is not None and float(only.at(0.7 * SECONDS).ws[0, 0]) == 1.0  # type: ignore[union-attr]
    assert Walk({}.get).at(0.0) is None and Walk({}.get).at(math.pi) is None
    one = attract()
    assert one.nobody(encoded(1.0, faces=2), 1.0).faces[0].face.id == NOBODY  # type: ignore[union-attr]
    assert Attract(Walk({}.get)).nobody(encoded(1.0), 1.0) is None
