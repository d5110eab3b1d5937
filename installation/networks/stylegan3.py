"""StyleGAN3's alias-free generator (Karras et al. 2021, "Alias-Free Generative Adversarial Networks"), configurations T and R.

Parameter and buffer names are the published ones, so a state dict loads with ``load_state_dict(strict=True)``. Sizes, sampling
rates and paddings come from a plan that is read from the file; the filters are buffers of the file. The arithmetic is ours:
activations are scaled instead of weights, and filters run as matrix products or strided convolutions.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from installation.networks.stylegan2 import MAPPING_LR, SQRT2, EqualLinear, NoiseMode

MATRIX_SIDE = 256  # up to this side, a small picture is up-sampled faster by matrix products than by a transposed convolution


@dataclass(frozen=True)
class InputPlan:
    """The Fourier features. side: pixels, margins included; sampling_rate and bandwidth: per picture's side."""

    channels: int
    side: int
    sampling_rate: float
    bandwidth: float


@dataclass(frozen=True)
class Rise:
    """An up-sampling in plain numbers, so that a trace of the network sees no sizes that could change.

    side: pixels of the picture before. taps: of the filter. padding: pixels (before, after) at the higher rate, negative to crop.
    """

    side: int
    taps: int
    factor: int
    padding: tuple[int, int]


@dataclass(frozen=True)
class LayerPlan:
    """One synthesis layer. up, down: sampling factors around the non-linearity; up_filter, down_filter: shapes, () for none.

    padding: (before, after), pixels at the higher rate, negative to crop; the same in both directions. clamp: see ``clamped``.
    """

    name: str
    in_channels: int
    out_channels: int
    kernel: int
    in_side: int
    out_side: int
    up: int
    down: int
    up_filter: tuple[int, ...]
    down_filter: tuple[int, ...]
    padding: tuple[int, int]
    clamp: float | None
    to_rgb: bool

    @property
    def rise(self) -> Rise:
        return Rise(self.in_side + self.kernel - 1, self.up_filter[0] if self.up_filter else 1, self.up, self.padding)

    def computed_side(self) -> int:
        """Pixels of the result's side, from the other numbers."""
        taps = [shape[0] if shape else 1 for shape in (self.up_filter, self.down_filter)]
        high = (self.in_side + self.kernel - 1) * self.up + sum(self.padding) - (taps[0] - 1)
        return (high - taps[1]) // self.down + 1


@dataclass(frozen=True)
class Plan:
    """The whole generator. mapping: widths of the mapping network [z_dim, …, style_dim]."""

    size: int
    mapping: tuple[int, ...]
    input: InputPlan
    layers: tuple[LayerPlan, ...]
    output_scale: float


class Mapping(nn.Module):
    """z -> ws: normalisation, ``fc0``, ``fc1``, …, truncation toward ``w_avg``."""

    w_avg: Tensor

    def __init__(self, widths: Sequence[int], styles: int) -> None:
        super().__init__()
        self.depth = len(widths) - 1
        self.styles = styles
        for k in range(self.depth):
            self.add_module(f"fc{k}", EqualLinear(widths[k], widths[k + 1], lr_mul=MAPPING_LR, activation=True))
        self.register_buffer("w_avg", torch.zeros(widths[-1]))

    def forward(self, z: Tensor, truncation_psi: float = 1.0) -> Tensor:
        """z [N, z_dim] -> ws [N, styles, style_dim]."""
        w = z * torch.rsqrt(z.square().mean(dim=1, keepdim=True) + 1e-8)
        for k in range(self.depth):
            w = getattr(self, f"fc{k}")(w)
        w = torch.lerp(self.w_avg.to(w), w, truncation_psi)
        return w[:, None].expand(-1, self.styles, -1)


