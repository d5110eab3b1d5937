"""Where codes come from and what space they are mixed in: seeds, the mean, W and W+."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from installation.checkpoints.loading import AnyGenerator
from installation.codes.code import Code


def mean_code(base: AnyGenerator) -> Tensor:
    """[styles, w_dim]: the mean face."""
    return base.latent_avg.detach().float().reshape(-1, base.style_dim)[: base.styles].expand(base.styles, -1).clone()


@torch.inference_mode()
def seeded(base: AnyGenerator, seed: int, psi: float = 1.0) -> Code:
    """The face of a seed, from the same z that NVlabs' programs draw for it, pulled toward the mean by ``psi``. Raises ValueError where
    the generator has no mapping network."""
    if base.mapping_layers == 0 and getattr(base, "spread", None) is None:
        raise ValueError("has no mapping network, so seeds mean nothing to it; name files of codes or pictures")
    z = torch.from_numpy(np.random.RandomState(seed).randn(1, base.z_dim)).float()
    ws = base.mapping(z, truncation_psi=psi)[0]
    return Code(f"seed {seed}", ws.reshape(-1, base.style_dim)[: base.styles].expand(base.styles, -1).clone())


def truncated(ws: Tensor, mean: Tensor, psi: float) -> Tensor:
    """A code pulled toward the mean: 1 leaves it, 0 is the mean face."""
    return torch.lerp(mean, ws, psi)


class OneW:
    """The space W inside W+: codes that one w gives to all styles. Of a generator whose styles share one w that is the same row
    everywhere; of one that learned with its encoder the rows follow from w by ``spread``."""

    def __init__(self, base: AnyGenerator) -> None:
        self._mean = mean_code(base)
        spread: Tensor | None = getattr(base, "spread", None)
        # [styles * w_dim, w_dim] and what undoes it in the sense of least squares.
        self._spread = None if spread is None else spread.detach().float().reshape(-1, base.style_dim)
        self._back = None if self._spread is None else torch.linalg.pinv(self._spread)

    def nearest(self, ws: Tensor) -> Tensor:
        """The code of W [styles, w_dim] that is nearest to a code of W+."""
        if self._spread is None or self._back is None:
            return ws.mean(dim=0, keepdim=True).expand_as(ws).clone()
        w = self._back @ (ws - self._mean).reshape(-1)
        apart: Tensor = (self._spread @ w).view_as(ws)
        return self._mean + apart
