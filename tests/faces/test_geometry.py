from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from installation.faces.expression import measure
from installation.faces.geometry import GEOMETRY_NAMES, KIN, measure_geometry

PORTRAITS = np.load(Path(__file__).parents[1] / "data" / "expressions.npz")
FACE = PORTRAITS["neutral"][0].astype(np.float32)
ANGLES = ("yaw", "pitch", "roll")


def test_lengths_do_not_depend_on_place_size_and_roll() -> None:
    c, s = np.cos(0.3), np.sin(0.3)
    turned = (FACE @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]], np.float32)) * 2.5 + np.float32(40)
    before, after = asdict(measure_geometry(FACE)), asdict(measure_geometry(turned))
    for name in before:
        if name not in ANGLES:
            assert after[name] == pytest.approx(before[name], abs=2e-3), name
    assert after["roll"] - before["roll"] == pytest.approx(np.degrees(0.3), abs=0.5)


@pytest.mark.parametrize(
    ("landmarks", "shift", "measure"),
    [
        ((61, 291), (0, -0.03, 0), "smile"),
        ((87, 14, 317), (0, 0.05, 0), "mouth_open"),
        ((70, 63, 105, 66, 107, 300, 293, 334, 296, 336), (0, -0.03, 0), "eye_eyebrow_distance"),
        ((4,), (0, -0.03, 0), "nose_tip"),
        ((145, 153, 144, 374, 380, 373), (0, 0.02, 0), "eyes_open"),
        ((17,), (0, 0.04, 0), "lip_ratio"),
        ((0,), (0, 0.03, 0), "nose_mouth_distance"),
    ],
)
def test_moving_landmarks_moves_their_measure(landmarks: tuple[int, ...], shift: tuple[float, ...], measure: str) -> None:
    moved = FACE.copy()
    moved[list(landmarks)] += np.array(shift, np.float32) * float(np.ptp(FACE[:, 0]))
    before, after = asdict(measure_geometry(FACE)), asdict(measure_geometry(moved))
    assert after[measure] > before[measure] * 1.05 or after[measure] > before[measure] + 0.01
    for angle in ANGLES:
        assert after[angle] == pytest.approx(before[angle], abs=1e-3)


def test_kin_are_measures() -> None:
    assert {name for pair in KIN for name in pair} <= set(GEOMETRY_NAMES) and all(len(pair) == 2 for pair in KIN)


@pytest.mark.parametrize("kind", sorted(PORTRAITS))
def test_a_head_is_turned_as_its_expression_says(kind: str) -> None:
    """Two programs read the same pose: the one for directions, and the one that runs with the mirror."""
    for face in PORTRAITS[kind].astype(np.float32):
        geometry, expression = measure_geometry(face), measure(face)
        assert (geometry.yaw, geometry.pitch, geometry.roll) == pytest.approx((expression.yaw, expression.pitch, expression.roll), abs=1e-3)
