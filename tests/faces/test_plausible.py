"""What makes a detection doubtful, on the face of a real person."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from installation.engines.face_models import FaceDetector, FaceLandmarker
from installation.faces import region
from installation.faces.detection import Detection, whole
from installation.faces.plausible import MOST_DOUBT, doubt

DATA = Path(__file__).parents[1] / "data"
Found = tuple[Detection, np.ndarray, np.ndarray, float]


@pytest.fixture(scope="module")
def face() -> Found:
    picture = np.ascontiguousarray(cv2.VideoCapture(str(DATA / "please.mkv")).read()[1][..., ::-1])
    (detection,) = FaceDetector()(picture, whole(picture.shape[1], picture.shape[0]))[:1]
    look, where, meshes = FaceLandmarker(), region.from_detection(detection), []
    for _ in range(3):
        meshes.append(look(picture, where))
        where = region.from_landmarks(meshes[-1].landmarks[:, :2])
    return detection, meshes[1].landmarks, meshes[2].landmarks, meshes[2].logit


def test_a_face_is_hardly_doubted(face: Found) -> None:
    assert doubt(*face) < MOST_DOUBT / 2


def test_landmarks_that_wander_are(face: Found) -> None:
    detection, before, after, logit = face
    size = float(np.ptp(after[:, 1]))
    assert doubt(detection, before + np.float32(0.06 * size), after, logit) > MOST_DOUBT


def test_eyes_that_are_elsewhere_are(face: Found) -> None:
    detection, before, after, logit = face
    off = 0.35 * detection.size
    (rx, ry), (lx, ly) = detection.right_eye, detection.left_eye
    assert doubt(replace(detection, right_eye=(rx + off, ry), left_eye=(lx + off, ly)), before, after, logit) > MOST_DOUBT


def test_a_shape_that_no_head_has_is_and_an_unsure_model_adds_to_it(face: Found) -> None:
    detection, before, after, logit = face
    bent = after.copy()
    bent[::2, 1] += np.float32(0.35 * np.ptp(after[:, 1]))
    assert doubt(detection, bent, bent, logit) > MOST_DOUBT
    assert doubt(detection, before, after, 8.0) == pytest.approx(doubt(detection, before, after, 20.0) + 1.0)


def test_its_size_does_not_matter(face: Found) -> None:
    detection, before, after, logit = face
    half = replace(
        detection,
        box=tuple(value / 2 for value in detection.box),  # type: ignore[arg-type]
        right_eye=(detection.right_eye[0] / 2, detection.right_eye[1] / 2),
        left_eye=(detection.left_eye[0] / 2, detection.left_eye[1] / 2),
    )
    assert doubt(half, before / 2, after / 2, logit) == pytest.approx(doubt(*face), rel=1e-3)
