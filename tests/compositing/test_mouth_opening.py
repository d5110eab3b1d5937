"""A mouth that is opened by parting its lips, on real faces, found again by the tracker's own mesh."""

import numpy as np
import pytest
from PIL import Image as Pillow

from installation.compositing.apply import Pane
from installation.compositing.change import Change
from installation.compositing.lips import lip_move
from installation.compositing.mouth import level
from installation.compositing.mouth_inside import HAS_OWN, Inside, interior, light
from installation.compositing.mouth_opening import MOST_OF_JAW, WIDEST
from installation.faces.landmarks import CHIN, JAW_SIDES, LOWER_LIP_LINE, MOUTH_CORNERS, UPPER_LIP_LINE
from installation.messages import Frame, LipAmounts
from installation.models.guests import FACES
from installation.stages.track import Track, TrackSettings

SITTERS = sorted(FACES.glob("*.webp"))


def tracked(picture):
    return Track(TrackSettings(max_faces=1, fade_in_seconds=0.0)).track(Frame(0, 0.0, picture)).faces[0].landmarks


@pytest.fixture(scope="module", params=SITTERS, ids=lambda path: path.stem)
def sitter(request):
    picture = np.array(Pillow.open(request.param).convert("RGB"))
    return picture, tracked(picture)


def parted(landmarks, amount):
    """What an amount of mouth-open does to the lips alone."""
    found = lip_move(landmarks, LipAmounts(opening=amount))
    return None if found is None else found.parted


def opened(picture, landmarks, amount):
    copy = picture.copy()
    parted(landmarks, amount).move(copy)
    return copy


def gap(landmarks):
    """How wide a mouth stands open, in its own widths."""
    upper, lower = landmarks[list(UPPER_LIP_LINE)], landmarks[list(LOWER_LIP_LINE)]
    left, right = landmarks[list(MOUTH_CORNERS)]
    return float((lower - upper)[:, 1].max() / np.hypot(*(right - left)))


def test_the_tracker_sees_it_open_and_the_wider_the_more_is_asked_for(sitter):
    picture, landmarks = sitter
    gaps = [gap(tracked(opened(picture, landmarks, amount))) for amount in (0.5, 1.0, 2.5)]
    assert gap(landmarks) < 0.06  # they keep theirs closed
    assert 0.1 < gaps[0] < gaps[1] < gaps[2] < WIDEST and gaps[1] > 0.2


def test_what_appears_has_bright_teeth_a_warm_floor_and_dark_corners_and_no_grey(sitter):
    picture, landmarks = sitter
    opening = parted(landmarks, 1.0)
    mouth = opening.mouth
    seen = opened(picture, landmarks, 1.0).astype(float)
    u = np.array([mouth.middle + 0.15, mouth.middle, -0.85])

    def at(place, down):
        x, y = mouth.pixels(u[place : place + 1], level(mouth.lower, u[place : place + 1]) + down * opening.gap)[0]
        return seen[round(y), round(x)]

    tooth, floor, corner = at(0, 0.02), at(1, 0.7), at(2, 0.25)
    assert tooth.mean() > 1.6 * floor.mean() and tooth.mean() > 2 * corner.mean()
    assert floor[0] > 1.4 * floor[2] and floor[0] > 1.4 * floor[1]  # red, not grey


def test_eyes_nose_and_the_room_stay_to_the_pixel_and_chin_and_lip_move(sitter):
    picture, landmarks = sitter
    mouth, changed = parted(landmarks, 1.0).mouth, opened(picture, landmarks, 1.0)
    differs = (changed != picture).any(axis=2)
    ys, xs = np.nonzero(differs)
    u, v = mouth.places(np.stack([xs, ys], axis=-1).astype(float))
    assert v.min() > mouth.nose - 0.1 * mouth.width and np.abs(u).max() < 3.3
    x, y = landmarks[CHIN].round().astype(int)
    assert differs[y - 4 : y + 5, x - 4 : x + 5].any()


@pytest.mark.parametrize("amount", [0.0, float("nan"), float("inf"), float("-inf")])
def test_without_an_amount_lips_do_not_move(amount):
    assert parted(synthetic(), amount) is None


def synthetic(width=60.0, own=0.0, chin=70.0, turn=0.0, at=(200.0, 150.0)):
    """Landmarks of a mouth alone: its lines, its chin and the base of its nose, turned by an angle."""
    points = np.zeros((468, 2), np.float32)
    along = np.linspace(-1, 1, 11)
    bow = own * width * (1 - along**2)
    points[list(UPPER_LIP_LINE)] = np.stack([along * width / 2, np.zeros(11)], axis=1)
    points[list(LOWER_LIP_LINE)] = np.stack([along * width / 2, bow], axis=1)
    points[CHIN], points[2] = (0, chin), (0, -0.5 * width)
    points[list(JAW_SIDES)] = (-1.2 * width, 0), (1.2 * width, 0)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return (points @ matrix.T + at).astype(np.float32)


def test_too_small_a_mouth_and_one_that_is_seen_from_nowhere_stay_closed():
    assert parted(synthetic(width=5.0), 1.0) is None
    assert parted(synthetic(chin=-20.0), 1.0) is None
    assert parted(synthetic(width=6.5), 0.05) is None  # less than a pixel


