"""StyleGAN2's generator (Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN").

Parameter names are those of the published rosinality/stylegan2-pytorch implementation, so its checkpoints (and pSp's and
e4e's decoders) load with ``load_state_dict(strict=True)``. The arithmetic is ours: activations are scaled instead of
weights, so one convolution serves a whole batch.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NoiseMode = Literal["const", "random", "none"]

SQRT2 = math.sqrt(2.0)
MAPPING_LR = 0.01  # the mapping network's learning rate beside the rest
BLUR_TAPS = (1.0, 3.0, 3.0, 1.0)


def channel_table(size: int, multiplier: int = 2) -> dict[int, int]:
    """Channels at each resolution of the published models (``multiplier`` 2 is the FFHQ one)."""
    table = {4: 512, 8: 512, 16: 512, 32: 512, 64: 256 * multiplier, 128: 128 * multiplier}
    table |= {256: 64 * multiplier, 512: 32 * multiplier, 1024: 16 * multiplier}
    return {resolution: width for resolution, width in table.items() if resolution <= size}


def blur_kernel(gain: float = 4.0) -> Tensor:
    """The separable [1, 3, 3, 1] low-pass filter [4, 4], its sum equal to ``gain``."""
    taps = torch.tensor(BLUR_TAPS)
    kernel = torch.outer(taps, taps)
    return kernel * (gain / kernel.sum())


class PixelNorm(nn.Module):
    """Scale each code [N, C] to unit mean square."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.square().mean(dim=1, keepdim=True) + 1e-8)


class EqualLinear(nn.Module):
    """Linear layer with an equalised learning rate; ``activation`` adds the scaled leaky ReLU of the mapping network."""

    def __init__(self, in_dim: int, out_dim: int, bias_init: float = 0.0, lr_mul: float = 1.0, activation: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_dim, in_dim) / lr_mul)
        self.bias = nn.Parameter(torch.full((out_dim,), bias_init))
        self.scale = lr_mul / math.sqrt(in_dim)
        self.lr_mul = lr_mul
        self.activation = activation

    def forward(self, x: Tensor) -> Tensor:
        y = F.linear(x, self.weight * self.scale, self.bias * self.lr_mul)
        return F.leaky_relu(y, 0.2) * SQRT2 if self.activation else y


class Blur(nn.Module):
    """Holds the published filter buffer of an up-sampling convolution."""

    kernel: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("kernel", blur_kernel())


class ModulatedConv2d(nn.Module):
    """Convolution whose input channels are scaled by a style and whose output is demodulated to unit variance.

    ``forward(x [N, in, H, W], w [N, style_dim]) -> [N, out, H, W]``, or twice the size with ``upsample``.
    """

    def __init__(
        self, in_channel: int, out_channel: int, kernel_size: int, style_dim: int, demodulate: bool = True, upsample: bool = False
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(1, out_channel, in_channel, kernel_size, kernel_size))
        self.modulation = EqualLinear(style_dim, in_channel, bias_init=1.0)
        if upsample:
            self.blur = Blur()
        self.scale = 1.0 / math.sqrt(in_channel * kernel_size**2)
        self.padding = kernel_size // 2
        self.demodulate = demodulate
        self.upsample = upsample

    def scaled_weight(self) -> Tensor:
        """Weights [out, in, k, k] with the equalised learning rate applied."""
        return self.weight[0] * self.scale

    def demodulation(self, weight: Tensor, style: Tensor) -> Tensor:
        """1 / standard deviation of each output channel [N, out], from the weights [out, in, k, k] and styles [N, in]."""
        return torch.rsqrt(style.square() @ weight.square().sum(dim=(2, 3)).T + 1e-8)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        style = self.modulation(w)
        weight = self.scaled_weight()
        x = x * style[:, :, None, None]
        y = upsample_conv2d(x, weight, self.blur.kernel) if self.upsample else F.conv2d(x, weight, padding=self.padding)
        if self.demodulate:
            y = y * self.demodulation(weight, style)[:, :, None, None]
        return y


def upsample_conv2d(x: Tensor, weight: Tensor, blur: Tensor) -> Tensor:
    """Transposed convolution of stride 2 and the blur behind it.

    x [N, in, H, W], weight [out, in, 3, 3], blur [4, 4] -> [N, out, 2H, 2W].
    """
    y = F.conv_transpose2d(x, weight.transpose(0, 1), stride=2)
    return F.conv2d(y, blur.to(y).expand(y.shape[1], 1, 4, 4), padding=1, groups=y.shape[1])


