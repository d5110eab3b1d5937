"""The adversarial term: a discriminator that learns to tell drawn portraits from photographs.

``projected`` reads the perceptual network's features, which the reconstruction has computed anyway, through small heads
(Sauer et al. 2021, "Projected GANs Converge Faster"): the one to take on a CPU. ``stylegan2`` is StyleGAN2's own network with
the logistic loss, R1 (Mescheder et al. 2018) and adaptive augmentation.
"""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from installation.training.distributed import mean, randn

HEAD_WIDTH = 32


class ProjectedHeads(nn.Module):
    """A patch discriminator on each map of a frozen feature network.

    widths: channels of the maps. ``forward(maps) -> [N, K]``: one logit a patch, all maps side by side.
    """

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.heads = nn.ModuleList(
            nn.Sequential(
                spectral_norm(nn.Conv2d(width, HEAD_WIDTH, 1)),
                nn.LeakyReLU(0.2),
                spectral_norm(nn.Conv2d(HEAD_WIDTH, HEAD_WIDTH, 4, 2, 1)),
                nn.LeakyReLU(0.2),
                spectral_norm(nn.Conv2d(HEAD_WIDTH, 1, 3, 1, 1)),
            )
            for width in widths
        )

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        return torch.cat([head(x).flatten(1) for head, x in zip(self.heads, maps, strict=True)], dim=1)


def hinge(real: Tensor, fake: Tensor) -> Tensor:
    """The discriminator's loss of Projected GAN."""
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


def logistic(real: Tensor, fake: Tensor) -> Tensor:
    """The discriminator's loss of StyleGAN2."""
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def r1_penalty(discriminator: Callable[[Tensor], Tensor], real: Tensor) -> Tensor:
    """Mean squared gradient of the logits by real pictures [N, 3, S, S]."""
    real = real.detach().requires_grad_(True)
    (gradient,) = torch.autograd.grad(discriminator(real).sum(), real, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3)).mean()


class PathLength:
    """Path length regularisation (Karras et al. 2020): a step in W should move the picture equally far anywhere."""

    def __init__(self, decay: float = 0.01) -> None:
        self.mean = torch.zeros(())
        self.decay = decay

    def __call__(self, images: Tensor, ws: Tensor) -> Tensor:
        """The penalty for pictures [N, 3, S, S] that were drawn from ``ws`` [N, styles, w_dim], which needs a gradient."""
        noise = randn(len(images), *images.shape[1:], device=images.device) / (images.shape[-1] * images.shape[-2]) ** 0.5
        (gradient,) = torch.autograd.grad((images * noise).sum(), ws, create_graph=True)
        lengths = gradient.square().sum(dim=2).mean(dim=1).sqrt()
        self.mean = self.mean.to(lengths).lerp(mean(lengths.mean().detach()), self.decay)
        return (lengths - self.mean).square().mean()
