"""The layers of a new StyleGAN3 generator (Karras et al. 2021, section 3 and appendix C): cut-offs, sampling rates, sizes, filters.

Cut-offs and stop bands grow geometrically from the input to the picture; the last layers are sampled critically. What a published
file records of its layers, this computes, so that a generator that is trained here is one of theirs.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from installation.networks.stylegan3 import InputPlan, LayerPlan, Plan, StyleGAN3Generator

CRITICAL = 2  # layers before the picture that use their whole band
FIRST_CUTOFF, FIRST_STOPBAND = 2.0, 2.0**2.1  # cycles a picture side
LAST_STOPBAND = 2.0**0.3  # of the last cut-off
TAPS = 6  # of a filter, for each step of its factor
OVERSAMPLING = 2  # around the non-linearity
CLAMP = 256.0
OUTPUT_SCALE = 0.25


@dataclass(frozen=True)
class Design:
    """What is chosen of a generator. size: px, a power of two. channel_base, channel_max: widths are half the base over the cut-off, at
    most the maximum. margin: px beyond the picture's edges inside. radial: configuration R: rotation too, with 1 x 1 convolutions.

    Raises ValueError for a design that cannot be.
    """

    size: int
    radial: bool = False
    channel_base: int = 32_768
    channel_max: int = 512
    w_dim: int = 512
    mapping_layers: int = 2
    layers: int = 14
    margin: int = 10

    def __post_init__(self) -> None:
        if self.size < 16 or self.size & (self.size - 1):
            raise ValueError(f"{self.size} px: a power of two from 16 is needed")
        if self.layers <= CRITICAL or self.mapping_layers < 1 or self.margin < 1:
            found = f"{self.layers} layers, {self.mapping_layers} of mapping, a margin of {self.margin}"
            raise ValueError(f"{found}: at least {CRITICAL + 1}, 1 and 1 are needed")
        if min(self.channel_base // self.size, self.channel_max, self.w_dim) < 1:
            raise ValueError(f"widths {self.channel_base}, {self.channel_max}, {self.w_dim}: too few for {self.size} px")


@dataclass(frozen=True)
class _Band:
    """One stage of the signal: cycles and samples a picture side; side: px, margins included."""

    cutoff: float
    half_width: float  # of the transition
    rate: int
    side: int
    channels: int


@dataclass(frozen=True)
class _Sampling:
    """How one layer goes from a stage to the next: its numbers and its two filters."""

    plan: LayerPlan
    up: Tensor | None
    down: Tensor | None


def new_generator(design: Design) -> StyleGAN3Generator:
    """With fresh weights from torch's random numbers, its filters computed, in float32."""
    bands = _bands(design)
    first = bands[0]
    samplings = [_sampling(design, k, bands[max(k - 1, 0)], band) for k, band in enumerate(bands)]
    start = InputPlan(first.channels, first.side, float(first.rate), first.cutoff)
    mapping = (design.w_dim,) * (design.mapping_layers + 1)
    generator = StyleGAN3Generator(Plan(design.size, mapping, start, tuple(s.plan for s in samplings), OUTPUT_SCALE))
    with torch.no_grad():
        _start_input(generator, first.cutoff)
        for sampling in samplings:
            layer = getattr(generator.synthesis, sampling.plan.name)
            for buffer, taps in ((layer.up_filter, sampling.up), (layer.down_filter, sampling.down)):
                if taps is not None:
                    buffer.copy_(taps)
    return generator


def _start_input(generator: StyleGAN3Generator, bandwidth: float) -> None:
    """Frequencies drawn evenly from the disc of the band (appendix C: a Gaussian brought to uniform), no turn and no shift yet."""
    start = generator.synthesis.input
    radii = start.freqs.square().sum(dim=1, keepdim=True).sqrt()
    start.freqs.mul_(bandwidth / (radii * radii.square().exp().pow(0.25)))
    start.affine.weight.zero_()
    start.affine.bias.copy_(torch.tensor([1.0, 0.0, 0.0, 0.0]))


