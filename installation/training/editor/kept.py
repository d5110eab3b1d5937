"""What the mirror keeps of the sitter under an edit, with gradients: the editor learns to draw what will be seen of it.

The same as ``compositing.change`` and ``compositing.sitters_own``, but for where things are: faces are aligned, so eyes and mouth have
their usual places here and no landmarks are asked.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from installation.compositing.change import LEAST_SKIN, TONE, TONE_PX, TONE_REACH
from installation.compositing.sitters_own import EYES_KEPT, LIFT, LUMA, MOST

GREY_LEVELS = 127.5  # of one unit of a picture in -1…1
# Middle and half axes of ellipses, fractions of the side of an FFHQ-aligned picture, and the width of their rims, fractions of the axes.
EYES = ((0.375, 0.472), (0.048, 0.022)), ((0.625, 0.472), (0.048, 0.022))
MOUTH = (0.5, 0.742), (0.125, 0.06)
SKIN = (0.5, 0.575), (0.235, 0.31)
RIM = 0.12


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """eyes, hue, skin [1, 1, S, S] 0…1: how far the camera's own eyes stay; how far a change is one of brightness alone; what is skin."""

    eyes: Tensor
    hue: Tensor
    skin: Tensor

    @classmethod
    def at(cls, side: int) -> Kept:
        """For pictures of that side."""
        eyes = torch.maximum(*(_ellipse(side, *eye) for eye in EYES))
        return cls(EYES_KEPT * eyes, 1 - _ellipse(side, *MOUTH), _ellipse(side, *SKIN))

    def of(self, change: Tensor, plain: Tensor) -> Tensor:
        """What is seen of a change over faces that are drawn like ``plain``, both [N, 3, S, S] of pictures in -1…1."""
        change = change - TONE * self._tone(change) * self.skin
        luma = torch.from_numpy(LUMA).to(change)[None, :, None, None]
        base = plain.clamp(-1, 1) + 1 + float(LIFT) / GREY_LEVELS
        light = (change * luma).sum(1, keepdim=True)
        change = torch.lerp(change, base * light / (base * luma).sum(1, keepdim=True), self.hue)
        return change * (1 - self.eyes) * torch.rsqrt(1 + (light * (GREY_LEVELS / MOST)).square())

    def _tone(self, change: Tensor) -> Tensor:
        """How the skin around each place changes as a whole."""
        side = change.shape[-1]
        levels = _blurred(F.adaptive_avg_pool2d(change * self.skin, TONE_PX))
        share = _blurred(F.adaptive_avg_pool2d(self.skin, TONE_PX)).clamp(min=float(LEAST_SKIN))
        return F.interpolate(levels / share, size=(side, side), mode="bilinear", align_corners=False)


def _ellipse(side: int, middle: tuple[float, float], axes: tuple[float, float]) -> Tensor:
    """[1, 1, side, side]: 1 inside, 0 outside."""
    axis = (torch.arange(side) + 0.5) / side
    away = ((axis[None, :] - middle[0]) / axes[0]).square() + ((axis[:, None] - middle[1]) / axes[1]).square()
    return torch.sigmoid((1 - away.sqrt()) / RIM)[None, None]


def _blurred(small: Tensor) -> Tensor:
    """Small pictures [N, C, 32, 32] as OpenCV's Gaussian blur makes them, but for their very rim."""
    spread = TONE_REACH * TONE_PX
    reach = round(4 * spread)
    weights = torch.exp(-torch.arange(-reach, reach + 1).square() / (2 * spread**2))
    weights = (weights / weights.sum()).to(small)
    padded = F.pad(small, (reach, reach, reach, reach), mode="reflect")
    count = small.shape[1]
    rows = F.conv2d(padded, weights[None, None, None, :].expand(count, 1, 1, -1), groups=count)
    return F.conv2d(rows, weights[None, None, :, None].expand(count, 1, -1, 1), groups=count)
