"""Who tells drawn pictures from real ones, and teaches the generator by it."""

from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from installation.networks.discriminator import Discriminator
from installation.training.adversary import ProjectedHeads, hinge, logistic
from installation.training.alias_free.settings import Shape
from installation.training.losses import Darknet


class Judge(Protocol):
    """``network`` is what learns. Pictures are [N, 3, S, S], already as they are to be seen."""

    network: nn.Module
    penalised: bool  # whether R1 is due

    def of_samples(self, fake: Tensor) -> Tensor:
        """The generator's loss."""
        ...

    def of_both(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """The judge's own loss, and what it said of the real pictures."""
        ...

    def logits(self, pictures: Tensor) -> Tensor:
        """How real they look."""
        ...


class StyleGAN2Judge:
    """StyleGAN2's discriminator with the logistic loss."""

    penalised = True

    def __init__(self, shape: Shape) -> None:
        self.network: nn.Module = Discriminator(shape.size, shape.adversary_widths)

    def of_samples(self, fake: Tensor) -> Tensor:
        return F.softplus(-self.logits(fake)).mean()

    def of_both(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        said = self.logits(real)
        return logistic(said, self.logits(fake)), said

    def logits(self, pictures: Tensor) -> Tensor:
        said: Tensor = self.network(pictures)
        return said.float()


class ProjectedJudge:
    """Small heads on a frozen network's features, with the hinge loss."""

    penalised = False

    def __init__(self, features: Darknet) -> None:
        self._features = features
        self.network: nn.Module = ProjectedHeads(features.widths)

    def of_samples(self, fake: Tensor) -> Tensor:
        return -self.logits(fake).mean()

    def of_both(self, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        said = self.logits(real)
        return hinge(said, self.logits(fake)), said

    def logits(self, pictures: Tensor) -> Tensor:
        said: Tensor = self.network(list(self._features.maps(pictures)))
        return said.float()


def blurred(pictures: Tensor, sigma: float) -> Tensor:
    """Pictures [N, C, S, S] behind a Gaussian whose weight at ``sigma`` px is a half, cut off at three sigma."""
    reach = int(3 * sigma)
    if reach < 1:
        return pictures
    places = torch.arange(-reach, reach + 1, device=pictures.device, dtype=pictures.dtype)
    taps = torch.exp2(-(places / sigma).square())
    taps = taps / taps.sum()
    width, count = pictures.shape[1], len(taps)
    pictures = F.conv2d(pictures, taps.view(1, 1, 1, count).expand(width, 1, 1, count), padding=(0, reach), groups=width)
    return F.conv2d(pictures, taps.view(1, 1, count, 1).expand(width, 1, count, 1), padding=(reach, 0), groups=width)
