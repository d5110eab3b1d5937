"""StyleGAN3 in our ``.safetensors``: the plan of its layers as JSON in the metadata, weights in half precision.

Filters, Fourier features and the mean code keep their full precision: they are small, and phases do not forgive.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from installation.checkpoints.safetensors_file import SafetensorsFile
from installation.checkpoints.stored_tensors import fill, sizes_read
from installation.networks.stylegan3 import InputPlan, LayerPlan, Plan, StyleGAN3Generator

STYLEGAN3_KIND = "stylegan3-generator"

MAX_LAYERS = 64
MAX_SIDE = 4096
NAME = re.compile(r"L\d{1,2}_\d{1,4}_\d{1,5}")


def save_stylegan3(generator: StyleGAN3Generator, path: Path, card: Mapping[str, str]) -> None:
    """Write a generator with its card."""
    weights = {name for name, value in generator.named_parameters() if value.ndim > 1 and not name.startswith("synthesis.input")}
    tensors = {name: (value.half() if name in weights else value).contiguous() for name, value in generator.state_dict().items()}
    save_file(tensors, path, metadata={"kind": STYLEGAN3_KIND, "plan": json.dumps(asdict(generator.plan)), **card})


def read_stylegan3(file: SafetensorsFile, path: Path) -> StyleGAN3Generator:
    """The generator in float32. Raises CheckpointError where plan and tensors do not belong together."""
    with sizes_read(path), torch.device("meta"):
        plan = _plan(json.loads(file.metadata["plan"]))
        generator = StyleGAN3Generator(plan)
    fill(generator, file.tensors, path)
    return generator


def _plan(values: Mapping[str, Any]) -> Plan:
    """Raises ValueError, TypeError or KeyError for a plan that does not hang together or is too large."""
    layers = tuple(_layer(entry) for entry in values["layers"])
    plan = Plan(
        int(values["size"]), tuple(map(int, values["mapping"])), InputPlan(**values["input"]), layers, float(values["output_scale"])
    )
    if not 1 <= len(layers) <= MAX_LAYERS or not 2 <= len(plan.mapping) <= MAX_LAYERS:
        raise ValueError(f"{len(layers)} layers and {len(plan.mapping) - 1} of the mapping network")
    channels, side = plan.input.channels, plan.input.side
    for layer in layers:
        if (layer.in_channels, layer.in_side) != (channels, side) or layer.computed_side() != layer.out_side:
            raise ValueError(f"layer {layer.name} does not follow from the one before it")
        if max(layer.in_side * layer.up, layer.out_side) > 4 * MAX_SIDE:
            raise ValueError(f"layer {layer.name} is larger than {MAX_SIDE} px")
        channels, side = layer.out_channels, layer.out_side
    if (channels, side) != (3, plan.size) or not 0 < plan.size <= MAX_SIDE or not 0 < plan.input.side <= MAX_SIDE:
        raise ValueError(f"the layers end at {channels} channels and {side} px, not with a picture of {plan.size} px")
    return plan


def _layer(entry: Mapping[str, Any]) -> LayerPlan:
    fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    layer = LayerPlan(**fields)
    if not NAME.fullmatch(layer.name) or layer.up < 1 or layer.down < 1:
        raise ValueError(f"layer {layer.name!r} is none of StyleGAN3's")
    return layer
