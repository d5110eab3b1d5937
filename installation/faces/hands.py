"""Hands: what MediaPipe's palm detector and hand landmark model say, read in numpy, and whether a hand is held up.

The detector is a single-shot one over a grid of anchors, the landmark model looks at a turned square around a palm (Zhang et al.,
"MediaPipe Hands: On-device Real-time Hand Tracking", 2020); anchors, decoding and the square follow MediaPipe's modules/palm_detection
and modules/hand_landmark.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from installation.faces.detection import Array, SearchSquare, anchors
from installation.faces.region import Region
from installation.messages import Points

PALM_PX = 192  # side of what the detector sees
PALM_CELLS, PALM_LAYERS = (24, 12), (2, 6)  # its two grids, and how many anchors lie in each of their cells
OVERLAP = 0.3  # intersection over union from which two answers are the same palm
MARGIN = 2.6  # side of the landmark model's square, in sides of the palm's box
AHEAD = 0.5  # sides of that box by which the square's middle lies towards the fingers

# Landmarks of a hand.
WRIST: Final = 0
MIDDLE_KNUCKLE: Final = 9
TIPS: Final = (8, 12, 16, 20)  # of the four fingers
JOINTS: Final = (6, 10, 14, 18)  # their middle joints

UPRIGHT_DEGREES = 50.0  # a raised hand points up, give or take
STRETCHED = 1.1  # times as far from the wrist as its middle joint is the tip of a stretched finger
FINGERS = 3  # of four that are stretched in an open hand
SMALLEST, LARGEST = 0.25, 1.6  # face sizes from wrist to the middle finger's tip: the hand of whoever has the face, not of another
ASIDE = 3.0  # face sizes, how far beside the face a hand can be raised
BELOW = 0.25  # face sizes under the chin that the middle finger's tip may be at


@dataclass(frozen=True, slots=True)
class Palm:
    """A palm in a frame, px."""

    score: float  # 0…1
    x: float  # middle of its box
    y: float
    side: float  # of its box
    wrist: tuple[float, float]
    knuckle: tuple[float, float]  # of the middle finger


@dataclass(frozen=True, slots=True, eq=False)
class Hand:
    """A hand in a frame."""

    score: float  # 0…1, how surely it is one
    landmarks: Points  # [21, 2] px (pixel centres); MediaPipe Hands' numbering


def palm_anchors() -> Array:
    """[2016, 2] centres in 0…1."""
    return anchors(PALM_CELLS, PALM_LAYERS)


def decode_palms(regressors: Array, logits: Array, centres: Array, threshold: float, view: SearchSquare) -> list[Palm]:
    """The palms of one view, px of the frame, best first, of overlapping ones the best. regressors: [2016, 18], box centre and size, then
    seven points, px of the detector's picture, from the anchor's centre; logits: [2016]; centres: of the anchors; threshold: the least
    score."""
    hits = np.flatnonzero(logits > math.log(threshold / (1.0 - threshold)))
    hits = hits[np.argsort(-logits[hits])]
    values = regressors[hits].reshape(len(hits), 9, 2) / np.float32(PALM_PX)
    values[:, 0] += centres[hits]
    values[:, 2:] += centres[hits, None]
    scale, shift = np.float32(view.side), np.array([view.x, view.y], np.float32)
    scores = 1.0 / (1.0 + np.exp(-np.clip(logits[hits], -100, 100)))
    palms: list[Palm] = []
    for score, row in zip(scores.tolist(), values, strict=True):
        (x, y), (width, height) = (row[0] * scale + shift).tolist(), (row[1] * scale).tolist()
        wrist, knuckle = ((row[2 + k] * scale + shift).tolist() for k in (0, 2))
        palm = Palm(score, x, y, max(width, height), (wrist[0], wrist[1]), (knuckle[0], knuckle[1]))
        if all(_overlap(palm, other) < OVERLAP for other in palms):
            palms.append(palm)
    return palms


def hand_region(palm: Palm) -> Region:
    """Where the landmark model looks: a square that stands on the wrist, the fingers upwards."""
    (x0, y0), (x1, y1) = palm.wrist, palm.knuckle
    angle = math.atan2(x1 - x0, y0 - y1)  # clockwise from upright
    ahead = AHEAD * palm.side
    return Region(palm.x + ahead * math.sin(angle) - 0.5, palm.y - ahead * math.cos(angle) - 0.5, MARGIN * palm.side, angle)


def is_open(hand: Hand) -> bool:
    """Whether its fingers are stretched."""
    reach = np.linalg.norm(hand.landmarks - hand.landmarks[WRIST], axis=1)
    return sum(bool(reach[tip] > STRETCHED * reach[joint]) for tip, joint in zip(TIPS, JOINTS, strict=True)) >= FINGERS


def is_raised(hand: Hand, box: tuple[float, float, float, float]) -> bool:
    """Whether this is the open hand, held up beside their head, of a visitor whose face is in a box x0, y0, x1, y1, px."""
    x0, y0, x1, y1 = box
    size = max(x1 - x0, y1 - y0, 1e-6)
    (wrist_x, wrist_y), (up_x, up_y), (tip_x, tip_y) = (hand.landmarks[k].tolist() for k in (WRIST, MIDDLE_KNUCKLE, TIPS[1]))
    leans = abs(math.degrees(math.atan2(up_x - wrist_x, wrist_y - up_y)))
    length = math.hypot(tip_x - wrist_x, tip_y - wrist_y) / size
    near = abs(up_x - (x0 + x1) / 2) < ASIDE * size and tip_y < y1 + BELOW * size
    return near and leans < UPRIGHT_DEGREES and SMALLEST < length < LARGEST and is_open(hand)


def _overlap(one: Palm, other: Palm) -> float:
    """Intersection over union of two palms' squares."""
    half = (one.side + other.side) / 2
    width = min(half - abs(one.x - other.x), one.side, other.side)
    height = min(half - abs(one.y - other.y), one.side, other.side)
    shared = max(width, 0.0) * max(height, 0.0)
    return shared / max(one.side**2 + other.side**2 - shared, 1e-9)
