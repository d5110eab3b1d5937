"""The face-recognition backbone of pSp and e4e: improved residual blocks, with or without squeeze and excitation.

IR-50 and IR-SE-50 as in ArcFace (Deng et al. 2019); squeeze and excitation from Hu et al. 2018. Parameter names are those
of the published checkpoints.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class BlockPlan:
    """One residual block. se_width: channels inside squeeze and excitation, 0 where the block has none."""

    in_channel: int
    depth: int
    stride: int
    se_width: int


@dataclass(frozen=True)
class BackbonePlan:
    """The whole body. input_nc: channels of the picture (3 for photographs, more for label maps)."""

    input_nc: int
    stem: int
    blocks: tuple[BlockPlan, ...]

    @property
    def stage_ends(self) -> tuple[int, ...]:
        """Index of the last block of each stage; a stage opens with a block of stride 2."""
        opens = [index for index, block in enumerate(self.blocks) if block.stride == 2]
        return (*(index - 1 for index in opens[1:]), len(self.blocks) - 1)


class SqueezeExcitation(nn.Module):
    """Scales each channel of [N, C, H, W] by a gate in 0…1 from the picture's mean."""

    def __init__(self, channel: int, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channel, width, 1, bias=False)
        self.fc2 = nn.Conv2d(width, channel, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        gate = self.fc2(torch.relu(self.fc1(x.mean((2, 3), keepdim=True))))
        return x * torch.sigmoid(gate)


class ResidualBlock(nn.Module):
    """[N, in, H, W] -> [N, depth, H / stride, W / stride]."""

    def __init__(self, plan: BlockPlan) -> None:
        super().__init__()
        self.stride = plan.stride
        if plan.in_channel != plan.depth:
            widen = nn.Conv2d(plan.in_channel, plan.depth, 1, plan.stride, bias=False)
            self.shortcut_layer = nn.Sequential(widen, nn.BatchNorm2d(plan.depth))
        layers: list[nn.Module] = [
            nn.BatchNorm2d(plan.in_channel),
            nn.Conv2d(plan.in_channel, plan.depth, 3, 1, 1, bias=False),
            nn.PReLU(plan.depth),
            nn.Conv2d(plan.depth, plan.depth, 3, plan.stride, 1, bias=False),
            nn.BatchNorm2d(plan.depth),
        ]
        if plan.se_width:
            layers.append(SqueezeExcitation(plan.depth, plan.se_width))
        self.res_layer = nn.Sequential(*layers)
        self.widens = plan.in_channel != plan.depth

    def forward(self, x: Tensor) -> Tensor:
        # Without a change of width the shortcut is a 1x1 max pooling: every stride-th pixel.
        shortcut = self.shortcut_layer(x) if self.widens else x[:, :, :: self.stride, :: self.stride]
        return self.res_layer(x) + shortcut  # type: ignore[no-any-return]


class Backbone(nn.Module):
    """``input_layer`` and ``body``: pictures [N, input_nc, 256, 256] -> the last map of each stage (64 to 8 times smaller in turn).

    Sub-classes add the layers behind it, so that names stay as published.
    """

    def __init__(self, plan: BackbonePlan) -> None:
        super().__init__()
        stem = nn.Conv2d(plan.input_nc, plan.stem, 3, 1, 1, bias=False)
        self.input_layer = nn.Sequential(stem, nn.BatchNorm2d(plan.stem), nn.PReLU(plan.stem))
        self.body = nn.Sequential(*(ResidualBlock(block) for block in plan.blocks))
        self.stage_ends = plan.stage_ends

    def stages(self, images: Tensor) -> list[Tensor]:
        """The last map of each stage, the largest first: 128, 64, 32 and 16 px from a picture of 256."""
        x = self.input_layer(images)
        maps = []
        for index, block in enumerate(self.body):
            x = block(x)
            if index in self.stage_ends:
                maps.append(x)
        return maps
