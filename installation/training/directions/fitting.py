"""Directions fitted to what was measured on photographs: attributes, and beside them what only comes with an attribute.

All are fitted together by least squares from attributes to codes, residuals and landmarks, so each direction is what its attribute adds
while the others stay (the forward model of Haufe et al. 2014, "On the interpretation of weight vectors of linear models").
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from installation.latents.directions import Direction
from installation.latents.maps import Maps
from installation.models.bundle import Models
from installation.networks.facets_encoder import DETAIL_CHANNELS, DETAIL_PX, FacetsEncoder
from installation.training.data.datasets import OPAQUE, STORED_PX, DatasetError, Picture, load_pictures, to_tensor
from installation.training.directions.aligned_mesh import AlignedMesh
from installation.training.directions.attributes import AttributeNetwork
from installation.training.directions.covariates import (
    CELLS,
    GROUPS,
    IN_FITS,
    PARTS,
    appearance,
    columns,
    groups,
    light_cells,
    standardised,
)
from installation.training.directions.covariates import MEASURED as COVARIATES
from installation.training.directions.effects import MEASURES
from installation.training.directions.flows import even, of_features, pursed, reach, smooth_flow
from installation.training.directions.plans import COARSE_AND_MIDDLE, HEAD, NAMES, PLANS, SIDED, SKIN, LearningPlan
from installation.training.publish import encode_pictures

RIDGE = 1e-2
TWINS = 0.8  # correlation from which two measures are taken for one
LANDMARKS = 468
BATCH = 32


@dataclass(frozen=True, eq=False)
class Measured:
    """Of N pictures; NaN where there is no face."""

    attributes: NDArray[np.float64]  # [N, 15] in the order of effects.MEASURES
    landmarks: NDArray[np.float64]  # [N, 468 * 2], fractions of the picture's side
    look: NDArray[np.float64]  # [N, 9], see ``covariates.appearance``
    cells: NDArray[np.float64]  # [N, 75], see ``covariates.light_cells``


@torch.inference_mode()
def measure(pictures: Sequence[Picture], network: AttributeNetwork) -> Measured:
    """Every attribute of aligned pictures."""
    from installation.faces.geometry import measure_geometry

    mesh = AlignedMesh()
    rows = np.full((len(pictures), len(MEASURES)), np.nan)
    points = np.full((len(pictures), LANDMARKS * 2), np.nan)
    look = np.full((len(pictures), COVARIATES), np.nan)
    cells = np.full((len(pictures), 3 * CELLS**2), np.nan)
    for start in range(0, len(pictures), BATCH):
        rgba = [p.rgba() for p in pictures[start : start + BATCH]]
        seen = network(to_tensor(rgba)[0]).numpy()
        for k, picture in enumerate(rgba, start):
            landmarks = mesh(picture[..., :3])
            if landmarks is not None:
                rows[k] = [*seen[k - start], *measure_geometry(landmarks).values()]
                points[k] = landmarks[:, :2].flatten() / STORED_PX
                look[k] = appearance(picture[..., :3], landmarks, picture[..., 3] > OPAQUE)
                cells[k] = light_cells(picture[..., :3], picture[..., 3] > OPAQUE)
    return Measured(rows, points, look, cells)


def fit(codes: NDArray[np.floating[Any]], attributes: NDArray[np.float64], held: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """What one standard deviation of each attribute [N, A] adds to the codes [N, D] while the others stay: [A, D]. held: covariates
    [N, C] that stay as well.

    Twins go along: of two measures of one pair of eyelids, what is left of the one when the other stays is noise.
    """
    count = attributes.shape[1]
    a = standardised(attributes if held is None else np.concatenate([attributes, held], axis=1))
    c = np.nan_to_num(codes - np.nanmean(codes, axis=0))
    gram, seen = a.T @ a + RIDGE * len(a) * np.eye(a.shape[1]), a.T @ c
    twins = np.abs(a.T @ a / len(a)) > TWINS
    solved: NDArray[np.float64] = np.empty((count, seen.shape[1]), seen.dtype)
    for k in range(count):
        given = [k, *(j for j in range(len(gram)) if j >= count or not twins[k, j])]
        solved[k] = np.linalg.solve(gram[np.ix_(given, given)], seen[given])[0]
    return solved


def _direction(plan: LearningPlan, solved: NDArray[np.float64], middle: NDArray[np.float64], styles: int, w_dim: int) -> Direction:
    """From what one standard deviation adds to [code, residual, landmarks], laid end to end; half the plan's span is one unit."""
    size, cells = styles * w_dim, DETAIL_CHANNELS * DETAIL_PX**2
    code, detail, moves = np.split(solved * plan.span / 2, [size, size + cells])
    vector = torch.zeros(styles, w_dim)
    first, last = plan.layers[0], min(plan.layers[1], styles)
    vector[first:last] = torch.from_numpy(code).float().view(styles, w_dim)[first:last]
    moved = moves.reshape(LANDMARKS, 2) if plan.name in HEAD else of_features(middle, moves.reshape(LANDMARKS, 2))
    flow = even(smooth_flow(middle, moved, plan.stiffness), -1.0 if plan.name in SIDED else 1.0)
    shift = torch.from_numpy(detail).float().view(DETAIL_CHANNELS, DETAIL_PX, DETAIL_PX) * plan.shift
    coarse = F.interpolate(flow[None], size=DETAIL_PX, mode="area")[0]
    if plan.layers == COARSE_AND_MIDDLE:  # a feature's look changes where it moves and nowhere else
        shift = shift * reach(coarse)
    warp = flow * (1 - plan.code) + pursed(middle, plan.purse)
    return Direction(plan.name, vector * plan.code, (first, last), Maps(coarse * plan.code, shift, warp))


