"""MediaPipe's networks in OpenVINO against MediaPipe's own graph."""

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest

from installation.engines.face_models import DETECTOR_FILE, LANDMARK_FILE, FaceDetector, FaceLandmarker, model_file
from installation.engines.hand_models import HAND_FILE, PALM_FILE
from installation.engines.silhouette_model import PEOPLE_FILE, SILHOUETTE_FILE
from installation.errors import WeightsError
from installation.faces import region
from installation.faces.detection import SearchSquare, whole

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    _, frame = cv2.VideoCapture(str(DATA / "yes.mkv")).read()
    return np.ascontiguousarray(frame[:240, 140:460, ::-1])  # the head and shoulders


def test_detector_finds_the_face_in_every_view(picture: np.ndarray) -> None:
    detector = FaceDetector()
    views = [whole(320, 240), SearchSquare(20, 0, 240), SearchSquare(-100, -60, 500)]
    boxes = [detector(picture, view)[0].box for view in views]
    for box in boxes:
        assert box == pytest.approx(boxes[0], abs=8)
    assert not detector(np.zeros((50, 80, 3), np.uint8), whole(80, 50))


def test_landmarks_agree_with_mediapipe(picture: np.ndarray) -> None:
    mediapipe = pytest.importorskip("mediapipe")
    with mediapipe.solutions.face_mesh.FaceMesh(max_num_faces=1, refine_landmarks=True) as graph:
        for _ in range(5):  # until its region rests
            answer = graph.process(picture)
    theirs = np.array([(p.x * 320 - 0.5, p.y * 240 - 0.5, p.z * 320) for p in answer.multi_face_landmarks[0].landmark])[:468]
    mesh = FaceLandmarker()(picture, region.from_landmarks(theirs[:, :2].astype(np.float32)))
    size = np.ptp(theirs[:, 1])
    assert mesh.logit > 10
    assert np.abs(mesh.landmarks[:, :2] - theirs[:, :2]).mean() < 0.006 * size
    assert np.abs(mesh.landmarks[:, 2] - theirs[:, 2]).mean() < 0.01 * size


def test_no_face_has_no_odds() -> None:
    landmarker = FaceLandmarker()
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3)).astype(np.uint8)
    for image in (np.zeros((200, 200, 3), np.uint8), noise):
        assert landmarker(image, region.Region(100, 100, 120, 0.2)).logit < 0


def test_a_missing_model_says_where_it_comes_from() -> None:
    with pytest.raises(WeightsError, match=r"nothing\.tflite: is missing; it comes with the program"):
        model_file("nothing.tflite")


def test_the_models_are_those_of_mediapipes_wheel() -> None:
    wheel = importlib.util.find_spec("mediapipe")
    if wheel is None or not wheel.submodule_search_locations:
        pytest.skip("mediapipe is not installed; on Python 3.13 and later it has no wheel that carries models")
    theirs = {path.name: path for path in Path(wheel.submodule_search_locations[0]).rglob("*.tflite")}
    for name in (DETECTOR_FILE, LANDMARK_FILE, SILHOUETTE_FILE, PEOPLE_FILE, PALM_FILE, HAND_FILE):
        assert model_file(name).read_bytes() == theirs[name].read_bytes(), name
