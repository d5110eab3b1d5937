"""Networks in the form that exporters write well: every constant computed once, no shape that depends on data."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from installation.networks.editor import Editor
from installation.networks.facets_encoder import FacetsEncoder
from installation.networks.stylegan2 import SQRT2, Generator, ModulatedConv2d, StyledConv, ToRGB, clamped


class PlainModulatedConv(nn.Module):
    """``ModulatedConv2d`` with its scales multiplied in: x [N, in, H, W], w [N, w_dim] -> [N, out, H or 2H, W or 2W]."""

    affine: Tensor
    shift: Tensor
    weight: Tensor
    squares: Tensor
    blur: Tensor

    def __init__(self, conv: ModulatedConv2d) -> None:
        super().__init__()
        weight = conv.scaled_weight().detach()
        linear = conv.modulation
        self.upsample, self.demodulate, self.padding = conv.upsample, conv.demodulate, conv.padding
        self.register_buffer("affine", (linear.weight * linear.scale).detach().T.contiguous())
        self.register_buffer("shift", (linear.bias * linear.lr_mul).detach())
        self.register_buffer("weight", weight.transpose(0, 1).contiguous() if conv.upsample else weight)
        self.register_buffer("squares", weight.square().sum(dim=(2, 3)).T.contiguous())
        out = weight.shape[0]
        self.register_buffer("blur", conv.blur.kernel.expand(out, 1, 4, 4).contiguous() if conv.upsample else torch.zeros(0))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        style = w @ self.affine + self.shift
        x = x * style[:, :, None, None]
        if self.upsample:
            y = F.conv2d(F.conv_transpose2d(x, self.weight, stride=2), self.blur, padding=1, groups=self.blur.shape[0])
        else:
            y = F.conv2d(x, self.weight, padding=self.padding)
        return y * torch.rsqrt(style * style @ self.squares + 1e-8)[:, :, None, None] if self.demodulate else y


class PlainLayer(nn.Module):
    """``StyledConv`` with its constant noise."""

    added: Tensor

    def __init__(self, layer: StyledConv, noise: Tensor) -> None:
        super().__init__()
        self.conv = PlainModulatedConv(layer.conv)
        bias = layer.activate.bias.detach()[None, :, None, None]
        strength = float(layer.noise.weight)
        # Bias and noise are added at the same place; a model without noise need not store its pictures.
        self.register_buffer("added", bias + strength * noise if strength else bias.clone())
        self.clamp = layer.activate.clamp

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        return clamped(F.leaky_relu(self.conv(x, w) + self.added, 0.2) * SQRT2, self.clamp)


class PlainRGB(nn.Module):
    """``ToRGB``."""

    bias: Tensor
    kernel: Tensor

    def __init__(self, layer: ToRGB) -> None:
        super().__init__()
        self.conv = PlainModulatedConv(layer.conv)
        self.clamp = layer.clamp
        self.register_buffer("bias", layer.bias.detach().clone())
        kernel = layer.upsample.kernel if hasattr(layer, "upsample") else torch.zeros(4, 4)
        self.register_buffer("kernel", kernel.expand(3, 1, 4, 4).contiguous())

    def forward(self, x: Tensor, w: Tensor, skip: Tensor | None) -> Tensor:
        picture = clamped(self.conv(x, w) + self.bias, self.clamp)
        return picture if skip is None else picture + F.conv_transpose2d(skip, self.kernel, stride=2, padding=1, groups=3)


class PlainGenerator(nn.Module):
    """A StyleGAN2 generator, ws [N, styles, w_dim] -> pictures [N, 3, size, size], with its constant noise."""

    start: Tensor

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        noises = [getattr(generator.noises, f"noise_{layer}") for layer in range(generator.styles - 1)]
        layers = [generator.conv1, *generator.convs]
        rgbs = [generator.to_rgb1, *generator.to_rgbs]
        self.register_buffer("start", generator.input.input.detach().clone())
        self.layers = nn.ModuleList(PlainLayer(layer, noise) for layer, noise in zip(layers, noises, strict=True))
        self.rgbs = nn.ModuleList(PlainRGB(rgb) for rgb in rgbs)

    def forward(self, ws: Tensor) -> Tensor:
        # The start takes the batch from the codes by arithmetic: no exporter mistakes it for a fixed number.
        x = self.start + 0.0 * ws[:, :1, :1, None]
        picture: Tensor | None = None
        for index, layer in enumerate(self.layers):
            x = layer(x, ws[:, index])
            if index % 2 == 0:
                picture = self.rgbs[index // 2](x, ws[:, index + 1], picture)
        assert picture is not None
        return picture


class DetailEncoder(nn.Module):
    """Our encoder with both of its outputs."""

    def __init__(self, encoder: FacetsEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        return self.encoder.encode_with_detail(images)


class EditingEncoder(nn.Module):
    """Our encoder with both of its outputs and what the editor writes on each face."""

    def __init__(self, encoder: FacetsEncoder, editor: Editor) -> None:
        super().__init__()
        self.encoder, self.editor = encoder, editor

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        features, seen, detail = self.encoder.pyramid(images)
        changes, flows = self.editor(features, seen, detail)
        return self.encoder.heads(features), detail, changes, flows


class MatrixPool(nn.Module):
    """``AdaptiveAvgPool2d(px)`` of maps [N, C, side, side] as two products: for sizes that no exporter divides."""

    rows: Tensor

    def __init__(self, side: int, px: int) -> None:
        super().__init__()
        self.register_buffer("rows", F.adaptive_avg_pool1d(torch.eye(side)[None], px)[0].T.contiguous())

    def forward(self, x: Tensor) -> Tensor:
        return self.rows @ x @ self.rows.T


def exportable(network: nn.Module, images: Tensor) -> nn.Module:
    """A copy of an encoder whose poolings to several pixels are products, for pictures like ``images``; in eval mode, whole:
    an exporter that finds one part training sets all of them to it when it ends."""
    network = deepcopy(network).eval()
    sides: dict[str, int] = {}
    hooks = []
    for name, module in network.named_modules():
        if isinstance(module, nn.AdaptiveAvgPool2d) and module.output_size not in (1, (1, 1)):
            hooks.append(module.register_forward_hook(_noting(sides, name)))
    with torch.inference_mode():
        network(images)
    for hook in hooks:
        hook.remove()
    for name, side in sides.items():
        size: Any = network.get_submodule(name).output_size
        network.set_submodule(name, MatrixPool(side, int(size[0] if isinstance(size, tuple) else size)))
    return network


def _noting(sides: dict[str, int], name: str) -> Callable[[nn.Module, tuple[Tensor, ...], Tensor], None]:
    def note(_: nn.Module, given: tuple[Tensor, ...], __: Tensor) -> None:
        sides[name] = given[0].shape[-1]

    return note
