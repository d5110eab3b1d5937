"""A visitor that can be posed and drawn: a portrait cut out, its warps, and a painted garment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from installation.demo.face_warp import FaceWarp, Pose
from installation.demo.garment import TOP, WIDTH, ZOOM, Garment, Layer, paint_garment
from installation.demo.matte import cut_out
from installation.demo.raster import blur, pad, resize, sample
from installation.demo.raster import place as seen
from installation.engines.face_models import FaceDetector, FaceLandmarker
from installation.faces.detection import whole
from installation.faces.region import from_detection, from_landmarks
from installation.messages import Image

SIDE = 256  # px of a portrait
PAD = 32  # px around it, room for the head to move
EDGE = 5  # px at the top of a portrait, where a matte cannot be trusted
JAW = 0.2  # px that a neck widens for each row above the neckline
SHARPEN = 0.45
SETTLING = 4  # looks after which the region about a face rests
Canvas = NDArray[np.float32]  # [H, W, 3] 0…255


@dataclass(frozen=True, slots=True)
class Appearance:
    """One visitor of the cast. Distances in px of the portrait."""

    portrait: str  # file in faces/
    neck: tuple[float, float]  # its left and right edge
    neckline: float  # row where the collar begins
    bare_from: float  # row below which the portrait's own clothes are cut off
    shoulders: float  # half width
    colour: tuple[int, int, int]  # of the garment


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the portrait's middle lies on the canvas, px, canvas px per portrait px, and the lean in degrees clockwise."""

    x: float
    y: float
    scale: float
    lean: float = 0.0


