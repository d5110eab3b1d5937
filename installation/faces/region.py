"""The square of a frame in which the landmark model looks for one face, turned so that the eyes are level.

As MediaPipe's modules/face_landmark do it: the box around the last landmarks (or of a detection), made square and half
as large again, turned by the line between the outer corners of the eyes.
"""

import math
from dataclasses import dataclass

import numpy as np

from installation.faces import landmarks as index
from installation.faces.detection import Detection
from installation.messages import Matrix, Points

MARGIN = 1.5  # side of the region, in sides of the box


@dataclass(frozen=True, slots=True)
class Region:
    """A turned square of a frame. Coordinates count pixel centres."""

    x: float  # px, its centre
    y: float
    side: float  # px
    angle: float  # radians, clockwise in the picture

    def matrix(self, size: int) -> Matrix:
        """[2, 3]: pixel centres of the crop [size, size] to pixel centres of the frame."""
        step = self.side / size
        c, s = math.cos(self.angle) * step, math.sin(self.angle) * step
        middle = (size - 1) / 2
        return np.array([[c, -s, self.x - (c - s) * middle], [s, c, self.y - (s + c) * middle]])

    def moved(self, dx: float, dy: float) -> "Region":
        """The same square elsewhere."""
        return Region(self.x + dx, self.y + dy, self.side, self.angle)


def from_detection(detection: Detection) -> Region:
    """Where to look for the landmarks of a detected face."""
    x0, y0, x1, y1 = detection.box
    (rx, ry), (lx, ly) = detection.right_eye, detection.left_eye
    side = max(x1 - x0, y1 - y0) * MARGIN
    return Region((x0 + x1) / 2 - 0.5, (y0 + y1) / 2 - 0.5, side, math.atan2(ly - ry, lx - rx))


def from_landmarks(landmarks: Points) -> Region:
    """Where to look next for a face whose landmarks [468, 2] px are known."""
    (x0, y0), (x1, y1) = landmarks.min(axis=0).tolist(), landmarks.max(axis=0).tolist()
    (rx, ry), (lx, ly) = landmarks[list(index.OUTER_EYE_CORNERS)].tolist()
    return Region((x0 + x1) / 2, (y0 + y1) / 2, max(x1 - x0, y1 - y0) * MARGIN, math.atan2(ly - ry, lx - rx))
