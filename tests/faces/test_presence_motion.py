"""How a visitor is thought to go on: at what velocity, for how long, and how surely while they are hidden."""

import math

import numpy as np
import pytest

from installation.faces.presence import (
    COAST_SECONDS,
    DOUBT_SECONDS,
    GOOD,
    HIDDEN_SECONDS,
    VELOCITY_SECONDS,
    Presence,
    PresenceSettings,
    Sighting,
)

ANN = np.array([1.0, 0.0], np.float32)
RATE = 30
VX, VY = 180.0, -75.0  # px/s


def seen(moment, quality=1.0, size=100.0):
    """Somebody who walks to the right and up."""
    return Sighting(300 + VX * moment, 400 + VY * moment, size, ANN, quality)


def walk(who, seconds, begin=0.0, quality=1.0):
    moment = begin
    for i in range(round(seconds * RATE) + 1):
        moment = begin + i / RATE
        assert who.update([seen(moment, quality)], moment) == [0]
    return moment


def test_who_has_just_come_is_expected_where_they_are():
    who = Presence(PresenceSettings())
    who.update([seen(0.0)], 0.0)
    assert who.visitors[0].predicted(2.0) == (300, 400)
    assert who.visitors[0].presence == 0.0


def test_velocity_is_learnt_in_a_fraction_of_a_second_along_both_axes():
    who = Presence(PresenceSettings())
    walk(who, VELOCITY_SECONDS)
    share = 1 - math.exp(-round(VELOCITY_SECONDS * RATE) / RATE / VELOCITY_SECONDS)
    assert who.visitors[0].velocity == pytest.approx((share * VX, share * VY))
    walk(who, 1.0, begin=(round(VELOCITY_SECONDS * RATE) + 1) / RATE)
    assert who.visitors[0].velocity == pytest.approx((VX, VY), rel=0.01)


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.5, 1.0, 3.0, 60.0])
def test_who_is_not_seen_coasts_ever_more_slowly(seconds):
    who = Presence(PresenceSettings())
    last = walk(who, 2.0)
    coasted = COAST_SECONDS * (1 - math.exp(-seconds / COAST_SECONDS))
    x, y = who.visitors[0].predicted(last + seconds)
    assert (x, y) == pytest.approx((300 + VX * (last + coasted), 400 + VY * (last + coasted)), abs=0.1)


def test_the_clock_does_not_run_back_in_a_prediction():
    who = Presence(PresenceSettings())
    last = walk(who, 1.0)
    assert who.visitors[0].predicted(last - 5.0) == (who.visitors[0].x, who.visitors[0].y)


def test_a_walker_is_found_again_where_they_should_be_by_then_and_a_stranger_is_not_taken_for_them():
    for offset, same in ((0.0, True), (-250.0, False)):
        who = Presence(PresenceSettings(max_faces=4, occlusion_seconds=5.0))
        last = walk(who, 2.0)
        moment = last + 0.2
        face = seen(moment)
        face = Sighting(face.x + offset, face.y - offset, face.size, ANN)
        assert (who.update([face], moment) == [0]) == same


def test_the_velocity_of_who_can_hardly_be_seen_is_forgotten_along_both_axes():
    who = Presence(PresenceSettings())
    last = walk(who, 2.0)
    before = who.visitors[0].velocity
    for i in range(1, 10):
        who.update([seen(last + i / RATE, quality=0.2)], last + i / RATE)
    kept = math.exp(-9 / RATE / HIDDEN_SECONDS)
    assert who.visitors[0].velocity == pytest.approx((kept * before[0], kept * before[1]))


@pytest.mark.parametrize(("quality", "rises"), [(GOOD, True), (GOOD - 0.01, False)])
def test_half_a_face_is_enough_to_be_there(quality, rises):
    who = Presence(PresenceSettings(fade_in_seconds=0.5))
    walk(who, 1.0, quality=quality)
    assert (who.visitors[0].presence == 1.0) == rises
    assert (who.visitors[0].clear == 1.0) == rises


def test_who_is_not_looked_for_is_as_clear_as_they_were():
    who = Presence(PresenceSettings())
    last = walk(who, 1.0)
    who.update([], last + 0.1, unchecked=[0])
    assert who.visitors[0].seen and who.visitors[0].clear == last + 0.1
    who.update([seen(last + 0.2, quality=0.2)], last + 0.2)
    who.update([], last + 0.3, unchecked=[0])
    assert who.visitors[0].seen and who.visitors[0].clear == last + 0.1


def test_four_visitors_are_there_where_nothing_else_is_said():
    who = Presence(PresenceSettings())
    faces = [Sighting(200.0 * i, 200.0, 100.0, ANN) for i in range(6)]
    assert who.update(faces, 0.0).count(None) == 2


@pytest.mark.parametrize(("size", "believed"), [(100, True), (109, True), (112, False), (92, True), (90, False)])
def test_a_face_of_another_size_that_comes_out_from_behind_somebody_is_doubted_at_first(size, believed):
    who = Presence(PresenceSettings())
    last = walk(who, 1.0)
    for i in range(1, 4):
        who.update([seen(last + i / RATE, quality=0.2)], last + i / RATE)
    came = last + 4 / RATE
    for wait, expected in ((0.0, believed), (0.5 * DOUBT_SECONDS, believed), (1.02 * DOUBT_SECONDS, True)):
        moment = came + wait
        assert who.update([seen(moment, size=size)], moment) == [0]
        assert (who.visitors[0].quality >= GOOD) == expected, wait
