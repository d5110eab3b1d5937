"""Two adversaries that know what was asked for: one looks at the edited face over glass, one at the residual that was written.

Both judge whether a face is real *and* is what it is said to be (projection of the condition: Miyato and Koyama 2018, "cGANs with
Projection Discriminator"; real faces with wrong labels count as false: Reed et al. 2016). The first reads the maps of a perceptual
network (Sauer et al. 2021, "Projected GANs Converge Faster"). Neither is normalised spectrally: with so few faces their answers
would stay too faint to teach anything.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import islice

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from installation.networks.facets_encoder import DETAIL_CHANNELS
from installation.training.editor.faces import YEARS
from installation.training.losses import Darknet
from installation.training.precision import half

AGE_PLACES = (1.5, 6.0, 15.0, 25.0, 35.0, 45.0, 55.0, 65.0, 76.0)  # years
SMILE_PLACES, MOUTH_PLACES = (-2.0, -1.0, 0.0, 1.0, 2.0), (-1.0, 0.0, 1.0, 2.5)  # deviations
CONDITION = len(AGE_PLACES) + 2 + len(SMILE_PLACES) + len(MOUTH_PLACES)
SLOPE = 0.2  # of leaky ReLUs
MAPS = slice(1, 4)  # of the perceptual network: a half, a quarter and a quarter of the picture's side


def condition(attributes: Tensor) -> Tensor:
    """Attributes [N, 4], as ``LabelledFaces`` has them, gender as a probability -> soft places [N, 20]."""

    def places(values: Tensor, at: Sequence[float], width: float) -> Tensor:
        away: Tensor = (values[:, None] - torch.tensor(at)) / width
        return torch.softmax(-away.square(), 1)

    age = places(attributes[:, 0], [a / YEARS for a in AGE_PLACES], 0.45)
    female = attributes[:, 1:2]
    return torch.cat([age, female, 1 - female, places(attributes[:, 2], SMILE_PLACES, 0.8), places(attributes[:, 3], MOUTH_PLACES, 0.8)], 1)


def quick_start(module: nn.Module) -> None:
    """Small heads must answer with numbers near 1 soon (He et al. 2015): the usual start is too faint for a few thousand faces."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d) and part.out_channels > 1:
            nn.init.kaiming_normal_(part.weight, a=SLOPE)


def with_condition(logits: Tensor, features: Tensor, embedded: Tensor) -> Tensor:
    """Patch logits [N, 1, h, w] of features [N, C, h, w], with the projection of a condition [N, C] added: [N, h * w]."""
    told = (features * embedded[:, :, None, None]).sum(1, keepdim=True) / math.sqrt(features.shape[1])
    return (logits + told).flatten(1)


class PictureHeads(nn.Module):
    """Patch logits on three maps of tiny darknet, each knowing its place: faces are aligned. side: px of the pictures; wide:
    channels."""

    def __init__(self, darknet: Darknet, side: int, wide: int = 32) -> None:
        super().__init__()
        widths = darknet.widths[MAPS]
        self.enter = nn.ModuleList(nn.Conv2d(width, wide, 1) for width in widths)
        self.place = nn.ParameterList(nn.Parameter(0.1 * torch.randn(1, wide, s, s)) for s in (side // 2, side // 4, side // 4))
        self.body = nn.ModuleList(
            nn.Sequential(nn.LeakyReLU(SLOPE), nn.Conv2d(wide, 2 * wide, 4, 2, 1), nn.LeakyReLU(SLOPE)) for _ in widths
        )
        self.out = nn.ModuleList(nn.Conv2d(2 * wide, 1, 3, 1, 1) for _ in widths)
        self.embed = nn.ModuleList(nn.Linear(CONDITION, 2 * wide) for _ in widths)
        quick_start(self)

    @staticmethod
    def maps(darknet: Darknet, pictures: Tensor) -> list[Tensor]:
        """What ``forward`` reads of pictures [N, 3, side, side] in -1…1."""
        return [*islice(darknet.maps(pictures), MAPS.stop)][MAPS]

    def forward(self, maps: Sequence[Tensor], told: Tensor) -> Tensor:
        parts = zip(maps, self.enter, self.place, self.body, self.out, self.embed, strict=True)
        found = []
        for x, enter, place, body, out, embed in parts:
            with half():
                h = body(enter(x) + place)
                logits = out(h)
            found.append(with_condition(logits.float(), h.float(), embed(told)))
        return torch.cat(found, 1)


class ResidualHeads(nn.Module):
    """Patch logits on the generator's features before the residual [N, 128, h, w] and the residual itself [N, 32, h, w].

    It judges what the editor writes, not what is drawn of it, so it needs no drawing and cannot tell by softness. usual: [1, 160, 1,
    1], the size of each channel. cells: (h, w)."""

    usual: Tensor

    def __init__(self, usual: Tensor, cells: tuple[int, int], near: int = 48, middle: int = 96, far: int = 128) -> None:
        super().__init__()
        self.enter = nn.Conv2d(usual.shape[1], near, 1)
        self.place = nn.Parameter(0.1 * torch.randn(1, near, *cells))
        self.near = nn.Sequential(nn.LeakyReLU(SLOPE), nn.Conv2d(near, near, 3, 1, 1), nn.LeakyReLU(SLOPE))
        self.far = nn.Sequential(
            nn.Conv2d(near, middle, 4, 2, 1), nn.LeakyReLU(SLOPE), nn.Conv2d(middle, far, 4, 2, 1), nn.LeakyReLU(SLOPE)
        )
        self.out = nn.ModuleList([nn.Conv2d(near, 1, 1), nn.Conv2d(far, 1, 3, 1, 1)])
        self.embed = nn.ModuleList([nn.Linear(CONDITION, near), nn.Linear(CONDITION, far)])
        self.register_buffer("usual", usual)
        quick_start(self)

    def forward(self, features: Tensor, residual: Tensor, told: Tensor) -> Tensor:
        with half():
            near = self.near(self.enter(torch.cat([features, residual], 1) / self.usual) + self.place)
            far = self.far(near)
            answers = [out(maps).float() for out, maps in zip(self.out, (near, far), strict=True)]
        near, far = near.float(), far.float()
        close = with_condition(answers[0], near, self.embed[0](told)).mean(1, keepdim=True)
        # Each fine patch says little: all of them together weigh as much as four coarse ones.
        return torch.cat([close.expand(-1, 4), with_condition(answers[1], far, self.embed[1](told))], 1)


def usual_size(features: Tensor, residual: Tensor) -> Tensor:
    """[1, 160, 1, 1]: root mean square of each channel."""
    assert residual.shape[1] == DETAIL_CHANNELS
    return torch.cat([features, residual], 1).square().mean((0, 2, 3), keepdim=True).sqrt() + 1e-3


def hinge(real: Tensor, wrong: Tensor, fake: Tensor) -> Tensor:
    """An adversary's loss: real faces with their labels are true, with another's labels or edited they are not."""
    return F.relu(1 - real).mean() + 0.7 * F.relu(1 + fake).mean() + 0.3 * F.relu(1 + wrong).mean()
