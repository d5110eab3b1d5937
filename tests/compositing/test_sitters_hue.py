"""Skin that a child draws has the hue that the camera sees on the sitter's cheeks, and nothing else is changed."""

import math

import cv2
import numpy as np
import pytest

from installation.compositing.sitters_hue import SEEN_PX, SETTLING, SittersHue
from installation.faces import landmarks as index
from installation.faces.head import cheeks

WHOLE = np.full((128, 128), 255, np.uint8)
FREE = None


def points():
    """Landmarks in a square of 64 px: of the cheeks alone, as nothing else is asked for."""
    at = np.full((index.LANDMARK_COUNT, 2), 32.0, np.float32)
    for left, cheek in zip((14, 40), index.CHEEKS, strict=True):
        at[list(cheek)] = [(left, 30), (left + 10, 30), (left, 42), (left + 10, 42)]
    return at


def rgb(L, chroma, hue):
    lab = np.array([[[L, chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))]]], np.float32)
    return np.rint(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)[0, 0] * 255).astype(np.uint8)


def picture(colour, side=SEEN_PX):
    return np.full((side, side, 3), colour, np.uint8)


def lab(colours):
    return cv2.cvtColor((np.asarray(colours, np.float32) / 255).reshape(1, -1, 3), cv2.COLOR_RGB2LAB)[0].mean(axis=0)


def hue(colours):
    _, a, b = lab(colours)
    return math.degrees(math.atan2(b, a))


def on_cheeks(drawn):
    side = drawn.shape[0]
    return drawn[cheeks(points() * side / SEEN_PX, side)]


@pytest.mark.parametrize("side", [128, 256])
@pytest.mark.parametrize(("theirs", "light"), [(20, 30), (45, 60), (75, 80), (0, 50)])
def test_cheeks_have_the_sitters_hue_at_the_drawings_own_lightness_and_strength(theirs, light, side):
    hues = SittersHue()
    hues.look(1, picture(rgb(light, 18, theirs)), points(), FREE, 0.0)
    drawn = picture(rgb(70, 24, 48), side)
    given = hues.given(1, drawn, points(), WHOLE, 1.0)
    assert given.shape == drawn.shape and given.dtype == np.uint8
    assert hue(on_cheeks(given)) == pytest.approx(theirs, abs=3)
    before, after = lab(on_cheeks(drawn)), lab(on_cheeks(given))
    assert after[0] == pytest.approx(before[0], abs=1.5)
    assert np.hypot(*after[1:]) == pytest.approx(np.hypot(*before[1:]), abs=4)


def test_half_of_it_is_half_the_way():
    hues = SittersHue()
    hues.look(1, picture(rgb(60, 20, 20)), points(), FREE, 0.0)
    given = hues.given(1, picture(rgb(70, 24, 60)), points(), WHOLE, 0.5)
    assert 32 < hue(on_cheeks(given)) < 50


def test_eyes_hair_clothes_and_what_is_behind_stay_as_drawn():
    hues = SittersHue()
    hues.look(1, picture(rgb(60, 20, 20)), points(), FREE, 0.0)
    drawn = picture(rgb(70, 24, 60))
    drawn[2:10, 2:10] = 255  # white of an eye
    drawn[2:10, 20:30] = (30, 60, 190)  # a blue shirt
    drawn[52:62, 2:60] = rgb(70, 24, 60)  # a wall in the colour of skin
    head = WHOLE.copy()
    head[100:] = 0
    given = hues.given(1, drawn, points(), head, 1.0).astype(int)
    for rows, columns in ((slice(4, 8), slice(4, 8)), (slice(4, 8), slice(22, 28)), (slice(54, 62), slice(2, 60))):
        assert np.abs(given[rows, columns] - drawn[rows, columns]).max() <= 6
    assert np.abs(given[34:38, 18:22] - drawn[34:38, 18:22]).max() > 6


def test_a_hand_before_the_cheeks_is_not_taken_for_them():
    hues = SittersHue()
    hues.look(1, picture(rgb(60, 20, 20)), points(), FREE, 0.0)
    hues.look(1, picture((20, 60, 200)), points(), np.full((32, 32), 255, np.uint8), 9.0)
    assert hue(on_cheeks(hues.given(1, picture(rgb(70, 24, 60)), points(), WHOLE, 1.0))) == pytest.approx(20, abs=3)
    half = np.zeros((32, 32), np.uint8)
    half[:, 16:] = 255  # a blue mask before one of them
    seen = picture(rgb(60, 20, 20))
    seen[:, 32:] = (20, 60, 200)
    hues.look(1, seen, points(), half, 99.0)
    assert hue(on_cheeks(hues.given(1, picture(rgb(70, 24, 60)), points(), WHOLE, 1.0))) == pytest.approx(20, abs=4)


