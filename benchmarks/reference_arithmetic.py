"""The arithmetic of the published StyleGAN2 decoder as its authors run it eagerly, as a baseline to measure against.

Every face has convolution weights of its own (weight times style, demodulated, groups = faces), filters run on their own, noise
is added layer by layer. The parameters are those of ``installation.networks.stylegan2.Generator``; ours computes the same
numbers by scaling activations instead.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from installation.networks.stylegan2 import SQRT2, Generator, ModulatedConv2d, StyledConv, ToRGB


def filtered(x: Tensor, kernel: Tensor, up: int = 1, pad: tuple[int, int] = (0, 0)) -> Tensor:
    """Zeros between the pixels of [N, C, H, W], padding on both axes, and the filter [k, k], channel by channel."""
    count, channels, height, width = x.shape
    x = x.reshape(-1, 1, height, 1, width, 1)
    x = F.pad(x, (0, up - 1, 0, 0, 0, up - 1)).reshape(-1, 1, height * up, width * up)
    y = F.conv2d(F.pad(x, (*pad, *pad)), kernel.flip(0, 1)[None, None])
    return y.view(count, channels, *y.shape[2:])


def modulated(conv: ModulatedConv2d, x: Tensor, w: Tensor) -> Tensor:
    """[N, in, H, W] and w [N, style_dim] -> [N, out, H, W], twice the size where the layer up-samples."""
    count, in_channel = x.shape[:2]
    out_channel, kernel = conv.weight.shape[1], conv.weight.shape[3]
    weight = conv.scale * conv.weight * conv.modulation(w).view(count, 1, in_channel, 1, 1)
    if conv.demodulate:
        weight = weight * torch.rsqrt(weight.square().sum((2, 3, 4)) + 1e-8).view(count, out_channel, 1, 1, 1)
    x = x.reshape(1, count * in_channel, *x.shape[2:])
    if conv.upsample:
        weight = weight.transpose(1, 2).reshape(count * in_channel, out_channel, kernel, kernel)
        y = F.conv_transpose2d(x, weight, stride=2, groups=count)
        return filtered(y.view(count, out_channel, *y.shape[2:]), conv.blur.kernel, pad=(1, 1))
    y = F.conv2d(x, weight.view(count * out_channel, in_channel, kernel, kernel), padding=conv.padding, groups=count)
    return y.view(count, out_channel, *y.shape[2:])


def styled(layer: StyledConv, x: Tensor, w: Tensor, noise: Tensor) -> Tensor:
    y = modulated(layer.conv, x, w) + layer.noise.weight * noise
    return F.leaky_relu(y + layer.activate.bias.view(1, -1, 1, 1), 0.2) * SQRT2


def coloured(layer: ToRGB, x: Tensor, w: Tensor, skip: Tensor | None) -> Tensor:
    picture = modulated(layer.conv, x, w) + layer.bias
    return picture if skip is None else picture + filtered(skip, layer.upsample.kernel, up=2, pad=(2, 1))


class ReferenceDecoder(nn.Module):
    """ws [N, styles, style_dim] -> pictures [N, 3, size, size], with the generator's constant noise."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, ws: Tensor) -> Tensor:
        g = self.generator
        noises = [getattr(g.noises, f"noise_{layer}") for layer in range(g.styles - 1)]
        x = styled(g.conv1, g.input.input.repeat(len(ws), 1, 1, 1), ws[:, 0], noises[0])
        picture = coloured(g.to_rgb1, x, ws[:, 1], None)
        for k, to_rgb in enumerate(g.to_rgbs):
            x = styled(g.convs[2 * k], x, ws[:, 2 * k + 1], noises[2 * k + 1])
            x = styled(g.convs[2 * k + 1], x, ws[:, 2 * k + 2], noises[2 * k + 2])
            picture = coloured(to_rgb, x, ws[:, 2 * k + 3], picture)
        return picture
