"""The published encoders into W+: pSp (Richardson et al. 2021, "Encoding in Style") and e4e (Tov et al. 2021).

Each is a face-recognition backbone with heads on it, under the parameter names and shapes of the published checkpoints.
``PublishedEncoder`` wraps one of them and adds the mean code, as the published models do before they draw.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from installation.networks.ir_se import Backbone, BackbonePlan
from installation.networks.stylegan2 import EqualLinear

INPUT_PX = 256
COARSE_STYLES = 3  # heads on the 16 px map
MIDDLE_STYLES = 4  # heads on the 32 px map; the rest reads 64 px
COARSE_CONVS, MIDDLE_CONVS, FINE_CONVS = 4, 5, 6  # halvings down to one pixel
POOLED_PX = 7
STAGES = 4

EncoderKind = Literal[
    "GradualStyleEncoder", "Encoder4Editing", "BackboneEncoderUsingLastLayerIntoW", "BackboneEncoderUsingLastLayerIntoWPlus"
]


@dataclass(frozen=True)
class EncoderPlan:
    """What the parameters of a file say about its encoder."""

    kind: EncoderKind
    backbone: BackbonePlan
    styles: int
    w_dim: int


class StyleHead(nn.Module):
    """One style: a map [N, in, 2^convs, 2^convs] -> [N, w_dim], by halving convolutions."""

    def __init__(self, in_channel: int, w_dim: int, convs: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for index in range(convs):
            layers += [nn.Conv2d(w_dim if index else in_channel, w_dim, 3, 2, 1), nn.LeakyReLU(0.01)]
        self.convs = nn.Sequential(*layers)
        self.linear = EqualLinear(w_dim, w_dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.convs(x).flatten(1))  # type: ignore[no-any-return]


class GradualStyleEncoder(Backbone):
    """pSp's feature pyramid: one head a style on the 16, 32 or 64 px map -> [N, styles, w_dim]."""

    def __init__(self, plan: EncoderPlan) -> None:
        super().__init__(plan.backbone)
        if len(self.stage_ends) != STAGES:
            raise ValueError(f"its backbone has {len(self.stage_ends)} stages, a feature pyramid needs {STAGES}")
        fine, middle, coarse = (plan.backbone.blocks[index].depth for index in self.stage_ends[1:])
        convs = [COARSE_CONVS] * COARSE_STYLES + [MIDDLE_CONVS] * MIDDLE_STYLES
        convs += [FINE_CONVS] * (plan.styles - len(convs))
        self.styles = nn.ModuleList(StyleHead(coarse, plan.w_dim, count) for count in convs[: plan.styles])
        self.latlayer1 = nn.Conv2d(middle, coarse, 1)
        self.latlayer2 = nn.Conv2d(fine, coarse, 1)

    def forward(self, images: Tensor) -> Tensor:
        _, fine, middle, coarse = self.stages(images)
        middle = add_upsampled(coarse, self.latlayer1(middle))
        fine = add_upsampled(middle, self.latlayer2(fine))
        levels = (coarse,) * COARSE_STYLES + (middle,) * MIDDLE_STYLES
        return torch.stack([head(levels[i] if i < len(levels) else fine) for i, head in enumerate(self.styles)], 1)


def add_upsampled(x: Tensor, lateral: Tensor) -> Tensor:
    """``x`` brought to the size of ``lateral`` (corners aligned, as published) and added to it."""
    return F.interpolate(x, lateral.shape[-2:], mode="bilinear", align_corners=True) + lateral


class Encoder4Editing(GradualStyleEncoder):
    """e4e at its inference stage: the first head gives one w, every other one a change to it."""

    def forward(self, images: Tensor) -> Tensor:
        heads = super().forward(images)
        first = heads[:, :1]
        return torch.cat([first, first + heads[:, 1:]], 1)


class BackboneEncoderUsingLastLayerIntoW(Backbone):
    """The mean of the last map -> one w for every style [N, styles, w_dim]."""

    def __init__(self, plan: EncoderPlan) -> None:
        super().__init__(plan.backbone)
        self.count = plan.styles
        self.linear = EqualLinear(plan.backbone.blocks[-1].depth, plan.w_dim)

    def forward(self, images: Tensor) -> Tensor:
        w = self.linear(self.stages(images)[-1].mean((2, 3)))
        return w[:, None].expand(-1, self.count, -1)  # type: ignore[no-any-return]


class BackboneEncoderUsingLastLayerIntoWPlus(Backbone):
    """The last map through one fully connected layer -> [N, styles, w_dim]."""

    def __init__(self, plan: EncoderPlan) -> None:
        super().__init__(plan.backbone)
        depth = plan.backbone.blocks[-1].depth
        self.shape = (plan.styles, plan.w_dim)
        pool = nn.AdaptiveAvgPool2d(POOLED_PX)
        flat = nn.Linear(depth * POOLED_PX**2, plan.w_dim)
        self.output_layer_2 = nn.Sequential(nn.BatchNorm2d(depth), pool, nn.Flatten(), flat)
        self.linear = EqualLinear(plan.w_dim, plan.styles * plan.w_dim)

    def forward(self, images: Tensor) -> Tensor:
        return self.linear(self.output_layer_2(self.stages(images)[-1])).unflatten(1, self.shape)  # type: ignore[no-any-return]


NETWORKS: dict[EncoderKind, Callable[[EncoderPlan], Backbone]] = {
    "GradualStyleEncoder": GradualStyleEncoder,
    "Encoder4Editing": Encoder4Editing,
    "BackboneEncoderUsingLastLayerIntoW": BackboneEncoderUsingLastLayerIntoW,
    "BackboneEncoderUsingLastLayerIntoWPlus": BackboneEncoderUsingLastLayerIntoWPlus,
}


class PublishedEncoder(nn.Module):
    """``encoder(images [N, input_nc, H, W] in -1…1) -> ws [N, styles, w_dim]``, with ``latent_avg`` added.

    network: the encoder under its published names. Pictures of another size than 256 x 256 are brought there by area
    averaging. latent_avg [styles, w_dim] is zero where the checkpoint does not start from the mean. style: the mapping network
    of an encoder into Z+, which gives each style's w; None for an encoder into W+.

    lacks: what its file does not give and the generator's must: its mean code, its mapping network. home_mean [styles, w_dim]: of
    the codes of the generator that it was made for, where its file tells. notices: what was assumed in reading the file.
    """

    latent_avg: Tensor
    input_px = INPUT_PX

    def __init__(self, plan: EncoderPlan) -> None:
        super().__init__()
        self.kind = plan.kind
        self.styles, self.w_dim, self.input_nc = plan.styles, plan.w_dim, plan.backbone.input_nc
        self.network = NETWORKS[plan.kind](plan)
        self.style: nn.Module | None = None
        self.lacks: frozenset[Literal["mean", "style"]] = frozenset()
        self.home_mean: Tensor | None = None
        self.notices: tuple[str, ...] = ()
        self.register_buffer("latent_avg", torch.zeros(plan.styles, plan.w_dim))

    def forward(self, images: Tensor) -> Tensor:
        if images.shape[-2:] != (INPUT_PX, INPUT_PX):
            images = F.adaptive_avg_pool2d(images, (INPUT_PX, INPUT_PX))
        return mapped(self.network(images) + self.latent_avg, self.style)


def mapped(codes: Tensor, style: nn.Module | None) -> Tensor:
    """Each style's z of [N, styles, w_dim] through the mapping network; codes of W+, for which there is none, as they are."""
    return codes if style is None else style(codes.flatten(0, 1)).view_as(codes)
