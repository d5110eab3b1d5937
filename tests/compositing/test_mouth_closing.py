"""A mouth that is closed by its own lips, on real faces whose mouths were opened first, found again by the tracker's own mesh."""

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from installation.compositing.apply import Pane
from installation.compositing.change import Change
from installation.compositing.mouth_closing import Closing
from installation.faces.landmarks import CHIN
from installation.models.guests import FACES
from tests.compositing.test_mouth_opening import gap, parted, synthetic, tracked

SITTERS = sorted(FACES.glob("*.webp"))


@pytest.fixture(scope="module", params=SITTERS, ids=lambda path: path.stem)
def laughing(request):
    """A picture of somebody whose mouth stands open, and their landmarks."""
    picture = np.array(Pillow.open(request.param).convert("RGB"))
    parted(tracked(picture), 0.6).move(picture)
    return picture, tracked(picture)


def closed(picture, landmarks, amount):
    copy = picture.copy()
    parted(landmarks, -amount).move(copy)
    return copy


def mouth_with_teeth(own=0.3, **more):
    """A grey picture, with white between the lips; its landmarks."""
    picture, landmarks = np.full((400, 400, 3), 150, np.uint8), synthetic(own=own, **more)
    mouth = parted(landmarks, -1.0).mouth
    ys, xs = np.mgrid[0:400, 0:400]
    u, v = mouth.places(np.stack([xs, ys], axis=-1).astype(float))
    inside = (np.abs(u) < 1) & (v > 0) & (v < np.interp(u, mouth.lower[:, 0], mouth.lower[:, 1]))
    picture[inside] = 255
    return picture, landmarks


def test_the_tracker_sees_it_close_and_the_more_the_more_is_asked_for(laughing):
    picture, landmarks = laughing
    gaps = [gap(landmarks), *(gap(tracked(closed(picture, landmarks, amount))) for amount in (0.3, 1.0))]
    assert gaps[0] > 0.1 and gaps[0] > gaps[1] > gaps[2] and gaps[2] < 0.3 * gaps[0]


def test_lips_that_have_come_together_cover_the_teeth():
    picture, landmarks = mouth_with_teeth()
    assert (picture == 255).sum() > 3 * 500
    assert (closed(picture, landmarks, 1.5) > 200).all(axis=2).sum() <= 2
    half = closed(picture, landmarks, 0.2)
    left = (half > 250).all(axis=2)
    assert left.any() and (picture[left] > 250).all()  # what is still seen of them hangs where it was


def test_teeth_hang_where_they_were_while_lips_close_over_them():
    picture, landmarks = mouth_with_teeth()
    picture[158, 190:211] = (255, 0, 0)  # a mark on them
    half = closed(picture, landmarks, 0.2)
    rows = np.nonzero(half[:, 200, 1] < 60)[0]
    assert rows.tolist() == [158]


def test_teeth_a_little_beyond_the_landmarks_are_covered_too():
    picture, landmarks = mouth_with_teeth()
    inside = (picture == 255).all(axis=2).astype(np.uint8)
    picture[cv2.dilate(inside, np.ones((3, 3), np.uint8)) > 0] = 255
    assert (closed(picture, landmarks, 1.5)[:, 180:221] > 156).all(axis=2).sum() <= 12


def test_where_lips_touch_there_is_a_line_of_shadow_and_nowhere_else():
    picture, landmarks = mouth_with_teeth()
    seen = closed(picture, landmarks, 1.5)
    ys, xs = np.nonzero(seen.mean(axis=2) < 125)
    _, v = parted(landmarks, -1.5).mouth.places(np.stack([xs, ys], axis=-1).astype(float))
    assert len(xs) > 40 and v.max() - v.min() < 0.25 * 60
    dark = np.nonzero(seen[:, 200].mean(axis=1) < 130)[0]
    assert 1 <= len(dark) <= 6


