"""How well a face can be seen: cut by the frame, behind somebody, unsure; and which part of a crop is whose."""

import cv2
import numpy as np
import pytest

from installation.faces import landmarks as index
from installation.faces.ffhq import crop_to_original, invert, quad_from_landmarks
from installation.faces.own import own_part
from installation.faces.padding import run_on
from installation.faces.presence import GOOD
from installation.faces.quality import Head, in_front, inside_share, judge
from installation.messages import AlignedFace, Expression, Face
from installation.stages.align import align_image

WIDTH, HEIGHT, SIZE = 1280, 720, 128


def points(x: float, y: float = 300.0, size: float = 200.0) -> np.ndarray:
    """A face's landmarks [468, 2], its middle at x, y: a grid over an oval, eyes and mouth where they belong."""
    turn = np.linspace(0, 60, index.LANDMARK_COUNT)
    radius = np.sqrt(np.linspace(0, 1, index.LANDMARK_COUNT)) * size / 2
    face = np.stack([x + 0.75 * radius * np.cos(turn), y + radius * np.sin(turn)], axis=1)
    face[list(index.RIGHT_EYE)] = (x - 0.2 * size, y - 0.15 * size)
    face[list(index.LEFT_EYE)] = (x + 0.2 * size, y - 0.15 * size)
    face[list(index.MOUTH_CORNERS)] = [(x - 0.15 * size, y + 0.25 * size), (x + 0.15 * size, y + 0.25 * size)]
    return face.astype(np.float32)


def quality(*heads: tuple[np.ndarray, float]) -> list[float]:
    return [q.overall for q in judge([Head.of(face, logit, 30.0) for face, logit in heads], WIDTH, HEIGHT)]


def test_a_face_in_the_open_is_good() -> None:
    assert quality((points(400), 30.0), (points(800), 28.0)) == [1.0, 1.0]


@pytest.mark.parametrize(("x", "y"), [(30, 300), (1250, 300), (600, 50), (600, 670)])
def test_a_face_cut_by_any_edge_is_not_good(x: float, y: float) -> None:
    assert quality((points(x, y), 30.0))[0] < GOOD


def test_it_grows_worse_the_farther_it_is_out() -> None:
    out = [quality((points(x), 30.0))[0] for x in (200, 60, 40, 0)]
    assert out == sorted(out, reverse=True)
    assert out[0] == 1.0
    assert out[-1] == 0.0


def test_the_face_behind_is_not_good_and_the_one_in_front_is() -> None:
    assert quality((points(600, size=240), 30.0), (points(700, size=200), 24.0)) == [1.0, 0.0]


def test_of_two_faces_of_like_size_the_less_sure_one_is_behind() -> None:
    front, back = quality((points(600), 31.0), (points(690), 19.0))
    assert front >= GOOD > back


def test_cheek_to_cheek_both_are_good() -> None:
    assert min(quality((points(600), 30.0), (points(780), 30.0))) >= GOOD


@pytest.mark.parametrize("logit", [2.0, 11.0])
def test_a_face_that_something_stands_before_is_not_good(logit: float) -> None:
    assert quality((points(400), logit))[0] < GOOD


def aligned(landmarks: np.ndarray, id: int = 0, seen: bool = True) -> AlignedFace:
    M_c2o = crop_to_original(quad_from_landmarks(landmarks), SIZE)
    face = Face(id, landmarks, (0, 0, 1, 1), Expression(), 1.0, seen, 1.0)
    return AlignedFace(face, np.zeros((SIZE, SIZE, 3), np.uint8), M_c2o, invert(M_c2o))


def test_alone_and_inside_all_of_a_crop_is_ones_own() -> None:
    assert own_part(aligned(points(600)), [], WIDTH, HEIGHT, 32) is None
    assert own_part(aligned(points(300)), [aligned(points(1000), 1)], WIDTH, HEIGHT, 32) is None