@dataclass(frozen=True, eq=False)
class Learned:
    """directions: as fitted; skin: what one deviation of the cheeks' lightness adds, while every attribute stays; deviations [15]: of the
    population; faces: behind them."""

    directions: list[Direction]
    skin: Direction
    deviations: NDArray[np.float64]
    faces: int


def learn(models: Models, faces: Sequence[Path], network: AttributeNetwork, limit: int, hold: Sequence[str] = IN_FITS) -> Learned:
    """Fit every direction. hold: names of ``covariates.IN_FITS``. Raises DatasetError."""
    encoder = models.encoder
    if not isinstance(encoder, FacetsEncoder):
        raise DatasetError("the directions are learned on an embedded encoder; for other models use SeFa or published directions")
    codes: list[NDArray[np.float32]] = []
    seen: list[Measured] = []
    of: list[str] = []
    for source in faces:
        pictures = load_pictures(source, "train")[:limit]
        ws, detail = encode_pictures(encoder, pictures)
        seen.append(measure(pictures, network))
        codes.append(np.concatenate([ws.flatten(1).numpy(), detail.flatten(1).numpy(), seen[-1].landmarks], axis=1, dtype=np.float32))
        of += [groups(source.name, picture.labels) for picture in pictures]
        print(f"{source}: {len(pictures)} faces measured", flush=True)
    targets, measured = np.concatenate(codes), np.concatenate([one.attributes for one in seen])
    look, cells = np.concatenate([one.look for one in seen]), np.concatenate([one.cells for one in seen])
    known = ~np.isnan(measured).any(1) & ~np.isnan(look).any(1)
    measured = measured[:, [MEASURES.index(name) for name in NAMES]][known]
    targets, look, cells = targets[known], look[known], cells[known]
    group = [name for name, there in zip(of, known, strict=True) if there]
    solved = fit(targets, measured, columns(look, group, hold, cells))
    middle = np.nanmean(targets[:, -2 * LANDMARKS :], axis=0).reshape(LANDMARKS, 2)
    shape = models.styles, models.latent_avg.shape[1]
    found = [_direction(plan, solved[k], middle, *shape) for k, plan in enumerate(PLANS)]
    # The light as such is no part of it: where that were held as well, hardly anything of the skin's own would be left.
    lightness = fit(targets, np.concatenate([look[:, PARTS["skin"]], measured], axis=1), columns(look, group, [GROUPS]))[0]
    first = seen[-1].attributes  # of one population: of several, what tells them apart would count as variety
    return Learned(found, _direction(SKIN, lightness, middle, *shape), np.nanstd(first, axis=0), int(known.sum()))
