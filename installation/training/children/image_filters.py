"""Image filters that draw photographs: what the targets of the child generators are made of.

Pictures are [N, 3, H, W] in -1…1, RGB. Everything runs in torch, on a GPU too.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

LUMA = (0.299, 0.587, 0.114)


def kuwahara(x: Tensor, radius: int, sharpness: float = 8.0) -> Tensor:
    """Edge-keeping smoothing into brush-like patches (Papari et al. 2007, "Artistic edge and corner enhancing smoothing").

    Around each pixel eight windows are weighed by how even they are; ``sharpness`` is the exponent of that weight.
    """
    side = radius + 1
    pad = 2 * radius
    padded = F.pad(x, (pad, pad, pad, pad), mode="reflect")
    mean = F.avg_pool2d(padded, side, 1)
    spread = (F.avg_pool2d(padded.square(), side, 1) - mean.square()).clamp(min=0).sum(dim=1, keepdim=True)
    weight = (spread + 1e-4).pow(-sharpness / 2)
    height, width = x.shape[-2:]
    total, norm = torch.zeros_like(x), torch.zeros_like(x[:, :1])
    centre = pad - radius // 2
    for dy in (-radius // 2, 0, (radius + 1) // 2):
        for dx in (-radius // 2, 0, (radius + 1) // 2):
            if dy == dx == 0:
                continue
            top, left = centre + dy, centre + dx
            w = weight[..., top : top + height, left : left + width]
            total = total + mean[..., top : top + height, left : left + width] * w
            norm = norm + w
    return total / norm


def luma(x: Tensor) -> Tensor:
    """[N, 3, H, W] -> [N, 1, H, W]."""
    return (x * x.new_tensor(LUMA)[:, None, None]).sum(dim=1, keepdim=True)


def gaussian(x: Tensor, sigma: float) -> Tensor:
    """Gaussian blur, ``sigma`` in pixels."""
    radius = max(1, round(3 * sigma))
    taps = torch.exp(-torch.arange(-radius, radius + 1, device=x.device, dtype=x.dtype).square() / (2 * sigma**2))
    taps = (taps / taps.sum()).expand(x.shape[1], 1, -1)
    x = F.pad(x, (radius, radius, radius, radius), mode="reflect")
    x = F.conv2d(x, taps[:, :, None, :], groups=x.shape[1])
    return F.conv2d(x, taps[:, :, :, None], groups=x.shape[1])


def outlines(x: Tensor, sigma: float, strength: float) -> Tensor:
    """Ink 0…1 [N, 1, H, W] along dark edges (Winnemöller et al. 2012, "XDoG")."""
    grey = (luma(x) + 1) / 2
    difference = gaussian(grey, sigma) - 0.98 * gaussian(grey, sigma * 1.6)
    return (torch.tanh(strength * (0.012 - difference)).clamp(0, 1)).clamp(0, 1)


def guided(x: Tensor, radius: int, tolerance: float) -> Tensor:
    """Smoothing that stops at edges of light (He et al. 2013, "Guided Image Filtering"), guided by the picture's own luma.

    tolerance: variance of luma below which a window is flattened.
    """

    def mean(y: Tensor) -> Tensor:
        rows = F.avg_pool2d(F.pad(y, (radius,) * 4, mode="reflect"), (2 * radius + 1, 1), 1)
        return F.avg_pool2d(rows, (1, 2 * radius + 1), 1)

    light = luma(x)
    mean_light, mean_x = mean(light), mean(x)
    slope = (mean(light * x) - mean_light * mean_x) / (mean(light.square()) - mean_light.square() + tolerance)
    return mean(slope) * light + mean(mean_x - slope * mean_light)


def grid(x: Tensor) -> tuple[Tensor, Tensor]:
    """Where each pixel's centre lies, x and y [H, W], in fractions of the side."""
    axis = (torch.arange(x.shape[-1], device=x.device, dtype=x.dtype) + 0.5) / x.shape[-1]
    down, across = torch.meshgrid(axis, axis, indexing="ij")
    return across, down


def around(x: Tensor, middle: tuple[float, float], extent: tuple[float, float]) -> Tensor:
    """A soft spot [1, 1, S, S], 1 at its middle; middle and extent, x and y, in fractions of the side."""
    across, down = grid(x)
    return torch.exp(-(((across - middle[0]) / extent[0]).square() + ((down - middle[1]) / extent[1]).square()))[None, None]
