"""The styles that a child generator can learn, each drawn by an image filter: its supervised targets."""

import torch
from torch import Tensor

from installation.faces.ffhq import EYES as EYE_AT
from installation.faces.ffhq import MOUTH
from installation.training.children.image_filters import around, gaussian, guided, kuwahara, luma, outlines

TONES = 4.0  # steps of light of a toon
SKIN, REST = 1.08, 1.5  # how much stronger colours get: skin as it is, or everybody turns orange
SPARKLE = 0.25  # by how much the lightest and darkest of an eye come out
INK = (-0.8, -0.84, -0.78)


def toon(x: Tensor) -> Tensor:
    """Even skin in the sitter's own hue, bright colours in few steps of light, clear eyes, drawn round with ink. ``x``: FFHQ-aligned."""
    mouth = around(x, ((MOUTH[0][0] + MOUTH[1][0]) / 2, MOUTH[0][1]), (0.11, 0.06))
    eyes = torch.stack([around(x, eye, (0.065, 0.04)) for eye in EYE_AT]).sum(dim=0).clamp(max=1)
    flat = _flattened(x, (0.85 * eyes + 0.5 * mouth).clamp(max=0.9))
    light = ((luma(flat) + 1) / 2).clamp(1e-3, 1).pow(0.8)  # shadows are colours too
    level = light * TONES
    stepped = (torch.floor(level) + torch.sigmoid((level - torch.floor(level) - 0.5) * 12)) / TONES
    tone = torch.lerp(light, stepped, 0.6 * (1 - 0.7 * eyes))
    tone = tone + SPARKLE * eyes * (tone - gaussian(light, 10.0))
    coloured = 2 * tone - 1 + _brighter(flat - luma(flat))
    ink = gaussian(outlines(guided(x, 3, 0.012), 1.2, 32.0), 0.45) * (1 - 0.6 * mouth)  # teeth are not drawn one by one
    return torch.lerp(coloured, x.new_tensor(INK)[:, None, None].expand_as(coloured), ink).clamp(-1, 1)


def _flattened(x: Tensor, finer: Tensor) -> Tensor:
    """``x`` without its texture, less so where ``finer`` is."""
    flat = x
    for radius in (4, 6, 8):
        flat = guided(flat, radius, 0.03)
    flat = kuwahara(flat.clamp(-1, 1), 4, 10.0)
    return torch.lerp(flat, kuwahara(guided(x, 2, 0.01).clamp(-1, 1), 2), finer)


def _brighter(chroma: Tensor) -> Tensor:
    """Colours without their lightness, stronger; those of skin, which are between red and yellow and not strong, nearly as they were."""
    red, green, blue = chroma[:, :1], chroma[:, 1:2], chroma[:, 2:]
    skin = torch.sigmoid(14 * (red - blue - 0.12)) * torch.sigmoid(10 * (0.75 - red + blue)) * torch.sigmoid(20 * (green - blue + 0.15))
    return chroma * torch.lerp(torch.full_like(skin, REST), torch.full_like(skin, SKIN), skin)


STYLES = {"toon": toon}
"""Filters by the name of the child that learns them."""
EYES = {"toon": 0.22}
"""By how much a style's eyes are larger, where they are: the portrait is warped, nothing has to be learned for it."""
OWN_HUE = frozenset({"toon"})
"""Styles whose skin is to have the sitter's hue: what the child has learned is corrected face by face."""
