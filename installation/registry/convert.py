"""Brings a model of any format that loads into ours: half precision, with a card. What is written is loaded again and must
give what the original gives, within the rounding."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from installation.errors import ConfigError
from installation.networks.checkpoints import CheckpointError, load_encoder, load_generator, save_encoder, save_generator
from installation.output_file import check_output, whole_file

ROUNDING = 2e-2  # relative error that half precision of the parameters may cause
SUFFIX = ".safetensors"


@dataclass(frozen=True)
class Imported:
    """A file that was written. error: relative, of its output beside the original's."""

    path: Path
    part: str
    error: float


def import_file(path: Path, out: Path | None, force: bool, card: Mapping[str, str]) -> list[Imported]:
    """Write the generator and the encoder that ``path`` holds.

    out: a folder, or a ``.safetensors`` file where there is one part only; None for the folder of ``path``. With two parts
    the names end in ``-generator`` and ``-encoder``. Raises WeightsError or ConfigError.
    """
    generator, refusal = _try(load_generator, path)
    encoder, refused = _try(load_encoder, path)
    if generator is None and encoder is None:
        raise refusal or refused or CheckpointError(f"{path}: holds no model")
    both = generator is not None and encoder is not None
    parts = [(name, network) for name, network in (("generator", generator), ("encoder", encoder)) if network is not None]
    targets = [_target(path, out, name if both else "") for name, _ in parts]
    for target in targets:
        check_output(target, force, [path])
    del generator, encoder
    written = []
    for target, (name, network) in zip(targets, parts, strict=True):
        before = _sample(name, network)
        with whole_file(target) as part:
            if name == "generator":
                mean = network.latent_avg
                save_generator(network, part, mean.expand(network.styles, -1), card)
            else:
                save_encoder(network, part, card)
            after = _sample(name, load_generator(part) if name == "generator" else load_encoder(part))
            error = float((after - before).norm() / before.norm())
            if not error < ROUNDING:
                raise CheckpointError(f"{target}: would draw something else than {path} (relative error {error:.2g}); not written")
        written.append(Imported(target, name, error))
    return written


def _try(load: Any, path: Path) -> tuple[Any, CheckpointError | None]:
    try:
        return load(path), None
    except CheckpointError as err:
        return None, err


def _target(path: Path, out: Path | None, part: str) -> Path:
    name = f"{path.stem}-{part}{SUFFIX}" if part else f"{path.stem}{SUFFIX}"
    if out is None:
        return path.parent / name
    if out.is_dir():
        return out / name
    if out.suffix != SUFFIX:
        raise ConfigError(f"{out}: no such folder, and no name that ends in {SUFFIX}")
    if part:
        raise ConfigError(f"{out}: {path.name} holds a generator and an encoder, which become two files; name a folder")
    return out


@torch.inference_mode()
def _sample(part: str, network: Any) -> Tensor:
    """What a network makes of a fixed input."""
    draw = torch.Generator().manual_seed(1)
    if part == "generator":
        z_dim = getattr(network, "z_dim", network.style_dim)
        pictures: Tensor = network.synthesis(network.mapping(torch.randn(1, z_dim, generator=draw)))
        return pictures.clone()
    side = getattr(network, "input_px", 128)
    given = network(torch.rand(1, getattr(network, "input_nc", 3), side, side, generator=draw) * 2 - 1)
    codes: Tensor = given[0] if isinstance(given, tuple) else given
    return codes.clone()
