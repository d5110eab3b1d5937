"""What comes with an attribute in a population and is no part of it: skin colour, light, pose, and the group that people were counted to.

Among photographs the old are darker, women are lighter, and whoever smiles stands in better light. A fit that does not know skin and light
takes them for age, gender and smile. So they are measured and stand beside the attributes in the fit, or are taken out of two groups
before they are compared (analysis of covariance: Fisher 1932).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.faces.geometry import NOSE_TIP
from installation.faces.head import cheeks
from installation.faces.landmarks import FACE_OVAL, OUTER_EYE_CORNERS
from installation.messages import Image
from installation.training.labels.colours import lab_of

Array = NDArray[np.float64]
Kind = TypeVar("Kind", bound=np.floating[Any])

MEASURED = 9  # numbers of ``appearance``
PARTS: Mapping[str, slice] = MappingProxyType({"skin": slice(0, 3), "light": slice(3, 7), "pose": slice(7, 9)})  # its columns
GROUPS = "groups"
IN_FITS = ("skin", "light", GROUPS)  # what may be held where every attribute is fitted: pose is among those itself
BETWEEN_GROUPS = ("skin", "light", "pose")  # and where two folders of pictures are compared
GROUP_COLUMNS = ("race", "ethnicity")  # of labels.csv
SIDE = 64  # px, at which a picture is measured
WINDOW, CELLS = (0.1875, 0.2578, 0.625), 5  # left, top and side of what tight crops show, and the cells that it is parted into, each way
COMPONENTS = 30  # of the cells' colours, that are held
FEWEST = 12  # pixels, below which nothing can be said
RIDGE = 1e-2  # against covariates that say the same


def appearance(picture: Image, landmarks: NDArray[np.floating], mask: NDArray[np.bool_] | None = None) -> Array:
    """Of an aligned picture [S, S, 3] with landmarks [468, 2 or 3] px, [9]: the cheeks' mean colour, L, a and b of CIE Lab; the slope of L
    over the face, across and down, from one side of the picture to the other, the spread of L, the slope of b across; and where the tip of
    the nose lies from the middle of the eyes, across and down, in distances between them. NaN where too little of a face is seen.
    mask [S, S]: where there is a picture."""
    side = picture.shape[0]
    lab = lab_of(np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8))
    small = (np.asarray(landmarks[:, :2], np.float64) + 0.5) * SIDE / side - 0.5
    seen = np.ones((SIDE, SIDE), bool)
    if mask is not None:
        seen = np.asarray(cv2.resize(mask.astype(np.uint8), (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)) > 0
    oval = np.zeros((SIDE, SIDE), np.uint8)
    cv2.fillConvexPoly(oval, cv2.convexHull(np.rint(small[list(FACE_OVAL)]).astype(np.int32)), 1)
    skin, face = cheeks(small, SIDE) & seen, (oval > 0) & seen
    if skin.sum() < FEWEST or face.sum() < FEWEST:
        return np.full(MEASURED, np.nan)
    y, x = np.nonzero(face)
    plane = np.stack([np.ones(len(x)), x / SIDE - 0.5, y / SIDE - 0.5], axis=1)
    slopes = np.linalg.lstsq(plane, lab[face].astype(np.float64), rcond=None)[0]  # [1 across down, L a b]
    spread = float(lab[face][:, 0].std())
    eyes = small[list(OUTER_EYE_CORNERS)]
    pose = (small[NOSE_TIP] - eyes.mean(axis=0)) / max(float(np.linalg.norm(eyes[1] - eyes[0])), 1e-6)
    return np.array([*lab[skin].mean(axis=0, dtype=np.float64), slopes[1, 0], slopes[2, 0], spread, slopes[1, 2], *pose])


def light_cells(picture: Image, mask: NDArray[np.bool_]) -> Array:
    """How light and shade lie on an aligned picture [S, S, 3] where there is one, mask [S, S]: mean colours of 5 x 5 cells of its middle,
    [75] of 0…1. Thousands of pictures tell more of light by them than by a slope."""
    side = picture.shape[0]
    left, top, extent = (round(part * side) for part in WINDOW)
    cut = np.s_[top : top + extent, left : left + extent]
    there = mask[cut].astype(np.float32)
    known = cv2.resize(there, (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    found = cv2.resize(picture[cut].astype(np.float32) * there[..., None], (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    return np.asarray(found / 255 / (known[..., None] + 0.05), np.float64).flatten()


def components(values: Array, most: int = COMPONENTS) -> Array:
    """[N, most]: the main components of values [N, D], each of variance 1."""
    u, scales, _ = np.linalg.svd(values - values.mean(0), full_matrices=False)
    kept = min(most, int((scales > 1e-6 * max(scales[0], 1e-12)).sum()))
    return np.asarray(u[:, :kept] * np.sqrt(len(values)))


def groups(source: str, labels: Mapping[str, str]) -> str:
    """The group of a picture: its source, and what its ``labels.csv`` says of race or ethnicity, where it says so."""
    told = next((labels[column] for column in GROUP_COLUMNS if labels.get(column)), "")
    return f"{source} {told}"


def columns(measured: Array, group: Sequence[str], held: Sequence[str], cells: Array | None = None) -> Array:
    """[N, C]: what is held of N pictures. measured: [N, 9] as ``appearance`` has them; cells: of ``light_cells``, a part of the light where
    they are given. held: names among ``PARTS`` and ``GROUPS``. A column that is the same for everybody says nothing and is left out."""
    parts = [measured[:, PARTS[name]] for name in PARTS if name in held]
    if cells is not None and "light" in held:
        parts.append(components(cells))
    if GROUPS in held:
        names = sorted(set(group))
        parts.append(np.array([[float(one == name) for name in names] for one in group]).reshape(len(group), -1))
    found = np.concatenate([np.zeros((len(measured), 0)), *parts], axis=1)
    return found[:, np.nanstd(found, axis=0) > 0] if len(found) else found


def known_columns(measured: Array, held: Sequence[str]) -> Array:
    """``columns`` of faces of one kind; what could not be measured of one is the mean of the others."""
    filled = np.where(np.isnan(measured), np.nan_to_num(np.nanmean(measured, axis=0)), measured) if len(measured) else measured
    return columns(filled, [""] * len(measured), held)


def standardised(values: Array) -> Array:
    """Columns [N, C] in deviations from their means."""
    return np.asarray((values - values.mean(0)) / (values.std(0) + 1e-9))


def taken_out(values: NDArray[Kind], covariates: Array, sides: NDArray[np.int64]) -> NDArray[Kind]:
    """Values [N, …] without what covariates [N, C] bring, as they bring it among the pictures of one side; sides [N]: to which each
    belongs. The mean over all stays. So what tells the sides apart by itself stays, and what only comes with it goes."""
    if not covariates.shape[1]:
        return values
    own = standardised(covariates)
    flat = values.reshape(len(values), -1)
    inside = own.copy()
    for side in np.unique(sides):
        inside[sides == side] -= inside[sides == side].mean(0)
    brings = np.linalg.solve(inside.T @ inside + RIDGE * len(own) * np.eye(own.shape[1]), inside.T @ flat)
    return np.asarray((flat - own @ brings).reshape(values.shape), dtype=values.dtype)
