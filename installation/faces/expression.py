"""What a face does, from its landmarks: head pose, smile, mouth and eyes.

The pose is the rotation of a rigid fit (Kabsch 1976) of a mean face to the landmarks that expressions hardly move, depth
as FaceMesh reports it. The measures are taken after turning the face back to the front, in units between the outer
corners of the eyes, and scaled by limits read off 1,500 portraits sorted by each measure and off clips of talking,
blinking and grimacing people.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from installation.faces import landmarks as index
from installation.messages import Expression

Array = NDArray[np.float64]

# Where the RIGID landmarks lie in a mean face (mean of 1,500 fitted portraits, made symmetric): right, down, away; the
# width of the face is 1, the origin their mean.
MEAN_FACE: Final = np.array(
    [
        (0.000, -0.369, -0.169),
        (-0.137, -0.366, -0.156),
        (0.137, -0.366, -0.156),
        (0.000, -0.251, -0.189),
        (0.000, -0.122, -0.201),
        (0.000, -0.060, -0.188),
        (0.000, -0.007, -0.183),
        (0.000, 0.050, -0.212),
        (0.000, 0.107, -0.240),
        (0.000, 0.155, -0.275),
        (-0.431, -0.236, 0.074),
        (0.431, -0.236, 0.074),
        (-0.505, 0.047, 0.348),
        (0.505, 0.047, 0.348),
        (-0.500, 0.152, 0.387),
        (0.500, 0.152, 0.387),
        (-0.492, 0.260, 0.396),
        (0.492, 0.260, 0.396),
        (-0.321, 0.021, -0.018),
        (-0.121, 0.036, -0.059),
        (0.121, 0.036, -0.059),
        (0.321, 0.021, -0.018),
        (-0.130, 0.334, -0.144),
        (0.130, 0.334, -0.144),
    ]
)

# What counts as 0 and as 1, in distances between the outer corners of the eyes; of the eyes in widths of an eye.
SMILE: Final = (0.02, 0.10)
MOUTH_OPEN: Final = (0.02, 0.30)
EYES_OPEN: Final = (0.15, 0.26)

# A smile lifts the corners of the mouth above its middle and draws it wide; an open jaw lifts nothing and draws it narrow.
WIDTH_SHARE: Final = 0.3
REST_WIDTH: Final = 0.63

_RIGID: Final = list(index.RIGID)
_USED: Final = sorted(
    {
        *index.MOUTH_CORNERS,
        *index.OUTER_EYE_CORNERS,
        *index.UPPER_LIP_INNER,
        *index.LOWER_LIP_INNER,
        *index.RIGHT_EYE_CORNERS,
        *index.LEFT_EYE_CORNERS,
        *(i for pair in index.RIGHT_EYE_LIDS + index.LEFT_EYE_LIDS for i in pair),
    }
)
_ROW: Final = {landmark: row for row, landmark in enumerate(_USED)}


def measure(landmarks: NDArray[np.float32]) -> Expression:
    """The expression of a face. ``landmarks``: [468, 3] px, z in the same unit, smaller towards the viewer."""
    rotation = pose(landmarks)
    forward = -rotation[:, 2]
    yaw = math.degrees(math.atan2(forward[0], -forward[2]))
    pitch = math.degrees(math.atan2(-forward[1], math.hypot(forward[0], forward[2])))
    roll = math.degrees(math.atan2(rotation[1, 0], rotation[0, 0]))

    front = landmarks[_USED].astype(np.float64) @ rotation  # turned to the front; only distances count
    unit = max(float(np.linalg.norm(_point(front, 33) - _point(front, 263))), 1e-6)
    corners = (_point(front, 61) + _point(front, 291)) / 2
    upper, lower = _mean(front, index.UPPER_LIP_INNER), _mean(front, index.LOWER_LIP_INNER)
    lift = float((upper[1] + lower[1]) / 2 - corners[1]) / unit
    width = abs(float(_point(front, 291)[0] - _point(front, 61)[0])) / unit
    return Expression(
        smile=_share(lift + WIDTH_SHARE * (width - REST_WIDTH), SMILE),
        mouth_open=_share(float(lower[1] - upper[1]) / unit, MOUTH_OPEN),
        eyes_open=_share(_eyes(front), EYES_OPEN),
        yaw=yaw,
        pitch=pitch,
        roll=roll,
    )


def pose(landmarks: NDArray[np.float32]) -> Array:
    """[3, 3]: the rotation from the mean face, looking at the viewer, to this one. ``landmarks``: [468, 3] px."""
    points = landmarks[_RIGID].astype(np.float64)
    u, _, vt = np.linalg.svd((points - points.mean(axis=0)).T @ MEAN_FACE)
    u[:, 2] *= np.sign(np.linalg.det(u @ vt))
    rotation: Array = u @ vt
    return rotation


def _eyes(front: Array) -> float:
    """Height over width of the eyes, each weighted by its width: of a turned face the far eye is a guess."""
    ratios, widths = [], []
    for lids, (outer, inner) in ((index.RIGHT_EYE_LIDS, index.RIGHT_EYE_CORNERS), (index.LEFT_EYE_LIDS, index.LEFT_EYE_CORNERS)):
        width = math.hypot(*(_point(front, outer) - _point(front, inner))[:2])
        height = sum(math.hypot(*(_point(front, a) - _point(front, b))[:2]) for a, b in lids) / len(lids)
        ratios.append(height / max(width, 1e-6))
        widths.append(width)
    return (ratios[0] * widths[0] + ratios[1] * widths[1]) / max(sum(widths), 1e-6)


def _point(front: Array, landmark: int) -> Array:
    point: Array = front[_ROW[landmark]]
    return point


def _mean(front: Array, landmarks: tuple[int, ...]) -> Array:
    mean: Array = front[[_ROW[i] for i in landmarks]].mean(axis=0)
    return mean


def _share(value: float, limits: tuple[float, float]) -> float:
    return min(max((value - limits[0]) / (limits[1] - limits[0]), 0.0), 1.0)
