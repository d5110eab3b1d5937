"""The FFHQ crop: where its square lies in a frame, and the affine matrices between the two.

After the dataset tool of the FFHQ authors (Karras, Laine and Aila, "A Style-Based Generator Architecture for Generative
Adversarial Networks", 2019). Points are over pixel centres: the first pixel's centre is 0, its outer edge -0.5.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from installation.faces import landmarks as index
from installation.messages import Matrix, Points

Vector = NDArray[np.float64]
Point = tuple[float, float]

EYES: tuple[Point, Point] = ((0.3814, 0.4807), (0.6186, 0.4807))
"""Middles of the eyes in an FFHQ-aligned picture, on average, in fractions of its side; the sitter's right one first."""
NOSE: Point = (0.5, 0.61)
MOUTH: tuple[Point, Point] = ((0.402, 0.7155), (0.598, 0.7155))
"""Corners of the mouth, likewise."""


@dataclass(frozen=True, slots=True, eq=False)
class Quad:
    """An oriented square in a frame, px: its centre and the vectors from there to the middle of the right and lower edge."""

    centre: Vector  # [2]
    x: Vector  # [2]
    y: Vector  # [2]

    @property
    def side(self) -> float:
        """Length of an edge, px."""
        return 2.0 * float(np.hypot(self.x[0], self.x[1]))

    @property
    def corners(self) -> Vector:
        """[4, 2]: upper left, lower left, lower right, upper right, the authors' order."""
        c, x, y = self.centre, self.x, self.y
        return np.stack([c - x - y, c - x + y, c + x + y, c + x - y])


def quad_from_landmarks(landmarks: Points) -> Quad:
    """The FFHQ square of a face. ``landmarks``: [468, 2] px. Raises ValueError where they span no face."""
    points = np.asarray(landmarks, np.float64)
    if points.shape != (index.LANDMARK_COUNT, 2):
        raise ValueError(f"wrong shape of landmarks: got {points.shape}, expected ({index.LANDMARK_COUNT}, 2)")
    eye_right = points[list(index.RIGHT_EYE)].mean(axis=0)
    eye_left = points[list(index.LEFT_EYE)].mean(axis=0)
    mouth = points[list(index.MOUTH_CORNERS)].mean(axis=0)
    eyes = (eye_right + eye_left) * 0.5
    eye_to_eye = eye_left - eye_right
    eye_to_mouth = mouth - eyes

    # The edge runs along the eyes and across the line to the mouth, half and half: yaw shortens one, pitch the other.
    x = eye_to_eye - np.array([-eye_to_mouth[1], eye_to_mouth[0]])
    length = float(np.hypot(x[0], x[1]))
    if not length > 1e-6:
        raise ValueError("these landmarks span no face: eyes and mouth coincide")
    x *= max(float(np.hypot(*eye_to_eye)) * 2.0, float(np.hypot(*eye_to_mouth)) * 1.8) / length
    y = np.array([-x[1], x[0]])
    return Quad(eyes + eye_to_mouth * 0.1, x, y)


def crop_to_original(quad: Quad, size: int) -> Matrix:
    """M_c2o [2, 3]: pixel centres of the crop [size, size] to pixel centres of the frame."""
    right, down = quad.x * (2.0 / size), quad.y * (2.0 / size)
    origin = quad.centre - quad.x - quad.y + (right + down) * 0.5
    return np.stack([right, down, origin], axis=1)


def invert(matrix: Matrix) -> Matrix:
    """The inverse of a 2x3 affine matrix: M_c2o to M_o2c and back. Raises ValueError where it has none."""
    (a, b, tx), (c, d, ty) = matrix.tolist()
    determinant = a * d - b * c
    if abs(determinant) < 1e-12:
        raise ValueError("the matrix has no inverse: it flattens the plane")
    a, b, c, d = d / determinant, -b / determinant, -c / determinant, a / determinant
    return np.array([[a, b, -a * tx - b * ty], [c, d, -c * tx - d * ty]])


def transform(matrix: Matrix, points: NDArray[np.floating]) -> Vector:
    """``points`` [N, 2] carried by a 2x3 affine matrix."""
    carried: Vector = np.asarray(points, np.float64) @ matrix[:, :2].T + matrix[:, 2]
    return carried
