"""Builds the networks of a checkpoint in the published formats: rosinality's StyleGAN2, NVlabs' parameters, pSp and e4e.

What a file does not say about its encoder is assumed, and said in the encoder's ``notices``.
"""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from installation.checkpoints.encoder_kind import understood
from installation.checkpoints.encoder_plan import encoder_plan
from installation.checkpoints.encoder_reading import AUTO, EncoderReading
from installation.checkpoints.error import CheckpointError
from installation.checkpoints.generator_plan import MAX_LAYERS, generator_plan
from installation.checkpoints.nvlabs_state import stylegan2_of_state, styles_of_state
from installation.checkpoints.parts import Parts, parts_of
from installation.checkpoints.stored_tensors import Filler, HeldTensor, Stored, fill, sizes_read
from installation.networks.psp_encoders import PublishedEncoder
from installation.networks.stylegan2 import MAPPING_LR, EqualLinear, Generator, PixelNorm, blur_kernel

__all__ = ["Parts", "build_encoder", "build_generator", "constants", "mapping_of_layers", "mean_code", "parts_of", "per_style"]

DEFAULT_STYLES = 18  # of a 1024 px generator, which pSp takes where nothing says otherwise
MEAN_SAMPLES = 16_384


def build_generator(parts: Parts) -> Generator:
    """The generator of a checkpoint, in float32. Raises CheckpointError."""
    parts.check_generator()
    if parts.nvlabs:
        generator = stylegan2_of_state(parts.generator, parts.path)
        given = "mapping.w_avg" in parts.generator
    else:
        with sizes_read(parts.path), torch.device("meta"):
            generator = generator_plan({name: value.shape for name, value in parts.generator.items()}).build()
        fill(generator, constants(generator, noisy=True) | parts.generator, parts.path)
        given = False
    if parts.latent_avg is not None:
        generator.latent_avg = per_style(parts, generator.styles, generator.style_dim)
    elif not given:
        generator.latent_avg = mean_code(generator)
    generator.notices = tuple(f"{parts.path}: {notice}" for notice in parts.notices)
    return generator


def build_encoder(parts: Parts, reading: EncoderReading = AUTO) -> PublishedEncoder:
    """The encoder of a checkpoint, in float32. reading: what a person says of the file. Raises CheckpointError."""
    parts.check_encoder()
    told = understood(parts, reading)
    with sizes_read(parts.path), torch.device("meta"):
        shapes = {name: value.shape for name, value in parts.encoder.items()}
        encoder = PublishedEncoder(encoder_plan(shapes, told.kind, _styles(parts)))
    counters = {name: Filler(()) for name in encoder.network.state_dict() if name.endswith(".num_batches_tracked")}
    fill(encoder.network, counters | parts.encoder, parts.path)
    encoder.latent_avg = torch.zeros(encoder.styles, encoder.w_dim)
    assumed = [*told.assumed]
    if told.z:
        _add_mapping(encoder, parts)
        if told.relative and parts.latent_avg is not None:
            encoder.latent_avg = per_style(parts, encoder.styles, encoder.w_dim)
    else:
        encoder.home_mean, computed = _home_mean(parts, encoder.styles, encoder.w_dim, told.relative)
        if told.relative and encoder.home_mean is not None:
            encoder.latent_avg = encoder.home_mean
        elif told.relative:
            encoder.lacks = frozenset({"mean"})
        if told.relative and encoder.lacks and reading.codes == "auto":
            assumed.append("it gives no mean code, and the generator's is added (for absolute codes, models.encoder_codes: absolute)")
        if told.relative and computed and reading.codes == "auto":
            assumed.append("its mean code is taken from its own mapping network (for absolute codes, models.encoder_codes: absolute)")
    encoder.notices = (f"{parts.path}: {'; '.join(assumed)}",) if assumed else ()
    return encoder


def constants(generator: Generator, noisy: bool) -> dict[str, Stored]:
    """What a generator's file may leave out: the filter, and noise pictures (drawn, or zero where no layer uses them)."""
    filters: dict[str, Stored] = {name: HeldTensor(blur_kernel()) for name in generator.state_dict() if name.endswith(".kernel")}
    pictures = [(name, value) for name, value in generator.state_dict().items() if name.startswith("noises.")]
    return filters | {name: Filler(tuple(value.shape), seed + 1 if noisy else None) for seed, (name, value) in enumerate(pictures)}


