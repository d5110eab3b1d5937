"""Lips whose corners go up or down, on real faces, found again by the tracker's own mesh."""

import numpy as np
import pytest
from PIL import Image as Pillow

from installation.compositing.lips import lip_move
from installation.compositing.mouth_smile import MOST, smile_of
from installation.faces.landmarks import JAW_SIDES, LOWER_LIP_LINE, MOUTH_CORNERS, UPPER_LIP_LINE
from installation.messages import LipAmounts
from installation.models.guests import FACES
from installation.training.directions.aligned_mesh import AlignedMesh
from tests.compositing.test_mouth_opening import gap, synthetic, tracked

SITTERS = sorted(FACES.glob("*.webp"))
DEVIATION = 0.045  # of the smile's measure in a population


@pytest.fixture(scope="module", params=SITTERS, ids=lambda path: path.stem)
def sitter(request):
    picture = np.array(Pillow.open(request.param).convert("RGB"))
    return picture, tracked(picture)


def smiled(picture, landmarks, amount):
    copy = picture.copy()
    lip_move(landmarks, LipAmounts(smile=amount)).move(copy)
    return copy


def smile(picture):
    return AlignedMesh().geometry([picture])[0][0]


def moved(landmarks, amount, points):
    """Where points (u, v) in mouths go, found by what comes to them."""
    found = smile_of(lip_move(landmarks, LipAmounts(smile=1.0)).smile.mouth, amount)
    u, v = (np.array([point[k] for point in points], float) for k in (0, 1))
    return found._way(u, v * found.mouth.width)


def test_the_tracker_sees_a_smile_and_the_more_the_more_is_asked_for(sitter):
    picture, landmarks = sitter
    own = smile(picture)
    gained = [(smile(smiled(picture, landmarks, amount)) - own) / DEVIATION for amount in (-1.0, 0.5, 1.0, 2.0)]
    assert gained[0] < -0.3 and 0.2 < gained[1] < gained[2] < gained[3] and gained[2] > 0.6


def test_corners_go_out_and_up_and_in_and_down_and_the_middle_stays():
    landmarks = synthetic()
    out, down = moved(landmarks, 1.0, [(-1, 0), (1, 0), (0, 0)])
    assert out[0] < -0.1 and out[1] > 0.1 and abs(out[2]) < 1e-9
    assert down[0] == pytest.approx(down[1]) and down[0] < -4 and 0.5 < down[2] < 2
    up = -down[0]
    out, down = moved(landmarks, -1.0, [(-1, 0), (1, 0)])
    assert out[0] > 0.05 and out[1] < -0.05 and (down > 2).all() and down[0] < 0.8 * up


def test_cheeks_go_along_and_eyes_and_chin_stay(sitter):
    picture, landmarks = sitter
    changed = smiled(picture, landmarks, 1.0)
    mouth = lip_move(landmarks, LipAmounts(smile=1.0)).smile.mouth
    ys, xs = np.nonzero((changed != picture).any(axis=2))
    u, v = mouth.places(np.stack([xs, ys], axis=-1).astype(float))
    assert np.abs(u).max() < 2.6 and v.min() > -1.3 * mouth.width and v.max() < 0.9 * mouth.width
    _, down = moved(landmarks, 1.0, [(1.0, -0.4), (1.3, -0.3), (1.0, 1.1), (0.0, -1.0)])
    assert (down[:2] < -0.04 * mouth.width).all() and np.abs(down[2:]).max() < 0.01 * mouth.width


@pytest.mark.parametrize("amount", [-50.0, -2.0, 2.0, 50.0])
def test_nothing_folds_however_much_is_asked_for(amount):
    side = np.linspace(-2.8, 2.8, 113)
    u, v = np.meshgrid(side, side * 60.0 / 2)
    found = smile_of(lip_move(synthetic(), LipAmounts(smile=1.0)).smile.mouth, amount)
    assert abs(found.amount) <= MOST
    out, down = found._way(u, v)
    across, below = np.diff(u + out, axis=1), np.diff(v + down, axis=0)
    assert across.min() > 0 and below.min() > 0