class Figure:
    """A visitor made of a still portrait; ``draw`` lays it over a canvas in any pose and place."""

    def __init__(self, look: Appearance, folder: Path, seed: int) -> None:
        with Pillow.open(folder / look.portrait) as file:
            picture = np.asarray(file.convert("RGB"))
        self.look = look
        self._middle = (look.neck[0] + look.neck[1]) / 2
        self._head = _head_layer(picture, look)
        self._warp = FaceWarp(find_landmarks(picture) + np.array([PAD, PAD, 0], np.float32), SIDE + 2 * PAD, look.neckline + PAD + 16)
        half_neck = (look.neck[1] - look.neck[0]) / 2
        self._garment: Garment = paint_garment(half_neck, look.shoulders, look.colour, seed)

    def draw(self, canvas: Canvas, place: Standing, pose: Pose) -> None:
        """Lay the visitor over the canvas, in place."""
        overlay(canvas, self._garment.torso, self._of_garment(place))
        side = (SIDE + 2 * PAD) * ZOOM
        at = resize(self._warp.map(pose), side, side, smooth=False)
        head = sample(self._head, at * ZOOM + np.float32((ZOOM - 1) / 2))
        overlay(canvas, head, _placed(place, -PAD - self._middle, -PAD - SIDE / 2))
        overlay(canvas, self._garment.collar, self._of_garment(place))

    def silhouette(self, shape: tuple[int, int], place: Standing) -> NDArray[np.float32]:
        """Where the visitor's shadow falls from, 0…1, canvas size divided by four, unposed."""
        small = Standing(place.x / 4, place.y / 4, place.scale / 4, place.lean)
        result = np.zeros((shape[0] // 4, shape[1] // 4, 3), np.float32)
        for layer, matrix in (
            (self._garment.torso, self._of_garment(small)),
            (self._head, _placed(small, -PAD - self._middle, -PAD - SIDE / 2)),
        ):
            alpha = np.repeat(layer[..., 3:], 4, axis=2)
            overlay(result, alpha, matrix)
        return result[..., 0]

    def _of_garment(self, place: Standing) -> NDArray[np.float64]:
        return _placed(place, -WIDTH / 2, TOP + self.look.neckline - SIDE / 2)


def find_landmarks(picture: Image) -> NDArray[np.float32]:
    """MediaPipe's 468 landmarks, x, y, z in px, 0 at the picture's edge. Raises ValueError where it shows no face."""
    found = FaceDetector()(picture, whole(picture.shape[1], picture.shape[0]))
    if not found:
        raise ValueError("no face in the portrait")
    landmarker, area = FaceLandmarker(), from_detection(found[0])
    for _ in range(SETTLING):
        mesh = landmarker(picture, area)
        area = from_landmarks(mesh.landmarks[:, :2])
    if mesh.logit < 0:
        raise ValueError("no face in the portrait")
    points: NDArray[np.float32] = mesh.landmarks + np.array([0.5, 0.5, 0.0], np.float32)
    return points


def overlay(canvas: Canvas, layer: Layer, matrix: NDArray[np.float64]) -> None:
    """Lay a premultiplied layer [H, W, 4] over the canvas through an affine matrix layer -> canvas, in place."""
    height, width = layer.shape[:2]
    corners = np.array([(0, 0, 1), (width, 0, 1), (0, height, 1), (width, height, 1)]) @ matrix.T
    low = np.maximum(np.floor(corners.min(0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(corners.max(0)).astype(int) + 2, [canvas.shape[1], canvas.shape[0]])
    if (high <= low).any():
        return
    shifted = matrix.copy()
    shifted[:, 2] -= low
    zoom = float(np.linalg.norm(matrix[:, 0]))
    if zoom < 0.6:  # blur before a reduction, against glitter
        layer = blur(layer, 0.35 / zoom)
    drawn = seen(layer, shifted, int(high[0] - low[0]), int(high[1] - low[1]))
    part = canvas[low[1] : high[1], low[0] : high[0]]
    part *= 1 - drawn[..., 3:]
    part += drawn[..., :3]


def _placed(place: Standing, x: float, y: float) -> NDArray[np.float64]:
    """Matrix of a layer whose corner lies at x, y from the portrait's middle; the lean turns about a point below the frame."""
    angle = np.radians(place.lean)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    foot = np.array([0.0, 400.0])
    offset = turn @ (np.array([x, y]) - foot) + foot
    return np.column_stack([turn * place.scale / ZOOM, np.array([place.x, place.y]) + place.scale * offset])


def _head_layer(picture: Image, look: Appearance) -> Layer:
    """Head and bare neck, premultiplied, padded, ``ZOOM`` times enlarged and a little sharpened."""
    colours, matte = cut_out(picture)
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    beyond = np.maximum(look.neck[0] - x, x - look.neck[1])
    clothes = np.clip((y - look.bare_from) / 3, 0, 1) * np.clip((beyond - JAW * (look.neckline - y)) / 2 + 0.5, 0, 1)
    matte = blur((matte * (1 - clothes)).astype(np.float32), 0.5)
    colours = pad(colours, PAD, cv2.BORDER_REFLECT_101)
    colours[SIDE + PAD :] = colours[SIDE + PAD - 1]
    dome = _crown(matte)
    matte = pad(matte, PAD, cv2.BORDER_CONSTANT)
    matte[SIDE + PAD :] = matte[SIDE + PAD - 1]
    matte[: PAD + EDGE, PAD : PAD + SIDE] = np.maximum(matte[: PAD + EDGE, PAD : PAD + SIDE], dome)
    covered = look.neckline + PAD + 16  # row that the collar hides
    matte *= np.clip((covered - np.arange(SIDE + 2 * PAD, dtype=np.float32)) / 4, 0, 1)[:, None]
    side = (SIDE + 2 * PAD) * ZOOM
    large = resize(colours, side, side)
    large = np.clip(large + SHARPEN * (large - blur(large, 2.2)), 0, 255)
    alpha = np.clip(resize(matte, side, side), 0, 1)[..., None]
    return np.concatenate([large * alpha, alpha], axis=2).astype(np.float32)


def _crown(matte: NDArray[np.float32]) -> NDArray[np.float32]:
    """Matte [PAD + EDGE, SIDE] of the hair that the portrait's upper edge cuts: the outline below it, continued as an ellipse."""
    dome = np.zeros((PAD + EDGE, SIDE), np.float32)
    if (matte[EDGE] > 0.5).sum() < 8:
        return dome
    rows = np.arange(EDGE, 6 * EDGE)
    spans = [np.flatnonzero(matte[row] > 0.5) for row in rows]
    middle = np.polyfit(rows, [(span[0] + span[-1]) / 2 for span in spans], 1)
    squared = np.polyfit(rows, [((span[-1] - span[0]) / 2) ** 2 for span in spans], 2)
    x = np.arange(SIDE, dtype=np.float32)
    for k in range(PAD + EDGE - 1, -1, -1):
        row = k - PAD
        left = float(np.polyval(squared, row))
        if left <= 1 or left > float(np.polyval(squared, row + 1)):
            break
        dome[k] = np.clip(np.sqrt(left) - np.abs(x - np.polyval(middle, row)) + 0.5, 0, 1)
    return blur(dome, 0.6, border=cv2.BORDER_REPLICATE)
