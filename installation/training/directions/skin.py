"""The last touch of directions that change the whole look: cheeks as light as they were, and the strength of those that they replace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from installation.faces.head import cheeks
from installation.latents.directions import Direction, DirectionSet
from installation.latents.maps import Maps
from installation.messages import Image
from installation.models.bundle import Models
from installation.training.directions.aligned_mesh import AlignedMesh
from installation.training.directions.calibration import LONGEST
from installation.training.directions.effects import MEASURES, Editor, Measure, amounts_of_each
from installation.training.labels.colours import lab_of

Array = NDArray[np.float64]

ROUNDS = 2
MOST_SKIN = 2.0  # units of the skin's own direction that a direction may be given
WEAK = 1e-3  # of an effect: less cannot be scaled to anything


def steadied(
    models: Models,
    old: Sequence[Direction],
    new: Sequence[Direction],
    skin: Direction | None,
    images: torch.Tensor,
    measure: Measure | None = None,
) -> list[Direction]:
    """New directions, each as strong as the old one of its place on the portraits of sitters [N, 3, S, S], with so much of the skin's own
    lightness that the cheeks keep theirs. skin: what makes a face's skin lighter and nothing else; None: the cheeks are left to themselves.
    measure: tells their strength; None: it is left as it is. Old and new may be the same."""
    if not old:
        return []
    wanted = responses(models, old if skin is None else [*old, skin], images, measure)
    light = 0.0 if skin is None else float(wanted[-1, 1])
    made = list(new)
    for _ in range(ROUNDS):
        now = responses(models, made, images, measure)
        for k, one in enumerate(made):
            longer = float(np.clip(wanted[k, 0] / now[k, 0], 1 / LONGEST, LONGEST)) if abs(now[k, 0]) > WEAK else 1.0
            lighter = float(np.clip(-longer * now[k, 1] / light, -MOST_SKIN, MOST_SKIN)) if abs(light) > WEAK else 0.0
            made[k] = together(one, longer, skin, lighter)
    return made


def responses(models: Models, directions: Sequence[Direction], images: torch.Tensor, measure: Measure | None = None) -> Array:
    """What one unit of each direction does to the portraits of sitters [D, 2]: to its own measure, at the median (0 where it has none), and
    to the L of their cheeks, on average; half of what lies between -1 and +1. 0 where no sitter shows a face."""
    editor, mesh = Editor(models, DirectionSet([replace(one, by_editor=False) for one in directions])), AlignedMesh()
    rows = amounts_of_each(len(directions))
    ws, detail = editor.encode(images)
    own, light = [], []
    for k in range(len(images)):
        pictures = editor.draw(ws[k], detail[k], rows)
        landmarks = mesh(pictures[0])
        if landmarks is None:
            continue
        measured = np.zeros((len(rows), len(MEASURES))) if measure is None else measure(pictures)
        told = [measured[:, MEASURES.index(d.name)] if d.name in MEASURES else np.zeros(len(rows)) for d in directions]
        own.append([(told[d][2 + 2 * d] - told[d][1 + 2 * d]) / 2 for d in range(len(directions))])
        levels = [lightness(picture, landmarks) for picture in pictures]
        light.append([(levels[2 + 2 * d] - levels[1 + 2 * d]) / 2 for d in range(len(directions))])
    if not own:
        return np.zeros((len(directions), 2))
    return np.stack([np.nanmedian(own, axis=0), np.nanmean(light, axis=0)], axis=1)


def lightness(picture: Image, landmarks: NDArray[np.floating]) -> float:
    """Mean L of CIE Lab of the cheeks of a portrait with landmarks [468, 3] px."""
    where = cheeks(landmarks, picture.shape[0])
    return float(lab_of(picture)[where][:, 0].mean()) if where.any() else float("nan")


def together(one: Direction, longer: float, other: Direction | None, share: float) -> Direction:
    """A direction made longer, with a share of another's code and look added: that other moves nothing."""
    flow = None if one.maps.flow is None else longer * one.maps.flow
    if other is None:
        shift = None if one.maps.shift is None else longer * one.maps.shift
        return replace(one, vector=longer * one.vector, maps=Maps(flow, shift, one.maps.warp))
    shift = _sum(one.maps.shift, longer, other.maps.shift, share)
    return replace(one, vector=longer * one.vector + share * other.vector, maps=Maps(flow, shift, one.maps.warp))


def _sum(one: torch.Tensor | None, longer: float, other: torch.Tensor | None, share: float) -> torch.Tensor | None:
    if one is None or other is None:
        return None if one is None else longer * one
    return longer * one + share * other
