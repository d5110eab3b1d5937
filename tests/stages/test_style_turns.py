"""Style: how many are painted at a time, by which hand, and what is forgotten."""

from dataclasses import replace

import numpy as np
import pytest

from installation.messages import Frame, Portraits
from installation.stages.style import FACE, MOST_AT_ONCE, TURN_SECONDS, WHOLE, Style
from installation.styles.blend import Blender
from tests.stages.test_style import ALPHA, ROOM, Ticks, mirror, paint, portrait, style, wall
from tests.styles.stand_ins import PALETTE, Negative, OnePainter, controls

TILE = np.full((32, 32, 3), 30, np.uint8)
PORTRAITS = controls(style_alpha_amount=1.0, style_scope="portraits")


def painted_each(stage, portraits, told=ALPHA, tick=0.001, frames=40):
    """How many squares are painted in each of so many frames."""
    counts = []
    for _ in range(frames):
        before = stage.painted
        paint(stage, portraits, told, tick=tick)
        counts.append(stage.painted - before)
    return counts


@pytest.mark.parametrize(("each", "count"), [(TURN_SECONDS / 2.1, 2), (TURN_SECONDS / 4.1, 4), (10 * TURN_SECONDS, 1), (1e-6, 12)])
def test_it_learns_how_many_portraits_a_turn_has_time_for(each, count):
    counts = painted_each(style(), wall(12), tick=each)
    assert counts[-5:] == [count] * 5
    assert counts == sorted(counts, reverse=counts[0] > count)  # bit by bit: one slow square says little


def test_in_lockstep_no_more_than_a_full_wall_is_painted_at_once():
    assert painted_each(style(lockstep=True), wall(MOST_AT_ONCE + 9), frames=1) == [MOST_AT_ONCE]


class TwoPainters(OnePainter):
    """One for the whole picture, one for squares; each of them may be missing."""

    def __init__(self, whole, square):
        super().__init__(square)
        self.whole, self.sizes = whole, []

    def picture(self, width, height):
        self.sizes.append((width, height))
        return self.whole


def test_the_whole_picture_and_squares_have_hands_of_their_own():
    whole, square = Negative((80, 45)), Negative((32, 32))
    stage = Style(TwoPainters(whole, square), Blender(PALETTE))
    both = Portraits(Frame(0, 0.0, ROOM), (portrait(1, TILE), portrait(2)), ROOM)
    styled = paint(stage, both)
    assert (len(whole.blends), len(square.blends)) == (1, 1) and stage.painter.sizes == [(160, 90)]
    assert styled.picture is not None and set(styled.portraits) == {(1, 0)} and not styled.faces
    assert set(stage._easels) == {WHOLE, (1, 0)}


def test_faces_in_their_places_are_painted_once_each_whatever_their_variants():
    whole, square = Negative((80, 45)), Negative((32, 32))
    stage = Style(TwoPainters(whole, square), Blender(PALETTE), lockstep=True)
    three = Portraits(Frame(0, 0.0, ROOM), (portrait(1, TILE), portrait(1, TILE, 1), portrait(2)), ROOM)
    styled = paint(stage, three, PORTRAITS)
    assert styled.picture is None and set(styled.faces) == {1, 2} and set(styled.portraits) == {(1, 0), (1, 1)}
    assert len(square.blends) == 4 and not whole.blends and not stage.painter.sizes
    assert set(stage._easels) == {(1, FACE), (2, FACE), (1, 0), (1, 1)}
    nowhere = replace(three, portraits=(replace(three.portraits[2], square=None),))
    assert not paint(style(), nowhere, PORTRAITS).faces  # where it lies in the picture is not known


def test_a_hand_that_is_not_ready_paints_nothing():
    stage = Style(TwoPainters(None, Negative()), Blender(PALETTE))
    styled = paint(stage, mirror(0.0, ROOM, 1))
    assert styled.picture is None and stage.painted == 0
    assert Style(TwoPainters(Negative(), None), Blender(PALETTE)).paint(mirror(), ALPHA, 0.0, Ticks()) is None


def test_what_is_told_of_its_work_is_the_time_that_it_took_and_that_went_by():
    stage = style()
    for now in (10.0, 11.0, 13.5, 13.0):
        paint(stage, mirror(now), now=now, tick=0.25)
    assert stage.seconds == pytest.approx(3.5) and stage.painted == 4
    assert stage.painter.turns == pytest.approx([0.25] * 4)
    for now in (20.0, 40.0):  # without a style no time of it goes by
        stage.paint(mirror(now), controls(), now, Ticks())
    paint(stage, mirror(60.0), now=60.0)
    assert stage.seconds == pytest.approx(3.5)
    paint(stage, mirror(61.0), now=61.0)
    assert stage.seconds == pytest.approx(4.5)


def test_a_style_that_comes_back_begins_with_nothing_of_what_was_painted_before():
    stage = style()
    stage._square_seconds = TURN_SECONDS
    for now in range(8):
        paint(stage, wall(4), now=float(now), tick=TURN_SECONDS)
    for now in (20.0, 40.0):
        stage.paint(wall(4), controls(), now, Ticks())
    assert not stage._easels and len(paint(stage, wall(4), now=60.0, tick=TURN_SECONDS).portraits) == 1


def test_a_picture_of_another_size_is_copied_whole():
    stage = style()
    paint(stage, mirror(0.0, ROOM))
    large = np.full((120, 200, 3), 90, np.uint8)
    styled = paint(stage, mirror(1.0, large), now=1.0)
    assert styled.picture.shape == large.shape and (styled.picture == 165).all() and (large == 90).all()