def _bands(design: Design) -> list[_Band]:
    last = design.size / 2
    steps = [min(k / (design.layers - CRITICAL), 1.0) for k in range(design.layers + 1)]
    bands = []
    for k, step in enumerate(steps):
        cutoff = FIRST_CUTOFF * (last / FIRST_CUTOFF) ** step
        stopband = FIRST_STOPBAND * (last * LAST_STOPBAND / FIRST_STOPBAND) ** step
        rate = 2 ** math.ceil(math.log2(min(2 * stopband, design.size)))
        side = rate + 2 * design.margin if k < design.layers - 1 else design.size
        channels = round(min(design.channel_base / 2 / cutoff, design.channel_max)) if k < design.layers else 3
        bands.append(_Band(cutoff, max(stopband, rate / 2) - cutoff, rate, side, channels))
    return bands


def _sampling(design: Design, number: int, before: _Band, after: _Band) -> _Sampling:
    to_rgb = number == design.layers
    critical = number >= design.layers - CRITICAL
    kernel = 1 if to_rgb or design.radial else 3
    high = max(before.rate, after.rate) * (1 if to_rgb else OVERSAMPLING)
    up, down = high // before.rate, high // after.rate
    up_taps = TAPS * up if up > 1 and not to_rgb else 1
    down_taps = TAPS * down if down > 1 and not to_rgb else 1
    risen = lowpass(up_taps, before.cutoff, 2 * before.half_width, high)
    design_down = radial_lowpass if design.radial and not critical else lowpass
    fallen = design_down(down_taps, after.cutoff, 2 * after.half_width, high)
    # What the filters and the convolution need beyond the pixels that are there, or, negative, what is too much.
    missing = (after.side - 1) * down + 1 - (before.side + kernel - 1) * up + up_taps + down_taps - 2
    early = (missing + up) // 2
    plan = LayerPlan(
        name=f"L{number}_{after.side}_{after.channels}",
        in_channels=before.channels,
        out_channels=after.channels,
        kernel=kernel,
        in_side=before.side,
        out_side=after.side,
        up=up,
        down=down,
        up_filter=() if risen is None else tuple(risen.shape),
        down_filter=() if fallen is None else tuple(fallen.shape),
        padding=(early, missing - early),
        clamp=CLAMP,
        to_rgb=to_rgb,
    )
    return _Sampling(plan, risen, fallen)


def lowpass(taps: int, cutoff: float, width: float, rate: float) -> Tensor | None:
    """A windowed sinc [taps] of sum 1 with a transition of ``width`` cycles around the cut-off; None for a single tap."""
    if taps == 1:
        return None
    places = (np.arange(taps) - (taps - 1) / 2) / rate
    filtered = np.sinc(2 * cutoff * places) * _window(taps, width, rate)
    return torch.from_numpy(filtered / filtered.sum()).float()


def radial_lowpass(taps: int, cutoff: float, width: float, rate: float) -> Tensor | None:
    """The same for all directions of the plane [taps, taps]: a windowed jinc. An even number of taps; None for a single one."""
    if taps == 1:
        return None
    places = torch.from_numpy((np.arange(taps) - (taps - 1) / 2) / rate)
    radii = torch.hypot(places[:, None], places[None, :])
    window = torch.from_numpy(_window(taps, width, rate))
    filtered: Tensor = torch.special.bessel_j1(2 * math.pi * cutoff * radii) / (math.pi * radii) * torch.outer(window, window)
    filtered = filtered / filtered.sum()
    return filtered.float()


def _window(taps: int, width: float, rate: float) -> np.ndarray:
    """Kaiser's window for a transition of that width (Kaiser 1974): its attenuation first, its shape from that."""
    attenuation = 2.285 * (taps - 1) * math.pi * width / (rate / 2) + 7.95
    if attenuation > 50:
        beta = 0.1102 * (attenuation - 8.7)
    else:
        beta = 0.5842 * (attenuation - 21) ** 0.4 + 0.07886 * (attenuation - 21) if attenuation > 21 else 0.0
    return np.kaiser(taps, beta)
