"""The largest face of each picture of a folder or zip, as the encoder wants it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.errors import SourceError
from installation.faces.ffhq import EYES
from installation.faces.landmarks import LEFT_EYE, RIGHT_EYE
from installation.messages import Frame, Image
from installation.sources.stills import read_picture
from installation.stages.align import Align
from installation.stages.track import Track, TrackSettings
from installation.training.data.datasets import Picture, load_pictures
from installation.training.directions.aligned_mesh import AlignedMesh

MOST_PX = 1280  # larger photographs are made smaller before the search
LANDMARKS = 468
ALIGNED = 0.05  # of the side: eyes no further than that from where the alignment puts them


@dataclass(frozen=True, slots=True, eq=False)
class FoundFace:
    """name: of the picture. crop: [S, S, 3], aligned. points: landmarks [468, 2] in fractions of the crop. skipped: why there is no face,
    "" where there is one."""

    name: str
    crop: Image
    points: NDArray[np.float64]
    skipped: str = ""


class FaceFinder:
    """size: side of the crops. A square picture whose face is where the alignment would put it is taken as it is: drawings are often
    found there and nowhere else, and nothing is resampled twice."""

    def __init__(self, size: int) -> None:
        self._size, self._count = size, 0
        self._track = Track(TrackSettings(max_faces=4, min_size=0.05, fade_in_seconds=0.0))
        self._align, self._mesh = Align(size), AlignedMesh()

    def find(self, name: str, image: Image) -> FoundFace:
        """The largest face of a picture [H, W, 3]."""
        return self._as_it_is(name, image) or self._searched(name, image)

    def open(self, picture: Picture) -> FoundFace:
        """The largest face of a picture's file."""
        try:
            with picture.file() as file:
                return self.find(picture.name, read_picture(Path(picture.name), file, MOST_PX))
        except (OSError, SourceError):
            return FoundFace(picture.name, np.zeros((1, 1, 3), np.uint8), np.zeros((LANDMARKS, 2)), "cannot be read")

    def _as_it_is(self, name: str, image: Image) -> FoundFace | None:
        if image.shape[0] != image.shape[1]:
            return None
        landmarks = self._mesh(image)
        if landmarks is None:
            return None
        points = (landmarks[:, :2].astype(np.float64) + 0.5) / image.shape[0]
        eyes = [points[list(eye)].mean(axis=0) for eye in (RIGHT_EYE, LEFT_EYE)]
        if np.abs(np.array(eyes) - np.array(EYES)).max() > ALIGNED:
            return None
        way = cv2.INTER_AREA if image.shape[0] > self._size else cv2.INTER_CUBIC
        crop = image if image.shape[0] == self._size else cv2.resize(image, (self._size, self._size), interpolation=way)
        return FoundFace(name, np.asarray(crop, np.uint8), points)

    def _searched(self, name: str, image: Image) -> FoundFace:
        # An hour between pictures: no visitor is carried over to the next one.
        self._count += 1
        tracked = self._align.align(self._track.track(Frame(self._count, 3600.0 * self._count, image)))
        seen = [face for face in tracked.faces if face.face.seen]
        if not seen:
            return FoundFace(name, image, np.zeros((LANDMARKS, 2)), "no face")
        largest = max(seen, key=lambda one: float(np.ptp(one.face.landmarks[:, 0])))
        homogeneous = np.concatenate([largest.face.landmarks[:LANDMARKS], np.ones((LANDMARKS, 1))], axis=1)
        return FoundFace(name, largest.crop.copy(), (homogeneous @ np.asarray(largest.M_o2c)[:2].T) / self._size)


def found_faces(source: Path, size: int) -> Iterator[FoundFace]:
    """Every picture of a folder or zip, in a fixed order, those without a face as well. Raises DatasetError where there are none."""
    finder = FaceFinder(size)
    for picture in load_pictures(source):
        yield finder.open(picture)
