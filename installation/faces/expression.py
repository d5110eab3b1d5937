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
_CENTRED: Final = MEAN_FACE - MEAN_FACE.mean(axis=0)

# The lines that are measured, from the first landmark to the second, and where each kind starts.
_LINES: Final = np.array(
    [
        index.OUTER_EYE_CORNERS,
        index.MOUTH_CORNERS,
        *zip(index.UPPER_LIP_INNER, index.LOWER_LIP_INNER, strict=True),
        index.RIGHT_EYE_CORNERS,
        index.LEFT_EYE_CORNERS,
        *index.RIGHT_EYE_LIDS,
        *index.LEFT_EYE_LIDS,
    ]
)
_LIPS, _EYES, _LIDS = slice(2, 5), slice(5, 7), slice(7, 13)


def measure(landmarks: NDArray[np.float32]) -> Expression:
    """The expression of a face. ``landmarks``: [468, 3] px, z in the same unit, smaller towards the viewer."""
    rotation = pose(landmarks)
    forward = -rotation[:, 2]
    yaw = math.degrees(math.atan2(forward[0], -forward[2]))
    pitch = math.degrees(math.atan2(-forward[1], math.hypot(forward[0], forward[2])))
    roll = math.degrees(math.atan2(rotation[1, 0], rotation[0, 0]))

    ends = landmarks[_LINES].astype(np.float64) @ rotation  # [13, 2, 3], turned to the front; only distances count
    across, down = (ends[:, 1, :2] - ends[:, 0, :2]).T
    unit = max(float(np.linalg.norm(ends[0, 1] - ends[0, 0])), 1e-6)
    lift = float(ends[_LIPS, :, 1].mean() - ends[1, :, 1].mean()) / unit
    width = abs(float(across[1])) / unit
    lengths = np.hypot(across, down)
    # Each eye counts by its width: of a turned face the far one is a guess.
    eyes = float(lengths[_LIDS].reshape(2, -1).mean(axis=1).sum()) / max(float(lengths[_EYES].sum()), 1e-6)
    return Expression(
        smile=_share(lift + WIDTH_SHARE * (width - REST_WIDTH), SMILE),
        mouth_open=_share(float(down[_LIPS].mean()) / unit, MOUTH_OPEN),
        eyes_open=_share(eyes, EYES_OPEN),
        yaw=yaw,
        pitch=pitch,
        roll=roll,
    )


def pose(landmarks: NDArray[np.float32]) -> Array:
    """[3, 3]: the rotation from the mean face, looking at the viewer, to this one. ``landmarks``: [468, 3] px."""
    u, _, vt = np.linalg.svd(landmarks[_RIGID].astype(np.float64).T @ _CENTRED)
    rotation: Array = u @ vt
    if float(np.dot(np.cross(rotation[0], rotation[1]), rotation[2])) < 0:
        u[:, 2] *= -1
        rotation = u @ vt
    return rotation


def misfit(landmarks: NDArray[np.float32]) -> float:
    """How far these landmarks [468, 3] px are from the mean face turned and scaled to them: root of the mean squared distance,
    in widths of a face."""
    points = landmarks[_RIGID].astype(np.float64)
    turned = (points - points.mean(axis=0)) @ pose(landmarks)
    scale = max(float((turned * _CENTRED).sum() / (_CENTRED**2).sum()), 1e-6)
    return float(np.sqrt(((turned / scale - _CENTRED) ** 2).sum(axis=1).mean()))


def _share(value: float, limits: tuple[float, float]) -> float:
    return min(max((value - limits[0]) / (limits[1] - limits[0]), 0.0), 1.0)