class NoiseInjection(nn.Module):
    """Adds a per-pixel noise picture [N or 1, 1, H, W] times one learned weight."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor, noise: Tensor | None) -> Tensor:
        return x if noise is None else x + self.weight * noise


def clamped(x: Tensor, limit: float | None) -> Tensor:
    """``x`` within ±``limit``, which keeps half precision from overflowing (StyleGAN2-ADA); None leaves it as it is."""
    return x if limit is None else x.clamp(-limit, limit)


class FusedLeakyReLU(nn.Module):
    """Bias and leaky ReLU with the gain that keeps unit variance; the result within ±``clamp``."""

    def __init__(self, channel: int, clamp: float | None = None) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(channel))
        self.clamp = clamp

    def forward(self, x: Tensor) -> Tensor:
        return clamped(F.leaky_relu(x + self.bias[None, :, None, None], 0.2) * SQRT2, self.clamp)


class StyledConv(nn.Module):
    """Modulated convolution, noise, bias and activation: one layer of the synthesis network."""

    def __init__(self, in_channel: int, out_channel: int, style_dim: int, upsample: bool = False, clamp: float | None = None) -> None:
        super().__init__()
        self.conv = ModulatedConv2d(in_channel, out_channel, 3, style_dim, upsample=upsample)
        self.noise = NoiseInjection()
        self.activate = FusedLeakyReLU(out_channel, clamp)

    def forward(self, x: Tensor, w: Tensor, noise: Tensor | None = None) -> Tensor:
        activated: Tensor = self.activate(self.noise(self.conv(x, w), noise))
        return activated


class Upsample(nn.Module):
    """Doubles a picture [N, C, H, W] with the [1, 3, 3, 1] filter."""

    kernel: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("kernel", blur_kernel())

    def forward(self, x: Tensor) -> Tensor:
        kernel = self.kernel.to(x).expand(x.shape[1], 1, 4, 4)
        return F.conv_transpose2d(x, kernel, stride=2, padding=1, groups=x.shape[1])


class ToRGB(nn.Module):
    """The picture of one resolution [N, 3, H, W], added to the up-sampled one of the resolution below."""

    def __init__(self, in_channel: int, style_dim: int, upsample: bool = True, clamp: float | None = None) -> None:
        super().__init__()
        self.clamp = clamp
        if upsample:
            self.upsample = Upsample()
        self.conv = ModulatedConv2d(in_channel, 3, 1, style_dim, demodulate=False)
        self.bias = nn.Parameter(torch.zeros(1, 3, 1, 1))

    def forward(self, x: Tensor, w: Tensor, skip: Tensor | None = None) -> Tensor:
        picture = clamped(self.conv(x, w) + self.bias, self.clamp)
        return picture if skip is None else picture + self.upsample(skip)


class ConstantInput(nn.Module):
    """The learned 4x4 start of the synthesis network."""

    def __init__(self, channel: int) -> None:
        super().__init__()
        self.input = nn.Parameter(torch.randn(1, channel, 4, 4))

    def forward(self, count: int) -> Tensor:
        return self.input.expand(count, -1, -1, -1).contiguous(memory_format=torch.channels_last)


class Generator(nn.Module):
    """StyleGAN2's skip generator.

    size: pixels of the picture's side, a power of two from 8. channels: width at each resolution {4: …, size: …}.
    z_dim, mlp_dim: width of z and of the mapping network's inner layers; None for style_dim. clamp: see ``clamped``.
    ``synthesis(ws [N, styles, style_dim]) -> [N, 3, size, size]``, about -1…1, RGB. ``mapping(z) -> ws``.
    spread [styles, style_dim, style_dim] or None: of a generator that learned with its encoder, whose codes have no one w; it
    carries the mapping network's w to each style's distance from ``latent_avg``. notices: what its file holds besides, and is
    not used, in words for a person.
    """

    latent_avg: Tensor
    spread: Tensor | None
    notices: tuple[str, ...] = ()

    def __init__(
        self,
        size: int,
        style_dim: int = 512,
        n_mlp: int = 8,
        channels: Mapping[int, int] | None = None,
        *,
        z_dim: int | None = None,
        mlp_dim: int | None = None,
        clamp: float | None = None,
    ) -> None:
        super().__init__()
        if size < 8 or size & (size - 1):
            raise ValueError(f"size: a power of two from 8 is needed, got {size}")
        self.size = size
        self.style_dim = style_dim
        self.channels = dict(channels or channel_table(size))
        self.log_size = int(math.log2(size))
        self.styles = self.log_size * 2 - 2

        self.z_dim = z_dim or style_dim
        self.clamp = clamp
        widths = [self.z_dim, *[mlp_dim or style_dim] * (n_mlp - 1), style_dim]
        mapping = [EqualLinear(widths[k], widths[k + 1], lr_mul=MAPPING_LR, activation=True) for k in range(n_mlp)]
        self.style = nn.Sequential(PixelNorm(), *mapping)
        self.input = ConstantInput(self.channels[4])
        self.conv1 = StyledConv(self.channels[4], self.channels[4], style_dim, clamp=clamp)
        self.to_rgb1 = ToRGB(self.channels[4], style_dim, upsample=False, clamp=clamp)
        self.convs = nn.ModuleList()
        self.to_rgbs = nn.ModuleList()
        width = self.channels[4]
        for resolution in self.resolutions[1:]:
            out = self.channels[resolution]
            self.convs.append(StyledConv(width, out, style_dim, upsample=True, clamp=clamp))
            self.convs.append(StyledConv(out, out, style_dim, clamp=clamp))
            self.to_rgbs.append(ToRGB(out, style_dim, clamp=clamp))
            width = out
        self.noises = nn.Module()
        for layer in range(self.styles - 1):
            side = 2 ** ((layer + 5) // 2)
            self.noises.register_buffer(f"noise_{layer}", torch.randn(1, 1, side, side))
        self.register_buffer("latent_avg", torch.zeros(style_dim), persistent=False)
        self.register_buffer("spread", None, persistent=False)

    @property
    def resolutions(self) -> list[int]:
        """4, 8, … size: those that layers belong to."""
        return [2**k for k in range(2, self.log_size + 1)]

    @property
    def layered(self) -> "Generator":
        """This generator, for whoever takes its layers by their resolutions: to mix them, swap them, or leave the last ones out."""
        return self

    @property
    def mapping_layers(self) -> int:
        """0: the mapping network only normalises, so nothing is known of which codes are faces."""
        return len(self.style) - 1

    @property
    def modulations(self) -> list[list[EqualLinear]]:
        """For each style the affine maps that read it; the pictures' own (to RGB) only where nothing else does."""
        read = [[layer.conv.modulation] for layer in (self.conv1, *self.convs)]
        return [*read, [self.to_rgbs[-1].conv.modulation]]  # type: ignore[list-item, union-attr]

    def mapping(self, z: Tensor, truncation_psi: float = 1.0) -> Tensor:
        """z [N, z_dim] -> ws [N, styles, style_dim], pulled toward ``latent_avg`` by ``truncation_psi``."""
        w: Tensor = self.style(z)
        if self.spread is not None:
            apart = torch.einsum("nw,sdw->nsd", w, self.spread.to(w))
            return self.latent_avg.to(w).expand(self.styles, -1) + truncation_psi * apart
        # The mean code is one w [style_dim], or one for each style [styles, style_dim].
        return torch.lerp(self.latent_avg.to(w).expand(self.styles, -1), w[:, None].expand(-1, self.styles, -1), truncation_psi)

    def synthesis(self, ws: Tensor, noise: NoiseMode = "const", size: int | None = None, detail: Tensor | None = None) -> Tensor:
        """ws [N, styles, style_dim] -> pictures [N, 3, size, size].

        size: stop at a smaller resolution (the skip generator has a picture at each). detail: a residual
        [N, channels[r], r, r] added to the features of its own resolution r.
        """
        noises = self._noises(noise, len(ws), ws)
        x = self.conv1(self.input(len(ws)), ws[:, 0], noises[0])
        picture: Tensor = self.to_rgb1(x, ws[:, 1])
        for k, resolution in enumerate(self.resolutions[1:]):
            if size is not None and resolution > size:
                break
            x = self.convs[2 * k](x, ws[:, 2 * k + 1], noises[2 * k + 1])
            x = self.convs[2 * k + 1](x, ws[:, 2 * k + 2], noises[2 * k + 2])
            if detail is not None and detail.shape[-1] == resolution:
                x = x + detail
            picture = self.to_rgbs[k](x, ws[:, 2 * k + 3], picture)
        return picture

    def forward(self, ws: Tensor) -> Tensor:
        """``synthesis`` with its defaults."""
        return self.synthesis(ws)

    def _noises(self, mode: NoiseMode, count: int, like: Tensor) -> Sequence[Tensor | None]:
        if mode == "none":
            return [None] * (self.styles - 1)
        constants = [getattr(self.noises, f"noise_{layer}").to(like) for layer in range(self.styles - 1)]
        if mode == "const":
            return constants
        return [torch.randn(count, *c.shape[1:], dtype=c.dtype, device=c.device) for c in constants]
