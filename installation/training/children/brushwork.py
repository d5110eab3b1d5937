"""Draw photographs in oil by an image filter: the supervised target of the painted child.

The strokes of an aligned face lie where they always lie: aslant behind it, along the hairline, down the cheeks, under the chin.
That is what a generator can learn to the last bristle, as one noise picture that it shapes by what it draws: strokes that
followed each photograph would come out of the training as their average, which is none. Pictures are [N, 3, S, S] in -1…1.
"""

import functools
import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from installation.faces.ffhq import EYES, MOUTH, NOSE
from installation.training.children.image_filters import gaussian, grid, kuwahara, luma, saturate

TONES = 7.0  # steps of light
MIDDLE = (0.5, 0.56)  # of an FFHQ-aligned head, in fractions of the side
HEAD = (0.34, 0.42)  # its half axes
REFERENCE = 256.0  # px: the lengths below are of a picture of this side
FEATURES = (  # centre, extent and weight of what is painted with the finest brush
    (EYES[0], (0.085, 0.05), 1.0),
    (EYES[1], (0.085, 0.05), 1.0),
    ((NOSE[0], MOUTH[0][1]), (0.13, 0.06), 1.0),
    (NOSE, (0.08, 0.1), 1.0),
)


@dataclass(frozen=True, eq=False)
class Brushwork:
    """Everything about the strokes that no photograph changes, [1, 1, S, S] each.

    across, down: direction of the stroke. bristles, strokes: fine and broad relief, about -1…1. face, features: 0…1, where the
    brush is smaller.
    """

    across: Tensor
    down: Tensor
    bristles: Tensor
    strokes: Tensor
    face: Tensor
    features: Tensor


@functools.cache
def brushwork(size: int) -> Brushwork:
    """The strokes of a picture of ``size`` px: the same at every call."""
    like = torch.zeros(1, 1, size, size)
    angle, radius = _angle(like)
    across, down = torch.cos(angle)[None, None], torch.sin(angle)[None, None]
    unit = size / REFERENCE
    bristles = _relief(0, 1.0 * unit, 9 * unit, across, down)
    strokes = torch.tanh(1.5 * _relief(1, 2.6 * unit, 18 * unit, across, down))
    return Brushwork(across, down, bristles, strokes, torch.sigmoid((0.95 - radius) * 8)[None, None], _features(like))


def _angle(like: Tensor) -> tuple[Tensor, Tensor]:
    """Direction of the strokes in radians, and the distance from the head's middle, 1 at its outline; [S, S] both."""
    x, y = grid(like)
    dx, dy = x - MIDDLE[0], y - MIDDLE[1]
    radius = ((dx / HEAD[0]).square() + (dy / HEAD[1]).square()).sqrt()
    around = torch.atan2(dx / HEAD[0] ** 2, -dy / HEAD[1] ** 2)  # along the hairline, down the cheeks, under the chin
    behind = 0.45 * torch.sin(6 * x + 3 * y) - 0.85
    angle = _between(around, behind, torch.sigmoid((radius - 1.3) * 9))
    wander = gaussian(_noise(3, like.shape[-1]), 18 * like.shape[-1] / REFERENCE)[0, 0]
    return angle + 0.28 * wander / wander.std(), radius


def _between(a: Tensor, b: Tensor, share: Tensor) -> Tensor:
    """From direction ``a`` to ``b``; a stroke has no front, so half a turn is the same direction."""
    return torch.atan2(torch.lerp(torch.sin(2 * a), torch.sin(2 * b), share), torch.lerp(torch.cos(2 * a), torch.cos(2 * b), share)) / 2


def _features(like: Tensor) -> Tensor:
    x, y = grid(like)
    total = torch.zeros_like(x)
    for (cx, cy), (wide, tall), weight in FEATURES:
        total += weight * torch.exp(-(((x - cx) / wide).square() + ((y - cy) / tall).square()))
    return total.clamp(0, 1)[None, None]


