"""How far drawn portraits are from the photographs they were drawn of."""

from __future__ import annotations

import torch
from torch import Tensor

from installation.training.losses import Darknet, Identity, features_weight, map_distance, masked_l1
from installation.training.opponent import Opponent

TERMS = ("l1", "perceptual", "identity", "code", "offsets", "adversarial")


class Reconstruction:
    """The terms of the loss, in the order of ``TERMS``; 0 for what has no network. focus: how much more eyes and mouth count."""

    def __init__(self, perceptual: Darknet | None, identity: Identity | None, opponent: Opponent | None, focus: float) -> None:
        self._perceptual, self._identity, self._opponent, self._focus = perceptual, identity, opponent, focus

    def __call__(self, y: Tensor, x: Tensor, mask: Tensor, codes: Tensor) -> Tensor:
        """Drawn y and photographed x [N, 3, S, S], where there is a photograph [N, 1, S, S], codes [N, styles, w_dim] -> [6]."""
        shown, target = y * mask, x * mask
        weight = mask * features_weight(x.shape[-1], self._focus).to(mask)
        perceptual = identity = adversarial = y.new_zeros(())
        maps: list[Tensor] = []
        if self._perceptual is not None:
            maps = list(self._perceptual.maps(shown))
            with torch.no_grad():
                wanted = list(self._perceptual.maps(target))
            perceptual = map_distance(maps, wanted, weight)
        if self._identity is not None:
            identity = 1 - (self._identity(shown) * self._identity(target)).sum(dim=1).mean()
        if self._opponent is not None:
            adversarial = self._opponent.of_drawn(shown, maps)
        mean = codes.mean(dim=1, keepdim=True)
        return torch.stack(
            [masked_l1(y, x, weight), perceptual, identity, codes.square().mean(), (codes - mean).square().mean(), adversarial]
        )
