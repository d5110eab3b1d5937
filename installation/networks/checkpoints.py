"""Model files as data: our ``.safetensors`` with the sizes and the training card in their metadata.

Nothing in a file is executed; sizes are checked against the tensors before a network is built.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from installation.networks.checkpoint_error import CheckpointError
from installation.networks.facets_encoder import FacetsEncoder
from installation.networks.stylegan2 import Generator

__all__ = ["CheckpointError", "load_encoder", "load_generator", "metadata_of", "resolution_of", "save_encoder", "save_generator"]

GENERATOR_KIND = "facets-generator"
ENCODER_KIND = "facets-encoder"


def save_generator(
    generator: Generator, path: Path, latent_avg: Tensor, card: Mapping[str, str], only: frozenset[int] | None = None
) -> None:
    """Write a generator in half precision.

    latent_avg: [styles, style_dim], the mean code. only: resolutions to store; a child leaves out the ones that the swap
    takes from the base. Noise pictures are left out where no layer uses them.
    """
    noisy = any(float(value) != 0 for name, value in generator.state_dict().items() if name.endswith("noise.weight"))
    tensors = {
        name: value.half().contiguous()
        for name, value in generator.state_dict().items()
        if (noisy or not name.startswith("noises.")) and (only is None or resolution_of(name) in only)
    }
    tensors["latent_avg"] = latent_avg.half().contiguous()
    sizes = {
        "size": str(generator.size),
        "style_dim": str(generator.style_dim),
        "n_mlp": str(len(generator.style) - 1),
        "channels": json.dumps(generator.channels),
    }
    save_file(tensors, path, metadata={"kind": GENERATOR_KIND, **sizes, **card})


def resolution_of(name: str) -> int:
    """The resolution in pixels of a generator's parameter, from its published name; 0 for the mapping network."""
    part, _, rest = name.partition(".")
    if part in ("input", "conv1", "to_rgb1"):
        return 4
    index = int(rest.split(".")[0].removeprefix("noise_")) if part in ("convs", "to_rgbs", "noises") else 0
    match part:
        case "convs":
            return int(2 ** (index // 2 + 3))
        case "to_rgbs":
            return int(2 ** (index + 3))
        case "noises":
            return int(2 ** ((index + 5) // 2))
    return 0


def save_encoder(encoder: FacetsEncoder, path: Path, card: Mapping[str, str]) -> None:
    """Write an encoder in half precision."""
    tensors = {name: value.half().contiguous() if value.is_floating_point() else value for name, value in encoder.state_dict().items()}
    sizes = {"styles": str(encoder.styles), "w_dim": str(encoder.w_dim), "generator_width": str(encoder.generator_width)}
    save_file(tensors, path, metadata={"kind": ENCODER_KIND, **sizes, **card})


def load_generator(path: Path, base: Generator | None = None) -> Generator:
    """A generator in float32, ready to draw; its ``latent_avg`` is [styles, style_dim].

    base: gives the layers that a child's file leaves out. Raises CheckpointError.
    """
    tensors, metadata = _read(path, GENERATOR_KIND)
    try:
        channels = {int(r): int(c) for r, c in json.loads(metadata["channels"]).items()}
        size, style_dim, n_mlp = (int(metadata[key]) for key in ("size", "style_dim", "n_mlp"))
        _check_claim(path, sum(channels.values()) * style_dim, tensors)
        generator = Generator(size, style_dim, n_mlp, channels)
    except (KeyError, ValueError, TypeError, AttributeError) as err:
        raise CheckpointError(f"{path}: its sizes cannot be read ({err})") from err
    latent_avg = tensors.pop("latent_avg", torch.zeros(generator.styles, style_dim))
    # Files whose layers use no noise leave the pictures out; zeros keep a model's digest the same at every start.
    noises = {name: torch.zeros_like(value) for name, value in generator.state_dict().items() if name.startswith("noises.")}
    given = noises | ({} if base is None else base.state_dict()) | tensors
    _load(generator, given, path)
    generator.latent_avg = latent_avg.float()
    return generator.eval().requires_grad_(False)


def load_encoder(path: Path) -> FacetsEncoder:
    """An encoder in float32: pictures [N, 3, 128, 128] in -1…1 -> codes and detail. Raises CheckpointError."""
    tensors, metadata = _read(path, ENCODER_KIND)
    try:
        encoder = FacetsEncoder(*(int(metadata[key]) for key in ("styles", "w_dim", "generator_width")))
    except (KeyError, ValueError) as err:
        raise CheckpointError(f"{path}: its sizes cannot be read ({err})") from err
    _load(encoder, tensors, path)
    return encoder.eval().requires_grad_(False)


def metadata_of(path: Path) -> dict[str, str]:
    """The card of a ``.safetensors`` file. Raises CheckpointError."""
    return _read(path, None)[1]


def _read(path: Path, kind: str | None) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, "pt") as file:
            metadata = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError as err:
        raise CheckpointError(f"{path}: no such model file") from err
    except (SafetensorError, OSError) as err:
        raise CheckpointError(f"{path}: not a readable model file ({err}); is it cut off? Fetch or export it again") from err
    if kind is not None and metadata.get("kind") != kind:
        raise CheckpointError(f"{path}: this is a {metadata.get('kind', 'file of unknown kind')!r}, a {kind!r} is needed here")
    return {name: value.float() if value.is_floating_point() else value for name, value in tensors.items()}, metadata


def _check_claim(path: Path, least: int, tensors: Mapping[str, Tensor]) -> None:
    """A network much larger than its file is a lie that would fill the memory."""
    held = sum(value.numel() for value in tensors.values())
    if least > 64 * held + 65_536:
        raise CheckpointError(f"{path}: claims sizes that its {held} numbers cannot fill")


def _load(network: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    try:
        network.load_state_dict(dict(tensors), strict=True)
    except RuntimeError as err:
        reason = " ".join(str(err).split("\n\t")[1:2]) or str(err)
        raise CheckpointError(f"{path}: does not fit its own sizes: {reason}") from err
