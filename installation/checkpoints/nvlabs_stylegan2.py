"""StyleGAN2 generators of the NVlabs PyTorch implementations (StyleGAN2-ADA, and StyleGAN3's ``stylegan2`` configuration).

Their parameters go into our ``Generator``; names and shapes differ, the arithmetic is the same.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from installation.checkpoints.nvlabs_network import (
    MAX_SIDE,
    RecordedNetwork,
    label_width,
    mapping_layers,
    mapping_widths,
    mean_code,
)
from installation.checkpoints.pickle_records import RefusedPickleError
from installation.networks.stylegan2 import MAPPING_LR, Generator, blur_kernel

TAPS = 4  # of our resampling filters; shorter ones fit in


def is_stylegan2(network: RecordedNetwork) -> bool:
    """Whether the synthesis network starts from a learned 4x4 constant."""
    return "synthesis.b4.const" in network.tensors


def stylegan2_of(network: RecordedNetwork, label: int | None) -> Generator:
    """The generator in float32. Raises RefusedPickleError for a structure that ``Generator`` does not have."""
    resolutions = _resolutions(network)
    _check_square(network, resolutions)
    channels = {r: network.shape(f"synthesis.b{r}.conv1.weight", 4)[0] for r in resolutions}
    _check_structure(network, resolutions)
    clamps = {layer: network.module(layer).clamp() for layer in _layers(resolutions)}
    if len(set(clamps.values())) > 1:
        raise RefusedPickleError("its layers have different clamps")
    z_dim, *inner, w_dim = mapping_widths(network)
    if len(set(inner)) > 1:
        raise RefusedPickleError(f"its mapping layers have the widths {inner}; one width is needed")
    n_mlp, mlp_dim = len(inner) + 1, inner[0] if inner else w_dim
    z_dim -= label_width(network)
    if z_dim < 1:
        raise RefusedPickleError("its mapping network takes a label alone, and no z")
    # Shapes first, numbers later: nothing is allocated for a network that the file does not fill.
    with torch.device("meta"):
        shapes = Generator(resolutions[-1], w_dim, n_mlp, channels, z_dim=z_dim, mlp_dim=mlp_dim, clamp=next(iter(clamps.values())))
    expected = {name: tuple(value.shape) for name, value in shapes.state_dict().items()}
    tensors: dict[str, Tensor] = {}
    for name, theirs, tensor in _tensors(network, resolutions, label):
        if [side for side in tensor.shape if side > 1] != [side for side in expected[name] if side > 1]:
            raise RefusedPickleError(f"{theirs} has the shape {list(tensor.shape)}, which is no {list(expected[name])}")
        tensors[name] = tensor.reshape(expected[name])
    shapes.load_state_dict(tensors, strict=True, assign=True)
    mean = mean_code(network, w_dim)
    if mean.shape != (w_dim,):
        raise RefusedPickleError(f"mapping.w_avg has the shape {list(mean.shape)}, which is no {[w_dim]}")
    shapes.latent_avg = mean.expand(shapes.styles, -1).clone()
    return shapes.eval().requires_grad_(False)


def _resolutions(network: RecordedNetwork) -> list[int]:
    found = [r for r in (2**k for k in range(2, 20)) if f"synthesis.b{r}" in network.modules]
    if len(found) < 2 or found != [2**k for k in range(2, len(found) + 2)] or found[-1] > MAX_SIDE:
        raise RefusedPickleError(f"its blocks are of {found} px; 4, 8, … up to {MAX_SIDE} are needed")
    recorded = network.module("synthesis").integer("img_resolution", 4, 2 * MAX_SIDE, found[-1])
    if recorded != found[-1]:
        raise RefusedPickleError(f"records {recorded} px and has blocks up to {found[-1]} px")
    return found


def _check_square(network: RecordedNetwork, resolutions: list[int]) -> None:
    height, width = network.shape("synthesis.b4.const", 3)[1:]
    if height != width:
        sides = " x ".join(str(side * resolutions[-1] // 4) for side in (height, width))
        raise RefusedPickleError(f"draws pictures of {sides} px (height x width); square ones are needed")


def _layers(resolutions: list[int]) -> list[str]:
    return [f"synthesis.b{r}.{part}" for r in resolutions for part in ("conv0", "conv1", "torgb") if (r, part) != (4, "conv0")]


def _check_structure(network: RecordedNetwork, resolutions: list[int]) -> None:
    for r in resolutions:
        block = network.module(f"synthesis.b{r}")
        architecture = block.word("architecture", "skip")
        if architecture != "skip":
            raise RefusedPickleError(f"is of the {architecture!r} architecture; only 'skip' generators can be drawn here")
    for layer in _layers(resolutions):
        recorded = network.module(layer)
        if (activation := recorded.word("activation", "lrelu")) != "lrelu":
            raise RefusedPickleError(f"{layer} uses the activation {activation!r}; only 'lrelu' is known here")
    colours = network.shape(f"synthesis.b{resolutions[-1]}.torgb.weight", 4)[0]
    if colours != 3:
        raise RefusedPickleError(f"draws pictures of {colours} channels; RGB pictures are needed here")


def _tensors(network: RecordedNetwork, resolutions: list[int], label: int | None) -> Iterator[tuple[str, str, Tensor]]:
    """Our name, theirs, and the numbers, in turn."""
    for k, (weight, bias) in enumerate(mapping_layers(network, label, MAPPING_LR)):
        yield f"style.{k + 1}.weight", f"mapping.fc{k}.weight", weight
        yield f"style.{k + 1}.bias", f"mapping.fc{k}.bias", bias
    yield "input.input", "synthesis.b4.const", network.load("synthesis.b4.const")
    for k, r in enumerate(resolutions):
        block = f"synthesis.b{r}"
        if r == 4:
            yield from _styled(network, "conv1", f"{block}.conv1", 0, r)
            yield from _to_rgb(network, "to_rgb1", block)
            continue
        blur = _filter(network, f"{block}.conv0.resample_filter")
        yield f"convs.{2 * k - 2}.conv.blur.kernel", f"{block}.conv0.resample_filter", blur.flip(0, 1)
        yield from _styled(network, f"convs.{2 * k - 2}", f"{block}.conv0", 2 * k - 1, r)
        yield from _styled(network, f"convs.{2 * k - 1}", f"{block}.conv1", 2 * k, r)
        yield f"to_rgbs.{k - 1}.upsample.kernel", f"{block}.resample_filter", _filter(network, f"{block}.resample_filter")
        yield from _to_rgb(network, f"to_rgbs.{k - 1}", block)


def _named(network: RecordedNetwork, ours: str, theirs: str) -> tuple[str, str, Tensor]:
    return ours, theirs, network.load(theirs)


def _styled(network: RecordedNetwork, ours: str, theirs: str, layer: int, side: int) -> Iterator[tuple[str, str, Tensor]]:
    yield _named(network, f"{ours}.conv.weight", f"{theirs}.weight")
    yield _named(network, f"{ours}.conv.modulation.weight", f"{theirs}.affine.weight")
    yield _named(network, f"{ours}.conv.modulation.bias", f"{theirs}.affine.bias")
    yield _named(network, f"{ours}.activate.bias", f"{theirs}.bias")
    if f"{theirs}.noise_const" in network.tensors:
        yield f"{ours}.noise.weight", f"{theirs}.noise_strength", _noise_strength(network, theirs)
        yield _named(network, f"noises.noise_{layer}", f"{theirs}.noise_const")
    else:  # a generator that was trained without noise
        yield f"{ours}.noise.weight", f"{theirs}.noise_strength", torch.zeros(1)
        yield f"noises.noise_{layer}", f"{theirs}.noise_const", torch.zeros(1, 1, side, side)


def _noise_strength(network: RecordedNetwork, layer: str) -> Tensor:
    """The learned one, or what Autolume's live networks put in its place: ``noise_regulator`` where it is not 0, times
    ``global_noise``. Raises RefusedPickleError for a layer that it left bent in a way which cannot be drawn here."""
    recorded = network.module(layer)
    ratio = recorded.value("ratio")
    if isinstance(ratio, tuple | list) and any(side != 1 for side in ratio):
        raise RefusedPickleError(f"{layer} was saved stretched by Autolume (ratio {ratio}); set it back to 1 there and save again")
    learned = network.load(f"{layer}.noise_strength")
    regulator = recorded.real("noise_regulator", -1e6, 1e6, 0.0)
    strength = torch.full_like(learned, regulator) if regulator else learned
    return strength * recorded.real("global_noise", -1e6, 1e6, 1.0)


def _to_rgb(network: RecordedNetwork, ours: str, block: str) -> Iterator[tuple[str, str, Tensor]]:
    yield _named(network, f"{ours}.conv.weight", f"{block}.torgb.weight")
    yield _named(network, f"{ours}.conv.modulation.weight", f"{block}.torgb.affine.weight")
    yield _named(network, f"{ours}.conv.modulation.bias", f"{block}.torgb.affine.bias")
    yield _named(network, f"{ours}.bias", f"{block}.torgb.bias")


def _filter(network: RecordedNetwork, name: str) -> Tensor:
    """A resampling filter [n, n], n at most 4, in the middle of our [4, 4], with the gain of an up-sampling by two."""
    if name not in network.tensors:  # a buffer, which some savers leave out
        return blur_kernel()
    height, width = network.shape(name, 2) if len(network.tensors[name].shape) == 2 else (TAPS + 1, 0)
    if height != width or width > TAPS:
        raise RefusedPickleError(f"{name} has the shape {list(network.tensors[name].shape)}; up to [{TAPS}, {TAPS}] can be used here")
    first = (TAPS + 1 - width) // 2
    kernel = torch.zeros(TAPS, TAPS)
    kernel[first : first + width, first : first + width] = network.load(name)
    return kernel * 4
