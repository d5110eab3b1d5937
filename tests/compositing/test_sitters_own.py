"""The sitter's eyes stay their own while the face around them changes, and their skin keeps its hue."""

from dataclasses import replace

import numpy as np
import pytest

from installation.compositing.change import difference
from installation.compositing.sitters_own import EYES_KEPT, MOST, SittersOwn, sitters_own
from installation.faces import landmarks as index

STILL = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
WHOLE = np.full((128, 128), 255, np.uint8)
SKIN = np.array([190, 140, 110], np.uint8)


def face():
    """Landmarks of two eyes, fourteen px wide and eight high, and of a mouth of thirty by twelve, in a crop of 128 px."""
    points = np.full((index.LANDMARK_COUNT, 2), -1e6, np.float32)
    turn = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    ring = np.stack([7 * np.cos(turn), 4 * np.sin(turn)], axis=1)
    points[list(index.RIGHT_EYE_REFINED[:16])] = ring + np.array((45, 60))
    points[list(index.LEFT_EYE_REFINED[:16])] = ring + np.array((83, 60))
    turn = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    points[list(index.LIPS_REFINED[:20])] = np.stack([64 + 15 * np.cos(turn), 95 + 6 * np.sin(turn)], axis=1)
    return points


@pytest.mark.parametrize("side", [64, 128, 256])
def test_between_the_lids_the_camera_stays_and_nowhere_else(side):
    mask = sitters_own(face(), STILL, side, 1.0).eyes
    scale = side / 128
    assert mask.shape == (side, side)
    for x in (45, 83):
        assert mask[int(60 * scale), int(x * scale)] == pytest.approx(EYES_KEPT, abs=0.02)
    for x, y in ((64, 60), (45, 72), (45, 48), (60, 60), (10, 10)):
        assert mask[int(y * scale), int(x * scale)] < 0.02


@pytest.mark.parametrize("side", [64, 128, 256])
def test_the_hue_is_kept_everywhere_but_around_the_mouth(side):
    mask = sitters_own(face(), STILL, side, 1.0).hue
    scale = side / 128
    for x, y in ((64, 95), (64, 90), (75, 95)):
        assert mask[int(y * scale), int(x * scale)] < 0.1
    for x, y in ((64, 107), (64, 82), (87, 95), (30, 30)):
        assert mask[int(y * scale), int(x * scale)] > 0.9


def test_as_much_as_the_editor_draws_and_nothing_where_it_draws_nothing():
    half = sitters_own(face(), STILL, 128, 0.5)
    assert half.eyes[60, 45] == pytest.approx(EYES_KEPT / 2, abs=0.02) and half.hue[30, 30] == pytest.approx(0.5)
    assert sitters_own(face(), STILL, 128, 0.0) is None


def test_a_change_is_left_out_in_the_eyes_and_seen_around_them():
    plain = np.full((128, 128, 3), 120, np.uint8)
    edited = plain.copy()
    edited[40:80:2] += 60
    edited[41:80:2] -= 60  # stripes, so that none of it is the skin's tone
    own = replace(sitters_own(face(), STILL, 128, 1.0), most=1e6)
    kept, seen = difference(edited, plain, WHOLE, 1.0, own), difference(edited, plain, WHOLE, 1.0)
    assert seen.brighter[60, 45].min() > 45 and kept.brighter[60, 45].max() < 12
    assert kept.darker[61, 45].max() < 12
    assert np.array_equal(kept.brighter[:50], seen.brighter[:50])  # grey is grey's own hue
    assert np.array_equal(kept.brighter[60, 62:66], seen.brighter[60, 62:66])


def changed(levels, hue, most=1e6):
    """What a change of grey levels makes of skin, whose hue is kept so far."""
    change = np.broadcast_to(np.asarray(levels, np.float32), (4, 4, 3)).copy()
    own = SittersOwn(np.zeros((4, 4), np.float32), np.full((4, 4), hue, np.float32), most)
    own.keep(change, np.broadcast_to(SKIN, (4, 4, 3)))
    return change[0, 0]


@pytest.mark.parametrize("levels", [(-40, -40, -40), (30, 40, 60), (25, -5, -5)])
def test_skin_grows_darker_and_lighter_in_its_own_colour_and_as_much(levels):
    kept = changed(levels, 1.0)
    assert kept @ (0.299, 0.587, 0.114) == pytest.approx(np.dot(levels, (0.299, 0.587, 0.114)), abs=0.01)
    ratio = kept / (SKIN + 8.0)
    assert np.ptp(ratio) < 1e-3
    assert changed(levels, 0.0) == pytest.approx(levels)
    assert changed(levels, 0.5) == pytest.approx((np.array(levels) + kept) / 2, abs=0.01)


def test_black_pixels_do_not_blow_up():
    change = np.full((4, 4, 3), 40, np.float32)
    SittersOwn(np.zeros((4, 4), np.float32), np.ones((4, 4), np.float32), 1e6).keep(change, np.zeros((4, 4, 3), np.uint8))
    assert np.allclose(change, 40)


def test_folds_stay_and_blots_are_held_back_in_their_own_colour():
    fold, blot = changed((-18, -15, -12), 1.0), changed((120, 80, 40), 1.0)
    assert np.allclose(changed((-18, -15, -12), 1.0, MOST), fold, rtol=0.08)
    held = changed((120, 80, 40), 1.0, MOST)
    assert held @ (0.299, 0.587, 0.114) < 0.5 * (blot @ (0.299, 0.587, 0.114)) < MOST
    assert np.ptp(held / blot) < 1e-3
    assert (changed((9e3, 9e3, 9e3), 0.0, MOST) <= MOST).all()


def test_half_an_edit_over_a_kept_face_is_held_back_half_as_early():
    assert sitters_own(face(), STILL, 128, 0.5).most == pytest.approx(2 * sitters_own(face(), STILL, 128, 1.0).most)
