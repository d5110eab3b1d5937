"""Anchors, decoding, suppression and the views of a frame."""

import numpy as np
import pytest

from installation.faces.detection import (
    Detection,
    DetectorAnswer,
    SearchSquare,
    anchors,
    decode,
    overlap,
    suppress,
    tiles,
    whole,
)
from installation.faces.search import Search


def test_anchors_are_the_centres_of_their_cells() -> None:
    centres = anchors((2, 1), (1, 3))
    assert centres.tolist() == [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75], [0.5, 0.5], [0.5, 0.5], [0.5, 0.5]]


def test_decoded_box_lies_in_the_frame() -> None:
    regressors = np.zeros((4, 16), np.float32)
    regressors[2, :4] = (10, 0, 40, 20)  # 10 right of its anchor, 40 wide, 20 high, of 100
    regressors[2, 4:8] = (0, -5, 20, -5)
    logits = np.array([-5, -5, 3, -5], np.float32)
    (face,) = decode(DetectorAnswer(regressors, logits, anchors((2,), (1,)), 100.0), 0.6, SearchSquare(50, 10, 200))
    assert face.box == pytest.approx((50 + 0.15 * 200, 10 + 0.65 * 200, 50 + 0.55 * 200, 10 + 0.85 * 200))
    assert face.right_eye == pytest.approx((50 + 0.25 * 200, 10 + 0.70 * 200))
    assert face.left_eye == pytest.approx((50 + 0.45 * 200, 10 + 0.70 * 200))
    assert face.score == pytest.approx(1 / (1 + np.exp(-3)))
    assert face.size == pytest.approx(80)


def test_overlapping_answers_become_one_weighted_face() -> None:
    regressors = np.zeros((4, 16), np.float32)
    regressors[:, 2:4] = 80
    centres = np.array([[0.5, 0.5], [0.52, 0.5], [0.5, 0.5], [5.0, 5.0]], np.float32)
    logits = np.array([4, 4, -4, 1], np.float32)
    faces = decode(DetectorAnswer(regressors, logits, centres, 100.0), 0.6, SearchSquare(0, 0, 100))
    assert len(faces) == 2
    assert faces[0].box[0] == pytest.approx(51 - 40, abs=0.01)


def test_answers_side_by_side_or_one_above_the_other_are_two_faces() -> None:
    regressors = np.zeros((3, 16), np.float32)
    regressors[:, 2:4] = 20
    centres = np.array([[0.3, 0.3], [0.3, 0.7], [0.7, 0.3]], np.float32)
    faces = decode(DetectorAnswer(regressors, np.array([4, 3, 2], np.float32), centres, 100.0), 0.6, SearchSquare(0, 0, 100))
    assert [face.box for face in faces] == [pytest.approx(box, abs=1e-4) for box in ((20, 20, 40, 40), (20, 60, 40, 80), (60, 20, 80, 40))]


@pytest.mark.parametrize(
    ("other", "share"),
    [
        ((300, 20, 340, 50), 1.0),  # the same
        ((310, 25, 320, 35), 1.0),  # within it
        ((320, 20, 360, 50), 0.5),  # half of it beside
        ((300, 35, 340, 65), 0.5),  # half of it below
        ((330, 40, 350, 50), 0.5),  # a smaller one, half of it in
        ((340, 20, 380, 50), 0.0),
        ((300, 50, 340, 80), 0.0),
        ((0, 0, 10, 10), 0.0),
    ],
)
def test_overlap_is_the_part_of_the_smaller_box(other: tuple[int, int, int, int], share: float) -> None:
    box = (300, 20, 340, 50)
    assert overlap(box, other) == overlap(other, box) == pytest.approx(share)


def test_suppression_keeps_the_best() -> None:
    one = Detection(0.7, (0, 0, 10, 10), (0, 0), (0, 0))
    other = Detection(0.9, (1, 1, 11, 11), (0, 0), (0, 0))
    far = Detection(0.6, (50, 50, 60, 60), (0, 0), (0, 0))
    assert suppress([one, other, far]) == [other, far]


def test_the_whole_frame_is_a_square_about_its_middle() -> None:
    assert whole(640, 480) == SearchSquare(0, -80, 640)
    assert whole(480, 640) == SearchSquare(-80, 0, 640)
    assert tiles(300, 100, 400.0) == (SearchSquare(-50, -150, 400.0),)


@pytest.mark.parametrize(("width", "height", "side"), [(1280, 720, 500.0), (100, 900, 300.0), (64, 64, 64.0)])
def test_tiles_cover_the_frame_and_overlap(width: int, height: int, side: float) -> None:
    covered = np.zeros((height, width), int)
    for view in tiles(width, height, side):
        covered[max(0, int(view.y)) : int(view.y + view.side) + 1, max(0, int(view.x)) : int(view.x + view.side) + 1] += 1
    assert covered.min() >= 1


def test_search_takes_turns_and_rests() -> None:
    search = Search(0.04)
    views = [search.next(1280, 720, i / 30, visitors=1, room=True) for i in range(300)]
    looked = [view for view in views if view]
    assert 60 < len(looked) < 100  # about eight a second
    assert looked.count(whole(1280, 720)) == pytest.approx(len(looked) / 2, abs=1)
    assert set(tiles(1280, 720, 0.04 * 1280 / 0.09)) <= set(looked)
    full = [search.next(1280, 720, 20 + i / 30, visitors=4, room=False) for i in range(300)]
    assert sum(view is not None for view in full) < 25
