"""The base that a child begins with, and the encoder whose codes both understand: a training run's, or model files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from installation.checkpoints.error import CheckpointError
from installation.checkpoints.loading import load_encoder, load_generator, metadata_of
from installation.networks.facets_encoder import FacetsEncoder
from installation.networks.stylegan2 import Generator
from installation.training.publish import load_run


@dataclass(frozen=True, eq=False)
class Base:
    """generator and encoder: fixed, in float32. images: that they have learned from, "" where nobody knows."""

    generator: Generator
    encoder: FacetsEncoder
    images: str

    @torch.no_grad()
    def codes(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        """Codes [N, styles, w_dim] and residuals [N, width, 32, 32] of crops [N, 3, 128, 128]."""
        ws, detail = self.encoder.encode_with_detail(seen)
        return ws, self.encoder.residual(detail)


def base_of_run(run: Path) -> Base:
    """Raises ConfigError where the run has no state."""
    model, images = load_run(run)
    return Base(model.generator, model.encoder, str(images))


def base_of_files(generator: Path, encoder: Path) -> Base:
    """Raises WeightsError for files that cannot be read, CheckpointError for others than the embedded family's."""
    base, reader = load_generator(generator), load_encoder(encoder)
    if not isinstance(base, Generator):
        raise CheckpointError(f"{generator}: StyleGAN3's layers have no resolutions that a child could learn from; name a StyleGAN2")
    if not isinstance(reader, FacetsEncoder):
        raise CheckpointError(f"{encoder}: gives no detail residual; a child learns with an encoder like the embedded one")
    if (reader.styles, reader.w_dim) != (base.styles, base.style_dim):
        raise CheckpointError(f"{encoder}: makes codes of {reader.styles}x{reader.w_dim}, {generator} needs {base.styles}x{base.style_dim}")
    images = metadata_of(generator).get("images", "")
    return Base(base.eval().requires_grad_(False), reader.eval().requires_grad_(False), images)
