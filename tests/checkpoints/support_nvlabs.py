"""Stand-ins of NVlabs' pickles: real files in the published format, small, with random weights.

The modules record their state as the published ones do, and carry a source that raises when executed. Sizes, cutoffs and filters
of StyleGAN3 follow the paper (Karras et al. 2021, appendix C), designed here with numpy alone.
"""

import math
import pickle
import sys
import types
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from torch import Tensor, nn

SOURCE = "raise RuntimeError('source inside a checkpoint must never run')"


def _reconstruct_persistent_obj(meta):
    raise RuntimeError("a loader must not call what the file names")


class EasyDict(dict):
    pass


_reconstruct_persistent_obj.__module__ = "torch_utils.persistence"
EasyDict.__module__ = "dnnlib.util"


@contextmanager
def published_modules() -> Iterator[None]:
    """The modules that a pickle names, present while it is written."""
    found = {name: types.ModuleType(name) for name in ("torch_utils", "torch_utils.persistence", "dnnlib", "dnnlib.util")}
    found["torch_utils.persistence"]._reconstruct_persistent_obj = _reconstruct_persistent_obj
    found["dnnlib.util"].EasyDict = EasyDict
    with mock.patch.dict(sys.modules, found):
        yield


class Module(nn.Module):
    """A persistent network module: its class's published name, the arguments it was made with, attributes."""

    def __init__(self, class_name: str, arguments: dict[str, object] | None = None, **attributes: object) -> None:
        super().__init__()
        self._init_args = ()
        self._init_kwargs = EasyDict(arguments or {})
        self.__dict__["class_name_"] = class_name
        self.__dict__.update(attributes)

    def __reduce__(self):
        state = {key: value for key, value in self.__dict__.items() if key != "class_name_"}
        meta = {"type": "class", "version": 6, "module_src": SOURCE, "class_name": self.__dict__["class_name_"], "state": state}
        return _reconstruct_persistent_obj, (meta,), None


def write_pickle(path: Path, generator: nn.Module, protocol: int = 4, **others: object) -> Path:
    """A file as the published training loop writes it; ``others`` replace or add entries."""
    content = {"G": generator, "D": None, "G_ema": generator, "augment_pipe": None}
    content |= {"training_set_kwargs": EasyDict(class_name="training.dataset.ImageFolderDataset", resolution=32)} | others
    with published_modules(), path.open("wb") as file:
        pickle.dump(content, file, protocol=protocol)
    return path


def dense(inputs: int, outputs: int, bias: float = 0.0, lr: float = 1.0, activation: str = "linear") -> Module:
    """FullyConnectedLayer."""
    layer = Module("FullyConnectedLayer", activation=activation, weight_gain=np.float64(lr / math.sqrt(inputs)), bias_gain=lr)
    layer.weight = nn.Parameter(torch.randn(outputs, inputs) / lr, False)
    layer.bias = nn.Parameter(torch.randn(outputs) * 0.1 / lr + bias, False)
    return layer


def mapping_network(z_dim: int, c_dim: int, w_dim: int, num_ws: int, layers: int, inner: int | None, lr: float) -> Module:
    """MappingNetwork."""
    mapping = Module("MappingNetwork", z_dim=z_dim, c_dim=c_dim, w_dim=w_dim, num_ws=num_ws, num_layers=layers)
    if c_dim:
        mapping.embed = dense(c_dim, w_dim)
    widths = [z_dim + (w_dim if c_dim else 0), *[inner or w_dim] * (layers - 1), w_dim]
    for k in range(layers):
        mapping.add_module(f"fc{k}", dense(widths[k], widths[k + 1], lr=lr, activation="lrelu"))
    mapping.register_buffer("w_avg", torch.randn(w_dim) * 0.3)
    return mapping


def fir(taps: Sequence[float]) -> Tensor:
    """The two-dimensional resampling filter of StyleGAN2, its sum 1."""
    line = torch.tensor(taps)
    return torch.outer(line, line) / line.sum() ** 2