@pytest.mark.parametrize(
    ("x", "y", "width", "height", "inside"),
    [
        (0, 0, SIZE, SIZE, True),  # the crop is the frame, pixel on pixel
        (-1, 0, WIDTH, HEIGHT, False),
        (0, -1, WIDTH, HEIGHT, False),
        (0, 0, SIZE - 1, SIZE, False),
        (0, 0, SIZE, SIZE - 1, False),
        (5, 7, SIZE + 5, SIZE + 7, True),
        (5, 7, SIZE + 4, SIZE + 7, False),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_a_crop_is_inside_up_to_the_edges_of_the_outermost_pixels(x, y, width, height, inside, turned) -> None:
    M_c2o = np.array([[1.0, 0, x], [0, 1.0, y]])
    if turned:  # by half a turn: the other corners are the outermost
        M_c2o = np.array([[-1.0, 0, x + SIZE - 1], [0, -1.0, y + SIZE - 1]])
    face = Face(0, points(600), (0, 0, 1, 1), Expression(), 1.0, True, 1.0)
    one = AlignedFace(face, np.zeros((SIZE, SIZE, 3), np.uint8), M_c2o, invert(M_c2o))
    part = own_part(one, [], width, height, 32)
    assert (part is None) == inside


def test_what_lies_outside_the_frame_is_nobodys() -> None:
    part = own_part(aligned(points(120)), [], WIDTH, HEIGHT, 32)
    assert part is not None
    assert part[:, 0].max() == 0
    assert part[:, -1].min() == 1
    assert part[16, 16] == 1


@pytest.mark.parametrize("seen", [True, False])
def test_a_neighbours_head_is_not_ones_own(seen: bool) -> None:
    part = own_part(aligned(points(600, size=220)), [aligned(points(780, size=200), 1, seen)], WIDTH, HEIGHT, 32)
    assert part is not None
    assert part[14:20, -2:].max() < 0.2
    assert part[10:24, 8:18].min() == 1  # the face itself


def test_nothing_of_a_cut_face_shows_twice() -> None:
    # Brows just below the upper edge: FFHQ's reflection draws a second pair above it.
    image = np.full((HEIGHT, WIDTH, 3), (200, 160, 140), np.uint8)
    cv2.rectangle(image, (500, 8), (560, 20), (20, 20, 20), -1)
    cv2.rectangle(image, (640, 8), (700, 20), (20, 20, 20), -1)
    face = points(600, 60, 240)
    M_c2o = crop_to_original(quad_from_landmarks(face), SIZE)
    crop = align_image(image, M_c2o, SIZE)
    rows = transformed_rows(M_c2o)
    above = crop[rows < -4]
    assert above.min() < 120  # the reflection, as it is without the mending
    run_on(crop, M_c2o, WIDTH, HEIGHT)
    beyond = crop[rows < -4].astype(float)
    assert np.abs(np.diff(beyond, axis=0)).max() < 40
    assert beyond.min() > 100
    assert np.array_equal(crop[rows > 48], align_image(image, M_c2o, SIZE)[rows > 48])


def transformed_rows(M_c2o: np.ndarray) -> np.ndarray:
    """Of each row of a crop that stands upright, its row in the frame."""
    return np.arange(SIZE) * M_c2o[1, 1] + M_c2o[1, 2]


def test_a_landmark_is_in_the_frame_up_to_half_a_pixel_beyond_the_outermost_centres() -> None:
    edges = [(-0.49, 100), (WIDTH - 0.51, 100), (100, -0.49), (100, HEIGHT - 0.51)]
    beyond = [(-0.51, 100), (WIDTH - 0.49, 100), (100, -0.51), (100, HEIGHT - 0.49)]
    for inside, outside in zip(edges, beyond, strict=True):
        assert inside_share(np.array([inside]), WIDTH, HEIGHT) == 1.0
        assert inside_share(np.array([outside]), WIDTH, HEIGHT) == 0.0
    assert inside_share(np.array(edges + beyond), WIDTH, HEIGHT) == 0.5


@pytest.mark.parametrize(
    ("size", "logit", "front"),
    [(110, 0, True), (107, 0, True), (105, 20, True), (105, 28, True), (105, 26, False), (95, 30, True), (95, 26, False), (93, 90, False)],
)
def test_who_is_clearly_larger_stands_in_front_and_among_equals_who_is_not_the_one_that_is_hidden(size, logit, front) -> None:
    one, other = Head.of(points(300, size=size), logit, 30.0), Head.of(points(300, size=100), 30.0, 30.0)
    if logit == 20:
        other = Head.of(points(300, size=100), 20.0, 30.0)
    assert in_front(one, other) is front
