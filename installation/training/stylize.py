"""Draw photographs by image filters: the supervised targets of the child generators.

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


def saturate(x: Tensor, amount: float) -> Tensor:
    """Colours pushed away from grey by ``amount`` (1 leaves them)."""
    grey = luma(x)
    return (grey + (x - grey) * amount).clamp(-1, 1)


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


def painted(x: Tensor) -> Tensor:
    """Oil on canvas: brush patches along the forms, deep warm colours, a little relief of the paint."""
    base = kuwahara(kuwahara(x, 3), 3)
    warm = saturate(base, 1.35) * x.new_tensor((1.04, 1.0, 0.88))[:, None, None] + x.new_tensor((0.03, 0.0, -0.05))[:, None, None]
    deep = warm - 0.12 * torch.cos(warm * torch.pi / 2) * warm.sign() * -1
    height = luma(kuwahara(x, 4, 4.0))
    relief = height - height.roll((1, 1), dims=(2, 3))
    return (deep + 0.9 * relief.clamp(-0.12, 0.12)).clamp(-1, 1)


def toon(x: Tensor) -> Tensor:
    """Flat, bright colours in few steps of light, drawn round with ink."""
    flat = kuwahara(kuwahara(x, 4), 4)
    levels = 5.0
    light = (luma(flat) + 1) / 2 * levels
    stepped = torch.floor(light) + torch.sigmoid((light - torch.floor(light) - 0.5) * 14)
    scaled = (flat + 1) * ((stepped / levels + 0.04) / (light / levels + 0.04)) - 1
    bright = saturate((scaled * 0.95 + 0.1).clamp(-1, 1), 1.5)
    ink = outlines(kuwahara(x, 2), 1.2, 26.0)
    return bright * (1 - ink) + x.new_tensor((-0.85, -0.88, -0.8))[:, None, None] * ink


STYLES = {"painted": painted, "toon": toon}
"""Filters by the name of the child that learns them."""
