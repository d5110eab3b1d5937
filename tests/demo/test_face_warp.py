"""The warps: still at rest, each movement moves what it names, and nothing folds."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from installation.demo.build import FACES
from installation.demo.face_warp import FaceWarp, Pose, thin_plate
from installation.demo.figure import find_landmarks
from installation.demo.matte import cut_out

SIDE = 256


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    with Pillow.open(Path(FACES) / "01620.webp") as file:
        return np.asarray(file.convert("RGB"))


@pytest.fixture(scope="module")
def landmarks(portrait: np.ndarray) -> np.ndarray:
    return find_landmarks(portrait)


@pytest.fixture(scope="module")
def warp(landmarks: np.ndarray) -> FaceWarp:
    return FaceWarp(landmarks, SIDE, 252.0)


def moved(warp: FaceWarp, pose: Pose, point: np.ndarray) -> np.ndarray:
    """Where a point of the still face goes, px: the place of the map that shows it."""
    gap = np.linalg.norm(warp.map(pose) - point[:2], axis=2)
    y, x = np.unravel_index(np.argmin(gap), gap.shape)
    return np.array([x, y]) - point[:2]


def test_at_rest_nothing_moves(warp: FaceWarp) -> None:
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    assert np.abs(warp.map(Pose()) - np.stack([x, y], axis=2)).max() < 1e-3


def test_a_turn_moves_the_nose_and_leaves_the_neck(warp: FaceWarp, landmarks: np.ndarray) -> None:
    nose, ear = landmarks[1], landmarks[234]
    assert moved(warp, Pose(yaw=15), nose)[0] > 12
    assert moved(warp, Pose(yaw=-15), nose)[0] < -12
    assert abs(moved(warp, Pose(yaw=15), ear)[0]) < 0.5 * moved(warp, Pose(yaw=15), nose)[0]
    assert moved(warp, Pose(pitch=10), nose)[1] < -6
    assert np.abs(moved(warp, Pose(yaw=15, pitch=8, roll=8), np.array([136.0, 254.0]))).max() <= 1


def test_a_smile_draws_the_corners_out_and_up(warp: FaceWarp, landmarks: np.ndarray) -> None:
    left, right = moved(warp, Pose(smile=1), landmarks[61]), moved(warp, Pose(smile=1), landmarks[291])
    assert left[0] < -4 and right[0] > 4 and left[1] < -3 and right[1] < -3
    assert np.abs(moved(warp, Pose(smile=1), landmarks[168])).max() <= 1


def test_a_blink_brings_the_upper_lid_to_the_lower(warp: FaceWarp, landmarks: np.ndarray) -> None:
    for upper, lower in ((159, 145), (386, 374)):
        opening = landmarks[lower, 1] - landmarks[upper, 1]
        assert moved(warp, Pose(blink=1), landmarks[upper] - [0, 1, 0])[1] > 0.7 * opening


@pytest.mark.parametrize("pose", [Pose(yaw=18), Pose(yaw=-18, smile=1), Pose(pitch=9, roll=8), Pose(smile=1, blink=0.5)])
def test_nothing_folds_outside_the_eyes(warp: FaceWarp, landmarks: np.ndarray, pose: Pose) -> None:
    at = warp.map(pose)
    along_x, along_y = np.diff(at[..., 0], axis=1), np.diff(at[..., 1], axis=0)
    assert (along_x < -0.5).mean() < 0.001 and (along_y < -0.5).mean() < 0.001


def test_the_matte_holds_the_head_and_leaves_the_wall(portrait: np.ndarray, landmarks: np.ndarray) -> None:
    colours, matte = cut_out(portrait)
    x, y = landmarks[1, :2].astype(int)
    assert matte[y, x] == 1.0 and matte[5:60, 3:20].max() < 0.02 and matte[5:60, -20:-3].max() < 0.02
    assert np.abs(colours[y, x] - portrait[y, x]).max() < 2
    soft = ((matte > 0.05) & (matte < 0.95)).mean()
    assert 0.003 < soft < 0.08


def test_thin_plate_goes_through_its_points() -> None:
    rng = np.random.default_rng(0)
    points, values = rng.uniform(0, 60, (12, 2)).round(), rng.normal(0, 3, (12, 2))
    y, x = np.mgrid[0:64, 0:64].astype(np.float32)
    field = thin_plate(points, values, np.stack([x, y], axis=2))
    through = np.array([field[int(p[1]), int(p[0])] for p in points])
    assert np.abs(through - values).max() < 0.5