def _noise(seed: int, size: int) -> Tensor:
    return torch.randn(1, 1, size, size, generator=torch.Generator().manual_seed(seed))


def _relief(seed: int, width: float, length: float, across: Tensor, down: Tensor) -> Tensor:
    """Ridges of ``width`` px, drawn out ``length`` px either way; standard deviation 1."""
    noise = gaussian(_noise(seed, across.shape[-1]), width)
    ridges = smear(noise, across, down, round(length))
    ridges = ridges - gaussian(ridges, 10 * across.shape[-1] / REFERENCE)
    return ridges / ridges.std()


def smear(x: Tensor, across: Tensor, down: Tensor, length: int) -> Tensor:
    """Average along the strokes, ``length`` px either way (line integral convolution, Cabral and Leedom 1993)."""
    size, channels = x.shape[-1], x.shape[1]
    fields = torch.cat([x, across.expand(len(x), -1, -1, -1), down.expand(len(x), -1, -1, -1)], dim=1)
    total, norm = x, 1.0
    for way in (1.0, -1.0):
        ahead = way * torch.stack([across[0, 0], down[0, 0]], dim=-1).expand(len(x), -1, -1, -1)
        place = torch.stack(grid(x), dim=-1) * size
        for step in range(1, length + 1):
            place = place + ahead
            met = F.grid_sample(fields, 2 * place / size - 1, padding_mode="reflection", align_corners=False)
            there = F.normalize(met[:, channels:].permute(0, 2, 3, 1), dim=-1)  # between opposite ones lies a short one
            ahead = there * torch.where((there * ahead).sum(dim=-1, keepdim=True) < 0, -1.0, 1.0)
            weight = 0.5 + 0.5 * math.cos(math.pi * step / (length + 1))
            total, norm = total + weight * met[:, :channels], norm + weight
    return total / norm


def painted(x: Tensor) -> Tensor:
    """Oil on canvas: broad strokes, smaller ones on the face, the finest on eyes and mouth; warm and cold paint side by side."""
    b = brushwork(x.shape[-1])
    across, down, bristles, strokes, face, features = (
        t.to(x) for t in (b.across, b.down, b.bristles, b.strokes, b.face, b.features)
    )  # fmt: skip
    broad = smear(kuwahara(kuwahara(x, 4, 10.0), 5, 10.0), across, down, 4)
    middle = smear(kuwahara(x, 3, 10.0), across, down, 2)
    colour = torch.lerp(broad, middle, 0.7 * face)
    colour = saturate(torch.lerp(colour, kuwahara(x, 2), 0.9 * features), 1.3)
    light = luma(colour)
    loose = (1 - 0.6 * face) * (1 - 0.8 * features)
    level = (light + 1) / 2 * TONES + 0.45 * strokes * loose
    stepped = (torch.floor(level) + torch.sigmoid((level - torch.floor(level) - 0.5) * 9)) / TONES * 2 - 1
    colour = colour + 0.8 * (1 - 0.75 * features) * (stepped - light)
    colour = colour * x.new_tensor((1.06, 1.03, 0.98))[:, None, None] + x.new_tensor((0.02, 0.0, -0.04))[:, None, None]
    ridge = strokes + 0.5 * bristles
    relief = ridge - ridge.roll((1, 1), dims=(2, 3))
    dabs = 0.045 * strokes * x.new_tensor((1.0, 0.4, -0.9))[:, None, None]
    return (colour + loose * (dabs + 0.035 * bristles + 0.1 * relief)).clamp(-1, 1)


def noise_picture(layer_px: int, size: int) -> Tensor:
    """[1, 1, layer_px, layer_px]: the strokes as a generator of ``size`` px takes them in at a layer of ``layer_px``."""
    b = brushwork(size)
    return F.interpolate(b.strokes + 0.5 * b.bristles, size=(layer_px, layer_px), mode="area")
