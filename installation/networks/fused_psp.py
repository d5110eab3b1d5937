"""pSp's and e4e's encoder as the engines run it: the same numbers, in fewer and larger convolutions.

The style heads hold most of the encoder's parameters and half of its work. Those of one level read the same map, so their
first convolutions are one convolution to all of their channels, and each later step is one grouped convolution. Batch norms
behind convolutions are folded into them.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from installation.networks.psp_encoders import (
    COARSE_STYLES,
    MIDDLE_STYLES,
    Encoder4Editing,
    GradualStyleEncoder,
    PublishedEncoder,
    StyleHead,
    add_upsampled,
    mapped,
)


class FusedHeads(nn.Module):
    """Heads of one level in step: a map [N, in, 2^k, 2^k] -> [N, heads, w_dim]."""

    def __init__(self, heads: Sequence[StyleHead]) -> None:
        super().__init__()
        self.count = len(heads)
        steps = [index for index, layer in enumerate(heads[0].convs) if isinstance(layer, nn.Conv2d)]
        self.convs = nn.ModuleList(_joined([head.convs[index] for head in heads], grouped=index > 0) for index in steps)  # type: ignore[misc]
        self.slope = float(heads[0].convs[1].negative_slope)  # type: ignore[arg-type]
        linear = [head.linear for head in heads]
        self.weight = nn.Parameter(torch.stack([one.weight * one.scale for one in linear]))
        self.bias = nn.Parameter(torch.stack([one.bias * one.lr_mul for one in linear]))

    def forward(self, x: Tensor) -> Tensor:
        for conv in self.convs:
            x = F.leaky_relu(conv(x), self.slope)
        return torch.einsum("nhi,hoi->nho", x.view(len(x), self.count, -1), self.weight) + self.bias


class FusedPyramid(nn.Module):
    """A GradualStyleEncoder or Encoder4Editing with its ``latent_avg`` added; takes the place of a PublishedEncoder."""

    latent_avg: Tensor

    def __init__(self, encoder: PublishedEncoder) -> None:
        super().__init__()
        network = encoder.network
        if not isinstance(network, GradualStyleEncoder):
            raise ValueError(f"{encoder.kind}: has no style heads to fuse")
        self.styles, self.w_dim, self.input_px, self.kind = encoder.styles, encoder.w_dim, encoder.input_px, encoder.kind
        self.offsets = isinstance(network, Encoder4Editing)
        self.backbone = network
        heads = list(network.styles)
        ends = (0, COARSE_STYLES, COARSE_STYLES + MIDDLE_STYLES, len(heads))
        # The heads' own weights are let go level by level, so that the encoder is never in memory twice.
        network.styles = nn.ModuleList()
        groups = [heads[first:last] for first, last in pairwise(ends)]
        del heads
        self.heads = nn.ModuleList()
        while groups:
            self.heads.append(FusedHeads(groups.pop(0)))  # type: ignore[arg-type]
        _fold(network)
        self.style = encoder.style
        self.register_buffer("latent_avg", encoder.latent_avg.clone())
        self.eval().requires_grad_(False)

    def forward(self, images: Tensor) -> Tensor:
        """[N, 3, input_px, input_px] in -1…1 -> ws [N, styles, w_dim]."""
        _, fine, middle, coarse = self.backbone.stages(images)
        middle = add_upsampled(coarse, self.backbone.latlayer1(middle))
        fine = add_upsampled(middle, self.backbone.latlayer2(fine))
        ws = torch.cat([heads(level) for heads, level in zip(self.heads, (coarse, middle, fine), strict=True)], 1)
        if self.offsets:
            ws = torch.cat([ws[:, :1], ws[:, :1] + ws[:, 1:]], 1)
        return mapped(ws + self.latent_avg, self.style)


def fused(encoder: PublishedEncoder) -> PublishedEncoder | FusedPyramid:
    """The encoder in its quickest form, which uses it up; encoders without style heads only have their batch norms folded."""
    if isinstance(encoder.network, GradualStyleEncoder) and encoder.styles > COARSE_STYLES + MIDDLE_STYLES:
        return FusedPyramid(encoder)
    _fold(encoder.network)
    return encoder


def _joined(convs: Sequence[nn.Conv2d], grouped: bool) -> nn.Conv2d:
    """Convolutions of one map side by side, or, grouped, each of its own map."""
    first = convs[0]
    groups = len(convs) if grouped else 1
    with torch.device("meta"):
        wide = nn.Conv2d(first.in_channels * groups, first.out_channels * len(convs), 3, first.stride, first.padding, groups=groups)  # type: ignore[arg-type]
    wide.weight = nn.Parameter(torch.cat([conv.weight for conv in convs]))
    wide.bias = nn.Parameter(torch.cat([conv.bias for conv in convs if conv.bias is not None]))
    return wide


def _fold(network: nn.Module) -> None:
    """Fold every batch norm that follows a convolution in a Sequential into it, in place."""
    for sequence in [module for module in network.modules() if isinstance(module, nn.Sequential)]:
        for index, (conv, norm) in enumerate(pairwise(list(sequence))):
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                sequence[index], sequence[index + 1] = fuse_conv_bn_eval(conv, norm), nn.Identity()
