"""Neural style by optimisation: the picture whose features are a photograph's and whose Gram matrices are a painting's (Gatys,
Ecker and Bethge, "Image Style Transfer Using Convolutional Neural Networks", 2016), on the features that training uses.

A reference to compare the quick networks with: minutes for one picture.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from installation.messages import Image
from installation.training.losses import Darknet

CONTENT_MAP = 3  # of the network's maps: coarse enough to leave room for strokes
STYLE_WEIGHT = 1e4
SMOOTH_WEIGHT = 0.02  # of the differences between neighbours (total variation)
RATE = 0.04  # of Adam, on pixels in -1…1


def optimised(picture: Image, painting: Image, features: Path, steps: int, progress: Callable[[float], None]) -> Image:
    """[H, W, 3] painted like ``painting``. features: file of tiny darknet. progress: told 0…1."""
    network = Darknet(features).eval().requires_grad_(False)
    content = _planes(picture)
    height, width = painting.shape[:2]
    scale = max(picture.shape[:2]) / max(height, width)
    style = _planes(np.asarray(cv2.resize(painting, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA), np.uint8))
    with torch.no_grad():
        wanted = list(network.maps(content))[CONTENT_MAP]
        grams = [gram(one) for one in network.maps(style)]
    drawn = content.clone().requires_grad_(True)
    optimiser = torch.optim.Adam([drawn], RATE)
    for step in range(steps):
        optimiser.zero_grad()
        maps = list(network.maps(drawn))
        loss = (maps[CONTENT_MAP] - wanted).square().mean()
        loss = loss + STYLE_WEIGHT * sum(((gram(one) - g).square().mean() for one, g in zip(maps, grams, strict=True)), drawn.new_zeros(()))
        smooth = (drawn[..., 1:] - drawn[..., :-1]).abs().mean() + (drawn[..., 1:, :] - drawn[..., :-1, :]).abs().mean()
        (loss + SMOOTH_WEIGHT * smooth).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        with torch.no_grad():
            drawn.clamp_(-1.0, 1.0)
        progress((step + 1) / steps)
    shown = ((drawn.detach()[0].permute(1, 2, 0) + 1.0) * 127.5).round().clamp(0, 255)
    return np.asarray(shown.to(torch.uint8).numpy(), dtype=np.uint8)


def gram(maps: Tensor) -> Tensor:
    """[1, C, H, W] -> [C, C], the mean products of channels."""
    flat = maps.flatten(2)[0]
    return flat @ flat.T / flat.shape[1]


def _planes(picture: Image) -> Tensor:
    return torch.from_numpy(picture.astype(np.float32) / 127.5 - 1.0).permute(2, 0, 1)[None].contiguous()
