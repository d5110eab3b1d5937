"""The models of one show: a base generator, its children, an encoder, the directions that fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from installation.latents.directions import DirectionSet, load_directions
from installation.networks.checkpoints import CheckpointError, load_encoder, load_generator, metadata_of
from installation.networks.facets_encoder import FacetsEncoder, Features
from installation.networks.layer_swap import swap_shares
from installation.networks.stylegan2 import Generator

DEFAULT_SWAP_AT = 32
DEFAULT_SWAP_WIDTH = 1.0


@dataclass(frozen=True, eq=False)
class Child:
    """A generator fine-tuned from the base, and the share of each resolution that suits it."""

    name: str
    generator: Generator
    shares: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Models:
    """Everything that is loaded from files, on the CPU, in float32."""

    name: str
    base: Generator
    encoder: FacetsEncoder
    children: tuple[Child, ...]
    directions: DirectionSet
    latent_avg: Tensor  # [styles, w_dim]


def load_models(generator: Path, encoder: Path, children: Sequence[Path], directions: Sequence[Path]) -> Models:
    """Load and check that the parts fit one another. Raises WeightsError with the file that does not."""
    base = load_generator(generator)
    face_encoder = load_encoder(encoder)
    if (face_encoder.styles, face_encoder.w_dim) != (base.styles, base.style_dim):
        raise CheckpointError(
            f"{encoder}: makes codes of {face_encoder.styles}x{face_encoder.w_dim}, {generator} needs {base.styles}x{base.style_dim}"
        )
    family = tuple(_load_child(path, base, generator) for path in children)
    found = load_directions(directions, base.styles, base.style_dim)
    latent_avg = base.latent_avg if base.latent_avg.ndim == 2 else base.latent_avg.expand(base.styles, -1)
    return Models(generator.stem, base, face_encoder, family, found, latent_avg)


def _load_child(path: Path, base: Generator, base_path: Path) -> Child:
    child = load_generator(path, base)
    if child.channels != base.channels or child.style_dim != base.style_dim:
        raise CheckpointError(f"{path}: its layers are {child.channels}, those of {base_path} are {base.channels}; they cannot be blended")
    card = metadata_of(path)
    swap_at = int(card.get("swap_at", DEFAULT_SWAP_AT))
    width = float(card.get("swap_width", DEFAULT_SWAP_WIDTH))
    return Child(card.get("name", path.stem), child, swap_shares(base.resolutions, swap_at, width))


class EncoderTrunk(nn.Module):
    """Crops, uint8 [N, 128, 128, 3] -> the maps that the heads read, and the detail residual."""

    def __init__(self, encoder: FacetsEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        images = crops.permute(0, 3, 1, 2).float() / 127.5 - 1
        features, detail = self.encoder.trunk(images)
        return detail, features.fine, features.middle, features.coarse


class EncoderHeads(nn.Module):
    """The trunk's maps -> W+ codes [N, styles, w_dim]."""

    def __init__(self, encoder: FacetsEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, fine: Tensor, middle: Tensor, coarse: Tensor) -> Tensor:
        return self.encoder.heads(Features(fine, middle, coarse))


def example_maps(encoder: FacetsEncoder, batch: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Detail and maps of a grey picture, as inputs of the right shapes."""
    with torch.inference_mode():
        detail, fine, middle, coarse = EncoderTrunk(encoder)(torch.full((batch, 128, 128, 3), 128, dtype=torch.uint8))
    return detail.clone(), fine.clone(), middle.clone(), coarse.clone()
