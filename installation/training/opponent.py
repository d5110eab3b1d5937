"""The adversary of a run with all that it needs: its network, its optimiser, what it sees and how it learns.

Two kinds: the heads of Projected GAN on a frozen perceptual network, and StyleGAN2's own discriminator behind adaptive
augmentation (see ``adversary`` and ``ada``).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from installation.networks.discriminator import Discriminator
from installation.training.ada import AdaptiveAugment
from installation.training.adversary import ProjectedHeads, hinge, logistic, r1_penalty
from installation.training.losses import Darknet


class Opponent(ABC):
    """Judges pictures [N, 3, S, S] in -1…1 and learns to tell them from real ones. kind: its name in ``--adversary`` and in a state."""

    kind: str

    def __init__(self, network: nn.Module, lr: float) -> None:
        self.network = network
        self.optimizer = torch.optim.Adam(network.parameters(), lr, betas=(0.0, 0.99))
        self.augment = AdaptiveAugment()

    @abstractmethod
    def of_drawn(self, shown: Tensor, maps: Sequence[Tensor]) -> Tensor:
        """The loss of whoever drew these; maps: what the perceptual network makes of them, empty where there is none."""

    @abstractmethod
    def of_samples(self, shown: Tensor) -> Tensor:
        """The loss of whoever drew these from noise."""

    @abstractmethod
    def of_both(self, real: Tensor, fake: Tensor, steps: int) -> dict[str, Tensor]:
        """Its own loss, ``discriminator``, with a gradient, and the parts of it that are told. steps: made so far."""

    def forget_gradients(self) -> None:
        """Those that the generator's own step left here as well."""
        self.optimizer.zero_grad(set_to_none=True)

    def state(self) -> dict[str, object]:
        """For a run's state."""
        learned = {"adversary": self.network.state_dict(), "judge": self.optimizer.state_dict()}
        return learned | {"adversary_kind": self.kind, "augment": self.augment.p}

    def resume(self, state: dict[str, object]) -> None:
        """Go on from a state; one of another kind, or of none, is left alone: this one begins anew."""
        if state.get("adversary_kind") == self.kind:
            self.network.load_state_dict(state["adversary"])  # type: ignore[arg-type]
            self.optimizer.load_state_dict(state["judge"])  # type: ignore[arg-type]
            self.augment.p = float(state["augment"])  # type: ignore[arg-type]


class ProjectedOpponent(Opponent):
    """Heads on the maps of a frozen perceptual network."""

    kind = "projected"

    def __init__(self, perceptual: Darknet, lr: float, device: torch.device) -> None:
        super().__init__(ProjectedHeads(perceptual.widths).to(device), lr)
        self._perceptual = perceptual

    def of_drawn(self, shown: Tensor, maps: Sequence[Tensor]) -> Tensor:
        loss: Tensor = -self.network(maps).mean()
        return loss

    def of_samples(self, shown: Tensor) -> Tensor:
        return self.of_drawn(shown, self._maps(shown))

    def of_both(self, real: Tensor, fake: Tensor, steps: int) -> dict[str, Tensor]:
        with torch.no_grad():
            maps = [self._maps(x) for x in (real, fake)]
        return {"discriminator": hinge(self.network(maps[0]), self.network(maps[1]))}

    def _maps(self, pictures: Tensor) -> list[Tensor]:
        return list(self._perceptual.maps(self.augment(pictures)))


class StyleGAN2Opponent(Opponent):
    """StyleGAN2's discriminator. gamma: of the R1 penalty, which is taken every ``r1_every`` steps."""

    kind = "stylegan2"

    def __init__(self, network: Discriminator, lr: float, gamma: float, r1_every: int) -> None:
        super().__init__(network, lr)
        self._gamma, self._every = gamma, r1_every

    def of_drawn(self, shown: Tensor, maps: Sequence[Tensor]) -> Tensor:
        return F.softplus(-self.network(self.augment(shown))).mean()

    def of_samples(self, shown: Tensor) -> Tensor:
        return self.of_drawn(shown, ())

    def of_both(self, real: Tensor, fake: Tensor, steps: int) -> dict[str, Tensor]:
        logits = self.network(self.augment(real))
        loss = logistic(logits, self.network(self.augment(fake)))
        self.augment.observe(logits)
        if steps % self._every:
            return {"discriminator": loss}
        penalty = r1_penalty(self.network, real)
        return {"discriminator": loss + penalty * (self._gamma / 2 * self._every), "r1": penalty}
