"""Checkpoints in the published PyTorch formats: rosinality's StyleGAN2, pSp and e4e.

A generator's file is ``{'g_ema': …, 'latent_avg': …}`` or the parameters alone; pSp and e4e write
``{'state_dict': {'encoder.…', 'decoder.…'}, 'opts', 'latent_avg'}``. What is in a file is told by its parameters' names.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from installation.networks.checkpoint_error import CheckpointError
from installation.networks.encoder_plan import encoder_plan
from installation.networks.generator_plan import generator_plan
from installation.networks.psp_encoders import PublishedEncoder
from installation.networks.stored_tensors import Filler, HeldTensor, Stored, fill, finite, sizes_read
from installation.networks.stylegan2 import Generator, blur_kernel
from installation.networks.torch_file import TorchFile

GENERATOR_MARK = "conv1.conv.weight"
ENCODER_MARK = "input_layer.0.weight"
DEFAULT_STYLES = 18  # of a 1024 px generator, which pSp takes where nothing says otherwise
MEAN_SAMPLES = 4096


@dataclass(frozen=True, eq=False)
class Parts:
    """What a checkpoint holds; an empty mapping for what it does not. options: of its training, plain values."""

    path: Path
    generator: dict[str, Stored]
    encoder: dict[str, Stored]
    options: dict[str, object]
    latent_avg: Tensor | None


def parts_of(file: TorchFile) -> Parts:
    """Sort the contents of a checkpoint. Raises CheckpointError where it holds neither generator nor encoder."""
    root = _mapping(file.root)
    weights = next((found for key in ("state_dict", "g_ema", "g") if (found := _mapping(root.get(key)))), root)
    names = {name.removeprefix("module."): value for name, value in weights.items() if isinstance(value, Tensor)}
    generator = _under(names, "decoder.") or (names if GENERATOR_MARK in names else {})
    encoder = _under(names, "encoder.") or (names if ENCODER_MARK in names else {})
    if not generator and not encoder:
        held = ", ".join(list(names)[:3] or list(root)[:3]) or f"a {type(file.root).__name__}"
        raise CheckpointError(f"{file.path}: holds neither a StyleGAN2 generator nor a pSp or e4e encoder (but {held})")
    options = root.get("opts")
    mean = root.get("latent_avg")
    return Parts(
        file.path,
        {name: file.stored(value, name) for name, value in generator.items() if name != "latent_avg"},
        {name: file.stored(value, name) for name, value in encoder.items() if name != "latent_avg"},
        dict(vars(options)) if isinstance(options, argparse.Namespace) else _mapping(options),
        finite(file.stored(mean, "latent_avg").read(), "latent_avg", file.path) if isinstance(mean, Tensor) else None,
    )


def build_generator(parts: Parts) -> Generator:
    """The generator of a checkpoint, in float32. Raises CheckpointError."""
    if not parts.generator:
        raise CheckpointError(f"{parts.path}: holds an encoder and no generator")
    with sizes_read(parts.path), torch.device("meta"):
        generator = generator_plan({name: value.shape for name, value in parts.generator.items()}).build()
    fill(generator, constants(generator, noisy=True) | parts.generator, parts.path)
    generator.latent_avg = mean_code(generator) if parts.latent_avg is None else per_style(parts, generator.styles, generator.style_dim)
    return generator


def build_encoder(parts: Parts) -> PublishedEncoder:
    """The encoder of a checkpoint, in float32. Raises CheckpointError."""
    if not parts.encoder:
        raise CheckpointError(f"{parts.path}: holds a generator and no encoder")
    with sizes_read(parts.path), torch.device("meta"):
        shapes = {name: value.shape for name, value in parts.encoder.items()}
        encoder = PublishedEncoder(encoder_plan(shapes, str(parts.options.get("encoder_type", "")), _styles(parts)))
    counters = {name: Filler(()) for name in encoder.network.state_dict() if name.endswith(".num_batches_tracked")}
    fill(encoder.network, counters | parts.encoder, parts.path)
    # Training decided whether codes are relative to the mean; every published file says that they are.
    relative = parts.latent_avg is not None and bool(parts.options.get("start_from_latent_avg", True))
    encoder.latent_avg = per_style(parts, encoder.styles, encoder.w_dim) if relative else torch.zeros(encoder.styles, encoder.w_dim)
    return encoder


def constants(generator: Generator, noisy: bool) -> dict[str, Stored]:
    """What a generator's file may leave out: the filter, and noise pictures (drawn, or zero where no layer uses them)."""
    filters: dict[str, Stored] = {name: HeldTensor(blur_kernel()) for name in generator.state_dict() if name.endswith(".kernel")}
    pictures = [(name, value) for name, value in generator.state_dict().items() if name.startswith("noises.")]
    return filters | {name: Filler(tuple(value.shape), seed + 1 if noisy else None) for seed, (name, value) in enumerate(pictures)}


def mean_code(generator: Generator) -> Tensor:
    """The mean of many codes [styles, style_dim], for a file that does not give it; the same at every call."""
    with torch.inference_mode():
        z = torch.randn(MEAN_SAMPLES, generator.z_dim, generator=torch.Generator().manual_seed(0))
        mean: Tensor = generator.style(z).mean(dim=0)
    return mean.expand(generator.styles, -1).clone()


def per_style(parts: Parts, styles: int, w_dim: int) -> Tensor:
    """``latent_avg`` as [styles, w_dim] from a mean w, or from one for each style. Raises CheckpointError."""
    mean = parts.latent_avg
    assert mean is not None
    if mean.shape[-1:] != (w_dim,) or mean.numel() not in (w_dim, styles * w_dim):
        raise CheckpointError(f"{parts.path}: latent_avg has the shape {list(mean.shape)}, [{w_dim}] or [{styles}, {w_dim}] is needed")
    return mean.reshape(-1, w_dim).expand(styles, -1).contiguous()


def _styles(parts: Parts) -> int:
    """Styles of the generator beside the encoder; else of the mean code; else of the options."""
    if parts.generator:
        return generator_plan({name: value.shape for name, value in parts.generator.items()}).styles
    if parts.latent_avg is not None and parts.latent_avg.ndim == 2 and len(parts.latent_avg) > 1:
        return len(parts.latent_avg)
    size = parts.options.get("output_size", parts.options.get("stylegan_size"))
    return max(1, size.bit_length() * 2 - 4) if isinstance(size, int) and 8 <= size <= 4096 else DEFAULT_STYLES


def _mapping(value: object) -> dict[str, object]:
    """A dict with the entries whose keys are names; empty for anything else."""
    # dict.items: an OrderedDict from a pickle may carry an attribute of that name.
    return {key: item for key, item in dict.items(value) if isinstance(key, str)} if isinstance(value, dict) else {}


def _under(names: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in names.items() if name.startswith(prefix)}