def test_of_a_head_that_is_turned_the_far_corner_stays_with_the_rim_of_the_face():
    landmarks = synthetic()
    landmarks[13, 0] += 18.0  # the lips' middle lies to the right: their right half is short
    out, down = moved(landmarks, 1.0, [(-1, 0), (1, 0)])
    assert out[1] < 0.6 * -out[0] and abs(down[1]) < 0.6 * abs(down[0])


def test_a_broad_smile_grows_little_broader_and_a_long_face_little_longer():
    level = synthetic()
    broad, long = synthetic(), synthetic()
    for line in (UPPER_LIP_LINE, LOWER_LIP_LINE):
        bow = 1 - np.linspace(-1, 1, 11) ** 2
        broad[list(line), 1] += 0.15 * 60 * bow
        long[list(line), 1] -= 0.08 * 60 * bow
    up, down = ([lip_move(one, LipAmounts(smile=amount)).smile.amount for one in (level, broad, long)] for amount in (1.0, -1.0))
    assert up[1] < 0.5 * up[0] and up[2] == up[0]
    assert down[2] > 0.5 * down[0] and down[1] == down[0]


def test_what_lies_behind_a_turned_face_stays():
    narrow = synthetic()
    narrow[JAW_SIDES[1]] = (200 + 0.85 * 60, 150)  # its rim lies near the right corner
    _, wide = moved(synthetic(), 1.0, [(1.0, -0.2), (1.8, -0.2), (-1.8, -0.2)])
    _, near = moved(narrow, 1.0, [(1.0, -0.2), (1.8, -0.2), (-1.8, -0.2)])
    assert near[0] == wide[0] and near[2] == wide[2] and near[1] == 0.0 and wide[1] < -1.0


@pytest.mark.parametrize("amount", [0.0, 1e-4, float("nan"), float("inf")])
def test_without_an_amount_corners_stay(amount):
    assert lip_move(synthetic(), LipAmounts(smile=amount)) is None


@pytest.mark.parametrize("at", [(0.0, 0.0), (399.0, 399.0), (-300.0, 200.0), (4_000.0, 4_000.0)])
def test_at_the_edge_of_a_picture_only_what_is_inside_is_touched(at):
    picture = np.random.default_rng(1).integers(0, 255, (400, 400, 3), np.uint8)
    before = picture.copy()
    lip_move(synthetic(at=at), LipAmounts(smile=1.0)).move(picture)
    assert (picture == before).all() != all(0 <= where < 400 for where in at)


def test_it_smiles_towards_the_nose_however_a_head_leans(sitter):
    picture, landmarks = sitter
    turned, back = np.rot90(picture, 2).copy(), smiled(picture, landmarks, 1.0)
    points = landmarks[:, :2].copy()
    points[:, 0], points[:, 1] = picture.shape[1] - 1 - points[:, 0], picture.shape[0] - 1 - points[:, 1]
    lip_move(points, LipAmounts(smile=1.0)).move(turned)
    assert np.abs(np.rot90(turned, 2).astype(int) - back).mean() < 0.3


def test_a_mouth_opens_and_smiles_at_once(sitter):
    picture, landmarks = sitter
    both, wide = picture.copy(), picture.copy()
    lip_move(landmarks, LipAmounts(0.7, 1.0)).move(both)
    lip_move(landmarks, LipAmounts(0.7, 0.0)).move(wide)
    corners = [np.hypot(*np.diff(tracked(one)[list(MOUTH_CORNERS), :2], axis=0)[0]) for one in (wide, both)]
    assert corners[1] > 1.03 * corners[0]
    assert gap(tracked(both)) > 0.6 * gap(tracked(wide))


def test_both_parts_are_seen_from_the_part_of_a_picture():
    whole = lip_move(synthetic(own=0.3), LipAmounts(-0.5, 0.5))
    part = whole.seen_from(7, 9)
    for one, other in ((whole.parted, part.parted), (whole.smile, part.smile)):
        assert np.allclose(one.mouth.origin - other.mouth.origin, (7, 9))
