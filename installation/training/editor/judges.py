"""The adversaries' own learning: real faces as they are labelled, the same with wrong labels, and what the editor has made."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from installation.training.editor.adversaries import condition, hinge
from installation.training.editor.batches import Edited, Pool
from installation.training.editor.objective import noisy
from installation.training.editor.reader import recoloured
from installation.training.losses import Darknet
from installation.training.precision import half

RATE = 1.5e-3
R1, R1_EVERY = 0.01, 8


class Judges:
    """The adversaries of some pools, and their optimiser."""

    def __init__(self, pools: Sequence[Pool], darknet: Darknet) -> None:
        heads: list[nn.Parameter] = []
        for pool in pools:
            heads += [*pool.picture.parameters(), *pool.residual.parameters()]
        self.optimizer = torch.optim.Adam(heads, RATE, betas=(0.0, 0.99))
        self._darknet = darknet

    def learn(self, pool: Pool, batch: Edited, maps: Sequence[Tensor], steps: int) -> dict[str, Tensor]:
        """One step, on the same faces as they are; returns the mean answers. maps: of the edited ones, as the objective gives them.
        steps: made so far."""
        right, wrong, asked_for = condition(batch.told), condition(batch.told.roll(1, 0)), condition(batch.wanted)
        cut = pool.view.cut
        before, own = cut.of(batch.sitting.before), noisy(cut.of(batch.sitting.detail))
        real, false = pool.residual(before, own, right), pool.residual(before, own, wrong)
        loss = hinge(real, false, pool.residual(before, noisy(cut.of(batch.edited.detach())), asked_for))
        if steps % R1_EVERY == 0:
            own = own.requires_grad_(True)
            (slope,) = torch.autograd.grad(pool.residual(before, own, right).mean(1).sum(), own, create_graph=True)
            loss = loss + R1_EVERY * R1 * slope.square().sum((1, 2, 3)).mean()
        with torch.no_grad(), half():
            whole = pool.view.window(batch.sitting.images * batch.masks)
            photographed = pool.picture.maps(self._darknet, recoloured(whole, 0.4))
        seen, mistaken = pool.picture(photographed, right), pool.picture(photographed, wrong)
        drawn = pool.picture([m.detach() for m in maps], asked_for)
        loss = loss + hinge(seen, mistaken, drawn)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        return {"r-real": real.mean(), "r-wrong": false.mean(), "p-real": seen.mean(), "p-wrong": mistaken.mean(), "p-fake": drawn.mean()}
