"""Adaptive augmentation (Karras et al. 2020, "Training Generative Adversarial Networks with Limited Data").

What the discriminator sees, real or drawn, is transformed with a probability that grows while it is too sure of the real
pictures: a few thousand faces would otherwise be learned by heart.
"""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from installation.training.distributed import mean, rand, randn

TARGET = 0.6  # of the real logits' mean sign, above which the discriminator overfits
IMAGES_TO_FULL = 500_000  # pictures that would take the probability from 0 to 1


class AdaptiveAugment:
    """Differentiable transforms, each with probability ``p``, which ``observe`` steers."""

    def __init__(self, p: float = 0.0, target: float = TARGET) -> None:
        self.p, self.target = p, target

    def observe(self, real_logits: Tensor) -> None:
        """Move ``p`` by the sign of the real pictures' logits."""
        sure = float(mean(real_logits.detach().sign().mean()))
        step = len(real_logits) / IMAGES_TO_FULL * (1 if sure > self.target else -1)
        self.p = min(0.85, max(0.0, self.p + step))

    def __call__(self, images: Tensor) -> Tensor:
        """Pictures [N, 3, S, S] in -1…1, transformed."""
        if self.p <= 0:
            return images
        images = self._geometry(images)
        images = self._colour(images)
        return self._cutout(images)

    def _on(self, like: Tensor, factor: float = 1.0) -> Tensor:
        return (rand(len(like), device=like.device) < self.p * factor).to(like)

    def _geometry(self, x: Tensor) -> Tensor:
        """Mirror, move, turn and scale in one sampling."""
        flip = 1 - 2 * self._on(x, 0.5)
        angle = self._on(x) * (rand(len(x), device=x.device) - 0.5) * math.pi / 6
        scale = torch.exp2(self._on(x) * randn(len(x), device=x.device) * 0.2)
        moves = (rand(len(x), 2, device=x.device) - 0.5).T * 0.25 * self._on(x)
        cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
        theta = torch.stack([torch.stack([cos * flip, -sin, moves[0]], 1), torch.stack([sin * flip, cos, moves[1]], 1)], 1)
        grid = F.affine_grid(theta, list(x.shape), align_corners=False)
        return sampled(x, grid)

    def _colour(self, x: Tensor) -> Tensor:
        """Brightness, contrast and saturation."""
        shape = (len(x), 1, 1, 1)
        x = x + (self._on(x) * randn(len(x), device=x.device) * 0.2).view(shape)
        x = x * torch.exp2(self._on(x) * randn(len(x), device=x.device) * 0.3).view(shape)
        grey = x.mean(dim=1, keepdim=True)
        return grey + (x - grey) * torch.exp2(self._on(x) * randn(len(x), device=x.device) * 0.5).view(shape)

    def _cutout(self, x: Tensor) -> Tensor:
        """A square of half the side is blanked."""
        side = x.shape[-1]
        axis = (torch.arange(side, device=x.device) + 0.5) / side
        middle = rand(len(x), 2, 1, 1, device=x.device)
        inside = ((axis[None, None, :] - middle[:, 0]).abs() < 0.25) & ((axis[None, :, None] - middle[:, 1]).abs() < 0.25)
        hidden = inside[:, None] & (self._on(x, 0.5).view(-1, 1, 1, 1) > 0)
        return x * (~hidden).to(x)


def sampled(x: Tensor, grid: Tensor) -> Tensor:
    """``grid_sample`` of pictures [N, C, S, S] at places [N, S, S, 2], bilinear and reflected at the rim.

    R1 and path length are gradients of gradients, for which PyTorch's own has no derivative on a GPU. What is sampled is linear in the
    pictures, so the gradient of its gradient is sampling again (Karras et al. 2020, "Training Generative Adversarial Networks with
    Limited Data", does the same). The places get no gradient.
    """
    result: Tensor = _Sampled.apply(x, grid.detach())  # type: ignore[no-untyped-call]
    return result


class _Sampled(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, grid: Tensor) -> Tensor:
        ctx.save_for_backward(grid)
        ctx.shape = x.shape
        return F.grid_sample(x, grid, mode="bilinear", padding_mode="reflection", align_corners=False)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (grid,) = ctx.saved_tensors
        return _SampledBack.apply(gradients[0], grid, ctx.shape), None  # type: ignore[no-untyped-call]


class _SampledBack(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, gradient: Tensor, grid: Tensor, shape: torch.Size) -> Tensor:
        ctx.save_for_backward(grid)
        bilinear, reflected, wanted = 0, 2, [True, False]  # as the operation counts them; the pictures' gradient alone
        like = gradient.new_empty(shape)
        back: Tensor = torch.ops.aten.grid_sampler_2d_backward(gradient.contiguous(), like, grid, bilinear, reflected, False, wanted)[0]
        return back

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (grid,) = ctx.saved_tensors
        return _Sampled.apply(gradients[0], grid), None, None  # type: ignore[no-untyped-call]
