"""Hair and eyes of an aligned face, measured.

The hair: places whose nature is known are looked at first (the crown is hair, cheeks are skin, what lies beyond the silhouette is the
wall, the chest is cloth), each place's colours are gathered into a few clusters of Lab (k-means), every pixel goes to the nearest
cluster, and what is hair and hangs together with the crown is the mask. Its median is its colour, its lowest end its length. The eyes:
the ring of the iris inside the lids, without pupil, light and white.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.engines.silhouette_model import SILHOUETTE_PX, SilhouetteModel
from installation.faces.landmarks import FACE_OVAL, LEFT_EYE_CORNERS, LEFT_EYE_REFINED, RIGHT_EYE_CORNERS, RIGHT_EYE_REFINED
from installation.messages import Image, Mask
from installation.training.labels.colours import Lab, eye_name, hair_name, lab_of, middle

SIDE = SILHOUETTE_PX  # px at which hair is measured
LENGTH_NAMES = ("short", "medium", "long")
CHEEKS, TOP, CHIN, MOUTH, BROWS = (50, 280, 205, 425), 10, 152, 14, (66, 296)
LIDS = 16  # landmarks of an eye's lids, the first of those that are refined
MEDIUM_FROM, LONG_FROM = 0.56, 1.09  # of the way from the brows to the chin, at which hair that ends there is medium, long
LENGTH_SURE = 0.12  # from an edge between two lengths at which it is sure
LIGHTNESS = 0.6  # how much it counts beside a and b: a shadow makes no other thing
CLUSTERS = {"hair": 3, "skin": 3, "wall": 4, "cloth": 3}
NARROW = 5  # px: a row with less hair at a side has none there
GAP = 5  # px
RIM, NECK = 1.08, 0.40  # of the face's outline, and of its width: within them a shadow may lie
LEAST_HAIR = 0.012  # share of the picture, below which there is none
ENOUGH = 24  # px of an iris from which its colour is sure

Plane = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """names, sure: by attribute, what it is called and how sure that is, 0…1. hair, eye: colours, None where nothing was to be seen.
    length: 0 at the brows, 1 at the chin. mask: [256, 256], 255 where hair is."""

    hair_name: str
    hair_sure: float
    length_name: str
    length_sure: float
    eye_name: str
    eye_sure: float
    hair: Lab | None
    length: float
    eye: Lab | None
    mask: Mask


class Reader:
    """Reads aligned faces."""

    def __init__(self) -> None:
        self._silhouette = SilhouetteModel()

    def read(self, crop: Image, points: NDArray[np.float64]) -> Reading:
        """crop: [S, S, 3]; points: landmarks [468, 2] in fractions of it. Names are "" where nothing was to be seen."""
        small = crop if crop.shape[0] == SIDE else np.asarray(cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)
        at = points * SIDE
        lab, person = lab_of(small), self._silhouette(small) > 127
        mask = hair_mask(lab, person, at)
        eye, eye_sure = iris(crop, points)
        named, sure = ("", 0.0) if eye is None else eye_name(eye)
        if mask.mean() < LEAST_HAIR:
            return Reading("", 0.0, LENGTH_NAMES[0], 0.3, named, sure * eye_sure, None, 0.0, eye, as_mask(mask))
        hair = middle(lab[mask])
        colour, colour_sure = hair_name(hair)
        length = hair_end(mask, at)
        edge = min(abs(length - MEDIUM_FROM), abs(length - LONG_FROM))
        word = LENGTH_NAMES[(length >= MEDIUM_FROM) + (length >= LONG_FROM)]
        return Reading(
            colour, colour_sure, word, min(edge / LENGTH_SURE, 1.0), named, sure * eye_sure, hair, length, eye, as_mask(mask)
        )  # fmt: skip


def as_mask(plane: Plane) -> Mask:
    """255 where it is true."""
    return plane.astype(np.uint8) * np.uint8(255)


def hair_mask(lab: NDArray[np.float32], person: Plane, at: NDArray[np.float64]) -> Plane:
    """Where hair is. lab: [256, 256, 3]; person: [256, 256]; at: landmarks [468, 2] px."""
    places = known_places(person, at)
    if places["hair"].sum() < 2 * CLUSTERS["hair"]:
        return np.zeros((SIDE, SIDE), bool)
    weighed = lab * np.array([LIGHTNESS, 1.0, 1.0], np.float32)
    kinds = {kind: places[kind] for kind in CLUSTERS if places[kind].sum() >= 4 * CLUSTERS[kind]}
    nearest = {kind: _distance(weighed, _clusters(weighed[place], CLUSTERS[kind])) for kind, place in kinds.items()}
    hair = np.ones((SIDE, SIDE), bool)
    for kind, distance in nearest.items():
        if kind != "hair":
            hair &= nearest["hair"] < distance
    hair &= ~places["face"]
    hair = cv2.morphologyEx(as_mask(hair), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
    _, parts = cv2.connectedComponents(as_mask(hair), connectivity=4)
    own = np.unique(parts[places["hair"] & hair])
    return np.asarray(np.isin(parts, own[own > 0]), bool)


def known_places(person: Plane, at: NDArray[np.float64]) -> dict[str, Plane]:
    """Where one knows beforehand what is to be seen: hair, skin, wall, cloth; face: where no hair is looked for."""
    face = _filled(at[list(FACE_OVAL)])
    top, chin = at[TOP], at[CHIN]
    tall, wide = float(chin[1] - top[1]), float(np.ptp(at[list(FACE_OVAL), 0]))
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    # A silhouette may leave out what it does not know, as the hair of a drawing: the crown is a place above the forehead, and the wall is
    # only what lies at the picture's edge as well.
    above = (top[1] - rows) / tall
    crown = (np.abs(columns - top[0]) < 0.25 * wide) & (above > 0.04) & (above < 0.17)
    cheeks = np.zeros((SIDE, SIDE), bool)
    for x, y in (*at[list(CHEEKS)], *((at[9] + at[151]) / 2)[None]):
        cheeks |= (columns - x) ** 2 + (rows - y) ** 2 < (0.06 * wide) ** 2
    border = ((np.minimum(columns, SIDE - 1 - columns) < 0.05 * SIDE) & (rows < 0.6 * SIDE)) | (rows < 0.02 * SIDE)
    beyond = border & (cv2.erode(as_mask(~person), np.ones((9, 9), np.uint8), borderValue=255) > 0)
    below = person & (rows > chin[1] + 0.1 * tall) & (np.abs(columns - chin[0]) < 0.2 * wide)
    inner = cv2.erode(as_mask(face), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))) > 0
    return {"hair": crown & ~face, "skin": cheeks & face, "wall": beyond, "cloth": below, "face": inner & (rows > top[1] + 0.12 * tall)}


def hair_end(mask: Plane, at: NDArray[np.float64]) -> float:
    """How far down it reaches beside the face: 0 at the brows, 1 at the chin; the side that reaches further counts."""
    outline = at[list(FACE_OVAL)]
    brows, chin = float(at[list(BROWS), 1].mean()), float(at[CHIN, 1])
    middle_of, wide = float(outline[:, 0].mean()), float(np.ptp(outline[:, 0]))
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    # What is dark along the jaw and on the neck is more often a shadow than hair.
    neck = (np.abs(columns - middle_of) < NECK * wide) & (rows > at[MOUTH, 1])
    beside = mask & ~neck & ~_filled(outline.mean(axis=0) + RIM * (outline - outline.mean(axis=0)))
    ends = []
    for side in (columns < middle_of - 0.2 * wide, columns > middle_of + 0.2 * wide):
        there = np.flatnonzero((beside & side).sum(axis=1) >= NARROW)
        below = there[there >= brows - GAP]
        # Down from the brows without a gap: a dark collar is no hair.
        gaps = np.flatnonzero(np.diff(below, prepend=round(brows)) > GAP)
        run = below[: gaps[0]] if gaps.size else below
        ends.append(float(run.max()) if run.size else brows)
    return max(0.0, (max(ends) - brows) / max(chin - brows, 1.0))


def iris(crop: Image, points: NDArray[np.float64]) -> tuple[Lab | None, float]:
    """The irises' colour, and how sure it is by how much is to be seen of them."""
    side = crop.shape[0]
    lab, seen = lab_of(crop), []
    for refined, corners in ((RIGHT_EYE_REFINED, RIGHT_EYE_CORNERS), (LEFT_EYE_REFINED, LEFT_EYE_CORNERS)):
        lids = points[list(refined[:LIDS])] * side
        width = float(np.linalg.norm((points[corners[0]] - points[corners[1]]) * side))
        order = np.argsort(np.arctan2(*(lids - lids.mean(axis=0)).T[::-1]))
        inside = cv2.erode(as_mask(_filled(lids[order], side)), np.ones((3, 3), np.uint8)) > 0
        seen.append(_ring(lab, inside, _middle_of_iris(lab, inside, lids.mean(axis=0), width), width))
    colours = np.concatenate(seen)
    if len(colours) < 6:
        return None, 0.0
    return middle(colours), min(1.0, len(colours) / ENOUGH)


