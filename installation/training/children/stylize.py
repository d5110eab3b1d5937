"""The styles that a child generator can learn, each drawn by an image filter: its supervised targets."""

import torch
from torch import Tensor

from installation.training.children.brushwork import noise_picture, painted
from installation.training.children.image_filters import gaussian, guided, kuwahara, luma, outlines

TONES = 4.0  # steps of light of a toon


def toon(x: Tensor) -> Tensor:
    """Even skin, bright colours in few steps of light, drawn round with ink."""
    flat = x
    for radius in (4, 6, 6):
        flat = guided(flat, radius, 0.03)
    flat = kuwahara(flat.clamp(-1, 1), 3, 10.0)
    light = ((luma(flat) + 1) / 2).clamp(1e-3, 1).pow(0.75)  # shadows are colours too
    level = light * TONES
    stepped = (torch.floor(level) + torch.sigmoid((level - torch.floor(level) - 0.5) * 12)) / TONES
    coloured = 2 * torch.lerp(light, stepped, 0.6) - 1 + (flat - luma(flat)) * 1.6
    ink = gaussian(outlines(guided(x, 2, 0.01), 1.3, 30.0), 0.5)
    return torch.lerp(coloured, x.new_tensor((-0.8, -0.84, -0.78))[:, None, None].expand_as(coloured), ink).clamp(-1, 1)


STYLES = {"painted": painted, "toon": toon}
"""Filters by the name of the child that learns them."""
STROKES = {"painted": noise_picture}
"""Noise pictures of the layers of a style that has strokes, by the layer's side and the generator's, in pixels."""
EYES = {"toon": 0.22}
"""By how much a style's eyes are larger, where they are: the portrait is warped, nothing has to be learned for it."""