def stylegan2(
    size: int,
    *,
    z_dim: int = 16,
    c_dim: int = 0,
    w_dim: int = 16,
    mapping_layers: int = 8,
    inner: int | None = None,
    lr: float = 0.01,
    channel_base: int = 256,
    channel_max: int = 16,
    conv_clamp: float | None = 256,
    taps: Sequence[float] = (1, 3, 3, 1),
    architecture: str = "skip",
    use_noise: bool = True,
    img_channels: int = 3,
    activation: str = "lrelu",
    bias_scale: float = 0.1,
) -> Module:
    """Generator of StyleGAN2-ADA."""
    sides = [2**k for k in range(2, int(math.log2(size)) + 1)]
    widths = {side: min(channel_base // side, channel_max) for side in sides}
    synthesis = Module("SynthesisNetwork", img_resolution=size, w_dim=w_dim)
    common = {"activation": activation, "conv_clamp": conv_clamp, "use_noise": use_noise}

    def layer(inputs: int, outputs: int, side: int) -> Module:
        made = Module("SynthesisLayer", resolution=side, **common)
        made.affine = dense(w_dim, inputs, bias=1.0)
        made.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3), False)
        made.bias = nn.Parameter(torch.randn(outputs) * bias_scale, False)
        if use_noise:
            made.noise_strength = nn.Parameter(torch.randn(()) * 0.2, False)
            made.register_buffer("noise_const", torch.randn(side, side))
        made.register_buffer("resample_filter", fir(taps))
        return made

    for side in sides:
        block = Module("SynthesisBlock", architecture=architecture, resolution=side, use_fp16=side >= 16)
        if side == 4:
            block.const = nn.Parameter(torch.randn(widths[4], 4, 4), False)
        else:
            block.conv0 = layer(widths[side // 2], widths[side], side)
        block.conv1 = layer(widths[side], widths[side], side)
        block.torgb = Module("ToRGBLayer", conv_clamp=conv_clamp)
        block.torgb.affine = dense(w_dim, widths[side], bias=1.0)
        block.torgb.weight = nn.Parameter(torch.randn(img_channels, widths[side], 1, 1), False)
        block.torgb.bias = nn.Parameter(torch.randn(img_channels) * bias_scale, False)
        block.register_buffer("resample_filter", fir(taps))
        synthesis.add_module(f"b{side}", block)
    generator = Module("Generator", {"z_dim": z_dim, "w_dim": w_dim}, z_dim=z_dim, c_dim=c_dim, w_dim=w_dim, num_ws=2 * len(sides))
    generator.synthesis = synthesis
    generator.mapping = mapping_network(z_dim, c_dim, w_dim, 2 * len(sides), mapping_layers, inner, lr)
    return generator


def kaiser(taps: int, width: float, rate: float) -> np.ndarray:
    """Kaiser's window for a transition band of ``width`` at a sampling rate of ``rate``."""
    attenuation = 2.285 * (taps - 1) * math.pi * width / (rate / 2) + 7.95
    if attenuation > 50:
        beta = 0.1102 * (attenuation - 8.7)
    else:
        beta = 0.5842 * (attenuation - 21) ** 0.4 + 0.07886 * (attenuation - 21) if attenuation > 21 else 0.0
    return np.kaiser(taps, beta)


def bessel(x: np.ndarray) -> np.ndarray:
    """J1, from its integral."""
    angle = (np.arange(4000) + 0.5) * np.pi / 4000
    return np.cos(angle - x[..., None] * np.sin(angle)).mean(axis=-1)


def lowpass(taps: int, cutoff: float, width: float, rate: float, radial: bool) -> Tensor | None:
    """A separable filter [taps] or a radially symmetric one [taps, taps]; None for a single tap."""
    if taps == 1:
        return None
    places = (np.arange(taps) - (taps - 1) / 2) / rate
    window = kaiser(taps, width, rate)
    if radial:
        distance = np.hypot(*np.meshgrid(places, places))
        made = bessel(2 * np.pi * cutoff * distance) / (np.pi * distance) * np.outer(window, window)
    else:
        made = np.sinc(2 * cutoff * places) * window
    return torch.as_tensor(made / made.sum(), dtype=torch.float32)


def stylegan3(
    size: int,
    config: str = "T",
    *,
    z_dim: int = 16,
    c_dim: int = 0,
    w_dim: int = 16,
    mapping_layers: int = 2,
    channel_base: int = 256,
    channel_max: int = 12,
    num_layers: int = 14,
    num_critical: int = 2,
    margin: int = 10,
    conv_clamp: float | None = 256,
    output_scale: float = 0.25,
) -> Module:
    """Generator of StyleGAN3, configuration T or R."""
    end, end_stop = size / 2, size / 2 * 2**0.3
    steps = np.minimum(np.arange(num_layers + 1) / (num_layers - num_critical), 1)
    cutoffs, stops = 2 * (end / 2) ** steps, 2**2.1 * (end_stop / 2**2.1) ** steps
    rates = np.exp2(np.ceil(np.log2(np.minimum(stops * 2, size))))
    bands = np.maximum(stops, rates / 2) - cutoffs
    sides = rates + margin * 2
    sides[-2:] = size
    widths = np.rint(np.minimum(channel_base / 2 / cutoffs, channel_max)).astype(int)
    widths[-1] = 3
    synthesis = Module("SynthesisNetwork", img_resolution=size, output_scale=output_scale, num_layers=num_layers, w_dim=w_dim)
    start = Module("SynthesisInput", size=np.array([int(sides[0])] * 2), sampling_rate=rates[0], bandwidth=cutoffs[0])
    start.weight = nn.Parameter(torch.randn(int(widths[0]), int(widths[0])), False)
    start.affine = dense(w_dim, 4)
    turn = torch.tensor([[0.8, -0.6, 0.1], [0.6, 0.8, -0.2], [0.0, 0.0, 1.0]])
    start.register_buffer("transform", turn)
    start.register_buffer("freqs", torch.randn(int(widths[0]), 2))
    start.register_buffer("phases", torch.rand(int(widths[0])) - 0.5)
    synthesis.input = start
    for k in range(num_layers + 1):
        j, last = max(k - 1, 0), k == num_layers
        high = max(rates[j], rates[k]) * (1 if last else 2)
        up, down = round(high / rates[j]), round(high / rates[k])
        up_taps, down_taps = (6 * factor if factor > 1 and not last else 1 for factor in (up, down))
        kernel = 1 if last or config == "R" else 3
        total = (int(sides[k]) - 1) * down + 1 - (int(sides[j]) + kernel - 1) * up + up_taps + down_taps - 2
        before = (total + up) // 2
        layer = Module(
            "SynthesisLayer",
            is_torgb=last,
            in_size=np.array([int(sides[j])] * 2),
            out_size=np.array([int(sides[k])] * 2),
            up_factor=up,
            down_factor=down,
            padding=[before, total - before] * 2,
            conv_clamp=conv_clamp,
            use_fp16=np.bool_(True),
        )
        layer.affine = dense(w_dim, int(widths[j]), bias=1.0)
        layer.weight = nn.Parameter(torch.randn(int(widths[k]), int(widths[j]), kernel, kernel), False)
        layer.bias = nn.Parameter(torch.randn(int(widths[k])) * 0.1, False)
        layer.register_buffer("magnitude_ema", torch.rand(()) + 0.5)
        layer.register_buffer("up_filter", lowpass(up_taps, cutoffs[j], bands[j] * 2, high, False))
        radial = config == "R" and k < num_layers - num_critical
        layer.register_buffer("down_filter", lowpass(down_taps, cutoffs[k], bands[k] * 2, high, radial))
        synthesis.add_module(f"L{k}_{int(sides[k])}_{widths[k]}", layer)
    generator = Module("Generator", {"z_dim": z_dim}, z_dim=z_dim, c_dim=c_dim, w_dim=w_dim, num_ws=num_layers + 2)
    generator.synthesis = synthesis
    generator.mapping = mapping_network(z_dim, c_dim, w_dim, num_layers + 2, mapping_layers, None, 0.01)
    return generator
