"""StyleGAN2's discriminator (Karras et al. 2020): residual blocks down to 4 x 4, minibatch deviation, one logit.

It takes pictures of any resolution from 8 px up to its own: each resolution has its own entry from RGB, so one network serves
a training that grows.
"""

import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from installation.networks.stylegan2 import SQRT2, EqualLinear, blur_kernel

GROUP = 4  # pictures whose deviation is compared


class EqualConv2d(nn.Module):
    """Convolution with an equalised learning rate, a low-pass filter before a stride of 2, and scaled leaky ReLU."""

    kernel: Tensor

    def __init__(self, in_channel: int, out_channel: int, size: int, down: bool = False, activate: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_channel, in_channel, size, size))
        self.bias = nn.Parameter(torch.zeros(out_channel)) if activate else None
        self.scale = 1 / math.sqrt(in_channel * size * size)
        self.down, self.activate = down, activate
        self.register_buffer("kernel", blur_kernel(1.0), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        weight, reach = self.weight * self.scale, self.weight.shape[-1] // 2
        if self.down:
            blurred = F.conv2d(x, self.kernel.to(x).expand(x.shape[1], 1, 4, 4), padding=1 + reach, groups=x.shape[1])
            y = F.conv2d(blurred, weight, stride=2)
        else:
            y = F.conv2d(x, weight, padding=reach)
        if self.bias is None:
            return y
        return F.leaky_relu(y + self.bias[None, :, None, None], 0.2) * SQRT2


class ResidualBlock(nn.Module):
    """Halves a map [N, in, H, W] -> [N, out, H/2, W/2]."""

    def __init__(self, in_channel: int, out_channel: int) -> None:
        super().__init__()
        self.conv1 = EqualConv2d(in_channel, in_channel, 3)
        self.conv2 = EqualConv2d(in_channel, out_channel, 3, down=True)
        self.skip = EqualConv2d(in_channel, out_channel, 1, down=True, activate=False)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.conv2(self.conv1(x))
        halved: Tensor = (y + self.skip(x)) / SQRT2
        return halved


class Discriminator(nn.Module):
    """size: largest side in pixels. channels: width at each resolution {4: …, size: …}. ``forward([N, 3, S, S]) -> [N, 1]``."""

    def __init__(self, size: int, channels: Mapping[int, int]) -> None:
        super().__init__()
        sides = [2**k for k in range(int(math.log2(size)), 2, -1)]
        self.size = size
        self.from_rgb = nn.ModuleDict({str(side): EqualConv2d(3, channels[side], 1) for side in sides})
        self.blocks = nn.ModuleDict({str(side): ResidualBlock(channels[side], channels[side // 2]) for side in sides})
        self.final_conv = EqualConv2d(channels[4] + 1, channels[4], 3)
        self.final_linear = nn.Sequential(EqualLinear(channels[4] * 16, channels[4], activation=True), EqualLinear(channels[4], 1))

    def forward(self, images: Tensor) -> Tensor:
        """Logits [N, 1]: how real the pictures look."""
        side = images.shape[-1]
        if str(side) not in self.from_rgb:
            raise ValueError(f"pictures of {side} px; this network takes {', '.join(self.from_rgb)}")
        x = self.from_rgb[str(side)](images)
        while side > 4:
            x = self.blocks[str(side)](x)
            side //= 2
        x = self.final_conv(torch.cat([x, minibatch_deviation(x)], dim=1))
        logits: Tensor = self.final_linear(x.flatten(1))
        return logits


def minibatch_deviation(x: Tensor) -> Tensor:
    """One channel [N, 1, H, W]: how much the pictures of a group differ, so that a collapsed generator is seen through."""
    count, _, height, width = x.shape
    group = math.gcd(count, GROUP)
    deviation = (x.view(group, -1, *x.shape[1:]).var(dim=0, unbiased=False) + 1e-8).sqrt().mean(dim=(1, 2, 3), keepdim=True)
    return deviation.repeat(group, 1, height, width)