def mean_code(generator: Generator) -> Tensor:
    """The mean of many codes [styles, style_dim], for a file that does not give it; the same at every call."""
    return _mean_of(generator.style, generator.z_dim).expand(generator.styles, -1).clone()


def per_style(parts: Parts, styles: int, w_dim: int) -> Tensor:
    """``latent_avg`` as [styles, w_dim] from a mean w, or from one for each style. Raises CheckpointError where there is none or
    one of another size."""
    mean = parts.latent_avg
    if mean is None or mean.shape[-1:] != (w_dim,) or mean.numel() not in (w_dim, styles * w_dim):
        shape = "none" if mean is None else list(mean.shape)
        raise CheckpointError(f"{parts.path}: latent_avg has the shape {shape}, [{w_dim}] or [{styles}, {w_dim}] is needed")
    return mean.reshape(-1, w_dim).expand(styles, -1).contiguous()


def _mean_of(style: nn.Module, z_dim: int) -> Tensor:
    with torch.inference_mode():
        z = torch.randn(MEAN_SAMPLES, z_dim, generator=torch.Generator().manual_seed(0))
        mean: Tensor = style(z).mean(dim=0)
    return mean.clone()


def _home_mean(parts: Parts, styles: int, w_dim: int, wanted: bool) -> tuple[Tensor | None, bool]:
    """The mean code of the encoder's own generator [styles, w_dim], and whether it was computed. wanted: it may be computed where
    the file does not give it."""
    if parts.latent_avg is not None:
        return per_style(parts, styles, w_dim), False
    style = mapping_network(parts) if wanted else None
    if style is None:
        return None, False
    mean = _mean_of(style, _input_width(style))
    if len(mean) != w_dim:
        raise CheckpointError(f"{parts.path}: its mapping network gives codes of {len(mean)} numbers, its encoder of {w_dim}")
    return mean.expand(styles, -1).clone(), True


def mapping_network(parts: Parts) -> nn.Module | None:
    """The mapping network of a checkpoint's generator, from z to w; None where it has none. Raises CheckpointError."""
    if not parts.generator or parts.refused_generator:
        return None
    if parts.nvlabs:
        return stylegan2_of_state(parts.generator, parts.path).style.eval().requires_grad_(False)
    own = {name.removeprefix("style."): value for name, value in parts.generator.items() if name.startswith("style.")}
    return mapping_of_layers(own, parts.path) if own else None


def mapping_of_layers(layers: Mapping[str, Stored], path: Path) -> nn.Module:
    """A mapping network from the weights and biases of its layers, ``1.weight``, ``1.bias``, ``2.weight``, … Raises
    CheckpointError."""
    with sizes_read(path), torch.device("meta"):
        widths = [layers[f"{k + 1}.weight"].shape for k in range(len(layers) // 2)]
        if not 0 < len(widths) <= MAX_LAYERS or any(len(shape) != 2 for shape in widths):
            raise ValueError(f"its mapping network has {len(widths)} layers")
        linear = [EqualLinear(taken, given, lr_mul=MAPPING_LR, activation=True) for given, taken in widths]
        style = nn.Sequential(PixelNorm(), *linear)
    fill(style, layers, path)
    return style.eval().requires_grad_(False)


def _input_width(style: nn.Module) -> int:
    return next(layer.weight.shape[1] for layer in style.modules() if isinstance(layer, EqualLinear))


def _add_mapping(encoder: PublishedEncoder, parts: Parts) -> None:
    """Give an encoder into Z+ its own mapping network, or note that it lacks one."""
    style = mapping_network(parts)
    if style is None:
        encoder.lacks = frozenset({"style"})
    elif _input_width(style) != encoder.w_dim:
        raise CheckpointError(f"{parts.path}: its codes have {encoder.w_dim} numbers, its mapping network takes {_input_width(style)}")
    encoder.style = style


def _styles(parts: Parts) -> int:
    """Styles of the generator beside the encoder; else of the mean code; else of the options."""
    if parts.generator and not parts.refused_generator:
        shapes = {name: value.shape for name, value in parts.generator.items()}
        return styles_of_state(parts.generator) if parts.nvlabs else generator_plan(shapes).styles
    if parts.latent_avg is not None and parts.latent_avg.ndim == 2 and len(parts.latent_avg) > 1:
        return len(parts.latent_avg)
    size = parts.options.get("output_size", parts.options.get("stylegan_size"))
    size = int(size) if isinstance(size, str) and size.isdecimal() else size
    return max(1, size.bit_length() * 2 - 4) if isinstance(size, int) and 8 <= size <= 4096 else DEFAULT_STYLES
