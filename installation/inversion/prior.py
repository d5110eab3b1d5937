"""Which codes are faces: the statistics of w, as the mapping network gives it.

Behind its last activation w is near a Gaussian (Wulff and Torralba 2020, "Improving Inversion and Generation Diversity in StyleGAN
using a Gaussianized Latent Space"); the mean square of the whitened code is the prior of Zhu et al. 2020.
"""

from __future__ import annotations

import torch
from torch import Tensor

from installation.checkpoints.loading import AnyGenerator

SAMPLES, SEED = 4_096, 20_201
SLOPE = 0.2  # of the mapping network's last leaky ReLU
FLOOR = 0.05  # of the mean variance: what hardly varies among so many samples is not known to be fixed


class LatentPrior:
    """Of a generator. ``deviation`` [styles, 1]: standard deviation of w, the unit of steps through the codes.

    Without a mapping network nothing is known of which codes are faces: then the way from ``start`` counts, in units of its own size.
    """

    @torch.no_grad()
    def __init__(self, base: AnyGenerator, start: Tensor) -> None:
        self._gaussian = base.mapping_layers > 0
        # The styles of a generator that learned with its encoder have no one w: each has statistics of its own.
        self._undo = self._gaussian and getattr(base, "spread", None) is None
        if not self._gaussian:
            self.deviation = start.std(dim=1, keepdim=True).clamp(min=1e-3)
            self._middle, self._whiten = start.clone(), None
            return
        device = start.device
        z = torch.randn(SAMPLES, base.z_dim, generator=torch.Generator().manual_seed(SEED)).to(device)
        parts = [base.mapping(one).reshape(len(one), -1, base.style_dim) for one in torch.split(z, 1000)]
        count = 1 if self._undo else base.styles
        ws = torch.cat([part[:, :count] for part in parts])  # [N, styles or 1, w_dim]
        self.deviation = ws.std(dim=0).mean(dim=1, keepdim=True).expand(base.styles, 1).clone()
        self._middle, self._whiten = self._statistics(self._straight(ws))

    @staticmethod
    def _statistics(x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean [styles, w_dim] and what whitens [styles, w_dim, w_dim] of samples [N, styles, w_dim]."""
        middle = x.mean(dim=0)
        apart = (x - middle).transpose(0, 1)
        values, vectors = torch.linalg.eigh(apart.transpose(1, 2) @ apart / (x.shape[0] - 1))
        values = values.clamp(min=0) + FLOOR * values.mean(dim=1, keepdim=True) + 1e-12
        return middle, vectors / values.sqrt()[:, None, :]

    def _straight(self, ws: Tensor) -> Tensor:
        """w before the last activation, where that is known."""
        return torch.where(ws < 0, ws / SLOPE, ws) if self._undo else ws

    def __call__(self, ws: Tensor) -> Tensor:
        """Mean square of the whitened code of ``ws`` [styles, w_dim]: about 1 for a face of the generator's own."""
        if self._whiten is None:
            return ((ws - self._middle) / self.deviation).square().mean()
        apart = self._straight(ws) - self._middle
        return torch.einsum("sd,sde->se", apart.expand(ws.shape[0], -1), self._whiten.expand(ws.shape[0], -1, -1)).square().mean()
