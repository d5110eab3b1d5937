"""What covers a face: a hand, a microphone, a cup, a sheet of paper, somebody's hair, read off the crop alone.

A small U-Net (Ronneberger et al. 2015, "U-Net") of depthwise separable convolutions. It is trained on faces over which things are
laid whose place is known, as Voo et al. 2022 ("Delving into High-Quality Synthetic Face Occlusion Segmentation Datasets") do.
"""

import itertools

import torch
import torch.nn.functional as F
from torch import Tensor, nn

INPUT_PX = 128
OUTPUT_PX = 32
WIDTHS = (24, 48, 72, 96)  # channels at 32, 16, 8 and 4 px


class _Separable(nn.Module):
    """Depthwise 3x3 and pointwise convolution (Howard et al. 2017, "MobileNets"), beside a shortcut where the shape stays."""

    def __init__(self, in_channel: int, out_channel: int, stride: int = 1) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(in_channel, in_channel, 5, stride, 2, groups=in_channel, bias=False),
            nn.BatchNorm2d(in_channel),
            nn.Conv2d(in_channel, out_channel, 1, bias=False),
            nn.BatchNorm2d(out_channel),
            nn.ReLU(),
        )
        self.stays = stride == 1 and in_channel == out_channel

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.body(x)
        return x + y if self.stays else y


class OcclusionNetwork(nn.Module):
    """``forward``: aligned crops [N, 3, 128, 128] in -1…1 -> log odds [N, 1, 32, 32] that a place of the head is covered."""

    def __init__(self) -> None:
        super().__init__()
        first = WIDTHS[0]
        self.stem = nn.Sequential(nn.PixelUnshuffle(4), nn.Conv2d(48, first, 3, 1, 1, bias=False), nn.BatchNorm2d(first), nn.ReLU())
        self.down = nn.ModuleList()
        for wide, wider in itertools.pairwise(WIDTHS):
            self.down.append(nn.Sequential(_Separable(wide, wider, 2), _Separable(wider, wider), _Separable(wider, wider)))
        self.fine = nn.Sequential(_Separable(first, first), _Separable(first, first))
        self.up = nn.ModuleList(
            nn.Sequential(nn.Conv2d(wider, wide, 1, bias=False), nn.BatchNorm2d(wide), nn.ReLU())
            for wide, wider in itertools.pairwise(WIDTHS)
        )
        self.join = nn.ModuleList(nn.Sequential(_Separable(wide, wide), _Separable(wide, wide)) for wide in WIDTHS[:-1])
        self.read = nn.Conv2d(first, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        maps = [self.fine(self.stem(x))]
        for down in self.down:
            maps.append(down(maps[-1]))
        y = maps.pop()
        for up, join in zip(reversed(self.up), reversed(self.join), strict=True):
            y = join(maps.pop() + F.interpolate(up(y), scale_factor=2.0))
        odds: Tensor = self.read(y)
        return odds


class CoveredShare(nn.Module):
    """An OcclusionNetwork as an engine runs it: crops, uint8 [N, 128, 128, 3] -> [N, 32, 32], 0…1."""

    def __init__(self, network: OcclusionNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, crops: Tensor) -> Tensor:
        return torch.sigmoid(self.network(crops.permute(0, 3, 1, 2).float() / 127.5 - 1))[:, 0]
