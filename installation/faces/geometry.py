"""Thirteen measures of a face from its landmarks, continuous and unclipped, for training and scoring edits.

Unlike an ``Expression``, which drives the show, nothing here saturates: a standard deviation of a population means something.
Lengths are taken after turning the face to the front, in distances between the outer corners of the eyes or, where those
move themselves, in widths of the face.
"""

import math
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from installation.faces import landmarks as index
from installation.faces.expression import REST_WIDTH, WIDTH_SHARE, pose

RIGHT_BROW: Final = (70, 63, 105, 66, 107)
LEFT_BROW: Final = (300, 293, 334, 296, 336)
CHEEKS: Final = (234, 454)  # the sides of the face before the ears
NOSE_WINGS: Final = (98, 327)
NOSE_ROOT, NOSE_TIP, NOSE_BASE = 168, 4, 2
LOWER_LIP_EDGE, UPPER_LIP_EDGE = (17, 14), (0, 13)  # outer and inner edge in the middle


@dataclass(frozen=True, slots=True)
class Geometry:
    """smile: lift and width of the corners of the mouth; ratios are heights by widths; angles in degrees."""

    smile: float
    mouth_open: float
    eyes_open: float
    eye_distance: float
    eye_eyebrow_distance: float
    eye_ratio: float
    lip_ratio: float
    nose_mouth_distance: float
    nose_ratio: float
    nose_tip: float
    yaw: float
    pitch: float
    roll: float

    def values(self) -> NDArray[np.float64]:
        """[13], in the order of the fields."""
        return np.array([getattr(self, field.name) for field in fields(self)])


GEOMETRY_NAMES: Final = tuple(field.name.replace("_", "-") for field in fields(Geometry))

# Measures that share landmarks or muscles: one cannot be moved and the other left.
KIN: Final = frozenset({
    frozenset({"eye-ratio", "eyes-open"}),
    frozenset({"smile", "mouth-open"}),
    frozenset({"smile", "lip-ratio"}),
    frozenset({"smile", "nose-ratio"}),
    frozenset({"smile", "nose-tip"}),
    frozenset({"mouth-open", "lip-ratio"}),
    frozenset({"mouth-open", "nose-mouth-distance"}),
    frozenset({"smile", "nose-mouth-distance"}),
    frozenset({"lip-ratio", "nose-mouth-distance"}),
    frozenset({"nose-tip", "nose-ratio"}),
    frozenset({"nose-tip", "nose-mouth-distance"}),
    frozenset({"nose-tip", "pitch"}),
    frozenset({"nose-ratio", "nose-mouth-distance"}),
    frozenset({"eye-eyebrow-distance", "eyes-open"}),
    frozenset({"eye-eyebrow-distance", "pitch"}),
})  # fmt: skip


def measure_geometry(landmarks: NDArray[np.float32]) -> Geometry:
    """``landmarks``: [468, 3] px, z in the same unit, smaller towards the viewer."""
    rotation = pose(landmarks)
    forward = -rotation[:, 2]
    front = landmarks.astype(np.float64) @ rotation  # right, down, away; the face looks at the viewer

    def apart(a: int, b: int) -> float:
        return float(np.hypot(*(front[a, :2] - front[b, :2])))

    unit = max(apart(*index.OUTER_EYE_CORNERS), 1e-6)
    mouth = apart(*index.MOUTH_CORNERS)
    lip_line = front[[*index.UPPER_LIP_INNER, *index.LOWER_LIP_INNER], 1].mean()
    lift = (lip_line - front[list(index.MOUTH_CORNERS), 1].mean()) / unit
    gap = (front[list(index.LOWER_LIP_INNER), 1] - front[list(index.UPPER_LIP_INNER), 1]).mean() / unit
    eyes = [front[list(eye), :2].mean(axis=0) for eye in (index.RIGHT_EYE, index.LEFT_EYE)]
    openings = [np.mean([apart(*lid) for lid in lids]) for lids in (index.RIGHT_EYE_LIDS, index.LEFT_EYE_LIDS)]
    widths = [apart(*index.RIGHT_EYE_CORNERS), apart(*index.LEFT_EYE_CORNERS)]
    brows = np.mean([eyes[0][1] - front[list(RIGHT_BROW), 1].mean(), eyes[1][1] - front[list(LEFT_BROW), 1].mean()])
    nose = max(apart(NOSE_ROOT, NOSE_BASE), 1e-6)
    return Geometry(
        smile=float(lift + WIDTH_SHARE * (mouth / unit - REST_WIDTH)),
        mouth_open=float(gap),
        eyes_open=float(sum(openings) / unit),
        eye_distance=float(np.hypot(*(eyes[0] - eyes[1])) / max(apart(*CHEEKS), 1e-6)),
        eye_eyebrow_distance=float(brows / unit),
        eye_ratio=float(sum(openings) / max(sum(widths), 1e-6)),
        lip_ratio=(apart(*LOWER_LIP_EDGE) + apart(*UPPER_LIP_EDGE)) / max(mouth, 1e-6),
        nose_mouth_distance=float((front[0, 1] - front[NOSE_BASE, 1]) / unit),
        nose_ratio=apart(*NOSE_WINGS) / nose,
        nose_tip=float((front[NOSE_BASE, 1] - front[NOSE_TIP, 1]) / nose),
        yaw=math.degrees(math.atan2(forward[0], -forward[2])),
        pitch=math.degrees(math.atan2(-forward[1], math.hypot(forward[0], forward[2]))),
        roll=math.degrees(math.atan2(rotation[1, 0], rotation[0, 0])),
    )
