"""Brings a model of any format that loads into ours: half precision, with a card. What is written is loaded again and must
give what the original gives, within the rounding."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from installation.checkpoints.encoder_reading import AUTO
from installation.checkpoints.loading import (
    CheckpointError,
    EncoderReading,
    MissingPartError,
    load_encoder,
    load_generator,
    save_encoder,
    save_generator,
)
from installation.checkpoints.stylegan3_file import save_stylegan3
from installation.errors import ConfigError
from installation.output_file import check_output, whole_file

ROUNDING = 2e-2  # relative error that half precision of the parameters may cause
SUFFIX = ".safetensors"


@dataclass(frozen=True)
class Imported:
    """A file that was written. error: relative, of its output beside the original's."""

    path: Path
    part: str
    error: float
    notices: tuple[str, ...] = ()


def import_file(path: Path, out: Path | None, force: bool, card: Mapping[str, str], reading: EncoderReading = AUTO) -> list[Imported]:
    """Write the generator and the encoder that ``path`` holds. reading: what a person says of a published encoder.

    out: a folder, or a ``.safetensors`` file where there is one part only; None for the folder of ``path``. With two parts
    the names end in ``-generator`` and ``-encoder``. Raises WeightsError or ConfigError.
    """
    parts: list[str] = []
    missing: list[CheckpointError] = []
    refused: list[CheckpointError] = []
    for part in ("generator", "encoder"):
        try:
            _load(part, path, reading)
            parts.append(part)
        except MissingPartError as err:
            missing.append(err)
        except CheckpointError as err:
            refused.append(err)
    if not parts:
        raise (refused or missing)[0]
    targets = [_target(path, out, part if len(parts) > 1 else "") for part in parts]
    for target in targets:
        check_output(target, force, [path])
    made = [_convert(path, part, target, card, reading) for part, target in zip(parts, targets, strict=True)]
    return [replace(made[0], notices=(*made[0].notices, *map(str, refused))), *made[1:]]


def _convert(path: Path, part: str, target: Path, card: Mapping[str, str], reading: EncoderReading) -> Imported:
    """Write one part. The networks are held one after the other: an encoder alone can fill a gigabyte."""
    with whole_file(target) as fresh:
        network = _load(part, path, reading)
        before, notices = _sample(part, network), tuple(getattr(network, "notices", ()))
        _save(part, network, fresh, card)
        del network
        after = _sample(part, _load(part, fresh, AUTO))
        error = float((after - before).norm() / before.norm())
        if not error < ROUNDING:
            raise CheckpointError(f"{target}: would give something else than {path} (relative error {error:.2g}); not written")
    return Imported(target, part, error, notices)


def _load(part: str, path: Path, reading: EncoderReading) -> Any:
    return load_generator(path) if part == "generator" else load_encoder(path, reading)


def _save(part: str, network: Any, path: Path, card: Mapping[str, str]) -> None:
    if part != "generator":
        save_encoder(network, path, card)
    elif network.layered is None:
        save_stylegan3(network, path, card)
    else:
        save_generator(network, path, network.latent_avg.expand(network.styles, -1), card)


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