def test_the_chin_follows_half_of_the_way_and_eyes_and_nose_stay_to_the_pixel(laughing):
    picture, landmarks = laughing
    mouth, changed = parted(landmarks, -1.0).mouth, closed(picture, landmarks, 1.0)
    ys, xs = np.nonzero((changed != picture).any(axis=2))
    u, v = mouth.places(np.stack([xs, ys], axis=-1).astype(float))
    assert v.min() > mouth.nose - 0.1 * mouth.width and np.abs(u).max() < 3.3
    chin = tracked(changed)[CHIN][1] - landmarks[CHIN][1]
    assert -0.6 * mouth.own < chin < -0.1 * mouth.own


@pytest.mark.parametrize("own", [0.0, 0.005])
def test_a_mouth_that_is_closed_has_nothing_to_close(own):
    assert parted(synthetic(own=own), -2.0) is None


@pytest.mark.parametrize("amount", [-0.01, -1.0, -100.0])
def test_it_closes_by_a_share_of_what_is_open(amount):
    found = parted(synthetic(own=0.5), amount)
    assert isinstance(found, Closing) and 0.0 < found.share <= 1.0
    assert parted(synthetic(own=0.5), 2 * amount).share >= found.share


def test_nothing_folds_however_wide_it_stood_open():
    """Each row of the picture still comes from under the one above it."""
    ramp = np.repeat(np.linspace(0, 255, 400).astype(np.uint8)[:, None, None], 400, axis=1).repeat(3, axis=2)
    found = parted(synthetic(own=0.7, chin=80.0), -3.0)
    seen = ramp.copy()
    found.move(seen)
    mouth = found.mouth
    for x in (180, 200, 220):
        column = seen[:, x, 0].astype(int)
        lips = (np.arange(400) > 150 + mouth.nose) & (np.arange(400) < 390)
        steps = np.diff(column[lips])
        assert (steps < -2).sum() <= 4  # the line of shadow alone


@pytest.mark.parametrize("turn", [0.0, 0.6, -1.2, 3.0])
def test_it_closes_however_a_head_leans(turn):
    picture, landmarks = mouth_with_teeth(turn=turn)
    assert (closed(picture, landmarks, 1.5) > 200).all(axis=2).sum() <= 2


@pytest.mark.parametrize("at", [(0.0, 0.0), (399.0, 399.0), (200.0, 395.0), (-60.0, 200.0), (4_000.0, 4_000.0)])
def test_at_the_edge_of_a_picture_only_what_is_inside_is_touched(at):
    rng = np.random.default_rng(1)
    picture = rng.integers(0, 255, (400, 400, 3), np.uint8)
    before = picture.copy()
    parted(synthetic(at=at, own=0.4), -1.0).move(picture)
    x, y = np.nonzero((picture != before).any(axis=2))[::-1]
    assert len(x) > 0 or not all(0 <= where < 400 for where in at)
    assert len(x) == 0 or (np.abs(x - at[0]).max() <= 3.2 * 30 + 2 and y.min() >= at[1] - 32)


def test_the_same_mouth_is_closed_in_a_frame_and_in_the_part_of_it_that_a_change_is_laid_over(laughing):
    picture, landmarks = laughing
    closing, whole = parted(landmarks, -0.7), closed(picture, landmarks, 0.7)
    size = picture.shape[0]
    M_c2o = np.array([[size / 64, 0.0, size / 128 - 0.5], [0.0, size / 64, size / 128 - 0.5]])
    nothing = np.zeros((64, 64, 3), np.uint8)
    part = picture.copy()
    Pane().in_place(part, Change(nothing, nothing), M_c2o, closing)
    assert np.array_equal(part, whole)
    crop = picture.copy()
    Pane().on_crop(crop, Change(nothing, nothing), closing)
    assert np.array_equal(crop, whole)
    moved = closing.seen_from(7, 9)
    assert np.allclose(closing.mouth.origin - moved.mouth.origin, (7, 9)) and moved.share == closing.share
