"""StyleGAN3 in the form that exporters write well: filters as constant matrices and kernels, constants computed once."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from installation.networks.stylegan2 import SQRT2, EqualLinear, clamped
from installation.networks.stylegan3 import StyleGAN3Generator, SynthesisInput, SynthesisLayer


class Affine(nn.Module):
    """``EqualLinear`` with its scales multiplied in."""

    matrix: Tensor
    bias: Tensor

    def __init__(self, linear: EqualLinear) -> None:
        super().__init__()
        self.register_buffer("matrix", (linear.weight * linear.scale).detach().T.contiguous())
        self.register_buffer("bias", (linear.bias * linear.lr_mul).detach().clone())

    def forward(self, w: Tensor) -> Tensor:
        return w @ self.matrix + self.bias


class PlainInput(nn.Module):
    """``SynthesisInput``."""

    freqs: Tensor
    phases: Tensor
    places: Tensor
    transform: Tensor
    weight: Tensor

    def __init__(self, start: SynthesisInput) -> None:
        super().__init__()
        self.affine = Affine(start.affine)
        self.bandwidth, self.room = start.plan.bandwidth, start.plan.sampling_rate / 2 - start.plan.bandwidth
        for name in ("freqs", "phases", "places", "transform"):
            self.register_buffer(name, getattr(start, name).detach().clone())
        self.register_buffer("weight", (start.weight / math.sqrt(start.plan.channels)).detach()[:, :, None, None].contiguous())

    def forward(self, w: Tensor) -> Tensor:
        t = self.affine(w)
        t = t / torch.sqrt((t[:, :2] * t[:, :2]).sum(dim=1, keepdim=True))
        c, s, x, y = t[:, 0:1], t[:, 1:2], t[:, 2:3], t[:, 3:4]
        top = torch.cat([c, -s, s * y - c * x], dim=1)
        low = torch.cat([s, c, -s * x - c * y], dim=1)
        matrix = torch.stack([top, low], dim=1) @ self.transform
        phases = self.phases + matrix[:, :, 2] @ self.freqs.T
        freqs = self.freqs @ matrix[:, :, :2]
        amplitudes = (1 - (torch.sqrt((freqs * freqs).sum(dim=2)) - self.bandwidth) / self.room).clamp(0, 1)
        columns = freqs[:, :, :1] * self.places + phases[:, :, None]
        waves = columns[:, :, None, :] + (freqs[:, :, 1:] * self.places)[:, :, :, None]
        return F.conv2d(torch.sin(waves * (2 * math.pi)) * amplitudes[:, :, None, None], self.weight)


class PlainSynthesisLayer(nn.Module):
    """``SynthesisLayer``."""

    weight: Tensor
    squares: Tensor
    bias: Tensor
    up: Tensor | None
    down: Tensor | None
    kernel: Tensor | None

    def __init__(self, layer: SynthesisLayer) -> None:
        super().__init__()
        plan, weight = layer.plan, layer.weight.detach()
        if not plan.to_rgb:
            weight = weight * torch.rsqrt(weight.square().mean(dim=(1, 2, 3), keepdim=True))
        self.gain = float(layer.magnitude_ema) ** -0.5
        if plan.to_rgb:
            self.gain /= math.sqrt(plan.in_channels * plan.kernel**2)
        self.affine = Affine(layer.affine)
        self.register_buffer("weight", weight.clone())
        self.register_buffer("squares", weight.square().sum(dim=(2, 3)).T.contiguous())
        self.register_buffer("bias", layer.bias.detach()[None, :, None, None].clone())
        self.to_rgb, self.clamp, self.padding, self.factor = plan.to_rgb, plan.clamp, plan.kernel - 1, plan.down
        side = plan.in_side + plan.kernel - 1
        up = None if layer.up_filter is None else rise_matrix(layer.up_filter, side, plan.up, plan.padding)
        self.register_buffer("up", up)
        self.crop = plan.padding if up is None else (0, 0)
        high = side + sum(self.crop) if up is None else up.shape[1]
        taps = layer.down_filter
        # A separable filter is a matrix on either side; a round one (configuration R) is a kernel for each channel.
        down = kernel = None
        if taps is not None and taps.ndim == 1:
            down = F.conv1d(torch.eye(high)[:, None], taps.flip(0).view(1, 1, -1), stride=plan.down)[:, 0].contiguous()
        elif taps is not None:
            kernel = taps.flip(0, 1).expand(plan.out_channels, 1, -1, -1).contiguous()
        self.register_buffer("down", down)
        self.register_buffer("kernel", kernel)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        style = self.affine(w)
        if self.to_rgb:
            x = F.conv2d(x * (style * self.gain)[:, :, None, None], self.weight, padding=self.padding)
        else:
            style = style * torch.rsqrt((style * style).mean(dim=1, keepdim=True))
            demodulation = torch.rsqrt(style * style @ self.squares + 1e-8) * self.gain
            x = F.conv2d(x * style[:, :, None, None], self.weight, padding=self.padding) * demodulation[:, :, None, None]
        x = x + self.bias
        if self.up is not None:
            x = self.up.T @ (x @ self.up)
        elif any(self.crop):
            x = F.pad(x, (*self.crop, *self.crop))
        x = clamped(x if self.to_rgb else F.leaky_relu(x, 0.2) * SQRT2, self.clamp)
        if self.down is not None:
            return self.down.T @ (x @ self.down)
        if self.kernel is not None:
            return F.conv2d(x, self.kernel, stride=self.factor, groups=self.kernel.shape[0])
        return x[:, :, :: self.factor, :: self.factor] if self.factor > 1 else x


def rise_matrix(taps: Tensor, side: int, factor: int, padding: tuple[int, int]) -> Tensor:
    """Up-sampling of a line of ``side`` pixels as a matrix [side, pixels of the result]: zeros between the pixels, padding (or
    cropping, where negative), the filter ``taps`` [T] with the gain that keeps the brightness."""
    lines = torch.zeros(side, 1, side * factor)
    lines[:, 0, ::factor] = torch.eye(side)
    return F.conv1d(F.pad(lines, padding), (taps * factor).flip(0).view(1, 1, -1))[:, 0].contiguous()


class PlainStyleGAN3(nn.Module):
    """A StyleGAN3 generator: ws [N, styles, w_dim] -> pictures [N, 3, size, size]."""

    def __init__(self, generator: StyleGAN3Generator) -> None:
        super().__init__()
        synthesis = generator.synthesis
        self.start = PlainInput(synthesis.input)
        self.layers = nn.ModuleList(PlainSynthesisLayer(getattr(synthesis, name)) for name in synthesis.layer_names)
        self.scale = synthesis.output_scale

    def forward(self, ws: Tensor) -> Tensor:
        x: Tensor = self.start(ws[:, 0])
        for k, layer in enumerate(self.layers):
            x = layer(x, ws[:, k + 1])
        return x * self.scale