class SynthesisInput(nn.Module):
    """Fourier features of the picture's plane, turned and shifted by the first style: w [N, style_dim] -> [N, C, side, side].

    ``transform`` [3, 3] is the user's own inverse transform of the picture.
    """

    transform: Tensor
    freqs: Tensor
    phases: Tensor
    places: Tensor

    def __init__(self, plan: InputPlan, style_dim: int) -> None:
        super().__init__()
        self.plan = plan
        self.weight = nn.Parameter(torch.randn(plan.channels, plan.channels))
        self.affine = EqualLinear(style_dim, 4)
        self.register_buffer("transform", torch.eye(3))
        self.register_buffer("freqs", torch.randn(plan.channels, 2))
        self.register_buffer("phases", torch.rand(plan.channels) - 0.5)
        # Pixel centres in picture sides from the middle. On the CPU by name: a network built for its shapes alone needs them too.
        steps = torch.arange(plan.side, dtype=torch.float32, device="cpu")
        self.register_buffer("places", (steps + 0.5 - plan.side / 2) / plan.sampling_rate, persistent=False)

    def forward(self, w: Tensor) -> Tensor:
        plan = self.plan
        # No matrix products as far as the waves: mixed precision would run them in halves, and a phase needs all its digits.
        t = (w[:, None] * (self.affine.weight * self.affine.scale)).sum(dim=2) + self.affine.bias
        # Turn by the learned angle, shift, then apply the user's transform.
        t = t / t[:, :2].norm(dim=1, keepdim=True)
        c, s, x, y = t.unbind(dim=1)
        rows = torch.stack([c, -s, s * y - c * x, s, c, -s * x - c * y], dim=1).view(-1, 2, 3, 1)
        matrix = (rows * self.transform).sum(dim=2)
        moved = (self.freqs[:, :, None] * matrix[:, None]).sum(dim=2)
        freqs, phases = moved[:, :, :2], self.phases + moved[:, :, 2]
        # Fade frequencies that the transform brought out of band.
        excess = (freqs.norm(dim=2) - plan.bandwidth) / (plan.sampling_rate / 2 - plan.bandwidth)
        amplitudes = (1 - excess).clamp(0, 1)
        # A wave over the plane is a sum of one term a column and one a row.
        columns = freqs[:, :, :1] * self.places + phases[:, :, None]
        waves = columns[:, :, None, :] + (freqs[:, :, 1:] * self.places)[:, :, :, None]
        waves = torch.sin(waves * (2 * math.pi)) * amplitudes[:, :, None, None]
        return F.conv2d(waves, self.weight[:, :, None, None] / math.sqrt(plan.channels))


class SynthesisLayer(nn.Module):
    """Modulated convolution and a leaky ReLU at a higher sampling rate: x [N, in, S, S], w [N, style_dim] -> [N, out, S', S'].

    magnitude_decay: in training, what each batch leaves of the mean square of x that is tracked; None, as it is drawn with, tracks nothing.
    """

    magnitude_decay: float | None = None
    magnitude_ema: Tensor
    up_filter: Tensor | None
    down_filter: Tensor | None

    def __init__(self, plan: LayerPlan, style_dim: int) -> None:
        super().__init__()
        self.plan = plan
        self.weight = nn.Parameter(torch.randn(plan.out_channels, plan.in_channels, plan.kernel, plan.kernel))
        self.bias = nn.Parameter(torch.zeros(plan.out_channels))
        self.affine = EqualLinear(style_dim, plan.in_channels, bias_init=1.0)
        self.register_buffer("magnitude_ema", torch.ones(()))
        self.register_buffer("up_filter", torch.zeros(plan.up_filter) if plan.up_filter else None)
        self.register_buffer("down_filter", torch.zeros(plan.down_filter) if plan.down_filter else None)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        plan = self.plan
        if self.magnitude_decay is not None:
            self._track(x, self.magnitude_decay)
        x = self._convolve(x, self.affine(w))
        x = x + self.bias.to(x.dtype)[None, :, None, None]
        x = upsample(x, self.up_filter, plan.rise)
        x = x if plan.to_rgb else F.leaky_relu(x, 0.2) * SQRT2
        if plan.clamp is not None:  # as ``clamped``; this one's way back takes one pass and not four
            x = F.hardtanh(x, -plan.clamp, plan.clamp)
        return downsample(x, self.down_filter, plan.down)

    @torch.no_grad()
    def _track(self, x: Tensor, decay: float) -> None:
        # A new tensor: the one before may be part of a graph that is still to be gone back through.
        self.magnitude_ema = torch.lerp(x.float().square().mean(), self.magnitude_ema, decay)

    def _convolve(self, x: Tensor, style: Tensor) -> Tensor:
        """Convolution of the scaled channels; but for the last layer, its output demodulated to unit variance.

        The small factors follow the features' type: in mixed precision a float32 one would carry all that follows along.
        """
        gain = torch.rsqrt(self.magnitude_ema)
        padding = self.plan.kernel - 1
        if self.plan.to_rgb:
            style = style * (gain / math.sqrt(self.plan.in_channels * self.plan.kernel**2))
            return F.conv2d(x * style.to(x.dtype)[:, :, None, None], self.weight, padding=padding)
        # Unit sums instead of unit means: the demodulation takes the difference out, and half precision never overflows.
        weight = self.weight * torch.rsqrt(self.weight.square().sum(dim=(1, 2, 3), keepdim=True))
        style = style * torch.rsqrt(style.square().mean(dim=1, keepdim=True))
        demodulation = torch.rsqrt(style.square() @ weight.square().sum(dim=(2, 3)).T + 1e-8) * gain
        y = F.conv2d(x * style.to(x.dtype)[:, :, None, None], weight, padding=padding)
        return y * demodulation.to(y.dtype)[:, :, None, None]


