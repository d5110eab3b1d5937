"""Faces that nobody has: drawn from random numbers, and edited in their own codes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from installation.config import Config
from installation.latents.directions import DirectionSet, load_directions
from installation.latents.warps import Warper, without_folds
from installation.messages import Image
from installation.models.bundle import Models

TYPICAL = 0.75  # truncation: nearer to the mean face samples are clearer, further away they differ more


class Nobody:
    """Draws from a generator's own codes. An editor reads photographs; a code that was never one is moved along the directions alone."""

    def __init__(self, config: Config, models: Models) -> None:
        self._models, self._warper = models, Warper()
        self._directions = models.directions if models.editor is None else _linear(config, models)

    @torch.inference_mode()
    def draw(self, seed: int, amounts: Mapping[str, float]) -> Image:
        """The same seed is the same face, [S, S, 3] with the generator's own side."""
        move = self._directions.move([amounts.get(name, 0.0) for name in self._directions.names])
        ws = self._code(seed)
        drawn = self._models.base.synthesis((ws if move is None else ws + move.offset)[None])[0]
        picture = np.ascontiguousarray((drawn.permute(1, 2, 0).float() * 127.5 + 128.0).clamp(0, 255).to(torch.uint8).numpy())
        warp = None if move is None else move.warp()
        return picture if warp is None else self._warper(picture, without_folds(warp.numpy()))

    def _code(self, seed: int) -> Tensor:
        """[styles, w_dim]"""
        base, mean = self._models.base, self._models.latent_avg
        z = torch.randn(1, base.z_dim, generator=torch.Generator().manual_seed(seed))
        w = base.mapping(z)
        return torch.lerp(mean, w.reshape(-1, w.shape[-1])[: self._models.styles], TYPICAL)


def _linear(config: Config, models: Models) -> DirectionSet:
    """The directions as their files hold them, without an editor's part."""
    return load_directions(config.models.directions, *models.latent_avg.shape)
