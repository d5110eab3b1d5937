"""Which part of a visitor's crop is theirs: not what lies outside the frame, nor another visitor's head."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from installation.faces.ffhq import Quad, quad_from_landmarks
from installation.faces.quality import Head, depth_in_head, in_front
from installation.messages import AlignedFace, Matrix

FEATHER = 1.5  # cells over which the border of the frame fades in
RIM = 0.25  # of a head's half axes, over which its border fades
REACH = 1.5  # sides of the crop from whose middle another head may reach into it


def own_part(mine: AlignedFace, others: Sequence[AlignedFace], width: int, height: int, cells: int) -> NDArray[np.float32] | None:
    """[cells, cells]: 1 where the crop shows its own visitor or the room, 0 where it shows what is not theirs to show, with soft
    borders; None where all of it is theirs. ``others``: everybody else in this frame [height, width], those who are hidden where they were
    last."""
    size = mine.crop.shape[0]
    inside = _is_inside(mine.M_c2o, size, width, height)
    quad = quad_from_landmarks(mine.face.landmarks)
    heads = [(other, theirs) for other in others if _near(quad, theirs := quad_from_landmarks(other.face.landmarks))]
    if inside and not heads:
        return None
    step = size / cells
    along = (np.arange(cells) + 0.5) * step - 0.5
    grid = np.stack(np.meshgrid(along, along), axis=-1) @ mine.M_c2o[:, :2].T + mine.M_c2o[:, 2]  # [cells, cells, 2] px
    part = np.ones((cells, cells))
    if not inside:
        cell = step * float(np.hypot(mine.M_c2o[0, 0], mine.M_c2o[1, 0]))  # px of the frame
        x, y = grid[..., 0] + 0.5, grid[..., 1] + 0.5
        depth = np.minimum(np.minimum(x, width - x), np.minimum(y, height - y)) / cell
        part = np.clip(depth / FEATHER, 0.0, 1.0)
    me = Head.of(mine.face.landmarks, 0.0, 0.0)
    my_depth = depth_in_head(grid, quad)
    for other, theirs in heads:
        free = np.clip((depth_in_head(grid, theirs) - 1.0) / RIM, 0.0, 1.0)
        if not other.face.seen or not in_front(Head.of(other.face.landmarks, 0.0, 0.0), me):  # my own head hides a part of that one
            free = np.maximum(free, np.clip((1.0 + RIM - my_depth) / RIM, 0.0, 1.0))
        part = np.minimum(part, free)
    return np.asarray(part, np.float32)


def _is_inside(M_c2o: Matrix, size: int, width: int, height: int) -> bool:
    corners = np.array([[-0.5, -0.5], [-0.5, size - 0.5], [size - 0.5, size - 0.5], [size - 0.5, -0.5]])
    points = corners @ M_c2o[:, :2].T + M_c2o[:, 2]
    return bool((points >= -0.5).all() and (points <= (width - 0.5, height - 0.5)).all())


def _near(mine: Quad, theirs: Quad) -> bool:
    away = float(np.hypot(*(mine.centre - theirs.centre)))
    return away < REACH * (mine.side + theirs.side) / 2
