"""The turned square that the landmark model looks at, and the turns of the views that the detector looks at."""

import math

import numpy as np
import pytest

from installation.faces import landmarks as index
from installation.faces.detection import Detection, tiles, whole
from installation.faces.region import MARGIN, Region, from_detection, from_landmarks
from installation.faces.search import BUSY_SECONDS, FACE_SHARE, FULL_SECONDS, IDLE_SECONDS, SMALLEST_TILE, Search

SIZE = 192


@pytest.mark.parametrize("degrees", [0, 30, 90, -60, 180])
def test_the_crop_s_middle_and_corners_lie_where_the_turned_square_has_them(degrees: float) -> None:
    angle = math.radians(degrees)
    matrix = Region(300.0, 200.0, 96.0, angle).matrix(SIZE)
    along, down = np.array([math.cos(angle), math.sin(angle)]), np.array([-math.sin(angle), math.cos(angle)])
    for column, row in ((0.5, 0.5), (0, 0), (0, 1), (1, 0), (1, 1), (0.25, 0.75)):
        at = matrix @ (column * SIZE - 0.5, row * SIZE - 0.5, 1.0)  # the crop's edges lie half a pixel beyond its outermost centres
        assert at == pytest.approx((300.0, 200.0) + 96.0 * ((column - 0.5) * along + (row - 0.5) * down))


def test_a_moved_square_is_the_same_elsewhere() -> None:
    assert Region(10.0, 20.0, 30.0, 0.4).moved(-4.0, 7.0) == Region(6.0, 27.0, 30.0, 0.4)


def turned_face(degrees: float) -> np.ndarray:
    """Landmarks [468, 2] of a face 100 px wide and 140 px high before it is turned about its middle, 250, 350."""
    points = np.random.default_rng(4).uniform(-1, 1, (468, 2)) * (45, 65)
    points[[0, 1, 2, 3]] = (-50, 0), (50, 0), (0, -70), (0, 70)
    points[list(index.OUTER_EYE_CORNERS)] = (-30, -20), (30, -20)
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return (points @ np.array([[c, s], [-s, c]]) + (250, 350)).astype(np.float32)


@pytest.mark.parametrize("degrees", [0, 20, -45, 100])
def test_the_square_of_known_landmarks_is_half_as_large_again_and_level_with_the_eyes(degrees: float) -> None:
    points = turned_face(degrees)
    found = from_landmarks(points)
    low, high = points.min(axis=0), points.max(axis=0)
    assert (found.x, found.y) == pytest.approx(tuple((low + high) / 2), abs=1e-3)
    assert found.side == pytest.approx(MARGIN * (high - low).max(), rel=1e-5)
    assert math.degrees(found.angle) == pytest.approx(degrees, abs=1e-3)


@pytest.mark.parametrize(("box", "side"), [((100, 200, 160, 240), 60), ((100, 200, 140, 260), 60)])
def test_the_square_of_a_detection_counts_pixel_centres(box: tuple[int, int, int, int], side: float) -> None:
    found = from_detection(Detection(0.9, box, (110.0, 210.0), (130.0, 220.0)))
    assert (found.x, found.y) == ((box[0] + box[2]) / 2 - 0.5, (box[1] + box[3]) / 2 - 0.5)
    assert found.side == MARGIN * side
    assert math.tan(found.angle) == pytest.approx(10 / 20)


@pytest.mark.parametrize(("visitors", "room", "pause"), [(0, True, IDLE_SECONDS), (1, True, BUSY_SECONDS), (4, False, FULL_SECONDS)])
def test_the_detector_rests_as_long_as_there_is_room_for_more(visitors: int, room: bool, pause: float) -> None:
    search = Search(0.04)
    assert search.next(1280, 720, 100.0, visitors, room) is not None
    assert search.next(1280, 720, 100.0 + 0.99 * pause, visitors, room) is None
    assert search.next(1280, 720, 100.0 + 1.01 * pause, visitors, room) is not None
    assert search.next(1280, 720, 100.0 + 1.5 * pause, visitors, room) is None  # counted from the last view


def test_every_other_view_is_the_whole_frame_and_the_others_are_its_tiles_in_turn() -> None:
    search = Search(0.04)
    there = tiles(1280, 720, 0.04 * 1280 / FACE_SHARE)
    views = [search.next(1280, 720, float(i), 0, True) for i in range(2 * len(there))]
    assert views[::2] == [whole(1280, 720)] * len(there)
    assert sorted(views[1::2], key=there.index) == list(there)
    assert search.next(640, 360, 1000.0, 0, True) == whole(640, 360)
    assert search.next(640, 360, 1001.0, 0, True) in tiles(640, 360, 0.04 * 640 / FACE_SHARE)  # another camera, other tiles


def test_where_faces_are_large_or_frames_small_the_whole_frame_is_enough() -> None:
    for search, width, height in ((Search(0.2), 1280, 720), (Search(0.01), 96, 54)):
        assert {search.next(width, height, float(i), 0, True) for i in range(8)} == {whole(width, height)}
    small = Search(0.001)
    views = {search_view for i in range(400) if (search_view := small.next(400, 300, float(i), 0, True))}
    assert views == {whole(400, 300), *tiles(400, 300, SMALLEST_TILE)}


def test_a_first_frame_is_looked_at_whole_and_in_ever_smaller_tiles() -> None:
    side = 0.04 * 1280 / FACE_SHARE
    assert Search(0.04).thorough(1280, 720) == [whole(1280, 720), *tiles(1280, 720, side), *tiles(1280, 720, side / 2)]
    assert Search(0.2).thorough(1280, 720) == [whole(1280, 720)]  # a tile would be larger than the frame, and half of it is
    assert Search(0.012).thorough(1280, 720) == [whole(1280, 720), *tiles(1280, 720, 0.012 * 1280 / FACE_SHARE)]