def _middle_of_iris(lab: NDArray[np.float32], inside: Plane, guess: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """Where the pupil's darkness lies, near the middle of the lids."""
    y, x = np.nonzero(inside)
    near = (x - guess[0]) ** 2 + (y - guess[1]) ** 2 < (0.3 * width) ** 2
    if near.sum() < 6:
        return guess
    y, x = y[near], x[near]
    lightness = lab[y, x, 0]
    dark = lightness <= np.percentile(lightness, 20)
    return np.array([x[dark].mean(), y[dark].mean()])


def _ring(lab: NDArray[np.float32], inside: Plane, at: NDArray[np.float64], width: float) -> NDArray[np.float32]:
    """Colours [N, 3] of the iris around its middle, without pupil, light and white."""
    rows, columns = np.mgrid[0 : lab.shape[0], 0 : lab.shape[0]]
    far = np.hypot(columns - at[0], rows - at[1]) / width
    colours = lab[inside & (far < 0.22) & (far > 0.06)]
    if len(colours) < 4:
        return np.zeros((0, 3), np.float32)
    low, high = np.percentile(colours[:, 0], (30, 85))
    kept = (colours[:, 0] >= low) & (colours[:, 0] <= min(high, 78.0))
    return np.asarray(colours[kept], np.float32)


def _filled(outline: NDArray[np.float64], side: int = SIDE) -> Plane:
    plane = np.zeros((side, side), np.uint8)
    cv2.fillPoly(plane, [np.round(outline).astype(np.int32)], 1)
    return plane > 0


def _clusters(colours: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    cv2.setRNGSeed(1)  # the same picture is read the same way
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 12, 0.5)
    step = max(1, len(colours) // 2_000)
    _, _, centres = cv2.kmeans(np.ascontiguousarray(colours[::step]), count, None, stop, 1, cv2.KMEANS_PP_CENTERS)  # type: ignore[call-overload]
    return np.asarray(centres, np.float32)


def _distance(lab: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.float32]:
    """[H, W] to the nearest of the centres [K, 3]."""
    return np.asarray(np.min([np.square(lab - centre).sum(axis=2) for centre in centres], axis=0), np.float32)
