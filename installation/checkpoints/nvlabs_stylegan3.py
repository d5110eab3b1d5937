"""StyleGAN3 generators of NVlabs' pickles: the plan of the layers from what they recorded, checked against their tensors."""

import math
import re

import torch

from installation.checkpoints.nvlabs_network import MAX_SIDE, RecordedNetwork, label_width, mapping_layers, mapping_widths, mean_code
from installation.checkpoints.pickle_records import RefusedPickleError
from installation.networks.stylegan2 import MAPPING_LR
from installation.networks.stylegan3 import InputPlan, LayerPlan, Plan, StyleGAN3Generator

LAYER = re.compile(r"synthesis\.(L(\d{1,2})_\d+_\d+)")
MAX_TAPS = 128
MAX_FACTOR = 16
MAX_OVERSAMPLING = 4
MARGINS = 256  # pixels that the inner layers may be larger than the picture


def is_stylegan3(network: RecordedNetwork) -> bool:
    """Whether the synthesis network starts from Fourier features."""
    return "synthesis.input.freqs" in network.tensors


def stylegan3_of(network: RecordedNetwork, label: int | None) -> StyleGAN3Generator:
    """The generator in float32. Raises RefusedPickleError where sizes and tensors do not belong together."""
    plan = _plan(network)
    # Shapes first, numbers later: nothing is allocated for a network that the file does not fill.
    with torch.device("meta"):
        generator = StyleGAN3Generator(plan)
    expected = {name: list(value.shape) for name, value in generator.state_dict().items()}
    tensors = {name: network.load(name) for name in expected if name.startswith("synthesis.")}
    for k, (weight, bias) in enumerate(mapping_layers(network, label, MAPPING_LR)):
        tensors |= {f"mapping.fc{k}.weight": weight, f"mapping.fc{k}.bias": bias}
    tensors["mapping.w_avg"] = mean_code(network, plan.mapping[-1])
    for name, shape in expected.items():
        if list(tensors[name].shape) != shape:
            raise RefusedPickleError(f"{name} has the shape {list(tensors[name].shape)}, which is no {shape}")
    generator.load_state_dict(tensors, strict=True, assign=True)
    return generator.eval().requires_grad_(False)


def _plan(network: RecordedNetwork) -> Plan:
    synthesis = network.module("synthesis")
    z_dim, *widths = mapping_widths(network)
    z_dim -= label_width(network)
    if z_dim < 1:
        raise RefusedPickleError("its mapping network takes a label alone, and no z")
    start = _input(network)
    layers: list[LayerPlan] = []
    channels, side = start.channels, start.side
    for name in _layer_names(network):
        layer = _layer(network, name, channels, side)
        layers.append(layer)
        channels, side = layer.out_channels, layer.out_side
    size = synthesis.integer("img_resolution", 4, MAX_SIDE)
    if not layers or side != size or any(layer.to_rgb != (layer is layers[-1]) for layer in layers):
        raise RefusedPickleError(f"its {len(layers)} layers end at {side} px and do not make a picture of {size} px")
    if channels != 3:
        raise RefusedPickleError(f"draws pictures of {channels} channels; RGB pictures are needed here")
    most = size + MARGINS
    if start.side > most or any(layer.out_side > most or layer.in_side * layer.up > MAX_OVERSAMPLING * most for layer in layers):
        raise RefusedPickleError(f"its layers are much larger than its picture of {size} px")
    return Plan(size, (z_dim, *widths), start, tuple(layers), synthesis.real("output_scale", 1e-6, 1e6, 0.25))


def _layer_names(network: RecordedNetwork) -> list[str]:
    found = {int(match[2]): match[1] for path in network.modules if (match := LAYER.fullmatch(path))}
    if sorted(found) != list(range(len(found))):
        raise RefusedPickleError(f"has the layers {sorted(found)}; one of them is missing")
    return [found[k] for k in sorted(found)]


def _input(network: RecordedNetwork) -> InputPlan:
    recorded = network.module("synthesis.input")
    width, height = recorded.integers("size", 2, 1, MAX_SIDE + MARGINS)
    if width != height:
        raise RefusedPickleError(f"draws pictures of {width}x{height}; square ones are needed here")
    rate, bandwidth = recorded.real("sampling_rate", 1e-3, 2 * MAX_SIDE), recorded.real("bandwidth", 1e-3, MAX_SIDE)
    if bandwidth >= rate / 2:
        raise RefusedPickleError(f"its input has a bandwidth of {bandwidth:g} at a sampling rate of {rate:g}")
    return InputPlan(network.shape("synthesis.input.weight", 2)[0], width, rate, bandwidth)


def _layer(network: RecordedNetwork, name: str, in_channels: int, in_side: int) -> LayerPlan:
    path = f"synthesis.{name}"
    recorded = network.module(path)
    out_channels, takes, kernel, kernel_width = network.shape(f"{path}.weight", 4)
    if takes != in_channels or kernel != kernel_width:
        raise RefusedPickleError(f"{path} takes {takes} channels where the layer before it gives {in_channels}")
    filters = {key: _filter_shape(network, f"{path}.{key}") for key in ("up_filter", "down_filter")}
    left, right, top, bottom = recorded.integers("padding", 4, -MAX_SIDE, MAX_SIDE)
    if (left, right) != (top, bottom):
        raise RefusedPickleError(f"{path} pads its two directions differently")
    plan = LayerPlan(
        name=name,
        in_channels=in_channels,
        out_channels=out_channels,
        kernel=kernel,
        in_side=in_side,
        out_side=recorded.integers("out_size", 2, 1, MAX_SIDE + MARGINS)[0],
        up=recorded.integer("up_factor", 1, MAX_FACTOR),
        down=recorded.integer("down_factor", 1, MAX_FACTOR),
        up_filter=filters["up_filter"],
        down_filter=filters["down_filter"],
        padding=(left, right),
        clamp=recorded.clamp(),
        to_rgb=bool(recorded.integer("is_torgb", 0, 1)),
    )
    if len(plan.up_filter) > 1 or (plan.up > 1 and not plan.up_filter):
        raise RefusedPickleError(f"{path}.up_filter has the shape {list(plan.up_filter)}; one dimension is needed")
    if plan.computed_side() != plan.out_side:
        raise RefusedPickleError(f"{path} makes {plan.computed_side()} px and records {plan.out_side} px")
    return plan


def _filter_shape(network: RecordedNetwork, name: str) -> tuple[int, ...]:
    """() where the layer has no such filter, [T] for a separable one, [T, T] for a radial one."""
    if name not in network.tensors:
        return ()
    shape = network.tensors[name].shape
    if len(shape) not in (1, 2) or len(set(shape)) != 1 or not 1 <= shape[0] <= MAX_TAPS or math.prod(shape) == 0:
        raise RefusedPickleError(f"{name} has the shape {list(shape)}; up to {MAX_TAPS} taps, the same in both directions, are needed")
    return shape
