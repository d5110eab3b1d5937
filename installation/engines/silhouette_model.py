"""MediaPipe's selfie segmentation, run by OpenVINO from the files of ``weights/mediapipe``: which pixels belong to a person.

The network ends in an operation of MediaPipe's own, a transposed convolution with a bias, which OpenVINO does not know; here
it is built from operations it does know, as the attention mesh's are.
"""

from pathlib import Path

import cv2
import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13 as ops
from openvino.frontend import FrontEndManager

from installation.engines.face_models import compile_picture_model, model_file, read_model
from installation.messages import Image, Mask

SILHOUETTE_FILE = "selfie_segmentation.tflite"
PEOPLE_FILE = "selfie_segmentation_landscape.tflite"
SILHOUETTE_PX = 256
PEOPLE_WIDTH, PEOPLE_HEIGHT = 256, 144  # px, of the network for whole frames
STRIDE = 2  # of the transposed convolution


class SilhouetteModel:
    """Pictures of one person, filling most of them, to silhouettes."""

    def __init__(self, threads: int = 1) -> None:
        """Raises WeightsError where the file is missing or is not this network."""
        model = read_model(model_file(SILHOUETTE_FILE), read_selfie_segmentation)
        self._request, self._input = compile_picture_model(model, threads, scale=255.0, mean=0.0)

    def __call__(self, picture: Image) -> Mask:
        """[S, S, 3] -> [256, 256] uint8, 255 where the person is."""
        cv2.resize(picture, (SILHOUETTE_PX, SILHOUETTE_PX), dst=self._input, interpolation=cv2.INTER_LINEAR)
        self._request.infer()
        share = np.asarray(self._request.get_output_tensor(0).data).reshape(SILHOUETTE_PX, SILHOUETTE_PX)
        return np.asarray(share * 255.0 + 0.5, dtype=np.uint8)


class PeopleModel:
    """Whole frames, with anybody anywhere in them, to where people are: the sister network, for wide pictures."""

    def __init__(self, threads: int = 1) -> None:
        """Raises WeightsError where the file is missing or is not this network."""
        model = read_model(model_file(PEOPLE_FILE), read_selfie_segmentation)
        self._request, self._input = compile_picture_model(model, threads, scale=255.0, mean=0.0)

    def __call__(self, frame: Image) -> NDArray[np.float32]:
        """[H, W, 3] of any shape -> [144, 256] 0…1, 1 where a person is; the next call overwrites it."""
        cv2.resize(frame, (PEOPLE_WIDTH, PEOPLE_HEIGHT), dst=self._input, interpolation=cv2.INTER_AREA)
        self._request.infer()
        return np.asarray(self._request.get_output_tensor(0).data, dtype=np.float32).reshape(PEOPLE_HEIGHT, PEOPLE_WIDTH)


def read_selfie_segmentation(path: Path) -> ov.Model:
    """Either network: [1, h, w, 3] float32 in 0…1 -> [1, 1, h, w] in 0…1. Raises RuntimeError for another file."""
    frontend = FrontEndManager().load_by_framework("tflite")
    partial = frontend.convert_partially(frontend.load(str(path)))
    nodes = [node for node in partial.get_ordered_ops() if "FrameworkNode" in node.get_type_name()]
    if len(nodes) != 1:
        raise RuntimeError(f"{len(nodes)} unknown operations, expected one")
    features, weights, bias = (nodes[0].input_value(i) for i in range(3))
    planes = ops.transpose(features, np.array([0, 3, 1, 2], np.int64))
    kernel = ops.transpose(weights, np.array([3, 0, 1, 2], np.int64))  # out, y, x, in -> in, out, y, x
    larger = ops.convolution_backprop_data(planes, kernel, strides=[STRIDE, STRIDE], pads_begin=[0, 0], pads_end=[0, 0], dilations=[1, 1])
    return ov.Model([ops.sigmoid(ops.add(larger, bias)).output(0)], partial.get_parameters(), "selfie segmentation")
