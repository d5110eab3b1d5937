"""Pose against known rotations, measures against portraits sorted by eye."""

from pathlib import Path

import numpy as np
import pytest

from installation.faces import landmarks as index
from installation.faces.expression import MEAN_FACE, measure, misfit
from installation.messages import Expression

PORTRAITS = np.load(Path(__file__).parents[1] / "data" / "expressions.npz")


def measures(group: str) -> list[Expression]:
    return [measure(face.astype(np.float32)) for face in PORTRAITS[group]]


def turned(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """Landmarks of the mean face, turned: first up, then to the side, then about the line of sight."""
    a, b, c = np.radians((yaw, pitch, roll))
    up = np.array([[1, 0, 0], [0, np.cos(b), np.sin(b)], [0, -np.sin(b), np.cos(b)]])
    side = np.array([[np.cos(a), 0, -np.sin(a)], [0, 1, 0], [np.sin(a), 0, np.cos(a)]])
    clockwise = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    points = np.zeros((468, 3), np.float32)
    points[list(index.RIGHT_EYE + index.LEFT_EYE)] += np.random.default_rng(0).normal(0, 0.1, (12, 3))
    points[list(index.RIGID)] = MEAN_FACE
    return (points @ (clockwise @ side @ up).T * 180 + (400, 300, 0)).astype(np.float32)


@pytest.mark.parametrize(("yaw", "pitch"), [(0, 0), (30, 0), (-45, 0), (0, 20), (0, -25), (25, 15)])
def test_yaw_and_pitch_of_a_turned_mean_face(yaw: float, pitch: float) -> None:
    found = measure(turned(yaw, pitch, 0))
    assert (found.yaw, found.pitch, found.roll) == pytest.approx((yaw, pitch, 0), abs=0.5)


def test_roll_is_clockwise_in_the_picture() -> None:
    assert measure(turned(0, 0, 25)).roll == pytest.approx(25, abs=0.1)
    points = turned(0, 0, 25)
    assert points[454, 1] > points[234, 1]  # its right end hangs lower


def test_turned_portraits() -> None:
    assert all(found.yaw < -25 for found in measures("left"))
    assert all(found.yaw > 25 for found in measures("right"))
    assert all(abs(found.roll) < 15 for found in measures("left") + measures("right"))


def test_smile_parts_the_smiling_from_the_neutral() -> None:
    assert min(found.smile for found in measures("smiling")) > 0.8
    assert max(found.smile for found in measures("neutral")) < 0.2
    assert max(found.smile for found in measures("shut")) < 0.2


def test_mouth_open_parts_wide_from_shut() -> None:
    assert min(found.mouth_open for found in measures("wide")) > 0.6
    assert max(found.mouth_open for found in measures("shut")) < 0.1
    talking = [found.mouth_open for found in measures("smiling")]
    assert 0.2 < np.median(talking) < 0.7  # teeth show, the jaw is not dropped


def test_eyes_open_parts_closed_from_open() -> None:
    assert max(found.eyes_open for found in measures("closed")) < 0.2
    assert min(found.eyes_open for found in measures("neutral")) > 0.8


def test_measures_do_not_depend_on_place_size_and_roll() -> None:
    face = PORTRAITS["smiling"][1].astype(np.float32)
    c, s = np.cos(0.5), np.sin(0.5)
    other = face @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]], np.float32) * 0.3 + np.array([900, 40, 0], np.float32)
    one, two = measure(face), measure(other)
    assert two.smile == pytest.approx(one.smile, abs=0.02)
    assert two.mouth_open == pytest.approx(one.mouth_open, abs=0.02)
    assert two.eyes_open == pytest.approx(one.eyes_open, abs=0.02)
    assert two.yaw == pytest.approx(one.yaw, abs=2)
    assert two.roll == pytest.approx(one.roll + np.degrees(0.5), abs=0.5)


def test_a_mirrored_face_turns_the_other_way() -> None:
    # A mirror swaps the two sides' landmarks too; the rigid ones come in such pairs.
    face = PORTRAITS["left"][0].astype(np.float32)
    pairs = [(109, 338), (54, 284), (127, 356), (234, 454), (93, 323), (33, 263), (133, 362), (98, 327)]
    mirrored = face * np.array([-1, 1, 1], np.float32)
    for a, b in pairs:
        mirrored[[a, b]] = mirrored[[b, a]]
    assert measure(mirrored).yaw == pytest.approx(-measure(face).yaw, abs=1.0)


def test_the_mean_face_is_symmetric() -> None:
    mirrored = MEAN_FACE * (-1, 1, 1)
    for point in MEAN_FACE:
        assert np.abs(mirrored - point).sum(axis=1).min() < 1e-9
    assert np.abs(MEAN_FACE.mean(axis=0)).max() < 0.002


def test_the_mean_face_is_that_of_people() -> None:
    """Each of its points lies near where real faces have it on average, turned, moved and scaled onto it (Umeyama 1991)."""
    residuals = []
    for kind in PORTRAITS.values():
        for face in kind.astype(float):
            points = face[list(index.RIGID)] - face[list(index.RIGID)].mean(axis=0)
            u, sizes, vt = np.linalg.svd(points.T @ MEAN_FACE)
            turn = np.diag([1, 1, np.linalg.det(u @ vt)])
            residuals.append(points @ (u @ turn @ vt) * (sizes * np.diag(turn)).sum() / (points**2).sum() - MEAN_FACE)
    assert np.abs(np.mean(residuals, axis=0)).max() < 0.06


def test_the_mean_face_fits_itself_however_it_is_turned_moved_and_large_and_others_the_less_the_odder() -> None:
    mesh = np.zeros((468, 3))
    mesh[list(index.RIGID)] = MEAN_FACE
    c, s = np.cos(0.4), np.sin(0.4)
    turn = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]) @ np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    for size in (1.0, 250.0):
        assert misfit((mesh @ turn * size + 37.0).astype(np.float32)) < 1e-3
    noise = np.random.default_rng(2).normal(0, 1, mesh.shape)
    odd = [misfit((mesh + share * noise).astype(np.float32)) for share in (0.0, 0.02, 0.05, 0.1)]
    assert odd == sorted(odd) and odd[2] > 0.03
