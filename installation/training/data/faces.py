"""Faces of a still, all of them, by the mirror's own tracker or by a Haar cascade, and the square in which each is cut."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.engines.face_models import FaceLandmarker
from installation.faces.expression import measure
from installation.faces.ffhq import Quad, crop_to_original, quad_from_landmarks
from installation.faces.region import Region, from_landmarks
from installation.messages import Expression, Frame, Image, Matrix
from installation.stages.align import align_image
from installation.stages.track import NEW_FACE_LOGIT, Track, TrackSettings
from installation.training.data.haar import Cascade

APART = 3600.0  # s between two stills: nobody is carried over from one to the next
BOX_TO_FFHQ = 1.55  # side of the FFHQ square in sides of a Haar cascade's box
LOWER = 0.06  # how far the middle of the square lies below that of the box, in sides of the box


@dataclass(frozen=True, eq=False)
class Find:
    """A face in a picture. landmarks: [468, 2] px, None where only a box is known; then there is no pose either."""

    quad: Quad
    landmarks: NDArray[np.float32] | None
    pose: Expression | None


class Finder(Protocol):
    """Finds the faces of a still, largest first."""

    def __call__(self, image: Image) -> list[Find]: ...


class TrackerFinder:
    """The mirror's tracker, searching each picture as thoroughly as its first frame. min_size: of the picture's width."""

    def __init__(self, max_faces: int, min_size: float) -> None:
        # Without smoothing: each picture is a new one.
        self._track = Track(TrackSettings(max_faces=max_faces, min_size=min_size, fade_in_seconds=0.0, yaw_limit_degrees=90.0))
        self._blank: Image = np.zeros((16, 16, 3), np.uint8)
        self._index = 0

    def __call__(self, image: Image) -> list[Find]:
        # An empty picture in between is a cut to another scene: no face is followed over it.
        for picture in (self._blank, image):
            tracked = self._track.track(Frame(self._index, self._index * APART, np.ascontiguousarray(picture)))
            self._index += 1
        found = [Find(quad_from_landmarks(f.landmarks), f.landmarks, f.expression) for f in tracked.faces if f.seen]
        return sorted(found, key=lambda f: -f.quad.side)


class HaarFinder:
    """A Haar cascade's boxes. align: FaceMesh's landmarks are looked for in each, and boxes without are left out."""

    def __init__(self, cascade: Path | None, max_faces: int, min_size: float, align: bool) -> None:
        self._cascade = Cascade.load(cascade)
        self._max_faces, self._min_size = max_faces, min_size
        self._landmarker = FaceLandmarker() if align else None

    def __call__(self, image: Image) -> list[Find]:
        found = []
        grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
        for x, y, side in self._cascade.boxes(grey, self._min_size * image.shape[1])[: self._max_faces]:
            middle = np.array([x + side / 2, y + side * (0.5 + LOWER)])
            if self._landmarker is None:
                half = side * BOX_TO_FFHQ / 2
                found.append(Find(Quad(middle, np.array([half, 0.0]), np.array([0.0, half])), None, None))
                continue
            mesh = self._landmarker(image, Region(float(middle[0]), float(middle[1]), side * 1.3, 0.0))
            if mesh.logit >= NEW_FACE_LOGIT:
                mesh = self._landmarker(image, from_landmarks(mesh.landmarks[:, :2]))
                points = np.ascontiguousarray(mesh.landmarks[:, :2])
                found.append(Find(quad_from_landmarks(points), points, measure(mesh.landmarks)))
        return found


def cut(image: Image, find: Find, size: int, align: bool) -> tuple[Image, NDArray[np.bool_], Matrix]:
    """(crop [size, size, 3], where it shows the picture itself [size, size], M_c2o). align: level and as FFHQ cuts; else upright.

    Beyond the picture's edge the crop goes on as the mirror's does: reflected, blurred and faded.
    """
    quad = find.quad
    if not align:
        half = quad.side / 2
        quad = Quad(quad.centre, np.array([half, 0.0]), np.array([0.0, half]))
    matrix = crop_to_original(quad, size)
    crop = align_image(image, matrix, size)
    inside = np.ones(image.shape[:2], np.uint8)
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    mask = cv2.warpAffine(inside, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    return crop, mask.astype(bool), matrix
