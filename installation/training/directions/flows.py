"""Flows of directions: from how landmarks move to how a portrait does."""

import numpy as np
import torch
from numpy.typing import NDArray

from installation.faces.landmarks import LOWER_LIP_INNER, MOUTH_CORNERS, UPPER_LIP_INNER

WARP_PX = 64  # of a flow: lips are thinner than the residual's cells
CHEEK, LIPS = 2.0, 1.25  # in half mouths: how far beside and above a pursed one the skin goes along
STIFFNESS = 2e-3  # of a flow, against going through every landmark


def smooth_flow(points: NDArray[np.float64], moves: NDArray[np.float64], stiffness: float = STIFFNESS) -> torch.Tensor:
    """Movements [P, 2] at points [P, 2] (fractions of the side) spread over a grid that stands still at its rim: [2, r, r].

    Of all grids it takes the one that bends least, ``stiffness`` of its weight, and goes through the movements (thin plates:
    Duchon 1977).
    """
    r, count = WARP_PX, len(points)
    at = np.clip(points * r - 0.5, 0, r - 1 - 1e-6)
    cell, part = np.floor(at).astype(int), at - np.floor(at)
    sampled = np.zeros((count, r, r))
    for dx in (0, 1):
        for dy in (0, 1):
            share = np.abs(1 - dx - part[:, 0]) * np.abs(1 - dy - part[:, 1])
            sampled[np.arange(count), cell[:, 1] + dy, cell[:, 0] + dx] += share
    # Sines are the eigenvectors of bending with a rim at 0, so a system of the size of the landmarks is all that is solved.
    number = np.arange(1, r + 1)
    sines = np.sqrt(2 / (r + 1)) * np.sin(np.pi * np.outer(number, number) / (r + 1))
    line = 2 - 2 * np.cos(np.pi * number / (r + 1))
    supple = 1 / (line[:, None] + line[None, :]) ** 2
    seen = sines @ sampled @ sines
    pull = np.linalg.solve(np.einsum("pyx,yx,qyx->pq", seen, supple, seen, optimize=True) + stiffness * np.eye(count), moves)
    grid = sines @ (np.einsum("pyx,pk->kyx", seen, pull) * supple) @ sines
    return torch.from_numpy(grid).float()


def even(flow: torch.Tensor, sign: float) -> torch.Tensor:
    """A flow [2, r, r] made its own mirror image (sign 1) or that of its opposite (-1): faces have no better side."""
    mirrored = flow.flip(2) * flow.new_tensor([-1.0, 1.0])[:, None, None]
    return 0.5 * (flow + sign * mirrored)


def reach(flow: torch.Tensor) -> torch.Tensor:
    """Where a flow [2, r, r] moves the most: 0…1 [r, r], 0 up to 0.3 of its largest movement, 1 from 0.6 on."""
    size: torch.Tensor = torch.linalg.vector_norm(flow, dim=0)
    return (size / (size.max() + 1e-9) / 0.3 - 1).clamp(0, 1)


def of_features(points: NDArray[np.float64], moves: NDArray[np.float64]) -> NDArray[np.float64]:
    """Movements [P, 2] at points [P, 2] without what the face does as a whole (shift, turn, scale): when a mouth opens, the crop
    follows it and all else moves a little."""
    centred = points - points.mean(0)
    turned = centred[:, ::-1] * (-1.0, 1.0)
    rest = moves - moves.mean(0)
    scale, turn = ((rest * basis).sum() / (centred**2).sum() for basis in (centred, turned))
    whole: NDArray[np.float64] = rest - scale * centred - turn * turned
    return whole


def pursed(points: NDArray[np.float64], share: float) -> torch.Tensor:
    """A flow [2, r, r] that makes the mouth among landmarks [468, 2] narrower by ``share`` and leaves the rest of the face."""
    corners, lips = points[list(MOUTH_CORNERS)], points[[*UPPER_LIP_INNER, *LOWER_LIP_INNER]]
    (left, right), (middle, line) = sorted(corners[:, 0]), (corners[:, 0].mean(), lips[:, 1].mean())
    half = (right - left) / 2
    axis = (np.arange(WARP_PX) + 0.5) / WARP_PX
    x, y = np.meshgrid(axis - middle, axis - line)
    beside = _fall((np.abs(x) - half) / (CHEEK * half))
    near = _fall(np.abs(y) / (LIPS * half))
    flow = np.zeros((2, WARP_PX, WARP_PX))
    flow[0] = -share * np.clip(x, -half, half) * beside * near
    return torch.from_numpy(flow).float()


def _fall(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    """From 1 at 0 and below to 0 at 1 and above, smoothly."""
    t = np.clip(distance, 0, 1)
    fallen: NDArray[np.float64] = 1 - t * t * (3 - 2 * t)
    return fallen
