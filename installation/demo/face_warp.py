"""Moves a still face: turns, nods, tilts, blinks and smiles, as one dense warp driven by FaceMesh landmarks.

A warp is an inverse map, float32 [H, W, 2]: for each pixel of the moved face, the place x, y in the still one that is shown
there. The head's turn is a parallax of its depth, which the landmarks give for the face and a shell for the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from installation.demo.raster import blur, resize, sample

Field = NDArray[np.float32]
Landmarks = NDArray[np.float32]  # [468, 3] px, z towards the picture is negative

OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
        152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109)  # fmt: skip
UPPER_LIDS = ((33, 246, 161, 160, 159, 158, 157, 173, 133), (362, 398, 384, 385, 386, 387, 388, 466, 263))
LOWER_LIDS = ((33, 7, 163, 144, 145, 153, 154, 155, 133), (362, 382, 381, 380, 374, 373, 390, 249, 263))
BROWS = ((46, 53, 52, 65, 55), (276, 283, 282, 295, 285))  # their lower edges

# What a closed smile moves, in mouth widths: outwards, downwards. After the zygomatic action units 6 and 12 of FACS.
SMILE = {
    61: (0.15, -0.130), 76: (0.14, -0.12), 185: (0.10, -0.075), 146: (0.10, -0.075), 40: (0.060, -0.045), 91: (0.065, -0.03),
    39: (0.025, -0.02), 181: (0.03, 0.0), 37: (0.008, -0.012), 84: (0.01, 0.012), 0: (0.0, -0.008), 17: (0.0, 0.02),
    78: (0.13, -0.11), 80: (0.05, -0.02), 88: (0.055, -0.01), 13: (0.0, 0.006), 14: (0.0, 0.012),
    205: (0.075, -0.105), 207: (0.09, -0.08), 50: (0.04, -0.085), 101: (0.02, -0.055), 187: (0.07, -0.09), 212: (0.06, -0.05),
    145: (0.0, -0.026), 144: (0.0, -0.024), 153: (0.0, -0.02), 230: (0.0, -0.035), 129: (0.03, -0.02),
}  # fmt: skip
MIRRORED = {
    61: 291, 76: 306, 185: 409, 146: 375, 40: 270, 91: 321, 39: 269, 181: 405, 37: 267, 84: 314, 0: 0, 17: 17, 78: 308,
    80: 310, 88: 318, 13: 13, 14: 14, 205: 425, 207: 427, 50: 280, 101: 330, 187: 411, 212: 432, 145: 374, 144: 373,
    153: 380, 230: 450, 129: 358,
}  # fmt: skip
STILL = (*OVAL, 1, 4, 5, 6, 168, 197, 2, 33, 133, 362, 263, 159, 386, 70, 63, 105, 66, 107, 300, 293, 334, 296, 336, 199, 175, 18)
BROAD = 1.16  # the smile of the table, made a little broader
SHELL = 24.0  # px, how far the skull's turning axis lies behind the face's outline
LASH_ABOVE, LASH_BELOW = 2.6, 0.5  # px about the lid's edge that move as one


@dataclass(frozen=True, slots=True)
class Pose:
    """What the face does: degrees (yaw to the picture's right, pitch up, roll clockwise), smile and blink 0…1."""

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    smile: float = 0.0
    blink: float = 0.0
    gaze: float = 0.0  # px, irises to the picture's right


class FaceWarp:
    """The warps of one still face. ``size``: side of the square still, px; ``neck``: row from which nothing moves."""

    def __init__(self, landmarks: Landmarks, size: int, neck: float) -> None:
        self.size = size
        self.neck = neck
        self._grid = np.stack(np.meshgrid(np.arange(size, dtype=np.float32), np.arange(size, dtype=np.float32)), axis=2)
        self._centre = landmarks[list(OVAL), :2].mean(0)
        self._depth = self._depth_of(landmarks)
        ramp = np.clip((neck - self._grid[..., 1]) / (0.42 * (neck - self._centre[1])), 0, 1)
        self._free = (ramp * ramp * (3 - 2 * ramp)).astype(np.float32)  # 1 on the head, 0 on the shoulders
        self._smile = self._smile_of(landmarks)
        self._eyes = [Eye.of(landmarks, side) for side in (0, 1)]

    def map(self, pose: Pose) -> Field:
        """The inverse map [size, size, 2] of a pose."""
        at = self._turn(pose)
        if pose.smile:
            first = at - pose.smile * sample(self._smile, at, cv2.BORDER_REPLICATE)
            at = at - pose.smile * sample(self._smile, first, cv2.BORDER_REPLICATE)
        for eye in self._eyes:
            eye.act(at, pose.blink, pose.gaze)
        return at

    def _turn(self, pose: Pose) -> Field:
        """The place of the still head that a turned one shows, by fixed-point iteration on the forward displacement."""
        yaw, pitch, roll = (float(np.radians(v)) for v in (pose.yaw, pose.pitch, pose.roll))
        near = self._depth + SHELL * self._free
        across, down = self._grid[..., 0] - self._centre[0], self._grid[..., 1] - self._centre[1]
        shift = np.stack(
            [np.sin(yaw) * near - (1 - np.cos(yaw)) * across * self._free, -np.sin(pitch) * near - (1 - np.cos(pitch)) * down * self._free],
            axis=2,
        )
        pivot = np.array([self._centre[0], self.neck - 12.0])
        arm = self._grid - pivot
        turned = arm @ np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
        shift = (shift + self._free[..., None] * (turned - arm)).astype(np.float32)
        at = self._grid - shift
        for _ in range(10):
            at = 0.4 * at + 0.6 * (self._grid - sample(shift, at, cv2.BORDER_REPLICATE))
        return np.asarray(at, dtype=np.float32)

    def _depth_of(self, landmarks: Landmarks) -> Field:
        """px in front of the face's outline, 0 outside the face, smooth [size, size]."""
        outline = landmarks[list(OVAL)]
        back = float(np.percentile(landmarks[[234, 454, 127, 356], 2], 50))
        rings = [np.c_[self._centre + (outline[:, :2] - self._centre) * scale, np.full(len(outline), back)] for scale in (1.22, 1.5, 1.9)]
        points = np.concatenate([landmarks[:468], *rings]).astype(np.float32)
        step = 4
        grid = self._grid[::step, ::step].reshape(-1, 2)
        gap = ((grid[:, None] - points[None, :, :2]) ** 2).sum(2) + 4.0
        weight = gap**-2.0
        depth = (weight * (back - points[:, 2])).sum(1) / weight.sum(1)
        coarse = np.maximum(depth, 0).reshape(len(self._grid[::step]), -1).astype(np.float32)
        return blur(resize(coarse, self.size, self.size), 6.0)

    def _smile_of(self, landmarks: Landmarks) -> Field:
        """Forward displacement of a full smile, px [size, size, 2]: a thin-plate spline through the moved landmarks."""
        reach = BROAD * float(np.linalg.norm(landmarks[61, :2] - landmarks[291, :2]))
        moved: dict[int, tuple[float, float]] = {}
        for index, (out, down) in SMILE.items():
            moved[index] = (-out * reach, down * reach)
            moved[MIRRORED[index]] = (out * reach, down * reach)
        for index in STILL:
            moved.setdefault(index, (0.0, 0.0))
        frame = np.linspace(0, self.size, 6)
        edge = np.array([(x, y) for x in frame for y in frame if x in (0, self.size) or y in (0, self.size)])
        points = np.concatenate([landmarks[list(moved), :2], edge])
        values = np.concatenate([np.array(list(moved.values())), np.zeros_like(edge)])
        return thin_plate(points, values, self._grid)


@dataclass(frozen=True, slots=True)
class Eye:
    """One eye as curves over x: brow, upper and lower lid."""

    left: float
    right: float
    upper: NDArray[np.float64]  # polynomial coefficients, px
    lower: NDArray[np.float64]
    brow: float  # px, y of the brow's lower edge at its lowest

    @classmethod
    def of(cls, landmarks: Landmarks, side: int) -> Eye:
        """The eye on the picture's left (side 0) or right."""
        upper, lower = landmarks[list(UPPER_LIDS[side]), :2], landmarks[list(LOWER_LIDS[side]), :2]
        left, right = float(upper[:, 0].min()), float(upper[:, 0].max())
        brow = float(landmarks[list(BROWS[side]), 1].max()) + 1.0
        return cls(left, right, _curve(upper, left), _curve(lower, left), brow)

    def act(self, at: Field, blink: float, gaze: float) -> None:
        """Close the lids and turn the iris in an inverse map, in place: knots of each column, linear between them."""
        x, y = at[..., 0], at[..., 1]
        box = (x > self.left - 6) & (x < self.right + 6) & (y > self.brow - 12) & (y < self.brow + 60)
        if not box.any() or not (blink or gaze):
            return
        x, y = x[box], y[box]
        inside = np.clip(x, self.left, self.right) - self.left
        upper, lower = np.polyval(self.upper, inside), np.polyval(self.lower, inside)
        lower = np.maximum(lower, upper + 0.5)
        open_by = lower - upper
        if gaze:
            from_lids, from_corners = np.minimum(y - upper - 1, lower - y), np.minimum(x - self.left, self.right - x)
            at[..., 0][box] = x - gaze * np.clip(from_lids / 3.0, 0, 1) * np.clip(from_corners / 8.0, 0, 1)
        if blink:
            fade = np.clip((np.minimum(x - self.left, self.right - x) + 6) / 6.0, 0, 1)
            raised = 1.2 * blink  # px that the lower lid gives way to the lashes
            lid = upper + blink * fade * np.maximum(open_by + raised - LASH_BELOW - 0.2, 0)
            brow = np.minimum(self.brow, upper - 6.0)
            edge, below = lid + LASH_BELOW, lower + raised
            below = np.maximum(below, edge + 0.2)
            at[..., 1][box] = _between(
                y,
                [brow, lid - LASH_ABOVE, edge, below, below + 8.0],
                [brow, upper - LASH_ABOVE, upper + LASH_BELOW, np.maximum(lower + raised, upper + LASH_BELOW + 0.2), below + 8.0],
            )


def _curve(points: Landmarks, left: float) -> NDArray[np.float64]:
    """Polynomial of a lid's height over x - left."""
    return np.polyfit(points[:, 0].astype(np.float64) - left, points[:, 1].astype(np.float64), 4)


def _between(y: NDArray[np.float32], to: list[NDArray[np.float64]], source: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Piecewise-linear from the knots ``to`` to the knots ``source``, the identity outside them."""
    result = y.astype(np.float64)
    for k in range(len(to) - 1):
        inside = (y >= to[k]) & (y < to[k + 1])
        share = (y - to[k]) / np.maximum(to[k + 1] - to[k], 1e-6)
        result = np.where(inside, source[k] + share * (source[k + 1] - source[k]), result)
    return result


def thin_plate(points: NDArray[np.float64], values: NDArray[np.float64], grid: Field) -> Field:
    """Thin-plate spline (Duchon 1977) through ``values`` [N, 2] at ``points`` [N, 2], evaluated on ``grid`` [H, W, 2]."""
    n = len(points)

    def kernel(squared: NDArray[np.float64]) -> NDArray[np.float64]:
        return 0.5 * squared * np.log(squared + 1e-9)

    system = np.zeros((n + 3, n + 3))
    system[:n, :n] = kernel(((points[:, None] - points[None]) ** 2).sum(2)) + 2.0 * np.eye(n)
    system[:n, n], system[:n, n + 1 :] = 1.0, points
    system[n:, :n] = system[:n, n:].T
    weights = np.linalg.solve(system, np.concatenate([values, np.zeros((3, 2))]))
    rows = []
    for row in grid.astype(np.float64):
        near = kernel(((row[:, None] - points[None]) ** 2).sum(2))
        rows.append(near @ weights[:n] + weights[n] + row @ weights[n + 1 :])
    return np.stack(rows).astype(np.float32)
