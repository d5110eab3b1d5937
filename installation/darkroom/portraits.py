"""The faces of a photograph as aligned squares, cut the FFHQ way as the mirror cuts them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from installation.errors import SourceError
from installation.faces.ffhq import crop_to_original, quad_from_landmarks
from installation.messages import Frame, Image
from installation.sources.stills import read_picture
from installation.stages.align import align_image
from installation.stages.track import Track, TrackSettings

LARGEST = 8_000  # px, longer side beyond which a photograph is scaled down: no generator has so many pixels of a face
APART = 3600.0  # s between two looks: nobody is carried over from one photograph to the next
MOST_FACES = 64


class PortraitCutter:
    """side: px of the squares."""

    def __init__(self, side: int) -> None:
        self.side = side
        # Without smoothing: each picture is a new one.
        self._track = Track(TrackSettings(max_faces=MOST_FACES, fade_in_seconds=0.0, yaw_limit_degrees=90.0))
        self._looks = 0

    def largest(self, path: Path) -> Image:
        """The largest face of a photograph [side, side, 3]. Raises SourceError where there is none."""
        found = self.cut(read_picture(path, most=LARGEST))
        if not found:
            raise SourceError(f"{path}: no face found; a face that is lit, whole and not turned away is needed")
        return found[0]

    def cut(self, picture: Image) -> list[Image]:
        """Every face of a picture [H, W, 3], the largest first."""
        blank: Image = np.zeros((16, 16, 3), np.uint8)
        for shown in (blank, picture):  # an empty picture in between is a cut to another scene
            tracked = self._track.track(Frame(self._looks, self._looks * APART, np.ascontiguousarray(shown)))
            self._looks += 1
        quads = sorted((quad_from_landmarks(face.landmarks) for face in tracked.faces if face.seen), key=lambda quad: -quad.side)
        return [align_image(picture, crop_to_original(quad, self.side), self.side) for quad in quads]
