"""Landmarks of pictures that are FFHQ-aligned already: no search, the face is where the alignment put it."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.engines.face_models import FaceLandmarker
from installation.faces.geometry import GEOMETRY_NAMES, measure_geometry
from installation.faces.region import Region, from_landmarks
from installation.messages import Image

MIDDLE, SIDE = (0.5, 0.58), 0.78  # of an aligned picture, where FaceMesh is to look first
LEAST_LOGIT = 0.0  # even odds of a face


class AlignedMesh:
    """FaceMesh on aligned pictures, in two passes: the second looks where the first found the face."""

    def __init__(self, threads: int = 1) -> None:
        cv2.setNumThreads(1)
        self._landmarker = FaceLandmarker(threads)

    def __call__(self, picture: Image) -> NDArray[np.float32] | None:
        """Landmarks [468, 3] px of a picture [S, S, 3]; None where there is no face."""
        side = picture.shape[0]
        where, mesh = Region(MIDDLE[0] * side, MIDDLE[1] * side, SIDE * side, 0.0), None
        for _ in range(2):
            mesh = self._landmarker(np.ascontiguousarray(picture), where)
            if mesh.logit < LEAST_LOGIT:
                return None
            where = from_landmarks(mesh.landmarks[:, :2])
        return None if mesh is None else mesh.landmarks.copy()

    def geometry(self, pictures: Sequence[Image]) -> NDArray[np.float64]:
        """The measures [N, 13] of ``faces.geometry``; NaN where there is no face."""
        rows = np.full((len(pictures), len(GEOMETRY_NAMES)), np.nan)
        for k, picture in enumerate(pictures):
            landmarks = self(picture)
            if landmarks is not None:
                rows[k] = measure_geometry(landmarks).values()
        return rows
