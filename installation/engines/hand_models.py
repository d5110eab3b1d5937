"""MediaPipe's palm detector and hand landmark model, run by OpenVINO from the files of ``weights/mediapipe``."""

import cv2
import numpy as np
import openvino as ov

from installation.engines.face_models import compile_picture_model, fill_view, model_file, read_model
from installation.faces.detection import SearchSquare
from installation.faces.hands import Hand, Palm, decode_palms, hand_region, palm_anchors
from installation.messages import Image

PALM_FILE = "palm_detection_lite.tflite"
HAND_FILE = "hand_landmark_lite.tflite"
HAND_PX = 224


class HandFinder:
    """Hands in a view of a frame: palms first, then the landmarks of each. A palm is found from about 6 % of the view's side."""

    def __init__(self, threads: int = 1) -> None:
        """Raises WeightsError where a file is missing or is not this network."""
        palms, hands = (read_model(model_file(name), ov.Core().read_model) for name in (PALM_FILE, HAND_FILE))
        self._palms, self._view = compile_picture_model(palms, threads, scale=255.0, mean=0.0)
        self._hands, self._crop = compile_picture_model(hands, threads, scale=255.0, mean=0.0)
        self._anchors = palm_anchors()

    def __call__(self, image: Image, view: SearchSquare, most: int = 4, threshold: float = 0.5) -> list[Hand]:
        """The hands in one view of ``image`` [H, W, 3], px of the frame, the surest palms first. most: palms that are looked at;
        threshold: least score 0…1 of a palm and of a hand."""
        found = (self._look(image, palm) for palm in self.palms(image, view, threshold)[:most])
        return [hand for hand in found if hand.score >= threshold]

    def palms(self, image: Image, view: SearchSquare, threshold: float = 0.5) -> list[Palm]:
        """The palms in one view, best first."""
        fill_view(image, view, self._view)
        self._palms.infer()
        regressors, logits = (np.asarray(self._palms.get_output_tensor(i).data)[0] for i in range(2))
        return decode_palms(regressors, logits[:, 0], self._anchors, threshold, view)

    def _look(self, image: Image, palm: Palm) -> Hand:
        matrix = hand_region(palm).matrix(HAND_PX)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        cv2.warpAffine(image, matrix, (HAND_PX, HAND_PX), dst=self._crop, flags=flags, borderMode=cv2.BORDER_CONSTANT)
        self._hands.infer()
        points, flag = (np.asarray(self._hands.get_output_tensor(i).data) for i in range(2))
        # The model counts edges of its picture from 0 to 224, the frame's matrix counts pixel centres.
        landmarks = points.reshape(21, 3)[:, :2] - np.float32(0.5)
        landmarks = landmarks @ matrix[:, :2].T.astype(np.float32) + matrix[:, 2].astype(np.float32)
        return Hand(float(flag.reshape(-1)[0]), landmarks)
