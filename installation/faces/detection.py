"""What MediaPipe's face detectors say, read in numpy: anchors, decoding, suppression, and the views of a frame to look at.

The models are single-shot detectors (Bazarevsky et al., "BlazeFace", 2019). Their anchors and the weighting of
overlapping answers follow the graphs in MediaPipe's modules/face_detection.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

OVERLAP = 0.3  # intersection over union from which two answers are the same face
TILE_OVERLAP = 0.3  # share of its side by which a tile overlaps the next


@dataclass(frozen=True, slots=True)
class SearchSquare:
    """A square of a frame that a detector looks at, px; it may reach beyond the frame."""

    x: float
    y: float
    side: float


@dataclass(frozen=True, slots=True)
class Detection:
    """A face in a frame, px. The box runs from the brows to the chin."""

    score: float  # 0…1
    box: tuple[float, float, float, float]  # x0, y0, x1, y1
    right_eye: tuple[float, float]  # the visitor's own: the picture's left
    left_eye: tuple[float, float]

    @property
    def size(self) -> float:
        """Side of the box, px."""
        return max(self.box[2] - self.box[0], self.box[3] - self.box[1])


def anchors(cells: tuple[int, ...], per_cell: tuple[int, ...]) -> Array:
    """[N, 2] centres in 0…1: for each layer a grid of ``cells`` x ``cells``, each cell ``per_cell`` times over."""
    layers = []
    for side, repeat in zip(cells, per_cell, strict=True):
        centres = (np.arange(side, dtype=np.float32) + 0.5) / side
        grid = np.stack(np.meshgrid(centres, centres), axis=-1).reshape(-1, 2)
        layers.append(np.repeat(grid, repeat, axis=0))
    return np.concatenate(layers)


@dataclass(frozen=True, slots=True, eq=False)
class DetectorAnswer:
    """What a detector says of one view."""

    regressors: Array  # [N, 16]: box centre and size, then six points, in 1/scale of the view's side, from the anchor's centre
    logits: Array  # [N]
    centres: Array  # [N, 2] of the anchors, 0…1
    scale: float


def decode(answer: DetectorAnswer, threshold: float, view: SearchSquare) -> list[Detection]:
    """The faces of one answer, px of the frame, best first, overlapping ones merged. ``threshold``: least score, 0…1."""
    level = float(np.log(threshold / (1.0 - threshold)))
    hits = np.flatnonzero(answer.logits > level)
    if not len(hits):
        return []
    scores = 1.0 / (1.0 + np.exp(-np.clip(answer.logits[hits], -100, 100)))
    values = answer.regressors[hits].reshape(len(hits), 8, 2) / np.float32(answer.scale)
    values[:, 0] += answer.centres[hits]
    values[:, 2:] += answer.centres[hits, None]
    half = values[:, 1] / 2
    points = np.concatenate([(values[:, 0] - half)[:, None], (values[:, 0] + half)[:, None], values[:, 2:4]], axis=1)
    points = points * np.float32(view.side) + np.array([view.x, view.y], np.float32)
    return _merge(points.reshape(len(hits), 8), scores.astype(np.float32))


def suppress(detections: list[Detection]) -> list[Detection]:
    """The best of every group of overlapping faces, best first: what several views found of one face is one face."""
    kept: list[Detection] = []
    for detection in sorted(detections, key=lambda d: -d.score):
        if all(overlap(detection.box, other.box) < OVERLAP for other in kept):
            kept.append(detection)
    return kept


def overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    """Intersection over the smaller of two boxes, 0…1: a face found in part by a tile counts as found."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return width * height / max(smaller, 1e-9)


def whole(width: int, height: int) -> SearchSquare:
    """The square that holds a whole frame."""
    side = max(width, height)
    return SearchSquare((width - side) / 2, (height - side) / 2, side)


def tiles(width: int, height: int, side: float) -> tuple[SearchSquare, ...]:
    """Overlapping squares of ``side`` px that cover a frame, row by row."""
    return tuple(SearchSquare(x, y, side) for y in _starts(height, side) for x in _starts(width, side))


def _starts(length: int, side: float) -> list[float]:
    if length <= side:
        return [(length - side) / 2]
    count = 1 + int(np.ceil((length - side) / (side * (1 - TILE_OVERLAP))))
    return [(length - side) * i / (count - 1) for i in range(count)]


def _merge(points: Array, scores: Array) -> list[Detection]:
    """Overlapping answers become their mean, weighted by their scores (MediaPipe's weighted suppression).

    ``points`` [N, 8]: x0, y0, x1, y1, right eye, left eye.
    """
    remaining = np.argsort(-scores)
    faces = []
    while len(remaining):
        best = remaining[0]
        low = np.maximum(points[remaining, :2], points[best, :2])
        high = np.minimum(points[remaining, 2:4], points[best, 2:4])
        shared = np.prod(np.maximum(high - low, 0), axis=1)
        area = np.prod(points[remaining, 2:4] - points[remaining, :2], axis=1)
        same = shared / np.maximum(area + area[0] - shared, 1e-9) > OVERLAP
        same[0] = True
        group = remaining[same]
        x0, y0, x1, y1, rx, ry, lx, ly = np.average(points[group], axis=0, weights=scores[group]).tolist()
        faces.append(Detection(float(scores[best]), (x0, y0, x1, y1), (rx, ry), (lx, ly)))
        remaining = remaining[~same]
    return faces
