"""What a gallery's camera does to a face, for the encoder's input only: light, colour, blur, noise, a slightly wrong crop."""

import torch
import torch.nn.functional as F
from torch import Tensor

from installation.training.distributed import rand, randn


def _uniform(count: int, low: float, high: float, like: Tensor) -> Tensor:
    return low + (high - low) * rand(count, device=like.device)


def _chance(count: int, probability: float, like: Tensor) -> Tensor:
    return (rand(count, 1, 1, 1, device=like.device) < probability).float()


def jitter_crop(x: Tensor, amount: float) -> Tensor:
    """Turn, move and scale [N, C, S, S] as a misplaced crop would; ``amount`` 1 is 6 degrees, 4 % and 5 %."""
    count = len(x)
    angle = _uniform(count, -0.105, 0.105, x) * amount
    scale = 1 + _uniform(count, -0.05, 0.05, x) * amount
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    shift_x, shift_y = _uniform(count, -0.08, 0.08, x) * amount, _uniform(count, -0.08, 0.08, x) * amount
    theta = torch.stack([torch.stack([cos, -sin, shift_x], 1), torch.stack([sin, cos, shift_y], 1)], 1)
    grid = F.affine_grid(theta, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, align_corners=False, padding_mode="reflection")


def camera(x: Tensor) -> Tensor:
    """Pictures [N, 3, S, S] in -1…1 as a cheap camera in poor light sees them."""
    count = len(x)
    light = (x + 1) / 2
    gains = 1 + 0.12 * randn(count, 3, 1, 1, device=x.device) * _chance(count, 0.5, x)
    exposure = 1 + 0.15 * randn(count, 1, 1, 1, device=x.device).clamp(-2, 2) * _chance(count, 0.5, x)
    light = (light * gains * exposure).clamp(1e-4, 1)
    gamma = torch.exp(0.25 * randn(count, 1, 1, 1, device=x.device).clamp(-2, 2) * _chance(count, 0.4, x))
    light = light.pow(gamma)
    side = int(torch.randint(x.shape[-1] * 3 // 8, x.shape[-1], ()).item())
    soft = F.interpolate(F.interpolate(light, size=(side, side), mode="area"), size=x.shape[-2:], mode="bilinear")
    light = torch.lerp(light, soft, _chance(count, 0.3, x))
    grain = randn(count, *light.shape[1:], device=x.device) * 0.04 * rand(count, 1, 1, 1, device=x.device) * _chance(count, 0.5, x)
    return (light + grain).clamp(0, 1) * 2 - 1


def fill_outside(x: Tensor, mask: Tensor) -> Tensor:
    """Outside its mask a picture shows grey or, every other time, its neighbour in the batch: tight crops must not teach grey frames."""
    neighbour = x.roll(1, dims=0)
    background = torch.where(_chance(len(x), 0.5, x) > 0, neighbour, torch.zeros_like(x))
    return x * mask + background * (1 - mask)
