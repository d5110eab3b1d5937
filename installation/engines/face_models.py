"""MediaPipe's face detector and face landmark model, run by OpenVINO from the files of ``weights/mediapipe``.

The same weights as ``mediapipe.solutions``, without its graphs: one request serves any number of faces, regions of
interest are ours to choose, and one thread is enough (about two milliseconds a face).
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino.preprocess import PrePostProcessor

from installation.engines.attention_mesh import read_attention_mesh
from installation.errors import WeightsError
from installation.faces import landmarks as index
from installation.faces.detection import Detection, DetectorAnswer, SearchSquare, anchors, decode
from installation.faces.region import Region
from installation.messages import Image
from installation.places import shipped

DETECTOR_FILE = "face_detection_full_range_sparse.tflite"
LANDMARK_FILE = "face_landmark_with_attention.tflite"
DETECTOR_SIZE = 192
LANDMARK_SIZE = 192


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """What the landmark model says of one region."""

    logit: float  # log odds that there is a face in it
    landmarks: NDArray[np.float32]  # [468, 3] px of the frame (pixel centres); z towards the viewer is negative
    crop: Image  # [192, 192, 3] what the model saw; its memory is used again by the next call


def model_file(name: str) -> Path:
    """One of MediaPipe's models, which come with the program. Raises WeightsError where it is not there."""
    path = shipped("weights") / "mediapipe" / name
    if not path.is_file():
        raise WeightsError(f"{path}: is missing; it comes with the program; bring it back (git restore weights)")
    return path


class FaceDetector:
    """The full-range detector: faces from about 7 % of a view's side."""

    def __init__(self, threads: int = 1) -> None:
        path = model_file(DETECTOR_FILE)
        self._request, self._input = compile_picture_model(read_model(path, ov.Core().read_model), threads, scale=127.5, mean=127.5)
        self._anchors = anchors((DETECTOR_SIZE // 4,), (1,))

    def __call__(self, image: Image, view: SearchSquare, threshold: float = 0.6) -> list[Detection]:
        """The faces in one view of ``image`` [H, W, 3], px of the frame, best first."""
        fill_view(image, view, self._input)
        self._request.infer()
        regressors, logits = (np.asarray(self._request.get_output_tensor(i).data)[0] for i in range(2))
        return decode(DetectorAnswer(regressors, logits[:, 0], self._anchors, DETECTOR_SIZE), threshold, view)


class FaceLandmarker:
    """468 landmarks, lips and eyes refined, and the odds of a face, in a region of interest."""

    def __init__(self, threads: int = 1) -> None:
        model = read_model(model_file(LANDMARK_FILE), read_attention_mesh)
        self._request, self._input = compile_picture_model(model, threads, scale=255.0, mean=0.0)
        self._refined = [np.array(part) for part in (index.LIPS_REFINED, index.RIGHT_EYE_REFINED, index.LEFT_EYE_REFINED)]

    def __call__(self, image: Image, region: Region) -> Mesh:
        """Landmarks of the face in one region of ``image`` [H, W, 3]."""
        matrix = region.matrix(LANDMARK_SIZE)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        shape = (LANDMARK_SIZE, LANDMARK_SIZE)
        cv2.warpAffine(image, matrix, shape, dst=self._input, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        self._request.infer()
        mesh, flag, *parts = (np.asarray(self._request.get_output_tensor(i).data) for i in range(5))
        points = mesh.reshape(index.LANDMARK_COUNT, 3).astype(np.float32)
        for where, part in zip(self._refined, parts, strict=True):
            points[where, :2] = part[0]

        # The model counts edges of its picture from 0 to 192, the frame's matrix counts pixel centres.
        points[:, :2] -= 0.5
        points[:, :2] = points[:, :2] @ matrix[:, :2].T.astype(np.float32) + matrix[:, 2].astype(np.float32)
        points[:, 2] *= region.side / LANDMARK_SIZE
        return Mesh(float(flag.reshape(-1)[0]), points, self._input)


def read_model(path: Path, reader: Callable[[Path], Any]) -> Any:
    """What the reader makes of a model's file. Raises WeightsError where it makes nothing of it."""
    try:
        return reader(path)
    except RuntimeError as err:
        raise WeightsError(f"{path}: this model cannot be read; bring it back as it came with the program (git restore weights)") from err


def compile_picture_model(model: Any, threads: int, scale: float, mean: float) -> tuple[Any, Image]:
    """A request for one picture and its input memory, uint8 [S, S, 3]; the network sees (picture - mean) / scale."""
    steps = PrePostProcessor(model)
    steps.input().tensor().set_element_type(ov.Type.u8)
    steps.input().preprocess().convert_element_type(ov.Type.f32).mean(mean).scale(scale)
    # Not pinned to a core: the networks beside it use them all.
    options = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32", "ENABLE_CPU_PINNING": False}
    request = ov.Core().compile_model(steps.build(), "CPU", options).create_infer_request()
    memory: Image = np.asarray(request.get_input_tensor().data)[0]
    memory[:] = 0
    return request, memory


def fill_view(image: Image, view: SearchSquare, out: Image) -> None:
    """Scale a view of the frame into ``out`` [S, S, 3]; what lies outside the frame is black."""
    size = out.shape[0]
    scale = size / view.side
    x0, y0 = max(view.x, 0.0), max(view.y, 0.0)
    x1, y1 = min(view.x + view.side, image.shape[1]), min(view.y + view.side, image.shape[0])
    column, row = round((x0 - view.x) * scale), round((y0 - view.y) * scale)
    if x1 - x0 < 1 or y1 - y0 < 1 or column >= size or row >= size:  # a visitor who walked out took the view along
        out[:] = 0
        return
    width = min(max(1, round((x1 - x0) * scale)), size - column)
    height = min(max(1, round((y1 - y0) * scale)), size - row)
    part = image[round(y0) : max(round(y1), round(y0) + 1), round(x0) : max(round(x1), round(x0) + 1)]
    if part.shape[0] > 4 * height and part.shape[1] > 4 * width:
        # Two steps: bilinear sampling alone would see one pixel in sixteen or less.
        part = cv2.resize(part, (width * 2, height * 2), interpolation=cv2.INTER_LINEAR)  # type: ignore[assignment]
    out[:] = 0
    out[row : row + height, column : column + width] = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)
