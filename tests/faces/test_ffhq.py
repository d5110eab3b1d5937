"""The FFHQ square against values worked out by hand."""

from pathlib import Path

import numpy as np
import pytest

from installation.faces import landmarks as index
from installation.faces.ffhq import EYES, MOUTH, NOSE, crop_to_original, invert, quad_from_landmarks, transform


def face(right_eye: tuple[float, float], left_eye: tuple[float, float], mouth: tuple[float, float]) -> np.ndarray:
    """Landmarks whose eyes and mouth have these means."""
    points = np.zeros((468, 2), np.float32)
    spread = np.array([(-3, 0), (-1, -2), (1, -2), (3, 0), (1, 2), (-1, 2)], np.float32)
    points[list(index.RIGHT_EYE)] = right_eye + spread
    points[list(index.LEFT_EYE)] = left_eye + spread
    points[list(index.MOUTH_CORNERS)] = mouth + np.array([(-8, 0), (8, 0)], np.float32)
    return points


def test_upright_face_follows_the_formula() -> None:
    # Eye to eye (60, 0), eye to mouth (0, 70): half a side is max(2 * 60, 1.8 * 70) = 126, the centre 0.1 * 70 below the eyes.
    quad = quad_from_landmarks(face((100, 100), (160, 100), (130, 170)))
    assert quad.centre == pytest.approx((130, 107), abs=1e-4)
    assert quad.x == pytest.approx((126, 0), abs=1e-4)
    assert quad.y == pytest.approx((0, 126), abs=1e-4)
    assert quad.side == pytest.approx(252, abs=1e-4)
    assert quad.corners == pytest.approx(np.array([(4, -19), (4, 233), (256, 233), (256, -19)]), abs=1e-3)


def test_wide_set_eyes_decide_the_side() -> None:
    quad = quad_from_landmarks(face((100, 100), (180, 100), (140, 170)))
    assert quad.side == pytest.approx(2 * 2 * 80, abs=1e-3)


def test_direction_is_half_eyes_half_mouth() -> None:
    # Eye to eye (60, 0) plus eye to mouth (60, 70) turned by a quarter, (70, -60), is (130, -60).
    quad = quad_from_landmarks(face((100, 100), (160, 100), (190, 170)))
    assert quad.x[1] / quad.x[0] == pytest.approx(-60 / 130, abs=1e-4)


@pytest.mark.parametrize("degrees", [-50, 10, 120])
def test_turning_the_face_turns_the_square(degrees: float) -> None:
    upright = face((100, 100), (160, 100), (130, 170))
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array([[c, -s], [s, c]])
    expected = quad_from_landmarks(upright).corners @ turn.T
    assert quad_from_landmarks((upright @ turn.T).astype(np.float32)).corners == pytest.approx(expected, abs=1e-2)


def test_matrix_carries_the_edges_of_the_crop_to_the_corners() -> None:
    quad = quad_from_landmarks(face((100, 90), (160, 100), (130, 170)))
    M_c2o = crop_to_original(quad, 256)
    edges = np.array([(-0.5, -0.5), (-0.5, 255.5), (255.5, 255.5), (255.5, -0.5)])
    assert transform(M_c2o, edges) == pytest.approx(quad.corners)
    assert transform(M_c2o, np.array([(127.5, 127.5)]))[0] == pytest.approx(quad.centre)
    assert transform(invert(M_c2o), quad.corners) == pytest.approx(edges)


def test_no_face_is_an_error() -> None:
    with pytest.raises(ValueError, match="span no face"):
        quad_from_landmarks(np.zeros((468, 2), np.float32))
    with pytest.raises(ValueError, match="wrong shape"):
        quad_from_landmarks(np.zeros((5, 2), np.float32))
    with pytest.raises(ValueError, match="no inverse"):
        invert(np.zeros((2, 3)))


def test_eyes_nose_and_mouth_lie_where_aligned_faces_have_them_on_average() -> None:
    portraits = np.load(Path(__file__).parents[1] / "data" / "expressions.npz")
    places = []
    for face in (one.astype(np.float32) for kind in ("neutral", "wide", "shut") for one in portraits[kind]):
        upright = face[:, :2] * 1000  # px
        found = transform(invert(crop_to_original(quad_from_landmarks(upright), 1000)), upright) / 1000
        eyes = [found[list(eye)].mean(axis=0) for eye in (index.RIGHT_EYE, index.LEFT_EYE)]
        places.append([*eyes, found[4], *found[list(index.MOUTH_CORNERS)]])
    assert np.abs(np.mean(places, axis=0) - [*EYES, NOSE, *MOUTH]).max() < 0.04
    for left, right in (EYES, MOUTH, (NOSE, NOSE)):
        assert left[0] == pytest.approx(1 - right[0]) and left[1] == right[1]