class Synthesis(nn.Module):
    """Fourier features, the layers ``L0_…`` in turn, the picture: ws [N, styles, style_dim] -> [N, 3, size, size]."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.layer_names = [layer.name for layer in plan.layers]
        self.output_scale = plan.output_scale
        self.input = SynthesisInput(plan.input, plan.mapping[-1])
        for layer in plan.layers:
            self.add_module(layer.name, SynthesisLayer(layer, plan.mapping[-1]))

    def forward(self, ws: Tensor, noise: NoiseMode = "const") -> Tensor:
        """noise: taken for the sake of callers that know StyleGAN2; these layers have none."""
        x: Tensor = self.input(ws[:, 0])
        for k, name in enumerate(self.layer_names):
            x = getattr(self, name)(x, ws[:, k + 1])
        return x * self.output_scale


class StyleGAN3Generator(nn.Module):
    """StyleGAN3.

    ``mapping(z [N, z_dim], truncation_psi=1.0) -> ws [N, styles, style_dim]``; ``synthesis(ws, noise='const') ->
    [N, 3, size, size]``, about -1…1, RGB. ``channels``: width of each layer, by its number. ``resolutions``: none, since the
    layers' sampling rates do not belong to pictures of their own; therefore ``layered`` is None. ``notices``: as in ``Generator``.
    """

    notices: tuple[str, ...] = ()

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan
        self.size = plan.size
        self.z_dim, self.style_dim = plan.mapping[0], plan.mapping[-1]
        self.styles = len(plan.layers) + 1
        self.channels = {k: layer.out_channels for k, layer in enumerate(plan.layers)}
        self.resolutions: list[int] = []
        self.mapping = Mapping(plan.mapping, self.styles)
        self.synthesis = Synthesis(plan)

    @property
    def layered(self) -> None:
        """See ``Generator.layered``."""
        return None

    @property
    def mapping_layers(self) -> int:
        """See ``Generator.mapping_layers``."""
        return self.mapping.depth

    @property
    def modulations(self) -> list[list[EqualLinear]]:
        """For each style the affine maps that read it. The first one turns and shifts the Fourier features: it scales no channels."""
        return [[], *([getattr(self.synthesis, name).affine] for name in self.synthesis.layer_names)]

    @property
    def latent_avg(self) -> Tensor:
        """The mean code [styles, style_dim]."""
        return self.mapping.w_avg.expand(self.styles, -1)

    def forward(self, ws: Tensor) -> Tensor:
        """``synthesis``."""
        picture: Tensor = self.synthesis(ws)
        return picture


def upsample(x: Tensor, taps: Tensor | None, rise: Rise) -> Tensor:
    """Up-sample a picture [N, C, S, S] by zero insertion, pad or crop it, and low-pass it with the separable ``taps`` [T].

    The gain keeps the picture's brightness.
    """
    if taps is None:
        return x if not any(rise.padding) else F.pad(x, (*rise.padding, *rise.padding))
    if rise.side <= MATRIX_SIDE:
        eye = torch.eye(rise.side, dtype=x.dtype, device=x.device)
        matrix = _spread(eye[:, None, None], taps, rise)[:, 0, 0]
        return matrix.T @ (x @ matrix)
    x = _spread(x, taps, rise)
    return _spread(x.transpose(2, 3), taps, rise).transpose(2, 3)


def _spread(x: Tensor, taps: Tensor, rise: Rise) -> Tensor:
    """``upsample`` along the last dimension of [N, C, H, W]."""
    # A transposed convolution gives the result with this many pixels too many at either end.
    before, after = rise.taps - 1 - rise.padding[0], rise.taps - rise.factor - rise.padding[1]
    crop = max(0, min(before, after))
    kernel = (taps * rise.factor).to(x).expand(x.shape[1], 1, 1, rise.taps)
    y = F.conv_transpose2d(x, kernel, stride=(1, rise.factor), padding=(0, crop), groups=x.shape[1])
    return y if before == after == crop else F.pad(y, (crop - before, crop - after))


def downsample(x: Tensor, taps: Tensor | None, factor: int) -> Tensor:
    """Low-pass a picture [N, C, S, S] with ``taps`` [T] in both directions or [T, T], and keep every ``factor``-th pixel."""
    if taps is None:
        return x[:, :, ::factor, ::factor] if factor > 1 else x
    width, count = x.shape[1], taps.shape[0]
    taps = taps.to(x)
    if x.requires_grad and taps.ndim == 1 and x.shape[-1] <= MATRIX_SIDE:  # the way back through products is several times faster
        eye = torch.eye(x.shape[-1], dtype=x.dtype, device=x.device)
        matrix = F.conv1d(eye[:, None], taps.flip(0).view(1, 1, count), stride=factor)[:, 0]
        return matrix.T @ (x @ matrix)
    if taps.ndim == 2:
        return F.conv2d(x, taps.flip(0, 1).expand(width, 1, count, count), stride=factor, groups=width)
    x = F.conv2d(x, taps.flip(0).view(1, 1, count, 1).expand(width, 1, count, 1), stride=(factor, 1), groups=width)
    return F.conv2d(x, taps.flip(0).view(1, 1, 1, count).expand(width, 1, 1, count), stride=(1, factor), groups=width)
