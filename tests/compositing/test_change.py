"""What an edit changes: the difference of two drawings, inside the head, without the skin's colour."""

import numpy as np
import pytest

from installation.compositing.change import Change, difference, moved, skin_share, tone

SIDE = 64
RNG = np.random.default_rng(3)
PLAIN = RNG.integers(40, 200, (SIDE, SIDE, 3)).astype(np.uint8)
MASK = np.zeros((SIDE, SIDE), np.uint8)
MASK[16:48, 16:48] = 255


def signed(change: Change):
    return change.brighter.astype(int) - change.darker


def drawn(**spots):
    """The plain drawing with some grey levels added in squares of the face."""
    picture = PLAIN.astype(int)
    for levels, (y, x) in spots.values():
        picture[y : y + 4, x : x + 4] += levels
    return np.clip(picture, 0, 255).astype(np.uint8)


def test_a_drawing_like_the_plain_one_changes_nothing():
    change = difference(PLAIN, PLAIN, MASK, 1.0)
    assert not change.brighter.any()
    assert not change.darker.any()
    assert change.keep is None


def test_what_an_edit_adds_and_takes_away_is_kept_inside_the_mask_alone():
    edited = drawn(fold=(-30, (20, 20)), shine=(25, (40, 40)), outside=(50, (2, 2)))
    change = signed(difference(edited, PLAIN, MASK, 1.0))
    assert change[20:24, 20:24].mean() == pytest.approx(-30, abs=4)  # a little of it is slow
    assert change[40:44, 40:44].mean() == pytest.approx(25, abs=4)
    assert not change[MASK == 0].any()


def test_a_change_of_the_whole_faces_colour_is_taken_back():
    darker = np.clip(PLAIN.astype(int) - (30, 20, 10), 0, 255).astype(np.uint8)
    slow = tone(darker, PLAIN, skin_share(MASK))
    assert slow[32, 32] == pytest.approx([-30, -20, -10], abs=1.0)
    change = signed(difference(darker, PLAIN, MASK, 1.0))
    assert np.abs(change[MASK == 255].mean(axis=0)).max() < 4


def test_where_the_camera_gives_way_the_drawing_covers_it():
    change = difference(PLAIN, None, MASK, 0.0)
    inside = MASK == 255
    assert change.keep is not None
    assert not change.keep[inside].any()
    assert (change.keep[~inside] == 255).all()
    assert np.array_equal(change.brighter[inside], PLAIN[inside])
    half = difference(PLAIN, PLAIN, MASK, 0.5)
    assert half.keep is not None
    assert half.keep[inside].mean() == pytest.approx(127.5, abs=1)
    assert signed(half)[inside].mean() == pytest.approx(PLAIN[inside].mean() / 2, abs=1)


def test_a_change_can_be_weaker():
    edited = drawn(fold=(-40, (20, 20)))
    change = Change(
        *(getattr(difference(edited, PLAIN, MASK, 0.5), name) for name in ("brighter", "darker", "keep")), np.ones((2, 8, 8), np.float32)
    )
    half = change.at(0.5)
    assert np.abs(signed(half) - signed(change) / 2).max() <= 1
    assert half.keep is not None
    assert change.keep is not None
    assert np.abs((255 - half.keep.astype(int)) - (255 - change.keep.astype(int)) / 2).max() <= 1
    assert half.origin == pytest.approx(0.5)
    assert change.at(1.0) is change
    nothing = change.at(0.0)
    assert not nothing.brighter.any()
    assert not nothing.darker.any()
    assert (nothing.keep == 255).all()


def test_a_warp_ends_where_the_mask_does():
    flow = np.full((2, 32, 32), 0.03, np.float32)
    origin = moved(flow, MASK)
    assert origin is not None
    assert not origin[:, :7].any()
    assert origin[:, 14:18, 14:18] == pytest.approx(-0.03, abs=1e-3)
    assert moved(None, MASK) is None
    assert moved(np.zeros((2, 32, 32), np.float32), MASK) is None