def test_it_never_opens_beyond_the_widest_nor_beyond_the_jaw():
    gaps = [parted(synthetic(chin=200.0), amount).gap for amount in (0.1, 0.5, 1.0, 3.0, 100.0)]
    assert gaps == sorted(gaps) and gaps[-1] == pytest.approx(WIDEST * 60.0, rel=1e-3)
    small = parted(synthetic(chin=20.0), 100.0)
    assert 0.85 * small.gap <= MOST_OF_JAW * 20.0 + 1e-6


def test_a_mouth_that_is_open_already_opens_by_what_is_left():
    half, closed = parted(synthetic(own=0.4, chin=200.0), 100.0), parted(synthetic(chin=200.0), 100.0)
    assert half.mouth.own == pytest.approx(24.0, abs=0.1) and half.mouth.own + half.gap == pytest.approx(closed.gap, rel=1e-3)


def test_own_teeth_are_kept_and_none_are_painted_beneath_them():
    picture = np.full((400, 400, 3), 150, np.uint8)
    landmarks = synthetic(own=0.3)
    picture[152:160, 190:211] = 255  # teeth of one's own, right under the upper lip
    changed = opened(picture, landmarks, 1.0).astype(int)
    column = changed[:, 200].mean(axis=1)
    assert column[150:160].max() > 240  # they hang where they were
    assert column[168:179].max() < 130  # and what appears below them is the dark and the tongue


@pytest.mark.parametrize("turn", [0.0, 0.6, -1.2, 3.0])
def test_it_opens_towards_the_chin_however_a_head_leans(turn):
    opening = parted(synthetic(turn=turn), 1.0)
    picture = np.full((400, 400, 3), 150, np.uint8)
    opening.move(picture)
    ys, xs = np.nonzero(picture.mean(axis=2) < 90)
    _, v = opening.mouth.places(np.stack([xs, ys], axis=-1).astype(float))
    assert len(xs) > 100 and v.mean() > 0.2 * opening.gap and v.min() > -0.3 * opening.gap


@pytest.mark.parametrize("at", [(0.0, 0.0), (399.0, 399.0), (200.0, 395.0), (-60.0, 200.0), (4_000.0, 4_000.0)])
def test_at_the_edge_of_a_picture_only_what_is_inside_is_touched(at):
    picture = np.full((400, 400, 3), 150, np.uint8)
    parted(synthetic(at=at), 1.0).move(picture)
    inside = all(0 <= where < 400 for where in at)
    assert (picture == 150).all() != inside


def test_the_same_mouth_is_opened_in_a_frame_and_in_the_part_of_it_that_a_change_is_laid_over(sitter):
    picture, landmarks = sitter
    opening = parted(landmarks, 1.0)
    whole = opened(picture, landmarks, 1.0)
    size = picture.shape[0]
    M_c2o = np.array([[size / 64, 0.0, size / 128 - 0.5], [0.0, size / 64, size / 128 - 0.5]])
    nothing = np.zeros((64, 64, 3), np.uint8)
    part = picture.copy()
    Pane().in_place(part, Change(nothing, nothing), M_c2o, opening)
    assert np.array_equal(part, whole)
    crop = picture.copy()
    Pane().on_crop(crop, Change(nothing, nothing), opening)
    assert np.array_equal(crop, whole)
    moved = opening.seen_from(7, 9)
    assert np.allclose(opening.mouth.origin - moved.mouth.origin, (7, 9)) and moved.gap == opening.gap


def places(middle=0.0):
    u, depth = np.meshgrid(np.linspace(-0.98, 0.98, 99), np.linspace(0.5, 49.5, 50))
    return Inside(u, depth, np.full(u.shape, 50.0), 100.0, middle)


def test_teeth_are_white_and_hide_where_the_sitter_shows_their_own():
    top = interior(places(), 0.5, 0.0)[8, 49]
    assert top.min() > 120
    assert interior(places(), 0.5, HAS_OWN)[8, 49].max() < 80
    assert interior(places(), 0.03, 0.0)[8, 49].max() < 80  # a gap too narrow to see them


def test_in_a_head_that_is_turned_the_incisors_lie_at_its_midline():
    for middle in (0.0, 0.4, -0.3):
        row, u = interior(places(middle), 0.5, 0.0)[8].mean(axis=1), places(middle).u[8]
        between, left, right = (np.interp(middle + away, u, row) for away in (0.0, -0.1, 0.1))
        assert between < 0.9 * min(left, right)


def test_the_light_on_the_lips_is_the_light_in_the_mouth():
    bright, dim = light(np.full((9, 3), 150, np.uint8)), light(np.full((9, 3), 40, np.uint8))
    assert (dim < 0.4 * bright).all()
    warm, cold = light(np.full((9, 3), (180, 120, 90), np.uint8)), light(np.full((9, 3), (90, 120, 180), np.uint8))
    assert warm[0] / warm[2] > 1.3 * cold[0] / cold[2]
    assert np.isfinite(light(np.zeros((0, 3), np.uint8))).all()