def test_light_that_changes_is_followed_in_its_time_and_no_single_look_is_believed_whole():
    hues, drawn = SittersHue(), picture(rgb(70, 24, 45))

    def seen():
        return hue(on_cheeks(hues.given(1, drawn, points(), WHOLE, 1.0)))

    hues.look(1, picture(rgb(60, 20, 20)), points(), FREE, 5.0)
    hues.look(1, picture(rgb(60, 20, 70)), points(), FREE, 5.0)  # no time has gone by
    assert seen() == pytest.approx(20, abs=3)
    hues.look(1, picture(rgb(60, 20, 70)), points(), FREE, 5.0 + SETTLING / 4)
    assert 25 < seen() < 36
    for k in range(1, 9):
        hues.look(1, picture(rgb(60, 20, 70)), points(), FREE, 5.0 + k * SETTLING)
    assert seen() == pytest.approx(70, abs=3)
    hues.look(1, picture(rgb(60, 20, 20)), points(), FREE, 0.1)  # a clip begins anew
    assert seen() == pytest.approx(20, abs=3)


def test_nobody_is_looked_at_twice_in_a_frame():
    hues = SittersHue()
    assert not hues.looked(1, 2.0)
    hues.look(1, picture(rgb(60, 20, 20)), points(), FREE, 2.0)
    assert hues.looked(1, 2.0) and not hues.looked(1, 2.1) and not hues.looked(2, 2.0)


def test_dark_skin_has_its_hue_as_light_skin_has():
    """Its colours are as strong for its lightness, and not in themselves."""
    hues = SittersHue()
    hues.look(1, picture(rgb(20, 6, 25)), points(), FREE, 0.0)
    assert hue(on_cheeks(hues.given(1, picture(rgb(24, 9, 55)), points(), WHOLE, 1.0))) == pytest.approx(25, abs=8)


def test_teeth_and_grey_hair_beside_pale_skin_stay_as_drawn():
    hues = SittersHue()
    hues.look(1, picture(rgb(75, 12, 15)), points(), FREE, 0.0)
    drawn = picture(rgb(80, 11, 70))
    drawn[2:12, 2:12], drawn[2:12, 20:30] = 240, 120
    given = hues.given(1, drawn, points(), WHOLE, 1.0).astype(int)
    for columns in (slice(4, 10), slice(22, 28)):
        assert np.abs(given[4:10, columns] - drawn[4:10, columns]).max() <= 4
    assert hue(on_cheeks(given.astype(np.uint8))) == pytest.approx(15, abs=6)


def test_a_drawn_head_that_is_turned_is_judged_by_most_of_its_cheeks():
    hues = SittersHue()
    hues.look(1, picture(rgb(60, 20, 20)), points(), FREE, 0.0)
    drawn = picture(rgb(70, 24, 60))
    drawn[:, 44:] = (20, 60, 190)  # behind it a blue wall, where half of one of the sitter's cheeks is
    assert hue(hues.given(1, drawn, points(), WHOLE, 1.0)[32:40, 16:22].reshape(-1, 3)) == pytest.approx(20, abs=5)


def test_where_nothing_is_known_the_drawing_is_given_back_itself():
    hues, drawn = SittersHue(), picture(rgb(70, 24, 60))
    assert hues.given(1, drawn, points(), WHOLE, 1.0) is drawn  # nobody was seen
    hues.look(1, picture((128, 128, 128)), points(), FREE, 0.0)
    assert hues.given(1, drawn, points(), WHOLE, 1.0) is drawn  # a camera without colours
    hues.look(2, picture(rgb(60, 20, 20)), points(), FREE, 0.0)
    assert hues.given(2, picture((90, 90, 90)), points(), WHOLE, 1.0).std(axis=2).max() == 0  # a drawing without colours
    hues.forget_but({1})
    assert hues.given(2, drawn, points(), WHOLE, 1.0) is drawn
    away = points() - 1000.0  # outside the square
    hues.look(3, picture(rgb(60, 20, 20)), away, FREE, 0.0)
    assert hues.given(3, drawn, points(), WHOLE, 1.0) is drawn
    assert hues.given(1, drawn, away, WHOLE, 1.0) is drawn


def test_two_sitters_keep_their_own():
    hues = SittersHue()
    for id, theirs in ((1, 20), (2, 75)):
        hues.look(id, picture(rgb(60, 20, theirs)), points(), FREE, 0.0)
    found = [hue(on_cheeks(hues.given(id, picture(rgb(70, 24, 48)), points(), WHOLE, 1.0))) for id in (1, 2)]
    assert found == pytest.approx([20, 75], abs=3)
