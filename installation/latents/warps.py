"""Portraits moved along a flow: where an edit only moves features, moving them keeps the sitter's own.

A code that turns a head must redraw it; a flow turns the head that was drawn (Yin et al. 2022, "StyleHEAT": pose and
expression by warping what the generator made). Directions use both: the code for what appears, the flow for what moves.
"""

import math
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.faces.ffhq import EYES
from installation.messages import Image

STEPS_BACK = 4
EYE_REACH, EYES_PX = 0.09, 64
HARDEST = 0.85  # squeeze of a flow that is still drawn
STILL = 1e-4  # of the side: less than this is no movement


def squeeze(flow: NDArray[np.float32]) -> float:
    """How hard a flow [2, r, r] pushes features together where it does so the most: 0 not at all, from 1 on they change places."""
    side = int(flow.shape[-1])
    across_x, across_y = side * np.diff(flow[0], axis=1), side * np.diff(flow[1], axis=0)
    turn: NDArray[np.float32] = np.diff(flow[0], axis=0)[:, :-1] * np.diff(flow[1], axis=1)[:-1]
    return max(-float(across_x.min()), -float(across_y.min()), side * math.sqrt(max(float(turn.max()), 0.0)), 0.0)


def without_folds(flow: NDArray[np.float32]) -> NDArray[np.float32]:
    """A flow [2, r, r], smaller where the sum of many edits would lay one feature over another."""
    hardest = squeeze(flow)
    return flow if hardest <= HARDEST else flow * np.float32(HARDEST / hardest)


def origins(flow: NDArray[np.float32]) -> NDArray[np.float32]:
    """Where the feature that a flow [2, r, r] brings to each place was before, as seen from there: [2, r, r].

    The flow says where features go; its inverse is found by following it back a few times (Chen et al. 2008, "A simple
    fixed-point approach to invert a deformation field").
    """
    side = flow.shape[-1]
    rest = _places(side)
    back = -flow
    for _ in range(STEPS_BACK):
        x, y = rest[0] + side * back[0], rest[1] + side * back[1]
        back = np.stack([-cv2.remap(part, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for part in flow])
    return back


@cache
def larger_eyes(amount: float, side: int = EYES_PX) -> NDArray[np.float32]:
    """The flow [2, side, side] that makes the eyes of an FFHQ-aligned portrait larger by about ``amount`` (0.2: a fifth). Made
    once; not to be written into."""
    axis = (np.arange(side, dtype=np.float32) + 0.5) / side
    flow = np.zeros((2, side, side), np.float32)
    for eye_x, eye_y in EYES:
        dx, dy = axis[None, :] - eye_x, axis[:, None] - eye_y
        near = amount * np.exp(-((((dx / 1.25) ** 2 + dy**2) / EYE_REACH**2) ** 2))
        flow[0] += dx * near
        flow[1] += dy * near
    return flow


@cache
def _places(side: int) -> NDArray[np.float32]:
    """x and y of each pixel, [2, side, side]."""
    axis = np.arange(side, dtype=np.float32)
    return np.stack(np.meshgrid(axis, axis, indexing="xy"))


class Warper:
    """Moves square portraits; keeps its buffers from call to call, one for each size of picture."""

    def __init__(self) -> None:
        self._maps: dict[int, NDArray[np.float32]] = {}

    def __call__(self, portrait: Image, flow: NDArray[np.float32]) -> Image:
        """uint8 RGB [S, S, 3] as features move by ``flow`` [2, r, r], x and y in fractions of the side; the same picture where
        nothing moves."""
        if float(np.abs(flow).max()) < STILL:
            return portrait
        side = portrait.shape[0]
        rest = _places(side)
        if side not in self._maps:
            self._maps[side] = np.empty_like(rest)
        maps = self._maps[side]
        origin = origins(without_folds(flow))
        for axis in range(2):
            cv2.resize(origin[axis], (side, side), dst=maps[axis], interpolation=cv2.INTER_CUBIC)
            np.multiply(maps[axis], side, out=maps[axis])
            np.add(maps[axis], rest[axis], out=maps[axis])
        return np.asarray(cv2.remap(portrait, maps[0], maps[1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8)
